"""Deadlines that hold for everything below them, down to each read of a socket.

The timeouts of httpx start anew with each piece that arrives, so that a server which drips bytes, or sends 1xx answers
without end, is never too late. In tasks a cancellation ends that. In threads `bind` puts streams below a client that
take no longer than the deadline of the thread which reads from them.
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
    """Set a deadline for what this thread does inside the block.

    Clients that `bind` was called with keep it; other code has to ask `check` or `within`.

    Args:
        seconds: from now on. An earlier deadline of an outer block still holds.

    Yields:
        The deadline, by `time.monotonic`.

    Raises:
        TimeoutError: from a bound client, `check` or `within`, when the deadline has passed.
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
    """Cancel what this task does inside the block when the time is over.

    Args:
        seconds: from now on.

    Yields:
        The deadline, by `time.monotonic`.

    Raises:
        TimeoutError: when the time is over.
    """
    import anyio

    with anyio.fail_after(seconds):
        yield time.monotonic() + seconds


def within(timeout: float | None) -> float | None:
    """Return the timeout, or the time until the deadline of this thread if that is shorter.

    Args:
        timeout: in seconds; None waits for ever.

    Raises:
        TimeoutError: when the deadline has passed.
    """
    until = _until.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("The deadline has passed.")
    return left if timeout is None else min(timeout, left)


def check() -> None:
    """Raise an error when the deadline of this thread has passed.

    Raises:
        TimeoutError: when it has.
    """
    within(None)


class _Stream:
    """A network stream of httpcore whose operations end by the deadline of the thread that calls them."""

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
        return getattr(self._stream, name)  # what waits for nothing


class _Backend:
    """A network backend of httpcore that opens such streams."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        return _Stream(self._backend.connect_tcp(host, port, within(timeout), **options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(within(seconds))


_BACKEND: Final = "_network_backend"
"""Where a connection pool of httpcore keeps what opens its connections."""


def bind(client: httpx.Client | httpx.AsyncClient) -> None:
    """Make a new client of threads keep the deadlines that `time_limit` sets; one of tasks needs nothing.

    httpx takes no network backend as an argument, so this replaces the one of its connection pools. A client or
    transport that a caller passed is not changed: there the deadline holds only between the pieces of a body.

    Args:
        client: that has not been used yet.
    """
    if isinstance(client, httpx.AsyncClient):
        return
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if type(transport) is httpx.HTTPTransport and hasattr(pool, _BACKEND):
            setattr(pool, _BACKEND, _Backend(getattr(pool, _BACKEND)))
