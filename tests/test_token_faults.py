"""Login servers that do not answer, answer too much, or repeat secrets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import pickle
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from css_sdk import AuthenticationError, ClientCredentials, CssError, MalformedAnswer
from css_sdk.auth.credentials import TokenAuth
from tests.token_callers import API, AUTHS, LOGIN, PASSWORD, SECRET, Call, both_worlds, every_auth, in_a_thread

SOON = 20.0
IMPATIENT = httpx.Timeout(None, connect=0.01, read=0.02)
GOOD = {"access_token": "t0ken", "expires_in": 300}


class Pieces(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that arrives piece by piece, and counts the pieces that were read."""

    def __init__(self, piece: Callable[[], bytes], count: int) -> None:
        self._piece, self._count = piece, count
        self.taken = 0
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self._count):
            self.taken += 1
            yield self._piece()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


def login(answer: Callable[[], httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    """Return a service whose login server gives this answer."""
    return lambda request: answer() if str(request.url) == LOGIN else httpx.Response(200)


# Limits of size and time


@both_worlds
def test_an_endless_token_answer_is_stopped_at_256_kb(call: Call) -> None:
    """If a token answer never ends, css-sdk stops after 256 KB, closes the connection and raises an error."""
    body = Pieces(lambda: b" " * 65536, 1000)
    with pytest.raises(
        MalformedAnswer,
        match=r"POST /token at login.example: the answer has more than 262,144 bytes\. .*\(token_url=\)\.",
    ):
        call(AUTHS["basic"](), login(lambda: httpx.Response(200, stream=body)), API)
    assert (body.taken, body.is_closed) == (5, True)


@both_worlds
def test_a_large_compressed_answer_is_not_decompressed(call: Call) -> None:
    """A compressed token answer is not decompressed, since it could become too large and the request asks for none."""
    packed = gzip.compress(b'{"access_token":"' + b"A" * 5_000_000 + b'"}')
    seen: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Accept-Encoding"])
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Pieces(lambda: packed, 1))

    with pytest.raises(MalformedAnswer, match="no bearer token: it is not a JSON object"):
        call(AUTHS["basic"](), respond, API)
    assert seen == ["identity"]


@both_worlds
def test_a_whole_answer_has_the_read_timeout_of_one_chunk(call: Call) -> None:
    """The read timeout limits the whole token answer. Without a timeout, the answer has no time limit."""
    now = [1000.0]

    def tick() -> bytes:
        now[0] += 1.0
        return b" "

    def auth() -> TokenAuth:
        return ClientCredentials(LOGIN, "me", SECRET, clock=lambda: now[0])

    body = Pieces(tick, 1000)
    with pytest.raises(httpx.ReadTimeout, match=r"No answer from the login server at login\.example \(ReadTimeout: "):
        call(auth(), login(lambda: httpx.Response(200, stream=body)), API, timeout=5.0)
    assert (body.taken, body.is_closed) == (6, True)
    body = Pieces(tick, 1000)
    with pytest.raises(MalformedAnswer, match=r"it is not a JSON object|it is empty"):
        call(auth(), login(lambda: httpx.Response(200, stream=body)), API, timeout=None)
    assert body.taken == 1000


@both_worlds
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps({"access_token": "a" * 16385}), "its access_token is missing, or does not fit in a header"),
        (json.dumps({"access_token": "a b"}), "its access_token is missing, or does not"),
        (json.dumps({"access_token": "a", "token_type": "mac"}), "its token_type is 'mac'"),
        ("<!DOCTYPE html><p>s3cret", "it is a page of HTML"),
        ("", "it is empty"),
        ("[1]", "it is not a JSON object"),
        (" " * 300_000, "the answer has more than 262,144 bytes"),
    ],
)
def test_an_answer_without_a_usable_token_is_reported(call: Call, content: str, said: str) -> None:
    """If a token answer has no usable token, the error says why, even if a hook has read it, and the
    call is not sent.
    """
    for hooked in (False, True):
        hooks: Any = {"response": [httpx.Response.read if call is in_a_thread else httpx.Response.aread]}
        seen: list[str] = []

        def respond(request: httpx.Request, seen: list[str] = seen) -> httpx.Response:
            seen.append(request.method)
            return httpx.Response(200, stream=Pieces(content.encode, 1))

        with pytest.raises(MalformedAnswer, match=f"POST /token at login.example: .*{said}") as caught:
            call(AUTHS["basic"](), respond, API, event_hooks=hooks if hooked else {})
        assert SECRET not in str(caught.value)
        assert seen == ["POST"]


