"""A deadline limits the whole answer of a server that sends slowly, in threads and in tasks."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from css_sdk._http.clients import new_client
from css_sdk._http.deadlines import async_time_limit, time_limit, within
from tests.raw_server import RawServer, drip, read_request

LIMIT = 0.3
LONG = 30.0
"""The seconds that a busy machine may need to notice that the limit has passed; all answers take far longer."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n"
DRIPS: dict[str, list[bytes]] = {
    "a status line": [bytes([letter]) for letter in b"HTTP/1.1 200 " + b"O" * 100_000],
    "headers": [b"HTTP/1.1 200 OK\r\n"] + [b"A: b\r\n"] * 100_000,
    "1xx answers": [b"HTTP/1.1 102 Processing\r\n\r\n"] * 100_000,
    "a body": [HEAD] + [b"x"] * 100_000,
    "chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + [b"1\r\nx\r\n"] * 100_000,
    "nothing": [b""] * 100_000,
}


@pytest.fixture(params=DRIPS)
def server(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    """Yield a server whose answer never ends, and whose pauses are short."""

    def handle(connection: socket.socket) -> None:
        read_request(connection)
        drip(connection, lambda number: DRIPS[request.param][number], made)

    with RawServer(handle) as made:
        yield made


@pytest.mark.parametrize("limits", [5.0, None])
def test_a_deadline_stops_a_slow_answer_in_a_thread(server: RawServer, limits: float | None) -> None:
    """In a thread, a deadline stops every kind of slow answer, even if no timeout is set."""
    began = time.monotonic()
    with new_client(httpx.Client, timeout=limits) as client:
        with pytest.raises((TimeoutError, httpx.TimeoutException)), time_limit(LIMIT):
            client.get(server.origin)
    assert time.monotonic() - began < LONG


def test_a_deadline_stops_a_slow_answer_in_a_task(server: RawServer) -> None:
    """In a task, a deadline stops every kind of slow answer, even if no timeout is set."""

    async def ask() -> None:
        async with new_client(httpx.AsyncClient, timeout=None) as client:
            with async_time_limit(LIMIT):
                await client.get(server.origin)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        anyio.run(ask)
    assert time.monotonic() - began < LONG


def test_a_deadline_stops_a_slow_proxy(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deadline stops a proxy, named by HTTPS_PROXY, that answers CONNECT slowly."""
    monkeypatch.setenv("HTTPS_PROXY", server.origin)
    began = time.monotonic()
    with new_client(httpx.Client, timeout=None) as client:
        with pytest.raises((TimeoutError, httpx.HTTPError)), time_limit(LIMIT):
            client.get("https://api.example/")
    assert time.monotonic() - began < LONG


def test_without_a_deadline_timeouts_stay_as_they_are() -> None:
    """A deadline shortens timeouts only inside its block, and an inner block is never longer than the outer one."""
    assert within(3.0) == 3.0
    assert within(None) is None
    with time_limit(10.0), time_limit(1000.0):
        left = within(None)
        assert left is not None
        assert left <= 10.0
        assert within(2.0) == 2.0
    with time_limit(0.0):
        with pytest.raises(TimeoutError):
            within()
    within()


def test_the_network_below_a_client_can_still_be_replaced() -> None:
    """httpx and httpcore still keep their network backend where css-sdk replaces it. Otherwise deadlines would not
    work.
    """
    with new_client(httpx.Client, proxy="http://proxy.example:8080") as client:
        transports: list[Any] = [client._transport, *(one for one in client._mounts.values() if one is not None)]
        assert [type(one._pool._network_backend).__name__ for one in transports] == ["_Backend"] * len(transports)
