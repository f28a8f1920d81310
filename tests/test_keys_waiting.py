"""Many callers need keys at once: in several event loops, in a forked process, cancelled, or while the server hangs."""

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
"""The number of seconds after which a test counts as hanging."""


class Server:
    """A login server with a clock, which does not answer while its gate is shut."""

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
    """Return a login server whose gate is open."""
    return Server()


def started(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Run work in a thread of its own, which may hang without harm to others, and return its future."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def test_several_event_loops_share_one_verifier_and_one_fetch(server: Server) -> None:
    """If several event loops use one verifier, one fetches the keys, the others wait, and all verify their token."""
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
    """Serve a sandbox and yield its issuer and a valid token."""
    with sandbox.serve() as served:
        seen = Request("GET", "/", {"host": served.origin.removeprefix("http://")}, b"")
        yield f"{served.origin}/auth/dev/realms/standard", sandbox.token_for(CLIENT, 102, "dev", request=seen)


def test_one_verifier_works_in_one_event_loop_after_another(sandbox: Sandbox) -> None:
    """One verifier works in one event loop after another, because its own connections end with each fetch."""
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
    """Yield a function that runs work in a forked process, which is killed when it hangs."""
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
def test_a_child_that_is_forked_during_a_fetch_fetches_the_keys_itself(sandbox: Sandbox) -> None:
    """If a process forks while keys are fetched, the child fetches them itself and does not wait for the parent's
    thread.
    """
    slow = sandbox.faults.add("delay", target="keys", seconds=0.5, times=2)
    with over_sockets(sandbox) as (issuer, signed):
        verifier, later = (kind(issuer, CLIENT, leeway=300) for kind in (TokenVerifier, AsyncTokenVerifier))
        here = started(verifier.verify, signed)
        there = started(asyncio.run, later.verify(signed))
        while slow.struck < 2:
            time.sleep(0.001)

        def child() -> bool:
            both = (verifier.verify(signed), started(asyncio.run, later.verify(signed)).result(SOON))
            return [each.client_id for each in both] == [CLIENT] * 2

        with forked() as tried:
            assert tried(child)
        assert here.result(SOON).client_id == there.result(SOON).client_id == CLIENT
    assert sandbox.count("GET", "*/openid-configuration") == 4


@FORKS
def test_a_child_that_is_forked_during_a_token_request_requests_its_own() -> None:
    """If a process forks while a thread requests a token and another holds the lock, the child requests
    its own token.
    """
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
def test_a_child_does_not_inherit_a_held_lock_of_the_verifier(sandbox: Sandbox) -> None:
    """If a thread holds the lock of shared requests during a fork, the child still verifies a token."""
    with over_sockets(sandbox) as (issuer, signed):
        verifier = TokenVerifier(issuer, CLIENT, leeway=300)
        with SharedRequest.lock, forked() as tried:
            assert tried(lambda: verifier.verify(signed).client_id == CLIENT)


@pytest.mark.parametrize("age", [60.0, HOUR, 2 * HOUR])
def test_a_hanging_server_does_not_block_tokens_with_a_known_key(server: Server, age: float) -> None:
    """While a fetch hangs, tokens with a known key are verified at once, even if the known keys are old."""
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
    # With old keys, callers use the fetched ones and fetch again only after 30 seconds.
    assert server.fetches == (2 if age < HOUR else 3)


def test_both_requests_of_a_fetch_share_one_time_limit(server: Server) -> None:
    """Both requests of a fetch share one time limit, and an answer that arrives in small pieces gets no more time."""

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
def test_a_cancelled_caller_does_not_stop_the_shared_fetch(server: Server, backend: str) -> None:
    """If half of the waiting callers are cancelled, the shared fetch continues for the others, and there is no second
    one.
    """
    verifier = server.async_verifier()
    reported: list[str | None] = []

    async def ask(scope: anyio.CancelScope) -> None:
        with scope:
            reported.append((await verifier.verify(GOOD)).client_id)

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
    assert reported == [CLIENT] * 10
    assert server.fetches == 1


def test_many_callers_that_time_out_cause_only_one_fetch(server: Server) -> None:
    """Callers that time out leave at once, and all of them together cause one fetch."""
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


def test_if_the_event_loop_of_a_fetch_ends_another_loop_fetches_again(server: Server) -> None:
    """If the event loop that fetches the keys ends, a caller that waits in another loop fetches them itself."""
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


def test_if_the_event_loop_of_a_fetch_is_closed_later_callers_fetch_again(server: Server) -> None:
    """If the event loop that fetches the keys is closed without ending its tasks, the next caller fetches for all who
    wait.
    """
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


def test_the_error_for_missing_keys_names_the_cause(server: Server) -> None:
    """The error for keys that cannot be fetched names the kind and words of the cause, and each caller gets its own
    error.
    """

    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("certificate verify failed:\nself-signed. " + "x" * 500, request=request)

    verifier = TokenVerifier(ISSUER, CLIENT, transport=httpx.MockTransport(respond), clock=server.clock)
    seen = []
    for _ in range(2):
        with pytest.raises(
            KeysUnavailable, match=r"no answer came \(ConnectError: certificate verify failed"
        ) as caught:
            verifier.verify(GOOD)
        assert isinstance(caught.value.__cause__, httpx.ConnectError)
        assert len(str(caught.value)) < 500
        seen.append(caught.value)
    assert seen[0] is not seen[1]


@contextmanager
def endless(piece: bytes) -> Iterator[tuple[str, list[str]]]:
    """Serve keys with answers that never end, or with valid ones. Yield the address and the list of actions."""
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
    """If a server's answer never ends, 20 waiting threads get an error in time, and tokens with a known key still work.

    A client or transport that the caller passed cannot be stopped, so at most one thread for each verifier stays with
    it.
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
            for _ in range(20):  # on a busy machine, keys may arrive after the timeout even if they are sent at once
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
    """If a server's answer never ends, 20 waiting tasks get an error in time, with a client that the caller passed,
    too.
    """

    async def ask(issuer: str, http: httpx.AsyncClient) -> list[object]:
        verifier = AsyncTokenVerifier(issuer, CLIENT, timeout=0.7, http_client=http)
        signed = token(iss=issuer, aud=CLIENT, azp=CLIENT)
        async with http:
            return await asyncio.gather(*(verifier.verify(signed) for _ in range(20)), return_exceptions=True)

    with endless(piece) as (issuer, _):
        begin = time.monotonic()
        found = asyncio.run(ask(issuer, httpx.AsyncClient(trust_env=False)))
    assert [type(error) for error in found] == [KeysUnavailable] * 20
    assert time.monotonic() - begin < SOON / 2
