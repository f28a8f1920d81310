"""Making httpx clients: this machine is reached without a proxy; variables that are no good are named."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx

from ._deadlines import bind
from .errors import ConfigurationError
from .settings import LOOPBACK

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def new_client(kind: Callable[..., Client], **options: Any) -> Client:
    """A client of httpx.

    Args:
        kind: `httpx.Client`, `httpx.AsyncClient` or a class of these.
        options: of the client.

    Raises:
        ConfigurationError: when certificates or proxies that the environment names cannot be used.
        TypeError: for an option that there is not.
    """
    is_ours = options.get("transport") is None and "mounts" not in options
    if not {"mounts", "proxy"} & options.keys():
        # A proxy of the environment is no way to this machine itself, and plain http may go no other way.
        options["mounts"] = {f"all://{host}": None for host in LOOPBACK}
    try:
        client = kind(**options)
        if is_ours:
            bind(client)
        return client
    except OSError as error:
        if not (told := _told(_CERTIFICATES)):
            raise
        reason = f"certificates cannot be read ({error.strerror or type(error).__name__}). Check {told}"
    except (ValueError, httpx.InvalidURL):
        if not (told := _told(_PROXIES)):
            raise
        # The error's own words may hold the password of a proxy.
        reason = f"a proxy's address is not usable. Check {told}; it looks like http://proxy.example:8080"
    except ImportError as error:  # a SOCKS proxy, for which a package is missing
        reason = str(error).rstrip(".")
    raise ConfigurationError(f"No httpx client can be made: {reason}.")


def _told(variables: tuple[str, ...]) -> str:
    """Those of the variables that are set."""
    return ", ".join(name for each in variables for name in (each, each.lower()) if os.environ.get(name))