def test_the_longest_token_is_accepted() -> None:
    """A token that is as long as a header may be is accepted."""
    respond = login(lambda: httpx.Response(200, json={"access_token": "a" * 16384}))
    assert in_a_thread(AUTHS["basic"](), respond, API).status_code == 200


# Missing answers


class Broken(Pieces):
    """A body that ends with a read error."""

    def __init__(self) -> None:
        super().__init__(self._break, 1)

    def _break(self) -> bytes:
        raise httpx.ReadError("reset\nby peer.")


@both_worlds
@every_auth
@pytest.mark.parametrize("kind_of_error", [httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError])
def test_a_missing_answer_is_reported_without_secrets(
    call: Call, kind: str, kind_of_error: type[httpx.TransportError]
) -> None:
    """If the login server does not answer, the error names it, and contains no body and no credentials."""

    def respond(request: httpx.Request) -> httpx.Response:
        if kind_of_error is httpx.ReadError:
            return httpx.Response(200, stream=Broken())
        raise kind_of_error("reset\nby peer.", request=request)

    with pytest.raises(kind_of_error) as caught:
        call(AUTHS[kind](), respond, API)
    words = f"No answer from the login server at login.example ({kind_of_error.__name__}: resetby peer)."
    assert str(caught.value) == words
    request = caught.value.request
    assert (request.method, str(request.url), request.content) == ("POST", LOGIN, b"")
    assert "Authorization" not in request.headers
    kept = pickle.dumps((request, str(caught.value), caught.value.args))
    assert SECRET.encode() not in kept
    assert PASSWORD.encode() not in kept


@both_worlds
def test_errors_of_the_call_itself_stay_unchanged(call: Call) -> None:
    """Errors of the call itself, or of a hook that calls another server, do not mention the login server."""

    def respond(request: httpx.Request) -> httpx.Response:
        if str(request.url) == LOGIN:
            return httpx.Response(200, json=GOOD)
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(httpx.ConnectError, match=r"^refused$") as caught:
        call(AUTHS["basic"](), respond, API)
    assert str(caught.value.request.url) == API
    elsewhere = httpx.ConnectError("refused", request=httpx.Request("GET", "https://elsewhere.example"))

    def hook(_: httpx.Request) -> None:
        raise elsewhere

    async def async_hook(_: httpx.Request) -> None:
        raise elsewhere

    with pytest.raises(httpx.ConnectError, match=r"^refused$"):
        call(AUTHS["basic"](), respond, API, event_hooks={"request": [hook if call is in_a_thread else async_hook]})


@pytest.mark.parametrize("url", ["https://login.example/token/", "https://login.example/token?tenant=a/"])
@pytest.mark.parametrize("kind", [str, httpx.URL])
def test_the_token_address_stays_as_it_is(url: str, kind: Callable[[str], Any]) -> None:
    """The token address is used unchanged, with a trailing slash or a query, as text or as `httpx.URL`."""
    seen: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json=GOOD)

    assert in_a_thread(AUTHS["basic"](kind(url)), respond, API).status_code == 200
    assert seen == [url, API]


@both_worlds
def test_the_refusing_host_is_named(call: Call) -> None:
    """A refusal names the login server, and the error about another origin names both origins."""
    no = login(lambda: httpx.Response(401, json={"error": "invalid_client"}))
    with pytest.raises(AuthenticationError, match=r"POST /token at login.example: .*invalid_client"):
        call(AUTHS["basic"](), no, API)
    auth = AUTHS["basic"](origins="https://api.example:8443/v1")
    with pytest.raises(
        CssError, match=r"login\.example is not sent to https://api\.example, .* https://api\.example:8443"
    ):
        call(auth, no, API)
    auth = AUTHS["basic"](origins=[httpx.URL("http://[::1]:81")])
    with pytest.raises(CssError, match=r"to http://\[::1\], .* only to http://\[::1\]:81\. Check the address"):
        call(auth, no, "http://[::1]/")


