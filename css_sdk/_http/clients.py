"""Make httpx clients.

Requests to this machine use no proxy. If environment variables for proxies or certificates have values that httpx
cannot use, the error names the variables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import httpx

from .._service.addresses import LOOPBACK
from ..errors import ConfigurationError
from .deadlines import bind

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def new_client(kind: Callable[..., Client], **options: Any) -> Client:
    """Return a new httpx client. Unless `mounts` or `proxy` is given, it uses no proxy for requests to this machine.

    Raises:
        ConfigurationError: an option does not exist, the package for SOCKS proxies is not installed, or httpx cannot
            use the certificates or proxies that environment variables set.
        OSError, ValueError, httpx.InvalidURL: httpx cannot use the value of an option, and no environment variable for
            certificates or proxies is set.
    """
    is_ours = options.get("transport") is None and "mounts" not in options
    if not {"mounts", "proxy"} & options.keys():
        # A proxy cannot reach this machine. It must not read these requests either, because they may use plain http.
        options["mounts"] = {f"all://{host}": None for host in LOOPBACK}
    try:
        client = kind(**options)
        if is_ours:
            bind(client)
        return client
    except OSError as error:
        if not (variables := ", ".join(set_variables(_CERTIFICATES))):
            raise
        reason = f"certificates cannot be read ({error.strerror or type(error).__name__}). Check {variables}"
    except (ValueError, httpx.InvalidURL):
        if not (variables := ", ".join(set_variables(_PROXIES))):
            raise
        # The error's own words may hold the password of a proxy.
        reason = (
            f"a proxy's address is not usable. Check {variables}. A valid address looks like http://proxy.example:8080"
        )
    except TypeError as error:  # an option does not exist, and Python's message names it
        words = str(error).rpartition("() ")[2].rstrip(".")
        reason = words.replace("got an unexpected keyword argument", "it has no option")
    except ImportError as error:  # the package for SOCKS proxies is missing
        reason = str(error).rstrip(".")
    raise ConfigurationError(f"css-sdk cannot create an httpx client: {reason}.")


def set_variables(names: Iterable[str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return those of the named environment variables that are set and not empty.

    Each name is also looked up in small letters.
    """
    both = [each for name in names for each in (name, name.lower())]
    return {name: environ[name] for name in both if environ.get(name)}
