"""Callers that wait for the token request of another caller, in threads and in tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from css_sdk import AuthenticationError, ClientCredentials, ServiceUnavailable
from css_sdk.auth.credentials import TokenAuth
from tests.crowds import Crowd, gathered

LOGIN = "https://login.example/token"
API = "https://api.example/v1/things"
Respond = Callable[[httpx.Request], httpx.Response]


def auth_of(crowd: Crowd | None = None) -> TokenAuth:
    """Return an auth with the clock of a crowd."""
    if crowd is None:
        return ClientCredentials(LOGIN, "me", "s3cret")
    crowd.auth = ClientCredentials(LOGIN, "me", "s3cret", clock=crowd.clock)
    return crowd.auth


class Held(Crowd):
    """A login server that answers, as `answer` says, when all callers wait for it."""

    def __init__(self, size: int, answer: Respond) -> None:
        super().__init__(size)
        self.asked = 0
        self._answer = answer

    def respond(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) != LOGIN:
            return httpx.Response(200)
        self.asked += 1
        self.wait()
        return self._answer(request)

    async def async_respond(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) != LOGIN:
            return httpx.Response(200)
        self.asked += 1
        await self.async_wait()
        return self._answer(request)


def good(_: httpx.Request) -> httpx.Response:
    """Answer with a token."""
    return httpx.Response(200, json={"access_token": "t0ken", "expires_in": 300})


def lost(request: httpx.Request) -> httpx.Response:
    """Raise a timeout."""
    raise httpx.ConnectTimeout("too late", request=request)


def broken(_: httpx.Request) -> httpx.Response:
    """Answer with a fault."""
    return httpx.Response(503)


def moved(_: httpx.Request) -> httpx.Response:
    """Answer with a redirect."""
    return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})


@pytest.mark.parametrize(
    ("answer", "error"), [(lost, httpx.TransportError), (broken, ServiceUnavailable), (moved, AuthenticationError)]
)
async def test_a_missing_answer_is_reported_to_all_waiting_callers(answer: Respond, error: type[Exception]) -> None:
    """If a token request fails, all waiting callers get the error, instead of requesting a token one
    after the other.
    """
    threads = Held(20, answer)
    auth_of(threads)
    with httpx.Client(auth=threads.auth, transport=httpx.MockTransport(threads.respond)) as client:
        found = threads.call(client, API)
    assert all(isinstance(one, error) for one in found)
    tasks = Held(20, answer)
    auth = auth_of(tasks)
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(tasks.async_respond)) as client:
        found = await tasks.async_call(client, API)
    assert all(isinstance(one, error) for one in found)
    assert (threads.asked, tasks.asked) == (1, 1)


async def test_a_token_with_a_lifetime_of_zero_serves_all_waiting_callers() -> None:
    """A token with a lifetime of zero serves all callers that waited for it, and later callers request a new one."""
    held = Held(20, lambda _: httpx.Response(200, json={"access_token": "t0ken", "expires_in": 0}))
    auth_of(held)
    with httpx.Client(auth=held.auth, transport=httpx.MockTransport(held.respond)) as client:
        for asked in (1, 2):
            assert held.call(client, API) == [200] * 20
            assert held.asked == asked
    held.asked = 0
    auth = auth_of(held)
    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(held.async_respond)) as tasks:
        for asked in (1, 2):
            assert await held.async_call(tasks, API) == [200] * 20
            assert held.asked == asked


async def test_a_short_timeout_counts_only_for_its_own_caller() -> None:
    """If the token request of a caller with a short timeout times out, a caller with a longer one requests the token
    again.
    """
    held = Held(2, lost)
    auth = auth_of(held)
    got: list[str] = []

    async def one(client: httpx.AsyncClient, seconds: float) -> None:
        try:
            await client.get(API, timeout=seconds)
        except httpx.TransportError:
            got.append(f"{seconds:.0f} s")

    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(held.async_respond)) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, client, 1)
            tasks.start_soon(one, client, 60)
    assert got == ["1 s", "60 s"]
    assert held.asked == 2


async def test_a_cancelled_sender_does_not_fail_others() -> None:
    """If the caller that requests the token is cancelled, one waiting caller requests it instead, and all others share
    it.
    """
    held = Held(20, good)
    auth = auth_of(held)
    scope = anyio.CancelScope()

    async def respond(request: httpx.Request) -> httpx.Response:
        if str(request.url) == LOGIN and held.asked == 0:
            held.asked += 1
            await held.async_wait()
            scope.cancel()
            await anyio.sleep_forever()
        return await held.async_respond(request)

    async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(respond)) as client:
        async with anyio.create_task_group() as tasks:

            async def doomed() -> None:
                with scope:
                    await client.get(API)

            tasks.start_soon(doomed)
            await anyio.lowlevel.checkpoint()
            assert await gathered(19, lambda: client.get(API)) == [200] * 19
    assert scope.cancelled_caught
    assert held.asked == 2


def test_threads_and_event_loops_share_one_token() -> None:
    """Twenty threads and two event loops of twenty tasks each share one token request."""
    held = Held(60, good)
    auth_of(held)
    start = threading.Barrier(22)

    def in_threads(_: int) -> list[Any]:
        start.wait(30)
        with httpx.Client(auth=held.auth, transport=httpx.MockTransport(held.respond)) as client:
            return [client.get(API).status_code]

    def in_a_loop(_: int) -> list[Any]:
        async def run() -> list[Any]:
            transport = httpx.MockTransport(held.async_respond)
            async with httpx.AsyncClient(auth=held.auth, transport=transport) as client:
                return await gathered(20, lambda: client.get(API))

        start.wait(30)
        return anyio.run(run)

    with ThreadPoolExecutor(22) as pool:
        done = [pool.submit(in_a_loop, n) for n in range(2)] + [pool.submit(in_threads, n) for n in range(20)]
        assert [status for future in done for status in future.result(30)] == [200] * 60
    assert held.asked == 1


def test_no_caller_waits_for_itself() -> None:
    """A call from a hook of the token request, or one that blocks the requesting loop, succeeds instead of hanging."""
    auth, inner = auth_of(), list[int]()

    def respond(request: httpx.Request) -> httpx.Response:
        return good(request) if str(request.url) == LOGIN else httpx.Response(200)

    def call_again(request: httpx.Request) -> None:
        if str(request.url) == LOGIN and not inner:
            inner.append(0)
            with httpx.Client(auth=auth, transport=httpx.MockTransport(respond)) as client:
                inner.append(client.get(API).status_code)

    async def async_respond(request: httpx.Request) -> httpx.Response:
        call_again(request)
        return respond(request)

    hooks: dict[str, list[Any]] = {"request": [call_again]}
    with httpx.Client(auth=auth, transport=httpx.MockTransport(respond), event_hooks=hooks) as client:
        assert client.get(API).status_code == 200
    assert inner == [0, 200]
    auth = auth_of()
    inner.clear()

    async def run() -> None:
        async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(async_respond)) as client:
            assert (await client.get(API)).status_code == 200

    anyio.run(run)
    assert inner == [0, 200]
