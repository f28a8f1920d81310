"""Carry the requests of httpx to the sandbox without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
import httpx
from attrs import frozen

from ..http import Answers, Request, Response


def _request(request: httpx.Request, body: bytes) -> Request:
    return Request(
        request.method,
        request.url.raw_path.decode("latin-1"),
        {name.lower(): value for name, value in request.headers.items()},
        body,
    )


def _response(
    response: Response, request: httpx.Request, stream: httpx.SyncByteStream | httpx.AsyncByteStream
) -> httpx.Response:
    if response.dropped:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    length = {} if response.status == 204 else {"content-length": str(len(response.body))}
    return httpx.Response(response.status, headers={**length, **response.headers}, stream=stream, request=request)


def _pause(seconds: float, request: httpx.Request) -> Iterator[float]:
    """Yield the seconds to wait, if any. Raise `httpx.ReadTimeout` if the client's read timeout is shorter."""
    timeout = request.extensions.get("timeout", {}).get("read")
    if timeout is not None and seconds > timeout:
        yield float(timeout)
        raise httpx.ReadTimeout("The read operation timed out", request=request)
    if seconds:
        yield seconds


def _body(response: Response, request: httpx.Request) -> Iterator[float | bytes]:
    """Yield each part of the body. If a part is late, yield the seconds to wait before it."""
    if request.method == "HEAD":
        return
    parts, pause = response.parts()
    for part in parts:
        yield from _pause(pause, request)
        yield part


@frozen
class _Stream(httpx.SyncByteStream):
    """The body of an answer."""

    response: Response
    request: httpx.Request
    sleep: Callable[[float], None]

    def __iter__(self) -> Iterator[bytes]:
        for step in _body(self.response, self.request):
            if isinstance(step, bytes):
                yield step
            else:
                self.sleep(step)


@frozen
class _AsyncStream(httpx.AsyncByteStream):
    """The body of an answer."""

    response: Response
    request: httpx.Request
    sleep: Callable[[float], Any]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for step in _body(self.response, self.request):
            if isinstance(step, bytes):
                yield step
            else:
                await self.sleep(step)


class Transport(httpx.BaseTransport):
    """Carry the requests of an `httpx.Client` to the sandbox."""

    def __init__(self, sandbox: Answers, sleep: Callable[[float], None]) -> None:
        self._sandbox = sandbox
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the sandbox's answer.

        Raises:
            httpx.RemoteProtocolError: a fault closes the connection.
            httpx.ReadTimeout: a fault delays the answer for longer than the read timeout.
        """
        response = self._sandbox.answer(_request(request, request.read()))
        for seconds in _pause(response.delay, request):
            self._sleep(seconds)
        return _response(response, request, _Stream(response, request, self._sleep))


class AsyncTransport(httpx.AsyncBaseTransport):
    """Carry the requests of an `httpx.AsyncClient` to the sandbox."""

    def __init__(self, sandbox: Answers, sleep: Callable[[float], Any] | None) -> None:
        self._sandbox = sandbox
        self._sleep = sleep or anyio.sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the sandbox's answer.

        Raises:
            httpx.RemoteProtocolError: a fault closes the connection.
            httpx.ReadTimeout: a fault delays the answer for longer than the read timeout.
        """
        response = self._sandbox.answer(_request(request, await request.aread()))
        for seconds in _pause(response.delay, request):
            await self._sleep(seconds)
        return _response(response, request, _AsyncStream(response, request, self._sleep))
