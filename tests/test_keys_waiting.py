"""Many who need keys at once: in several event loops, in a forked process, cancelled, and while their server hangs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest

from css_sdk import AsyncTokenVerifier, ClientCredentials, InvalidToken, KeysUnavailable, TokenVerifier
from css_sdk.auth.single_flight import SharedRequest
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request
from tests.signing import NOW, jwk, key, token

ISSUER = "http://localhost/auth/dev/realms/standard"
CLIENT = "fisheries-service-102"
GOOD = token(iss=ISSUER, aud=CLIENT, azp=CLIENT)
STRANGE = token(key("other"), header={"kid": "made-up"}, iss=ISSUER, aud=CLIENT)
HOUR = 3600.0
SOON = 30.0
"""Seconds after which what should have ended long ago hangs."""


class Server:
    """A login server, by a clock, that answers nothing while its gate is shut."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.fetches = 0
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()

    def clock(self) -> float:
        return self.now

    def shut(self) -> None:
        self.gate.clear()
        self.reached.clear()

    def answer(self, request: httpx.Request) -> httpx.Response:
        self._come(request)
        assert self.gate.wait(SOON)
        return self._told(request)

    async def async_answer(self, request: httpx.Request) -> httpx.Response:
        self._come(request)
        with anyio.fail_after(SOON):
            while not self.gate.is_set():  # noqa: ASYNC110 - others are in other loops
                await anyio.sleep(0.001)
        return self._told(request)

    def verifier(self) -> TokenVerifier:
        transport = httpx.MockTransport(self.answer)
        return TokenVerifier(ISSUER, CLIENT, clock=self.clock, transport=transport, timeout=SOON)

    def async_verifier(self) -> AsyncTokenVerifier:
        transport = httpx.MockTransport(self.async_answer)
        return AsyncTokenVerifier(ISSUER, CLIENT, clock=self.clock, transport=transport, timeout=SOON)

    def _come(self, request: httpx.Request) -> None:
        self.fetches += request.url.path.endswith("configuration")
        self.reached.set()

    def _told(self, request: httpx.Request) -> httpx.Response:
        is_discovery = request.url.path.endswith("configuration")
        found = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"} if is_discovery else {"keys": [jwk()]}
        return httpx.Response(200, json=found)


@pytest.fixture
def server() -> Server:
    return Server()


