"""Limit how long everything inside a block may take, down to each read of a socket.

The timeouts of httpx begin again with each piece that arrives. So a server that sends single bytes, or 1xx answers
without end, never exceeds these timeouts. In a task, a cancellation ends such a request. In a thread, a client that
was passed to `bind` checks the deadline of the thread before each network operation.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import httpx

_until: ContextVar[float | None] = ContextVar("css_sdk_deadline", default=None)


@contextmanager
def time_limit(seconds: float) -> Iterator[float]:
    """Set a deadline for what this thread does inside the block. An earlier deadline of an outer block still holds.

    Clients that were passed to `bind` obey the deadline. Other code must call `within`.

    Yields:
        The time when `seconds` will be over, by `time.monotonic`, even if an outer deadline is earlier.

    Raises:
        TimeoutError: from a bound client or `within`, if the deadline has passed before an operation begins.
        httpx.TimeoutException: from a bound client, if the deadline passes during an operation.
    """
    outer = _until.get()
    until = time.monotonic() + seconds
    before = _until.set(until if outer is None else min(outer, until))
    try:
        yield until
    finally:
        _until.reset(before)


@contextmanager
def async_time_limit(seconds: float) -> Iterator[float]:
    """Set a time limit for a block of a task. When the time is over, cancel the block and raise `TimeoutError`.

    Yields:
        The deadline, by `time.monotonic`.
    """
    import anyio

    with anyio.fail_after(seconds):
        yield time.monotonic() + seconds


def within(timeout: float | None = None) -> float | None:
    """Return how many seconds an operation of this thread may take; None if there is no limit.

    The result is the shorter of two times: the timeout, and the time until the deadline. If the deadline has passed,
    raise `TimeoutError`.
    """
    until = _until.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("The deadline has passed.")
    return left if timeout is None else min(timeout, left)


class _Stream:
    """A network stream of httpcore. Its operations fail when the deadline of the calling thread has passed."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        content: bytes = self._stream.read(max_bytes, within(timeout))
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, within(timeout))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, within(timeout)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)  # the other attributes do not wait


class _Backend:
    """A network backend of httpcore. The streams that it opens obey the deadline of the calling thread."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        return _Stream(self._backend.connect_tcp(host, port, within(timeout), **options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(within(seconds))


_BACKEND: Final = "_network_backend"
"""The attribute in which httpcore's connection pool keeps its network backend, which opens connections."""


def bind(client: httpx.Client | httpx.AsyncClient) -> None:
    """Make a new `httpx.Client` obey the deadlines that `time_limit` sets. The client must not have been used yet.

    httpx takes no network backend as an argument, so this function replaces the backend in the connection pools of the
    client. An `httpx.AsyncClient` is not changed, because `async_time_limit` cancels the task that uses the client.

    `new_client` does not bind a client with a user's own transport. For such a client, css-sdk checks the deadline only
    between the pieces of a body.
    """
    if isinstance(client, httpx.AsyncClient):
        return
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if type(transport) is httpx.HTTPTransport and hasattr(pool, _BACKEND):
            setattr(pool, _BACKEND, _Backend(getattr(pool, _BACKEND)))
