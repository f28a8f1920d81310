"""Make httpx clients, and allow each only in the process and the event loop in which it was made.

Requests to this machine use no proxy. Errors name the environment variables that have a bad value.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import httpx

from .._service.addresses import LOOPBACK
from .._service.service_limits import MOST_AT_ONCE
from ..errors import ConfigurationError
from .concurrency import AsyncSlots, Slots, async_event_loop
from .deadlines import bind
from .forks import never_close, watch
from .stateless_clients import stateless_client

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)
AnySlots = TypeVar("AnySlots", Slots, AsyncSlots)

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def new_client(kind: Callable[..., Client], **options: Any) -> Client:
    """Return a new client of httpx.

    Args:
        kind: `httpx.Client`, `httpx.AsyncClient` or a subclass of one of them.
        options: the options of the client.

    Raises:
        ConfigurationError: an option does not exist, or the certificates or proxies that environment variables name
            cannot be used.
    """
    is_ours = options.get("transport") is None and "mounts" not in options
    if not {"mounts", "proxy"} & options.keys():
        # A proxy of the environment cannot reach this machine, and must not read plain http, which is allowed to it.
        options["mounts"] = {f"all://{host}": None for host in LOOPBACK}
    try:
        client = kind(**options)
        if is_ours:
            bind(client)
        return client
    except OSError as error:
        if not (variables := _names_of_set(_CERTIFICATES)):
            raise
        reason = f"certificates cannot be read ({error.strerror or type(error).__name__}). Check {variables}"
    except (ValueError, httpx.InvalidURL):
        if not (variables := _names_of_set(_PROXIES)):
            raise
        # The error's own words may hold the password of a proxy.
        reason = (
            f"a proxy's address is not usable. Check {variables}. A valid address looks like http://proxy.example:8080"
        )
    except TypeError as error:  # an option that does not exist, which Python names
        reason = str(error).rpartition("() ")[2].rstrip(".")
    except ImportError as error:  # a SOCKS proxy, for which a package is missing
        reason = str(error).rstrip(".")
    raise ConfigurationError(f"No httpx client can be made: {reason}.")


def _names_of_set(variables: tuple[str, ...]) -> str:
    """Return the names of those variables that are set."""
    return ", ".join(name for each in variables for name in (each, each.lower()) if os.environ.get(name))


class _Connections(Generic[Client, AnySlots]):
    """The httpx client of one `Css` or `AsyncCss`, and the slots that limit how many requests it sends at once.

    After a fork, the child process gets its own httpx client and slots, because the parent continues to use the old
    ones.

    Args:
        make: makes the httpx client, or returns the one that the user passed.
        passed_as: the option with which the user passed an httpx client or a transport, if any.

    Attributes:
        slots: the slots. Each request is sent inside a `with` statement on them.
    """

    _new_slots: Callable[[int], AnySlots]

    def __init__(self, make: Callable[[], Client], passed_as: str | None) -> None:
        self._make: Callable[[], Client] = make
        self._passed_as = passed_as
        self._http: Client | None = make()
        self._is_forked = self._is_closed = False
        self._renew()
        watch(self)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self.slots: AnySlots = self._new_slots(MOST_AT_ONCE)

    def after_fork(self) -> None:
        """Leave the httpx client to the parent process. The child makes its own when it first needs one."""
        self._renew()
        self._is_forked = True
        if self._http is not None:
            never_close(self._http)
            self._is_closed |= self._http.is_closed
            self._http = None

    def http(self, request: str) -> Client:
        """Return the httpx client of this process, which keeps no cookies.

        Args:
            request: the request that needs the client, as error messages name it.

        Raises:
            ConfigurationError: the client was closed, or the user passed it before this process was forked.
        """
        if self._is_forked and self._passed_as is not None:
            raise ConfigurationError(
                f"{request}: this process was forked after its client was made, and the {self._passed_as} that was "
                f"passed belongs to the parent process. Nothing was sent. In each process, make a client with its own "
                f"{self._passed_as}."
            )
        with self._lock:
            if self._http is None and not self._is_closed:
                self._http = self._make()
            http = self._http
        if http is None or http.is_closed:
            raise ConfigurationError(f"{request}: the client was closed. Make another.")
        # A new copy for each request, because users may change the client that they passed at any time.
        return stateless_client(http) if self._passed_as == "http_client" else http

    def _to_close(self) -> Client | None:
        """Return the httpx client to close; None if the user passed it, or if this process has not made one."""
        if self._passed_as == "http_client":
            return None
        with self._lock:
            self._is_closed = True
            return self._http


class Connections(_Connections[httpx.Client, Slots]):
    """The connections of a `Css`, which threads share."""

    _new_slots = Slots

    def close(self) -> None:
        """Close the connections of this process. An httpx client that the user passed stays open."""
        if (http := self._to_close()) is not None:
            http.close()


class AsyncConnections(_Connections[httpx.AsyncClient, AsyncSlots]):
    """The connections of an `AsyncCss`. They belong to the event loop of the first request."""

    _new_slots = AsyncSlots
    _loop: object = None

    def after_fork(self) -> None:
        """Leave the httpx client and the event loop to the parent process."""
        super().after_fork()
        self._loop = None

    def http(self, request: str) -> httpx.AsyncClient:
        """Return the httpx client of this process, and check that this is the event loop that it belongs to.

        Args:
            request: the request that needs the client, as error messages name it.

        Raises:
            ConfigurationError: the client was closed, the user passed it before this process was forked, or it belongs
                to another event loop.
        """
        http = super().http(request)
        with self._lock:
            self._loop = self._loop or async_event_loop()
        self._check_loop(request)
        return http

    async def aclose(self) -> None:
        """Close the connections of this process. An httpx client that the user passed stays open.

        Raises:
            ConfigurationError: the requests were sent in another event loop than this one.
        """
        if self._loop is not None:
            self._check_loop("Closing the client")
        if (http := self._to_close()) is not None:
            await http.aclose()

    def _check_loop(self, request: str) -> None:
        if self._loop is not async_event_loop():
            raise ConfigurationError(
                f"{request}: this AsyncCss belongs to another event loop, the one in which it was first used. Nothing "
                f"was sent. Make an AsyncCss in each event loop, inside the coroutine that asyncio.run gets, and close "
                f"it there; threads without event loops may share one Css."
            )