def started(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """What a thread does, which may hang without harm to the others."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def test_one_verifier_in_several_event_loops(server: Server) -> None:
    """Threads with a loop each share it: one fetches, the others wait, and all get in."""
    verifier = server.async_verifier()
    server.shut()
    first = started(asyncio.run, verifier.verify(GOOD))
    assert server.reached.wait(SOON)
    others = [started(asyncio.run, verifier.verify(GOOD)) for _ in range(7)]
    others.append(started(lambda: anyio.run(verifier.verify, GOOD, backend="trio")))
    time.sleep(0.05)
    server.gate.set()
    assert [future.result(SOON).client_id for future in (first, *others)] == [CLIENT] * 9
    assert server.fetches == 1


@contextmanager
def over_sockets(sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """The issuer that a sandbox serves, and a good token of it."""
    with sandbox.serve() as served:
        seen = Request("GET", "/", {"host": served.origin.removeprefix("http://")}, b"")
        yield f"{served.origin}/auth/dev/realms/standard", sandbox.token_for(CLIENT, 102, "dev", request=seen)


def test_a_loop_after_another_over_sockets(sandbox: Sandbox) -> None:
    """Its own connections end with each fetch, so none is left over from a loop that is gone."""
    now = [sandbox.now()]
    with over_sockets(sandbox) as (issuer, signed):
        verifier = AsyncTokenVerifier(issuer, CLIENT, clock=lambda: now[0], leeway=300)
        for _ in range(3):
            assert asyncio.run(verifier.verify(signed)).client_id == CLIENT
            now[0] += 31
            with pytest.raises(InvalidToken, match="unknown key"):
                asyncio.run(verifier.verify(token(key("other"), header={"kid": "made-up"}, iss=issuer, aud=CLIENT)))
    assert sandbox.count("GET", "*/certs") == 4


@contextmanager
def forked() -> Iterator[Callable[[Callable[[], bool]], bool]]:
    """Tries something in a forked process, which is killed when it hangs."""
    if not hasattr(os, "fork"):
        pytest.skip("nothing forks here")

    def tried(work: Callable[[], bool]) -> bool:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(int(SOON) // 2)
            code = 1
            try:
                code = 0 if work() else 1
            finally:
                os._exit(code)
        return os.waitpid(child, 0)[1] == 0

    yield tried


FORKS = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@FORKS
def test_a_fork_while_keys_are_fetched(sandbox: Sandbox) -> None:
    """The child fetches them itself, and does not wait for a thread that it does not have."""
    slow = sandbox.faults.add("delay", target="keys", seconds=0.5, times=2)
    with over_sockets(sandbox) as (issuer, signed):
        verifier, later = (kind(issuer, CLIENT, leeway=300) for kind in (TokenVerifier, AsyncTokenVerifier))
        here = started(verifier.verify, signed)
        there = started(asyncio.run, later.verify(signed))
        while slow.struck < 2:
            time.sleep(0.001)

        def child() -> bool:
            both = (verifier.verify(signed), started(asyncio.run, later.verify(signed)).result(SOON))
            return [told.client_id for told in both] == [CLIENT] * 2

        with forked() as tried:
            assert tried(child)
        assert here.result(SOON).client_id == there.result(SOON).client_id == CLIENT
    assert sandbox.count("GET", "*/openid-configuration") == 4


@FORKS
def test_a_fork_while_a_token_is_asked_for() -> None:
    """The child asks for its own, even where somebody was just deciding who asks."""
    gate, reached = threading.Event(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            reached.set()
            assert gate.wait(SOON)
            return httpx.Response(200, json={"access_token": "t0ken", "expires_in": 300})
        return httpx.Response(200 if request.headers["Authorization"] == "Bearer t0ken" else 403)

    auth = ClientCredentials("https://login.example/token", "me", "s3cret")

    def call() -> int:
        with httpx.Client(auth=auth, transport=httpx.MockTransport(answer)) as http:
            return http.get("https://api.example/").status_code

    async def async_call() -> int:
        async with httpx.AsyncClient(auth=auth, transport=httpx.MockTransport(answer)) as http:
            return (await http.get("https://api.example/")).status_code

    parents = started(call)
    assert reached.wait(SOON)

    def child(work: Callable[[], int]) -> Callable[[], bool]:
        def run() -> bool:
            nonlocal gate
            gate = threading.Event()
            gate.set()
            return work() == 200

        return run

    with SharedRequest.lock, forked() as tried:
        assert tried(child(call))
        assert tried(child(lambda: asyncio.run(async_call())))
    gate.set()
    assert parents.result(SOON) == 200


@FORKS
def test_a_fork_while_somebody_decides(sandbox: Sandbox) -> None:
    """The lock that another thread held at that moment is not the child's."""
    with over_sockets(sandbox) as (issuer, signed):
        verifier = TokenVerifier(issuer, CLIENT, leeway=300)
        with SharedRequest.lock, forked() as tried:
            assert tried(lambda: verifier.verify(signed).client_id == CLIENT)


@pytest.mark.parametrize("age", [60.0, HOUR, 2 * HOUR])
def test_a_hanging_server_stops_nobody_who_has_the_key(server: Server, age: float) -> None:
    """However long a fetch takes, of keys that are old too: who needs no other goes on with those in hand."""
    verifier = server.verifier()
    verifier.verify(GOOD)
    server.now += age
    later = token(iss=ISSUER, aud=CLIENT, azp=CLIENT, exp=NOW + 9 * HOUR)
    server.shut()
    waiting = started(verifier.verify, STRANGE)
    assert server.reached.wait(SOON)
    for _ in range(3):
        server.now += 31
        assert started(verifier.verify, later).result(SOON / 2).client_id == CLIENT
    server.gate.set()
    with pytest.raises(InvalidToken, match="unknown key"):
        waiting.result(SOON)
    # Callers that came with old keys use the new ones, and fetch again only after 30 seconds.
    assert server.fetches == (2 if age < HOUR else 3)


def test_both_documents_have_one_time_limit(server: Server) -> None:
    """What the first one took, the second one lacks; and a text that comes in drops has no more."""

    async def late(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.15)
        return server._told(request)

    class Drops(httpx.AsyncByteStream, httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for _ in range(10_000):
                time.sleep(0.01)
                yield b" "

        async def __aiter__(self) -> Any:
            for _ in range(10_000):
                await anyio.sleep(0.01)
                yield b" "

    def dripping(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Drops())

    async def ask(handler: Any) -> None:
        await AsyncTokenVerifier(ISSUER, CLIENT, transport=httpx.MockTransport(handler), timeout=0.2).verify(GOOD)

    begin = time.monotonic()
    for attempt in (lambda: asyncio.run(ask(late)), lambda: asyncio.run(ask(dripping))):
        with pytest.raises(KeysUnavailable, match="in time"):
            attempt()
    with pytest.raises(KeysUnavailable, match="in time"):
        TokenVerifier(ISSUER, CLIENT, transport=httpx.MockTransport(dripping), timeout=0.2).verify(GOOD)
    assert time.monotonic() - begin < SOON


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_who_is_cancelled_breaks_nothing(server: Server, backend: str) -> None:
    """The fetch goes on, for all who wait and for those who come later; there is no other within 30 seconds."""
    verifier = server.async_verifier()
    told: list[str | None] = []

    async def ask(scope: anyio.CancelScope) -> None:
        with scope:
            told.append((await verifier.verify(GOOD)).client_id)

    async def main() -> None:
        server.shut()
        scopes = [anyio.CancelScope() for _ in range(20)]
        async with anyio.create_task_group() as tasks:
            for scope in scopes:
                tasks.start_soon(ask, scope)
                await anyio.sleep(0.002)
            for scope in scopes[:10]:
                scope.cancel()
            threading.Timer(0.02, server.gate.set).start()
        await verifier.verify(GOOD)

    anyio.run(main, backend=backend)
    assert told == [CLIENT] * 10
    assert server.fetches == 1


def test_a_flood_of_those_who_give_up(server: Server) -> None:
    """Each leaves at once, as when a web server's client hangs up, and all together cause one fetch."""
    verifier = server.async_verifier()

    async def main() -> None:
        await verifier.verify(GOOD)
        server.now += 60
        server.shut()
        begin = time.monotonic()
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(verifier.verify(STRANGE), 0.005)
        assert time.monotonic() - begin < SOON
        server.gate.set()
        with pytest.raises(InvalidToken, match="unknown key"):
            await verifier.verify(STRANGE)

    asyncio.run(main())
    assert server.fetches == 2


def test_a_loop_that_ends_takes_its_fetch_along(server: Server) -> None:
    """Those who wait in another loop do it themselves then: nobody is left who would."""
    verifier = server.async_verifier()
    server.shut()
    with ThreadPoolExecutor(1) as pool:

        async def give_up() -> None:
            leaving = asyncio.ensure_future(verifier.verify(GOOD))
            assert await asyncio.to_thread(is_joined.wait, SOON)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving

        is_joined = threading.Event()
        ending = pool.submit(asyncio.run, give_up())
        assert server.reached.wait(SOON)
        waiting = started(asyncio.run, verifier.verify(GOOD))
        time.sleep(0.05)
        is_joined.set()
        ending.result(SOON)
        while server.fetches < 2:
            time.sleep(0.001)
        server.gate.set()
        assert waiting.result(SOON).client_id == CLIENT


def test_a_loop_that_is_left_takes_its_fetch_along(server: Server) -> None:
    """As well one that was closed without a word to its tasks; who waited for them learns it too."""
    verifier = server.async_verifier()
    server.shut()

    async def leave() -> None:
        leaving = asyncio.ensure_future(verifier.verify(GOOD))
        assert await asyncio.to_thread(server.reached.wait, SOON)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    waiting = started(asyncio.run, verifier.verify(GOOD))
    time.sleep(0.05)
    assert server.fetches == 1
    loop.close()
    server.gate.set()
    assert asyncio.run(verifier.verify(GOOD)).client_id == CLIENT
    assert server.fetches == 2
    assert waiting.result(SOON).client_id == CLIENT
    assert server.fetches == 2


def test_why_keys_cannot_be_had_is_told(server: Server) -> None:
    """By the kind and the first words of what httpx said, which stays the cause; each has an error of their own."""

    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("certificate verify failed:\nself-signed. " + "x" * 500, request=request)

    verifier = TokenVerifier(ISSUER, CLIENT, transport=httpx.MockTransport(respond), clock=server.clock)
    seen = []
    for _ in range(2):
        with pytest.raises(KeysUnavailable, match=r"no answer came \(ConnectError: certificate verify failed") as told:
            verifier.verify(GOOD)
        assert isinstance(told.value.__cause__, httpx.ConnectError)
        assert len(str(told.value)) < 500
        seen.append(told.value)
    assert seen[0] is not seen[1]


@contextmanager
def endless(piece: bytes) -> Iterator[tuple[str, list[str]]]:
    """Serve keys with answers that never end after the test says so. Yield the address and the list of actions."""
    does: list[str] = ["drip"]
    over = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            asked = connection.recv(4096)
            if does[-1] == "answer":
                found = {"keys": [jwk()]} if b"GET /keys" in asked else {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
                body = json.dumps(found).encode()
                head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
                connection.sendall(head + body)
                return
            connection.sendall(b"HTTP/1.1 100 Continue\r\n" + (b"\r\n" if piece.startswith(b"HTTP") else b""))
            while not over.wait(0.01):
                connection.sendall(piece)

    def listen() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield issuer, does
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("piece", [b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["dripped headers", "1xx without end"])
@pytest.mark.parametrize("way", ["own", "http_client", "transport"])
def test_an_answer_without_end_holds_no_thread_longer_than_the_timeout(way: str, piece: bytes) -> None:
    """With keys in hand and without: 20 tokens of strangers are refused within one timeout, those in hand still work.

    A client or a transport that was passed in cannot be stopped; one thread of ours is left with it, and no more.
    """
    now = [float(NOW)]
    with endless(piece) as (issuer, does), httpx.Client(trust_env=False) as http, httpx.HTTPTransport() as transport:
        options: dict[str, Any] = {"http_client": http} if way == "http_client" else {}
        options |= {"transport": transport} if way == "transport" else {}
        signed = {"iss": issuer, "aud": CLIENT, "azp": CLIENT}
        with TokenVerifier(issuer, CLIENT, clock=lambda: now[0], timeout=0.7, **options) as verifier:
            begin = time.monotonic()
            waiting = [started(verifier.verify, token(**signed)) for _ in range(20)]
            for future in waiting:
                with pytest.raises(KeysUnavailable, match="no answer came in time"):
                    future.result(SOON)
            assert time.monotonic() - begin < SOON / 2
        does.append("answer")
        with TokenVerifier(issuer, CLIENT, clock=lambda: now[0], timeout=0.7, **options) as verifier:
            for _ in range(20):  # on a busy machine even keys that are sent at once may come after the timeout
                with contextlib.suppress(KeysUnavailable):
                    assert verifier.verify(token(**signed)).client_id == CLIENT
                    break
                now[0] += 31
            does.append("drip")
            now[0] += 60
            strange = token(key("other"), header={"kid": "made-up"}, **signed)
            begin = time.monotonic()
            waiting = [started(verifier.verify, strange) for _ in range(20)]
            assert verifier.verify(token(**signed)).client_id == CLIENT
            for future in waiting:
                with pytest.raises(KeysUnavailable, match="The token could not be verified"):
                    future.result(SOON)
            now[0] += 60
            with pytest.raises(KeysUnavailable):
                verifier.verify(strange)
            assert time.monotonic() - begin < SOON / 2
            left = [thread for thread in threading.enumerate() if thread.name == "css_sdk"]
            assert len(left) <= 2  # one for each verifier


@pytest.mark.parametrize("piece", [b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["dripped headers", "1xx without end"])
def test_an_answer_without_end_holds_no_task_longer_than_the_timeout(piece: bytes) -> None:
    """All who wait leave in time, with a client that was passed in as well."""

    async def ask(issuer: str, http: httpx.AsyncClient) -> list[object]:
        verifier = AsyncTokenVerifier(issuer, CLIENT, timeout=0.7, http_client=http)
        signed = token(iss=issuer, aud=CLIENT, azp=CLIENT)
        async with http:
            return await asyncio.gather(*(verifier.verify(signed) for _ in range(20)), return_exceptions=True)

    with endless(piece) as (issuer, _):
        begin = time.monotonic()
        told = asyncio.run(ask(issuer, httpx.AsyncClient(trust_env=False)))
    assert [type(error) for error in told] == [KeysUnavailable] * 20
    assert time.monotonic() - begin < SOON / 2
