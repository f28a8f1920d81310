"""Check the options of a client, and hold its httpx client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypedDict

import httpx

from .._http.clients import new_client
from .._http.concurrency import Lock, async_check_callback, async_event_loop, async_slots, check_callback
from .._http.forks import never_close, watch
from .._http.journal_writer import Journal
from .._http.observation import SentRequest
from .._http.retry import Attempt, RetryPolicy, Waiting
from .._http.stateless_clients import stateless_client
from .._service import arguments, service_limits
from ..errors import ConfigurationError

_IDLE_SECONDS = 4.0
"""Seconds after which css-sdk closes an idle connection.

The service closes an idle connection after 5 seconds. A request that is sent at this moment would fail.
"""

TIMEOUT: Final = 30.0
DEADLINE: Final = 120.0
LARGEST_ANSWER: Final = 64 * 1024 * 1024


class AsyncOptions(TypedDict, total=False):
    """Options of a client besides its settings.

    `http_client`: an httpx client for all requests, token requests included; the caller closes it.
    `transport`: an httpx transport for the httpx client that css-sdk creates.
    `timeout`: seconds for each phase of a request: to connect, to send, to receive; 30 by default.
    `deadline`: seconds for one attempt of a call, including its token request and its whole answer; 120 by default.
    `largest_answer`: the most bytes of an answer's body after decompression; 64 MiB by default.
    `retry`: called with an `Attempt` and a random number from 0 to 1 after an attempt that failed with a temporary
    fault. It returns the seconds to wait before the next attempt, or None for no further attempt.
    `on_wait`: called with a `Waiting` before each wait between two attempts. An `AsyncCss` also accepts coroutine
    functions as `retry` and `on_wait`. If one of them raises an exception, there is no further attempt.
    `on_request`: called with a `SentRequest` after each request, token requests included, in the thread or task that
    sent the request. It cannot be a coroutine function. If it raises an exception, css-sdk logs the exception.
    `clock`: returns the time in seconds, from a clock that never goes back. It measures the life of tokens and the
    budget of log calls.
    `journal`: a file that records each write, before it is sent and when it has ended. It records only what the write
    really changes. If the current state is not known, css-sdk therefore reads the state before the write.
    """

    http_client: httpx.AsyncClient
    transport: httpx.AsyncBaseTransport
    timeout: float
    deadline: float
    largest_answer: int
    retry: RetryPolicy | Callable[[Attempt, float], Awaitable[float | None]]
    on_wait: Callable[[Waiting], object]
    on_request: Callable[[SentRequest], object]
    clock: Callable[[], float]
    journal: Journal


_KINDS: Final = {
    "http_client": httpx.AsyncClient,
    "transport": httpx.AsyncBaseTransport,
    "journal": Journal,
}
"""The class that the value of an option must have, by the name of the option."""


def check_kinds(options: Mapping[str, object]) -> None:
    """Refuse an httpx client, a transport or a journal of a wrong class. The error names the option."""
    for name, kind in _KINDS.items():
        if options.get(name) is not None:
            arguments.check_kind(options.get(name), kind, f"{name}=", error=ConfigurationError)


def check_options(options: AsyncOptions) -> None:
    """Refuse options that do not exist, have a wrong type or exclude each other. The error names the option."""
    arguments.check_options(options, AsyncOptions, ConfigurationError)
    check_kinds(options)
    async_check_callback("on_wait", options.get("on_wait"))
    async_check_callback("retry", options.get("retry"))
    check_callback("clock", options.get("clock"))
    beside = sorted({"transport", "timeout"} & options.keys())
    if "http_client" in options and beside:
        raise ConfigurationError(
            f"http_client= already has its own {' and '.join(beside)}. Pass http_client= without "
            f"{' and '.join(f'{name}=' for name in beside)}."
        )
    arguments.check_number(options.get("timeout", TIMEOUT), "timeout", "seconds")
    arguments.check_number(options.get("deadline", DEADLINE), "deadline", "seconds")
    arguments.check_number(options.get("largest_answer", LARGEST_ANSWER), "largest_answer", "bytes", whole=True)


class AsyncConnections:
    """The httpx client of one `AsyncCss`, and the slots that limit how many requests it sends at once.

    The httpx client belongs to the process and the event loop of its first request. After a fork, the child process
    gets its own httpx client and slots, because the parent continues to use the old ones.

    Attributes:
        slots: the slots. Each request is sent inside `async with slots`.
    """

    def __init__(self, options: AsyncOptions) -> None:
        self._options = options
        self._passed_as = next(iter({"http_client", "transport"} & options.keys()), None)
        self._http: httpx.AsyncClient | None = self._make()
        self._is_forked = self._is_closed = False
        self._renew()
        watch(self)

    def _make(self) -> httpx.AsyncClient:
        if http := self._options.get("http_client"):
            return http
        limits = httpx.Limits(
            max_connections=service_limits.MOST_AT_ONCE,
            max_keepalive_connections=service_limits.MOST_AT_ONCE,
            keepalive_expiry=_IDLE_SECONDS,
        )
        timeout, transport = self._options.get("timeout", TIMEOUT), self._options.get("transport")
        return stateless_client(new_client(httpx.AsyncClient, transport=transport, timeout=timeout, limits=limits))

    def _renew(self) -> None:
        self._lock = Lock()  # for threads, in both clients
        self._loop: object = None
        self.slots = async_slots(service_limits.MOST_AT_ONCE)

    def after_fork(self) -> None:
        """Leave the httpx client and the event loop to the parent process. The child makes its own client later."""
        self._renew()
        self._is_forked = True
        if self._http is not None:
            never_close(self._http)
            self._is_closed |= self._http.is_closed
            self._http = None

    def http(self, request: str) -> httpx.AsyncClient:
        """Return the httpx client of this process, which keeps no cookies.

        Args:
            request: the method and path of the request that needs the client, for error messages.

        Raises:
            ConfigurationError: the client was closed, or belongs to a different process or event loop.
        """
        if self._is_forked and self._passed_as is not None:
            raise ConfigurationError(
                f"{request}: this process was forked after its client was made. The {self._passed_as} that was passed "
                f"belongs to the parent process. Nothing was sent. In each process, make a client with its own "
                f"{self._passed_as}."
            )
        with self._lock:
            if self._http is None and not self._is_closed:
                self._http = self._make()
            http = self._http
        if http is None or http.is_closed:
            raise ConfigurationError(f"{request}: the client was closed. Create a new client.")
        with self._lock:
            self._loop = self._loop or async_event_loop()
        self._check_loop(request)
        # A new copy for each request, because users may change the client that they passed at any time.
        return stateless_client(http) if self._passed_as == "http_client" else http

    async def aclose(self) -> None:
        """Close the connections of this process. An httpx client that the user passed stays open.

        In a different event loop than the client's own, raise an error and close nothing.
        """
        if self._loop is not None:
            self._check_loop("Closing the client")
        if self._passed_as == "http_client":
            return
        with self._lock:
            self._is_closed = True
            http = self._http
        if http is not None:
            await http.aclose()

    def _check_loop(self, request: str) -> None:
        if self._loop is not async_event_loop():
            raise ConfigurationError(
                f"{request}: this AsyncCss belongs to another event loop, because it was first used in that loop. "
                f"Nothing was sent. Create one AsyncCss in each event loop, inside the coroutine that you pass to "
                f"asyncio.run. Close each AsyncCss in the coroutine that created it. Threads without event loops may "
                f"share one Css."
            )
