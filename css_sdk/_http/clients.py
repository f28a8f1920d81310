"""Make httpx clients, and keep each to the process and the event loop in which it was made.

Requests to this machine go without a proxy. Variables with a bad value are named in errors.
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
from .forks import abandon, watch
from .stateless_clients import stateless_client

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)
AnySlots = TypeVar("AnySlots", Slots, AsyncSlots)

_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def new_client(kind: Callable[..., Client], **options: Any) -> Client:
    """Return a new client of httpx.

    Args:
        kind: `httpx.Client`, `httpx.AsyncClient` or a class of these.
        options: of the client.

    Raises:
        ConfigurationError: when certificates or proxies that the environment names cannot be used, and for an option
            that does not exist.
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
        if not (variables := _names_of_set(_CERTIFICATES)):
            raise
        reason = f"certificates cannot be read ({error.strerror or type(error).__name__}). Check {variables}"
    except (ValueError, httpx.InvalidURL):
        if not (variables := _names_of_set(_PROXIES)):
            raise
        # The error's own words may hold the password of a proxy.
        reason = f"a proxy's address is not usable. Check {variables}; it looks like http://proxy.example:8080"
    except TypeError as error:  # an option that does not exist, which Python names
        reason = str(error).rpartition("() ")[2].rstrip(".")
    except ImportError as error:  # a SOCKS proxy, for which a package is missing
        reason = str(error).rstrip(".")
    raise ConfigurationError(f"No httpx client can be made: {reason}.")


def _names_of_set(variables: tuple[str, ...]) -> str:
    """Return the names of those variables that are set."""
    return ", ".join(name for each in variables for name in (each, each.lower()) if os.environ.get(name))


class _Connections(Generic[Client, AnySlots]):
    """The httpx client behind one client of ours, and the slots that bound how many requests it carries at once.

    After a fork the child has an httpx client and slots of its own, since its parent goes on using the others.

    Args:
        make: makes the httpx client, or returns the one that the caller passed.
        lent: the option with which the caller passed an httpx client or a transport, if any.

    Attributes:
        slots: to be entered for each request.
    """

    _new_slots: Callable[[int], AnySlots]

    def __init__(self, make: Callable[[], Client], lent: str | None) -> None:
        self._make: Callable[[], Client] = make
        self._lent = lent
        self._http: Client | None = make()
        self._is_forked = self._is_closed = False
        self._renew()
        watch(self)

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self.slots: AnySlots = self._new_slots(MOST_AT_ONCE)

    def after_fork(self) -> None:
        """Leave the httpx client to the parent process; the child makes one of its own when it needs it."""
        self._renew()
        self._is_forked = True
        if self._http is not None:
            abandon(self._http)
            self._is_closed |= self._http.is_closed
            self._http = None

    def http(self, request: str) -> Client:
        """Return the httpx client of this process, which keeps no cookies.

        Args:
            request: what it is for, as error messages name it.

        Raises:
            ConfigurationError: when it was closed, or was passed before this process was forked.
        """
        if self._is_forked and self._lent is not None:
            raise ConfigurationError(
                f"{request}: this process was forked after its client was made, and the {self._lent} that was passed "
                f"belongs to the parent process. Nothing was sent. In each process, make a client with its own "
                f"{self._lent}."
            )
        with self._lock:
            if self._http is None and not self._is_closed:
                self._http = self._make()
            http = self._http
        if http is None or http.is_closed:
            raise ConfigurationError(f"{request}: the client was closed. Make another.")
        # Anew for each request: callers may change the client that they passed while it is used.
        return stateless_client(http) if self._lent == "http_client" else http

    def _to_close(self) -> Client | None:
        """Return the httpx client that is to be closed now, if any: not one of the caller or of the parent process."""
        if self._lent == "http_client":
            return None
        with self._lock:
            self._is_closed = True
            return self._http


class Connections(_Connections[httpx.Client, Slots]):
    """Connections of threads."""

    _new_slots = Slots

    def close(self) -> None:
        """Close the connections of this process. An httpx client that the caller passed stays open."""
        if (http := self._to_close()) is not None:
            http.close()


class AsyncConnections(_Connections[httpx.AsyncClient, AsyncSlots]):
    """Connections of the tasks of one event loop: that of the first request."""

    _new_slots = AsyncSlots
    _loop: object = None

    def after_fork(self) -> None:
        """Leave the httpx client and the event loop to the parent process."""
        super().after_fork()
        self._loop = None

    def http(self, request: str) -> httpx.AsyncClient:
        """Return the httpx client of this process, in the event loop that it belongs to.

        Args:
            request: what it is for, as error messages name it.

        Raises:
            ConfigurationError: when it was closed, was passed before this process was forked, or belongs to
                another event loop.
        """
        http = super().http(request)
        with self._lock:
            self._loop = self._loop or async_event_loop()
        self._check_loop(request)
        return http

    async def aclose(self) -> None:
        """Close the connections of this process. An httpx client that the caller passed stays open.

        Raises:
            ConfigurationError: in another event loop than that of the requests.
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
