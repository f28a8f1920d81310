"""Carry the requests of httpx to the sandbox without a socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx

from ..http import Answers, Request, Response


def _request(request: httpx.Request, body: bytes) -> Request:
    return Request(
        request.method,
        request.url.raw_path.decode("latin-1"),
        {name.lower(): value for name, value in request.headers.items()},
        body,
    )


def _response(response: Response, request: httpx.Request) -> httpx.Response:
    if response.dropped:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    headers = (
        {"content-length": str(len(response.body)), **response.headers} if response.status != 204 else response.headers
    )
    body = b"" if request.method == "HEAD" else response.body
    return httpx.Response(response.status, headers=dict(headers), stream=httpx.ByteStream(body), request=request)


def _wait(response: Response, request: httpx.Request) -> tuple[float, bool]:
    """Return the seconds to wait, and whether the client's read timeout ends first."""
    timeout = request.extensions.get("timeout", {}).get("read")
    if timeout is not None and response.delay > timeout:
        return float(timeout), True
    return response.delay, False


class Transport(httpx.BaseTransport):
    """Carry the requests of an `httpx.Client` to the sandbox."""

    def __init__(self, sandbox: Answers, sleep: Callable[[float], None]) -> None:
        self._sandbox = sandbox
        self._sleep = sleep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the sandbox's answer.

        Raises:
            httpx.RemoteProtocolError: a fault closes the connection.
            httpx.ReadTimeout: a fault delays the answer beyond the read timeout.
        """
        response = self._sandbox.answer(_request(request, request.read()))
        if response.delay:
            seconds, late = _wait(response, request)
            self._sleep(seconds)
            if late:
                raise httpx.ReadTimeout("The read operation timed out", request=request)
        return _response(response, request)


class AsyncTransport(httpx.AsyncBaseTransport):
    """Carry the requests of an `httpx.AsyncClient` to the sandbox."""

    def __init__(self, sandbox: Answers, sleep: Callable[[float], Any] | None) -> None:
        self._sandbox = sandbox
        self._sleep = sleep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the sandbox's answer.

        Raises:
            httpx.RemoteProtocolError: a fault closes the connection.
            httpx.ReadTimeout: a fault delays the answer beyond the read timeout.
        """
        response = self._sandbox.answer(_request(request, await request.aread()))
        if response.delay:
            seconds, late = _wait(response, request)
            await (self._sleep or anyio.sleep)(seconds)
            if late:
                raise httpx.ReadTimeout("The read operation timed out", request=request)
        return _response(response, request)