# Waiting callers


class Slow:
    """A login server that answers when its gate is opened."""

    def __init__(self) -> None:
        self.asked = 0
        self.reached, self.gate = threading.Event(), threading.Event()
        self.auth = AUTHS["basic"]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) != LOGIN:
            return httpx.Response(200)
        self.asked += 1
        self.reached.set()
        assert self.gate.wait(SOON)
        return httpx.Response(200, json=GOOD)


@both_worlds
def test_each_waiting_caller_has_its_own_timeout(call: Call) -> None:
    """A waiting caller times out with its own timeout; the token request continues, and no second one is sent."""
    slow = Slow()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(in_a_thread, slow.auth, slow, API, timeout=None)
        assert slow.reached.wait(SOON)
        try:
            with pytest.raises(
                httpx.ReadTimeout, match=r"No answer from the login server at login.example: "
            ) as caught:
                call(slow.auth, slow, API, timeout=IMPATIENT)
        finally:
            slow.gate.set()
        assert asking.result(SOON).status_code == 200
    assert (caught.value.request.url, caught.value.request.content) == (LOGIN, b"")
    assert call(slow.auth, slow, API, timeout=IMPATIENT).status_code == 200
    assert slow.asked == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_that_stop_waiting_do_not_disturb_others(backend: str) -> None:
    """If some waiting tasks time out or are cancelled, the others still get the token from one request."""
    got: list[Any] = []
    asked = 0

    async def run() -> None:
        gate, reached = anyio.Event(), anyio.Event()

        async def respond(request: httpx.Request) -> httpx.Response:
            nonlocal asked
            if str(request.url) == LOGIN:
                asked += 1
                reached.set()
                await gate.wait()
                return httpx.Response(200, json=GOOD)
            return httpx.Response(200)

        async def one(patience: httpx.Timeout | None) -> None:
            try:
                got.append((await client.get(API, timeout=patience)).status_code)
            except httpx.ReadTimeout:
                got.append("late")

        async with httpx.AsyncClient(auth=AUTHS["basic"](), transport=httpx.MockTransport(respond)) as client:
            with anyio.fail_after(SOON):
                async with anyio.create_task_group() as patient:
                    patient.start_soon(one, None)
                    await reached.wait()
                    patient.start_soon(one, None)
                    async with anyio.create_task_group() as others:
                        others.start_soon(one, None)
                        await anyio.lowlevel.checkpoint()
                        others.cancel_scope.cancel()
                    await one(IMPATIENT)
                    gate.set()

    anyio.run(run, backend=backend)
    assert got == ["late", 200, 200]
    assert asked == 1


def test_a_loop_that_is_closed_during_its_request_blocks_nobody() -> None:
    """If the event loop of a token request is closed, the next caller in any thread sends one, and waiting callers
    share it.
    """
    slow, got = Slow(), list[int]()
    slow.gate.set()
    waits = threading.Event()

    class Watched(type(slow.auth)):  # type: ignore[misc]
        def _current_or_pending(self, *arguments: Any) -> Any:
            turn = super()._current_or_pending(*arguments)
            waits.set()
            return turn

    auth = Watched(LOGIN, "me", SECRET)

    async def stop(request: httpx.Request) -> httpx.Response:
        asyncio.get_running_loop().stop()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def run() -> None:
        async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(stop)) as client:
            await client.get(API)

    def call() -> None:
        got.append(in_a_thread(auth, slow, API, timeout=None).status_code)

    loop = asyncio.new_event_loop()
    left = loop.create_task(run())
    with contextlib.suppress(RuntimeError):  # the loop was stopped before its future was done
        loop.run_until_complete(left)
    left._log_destroy_pending = False  # type: ignore[attr-defined]
    waits.clear()
    others = [threading.Thread(target=call, daemon=True) for _ in range(2)]
    others[0].start()
    assert waits.wait(SOON)
    loop.close()
    others[1].start()
    for other in others:
        other.join(SOON)
    assert got == [200, 200]
    assert slow.asked == 1
