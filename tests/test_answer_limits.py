"""Answers that are too long, too slow or malformed end in an error of css-sdk, in time and with little memory."""

from __future__ import annotations

import gzip
import json
import os
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx
import pytest

from css_sdk import (
    AsyncCss,
    ConfigurationError,
    ConnectionFailed,
    Css,
    CssError,
    MalformedAnswer,
    OutcomeUnknown,
    Settings,
)
from css_sdk._http.bodies import Body
from tests.raw_server import RawServer, drip, read_request
from tests.scripted import ASSIGN, CALLERS, INTEGRATION, Service, holding, is_a_sentence, named

GOOD = json.dumps({"data": []}).encode()
TOKEN = json.dumps({"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300}).encode()
FOUND = json.dumps({"data": [INTEGRATION]}).encode()


def whole(status: int, body: bytes, *headers: bytes) -> bytes:
    """Return a complete answer as bytes."""
    lines = [b"HTTP/1.1 %d X" % status, b"Content-Length: %d" % len(body), *headers, b"Content-Type: application/json"]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@contextmanager
def serving(answer: Callable[[socket.socket, RawServer, str, str, dict[str, str]], None]) -> Iterator[Settings]:
    """Serve valid tokens and integrations; the given function answers all other requests."""

    def handle(connection: socket.socket) -> None:
        while (request := read_request(connection)) is not None:
            method, target, headers, _ = request
            if target == "/token":
                connection.sendall(whole(200, TOKEN))
            elif target == "/api/integrations":
                connection.sendall(whole(200, FOUND))
            else:
                answer(connection, made, method, target, headers)

    with RawServer(handle) as made:
        addresses = {"api_url": f"{made.origin}/api", "token_url": f"{made.origin}/token"}
        yield Settings(client_id="me", client_secret="s3cret", **addresses)


def in_a_thread(settings: Settings, name: str, *arguments: Any, **options: Any) -> Any:
    """Make a call with the synchronous client."""
    with Css(settings, **({"retry": lambda *_: None} | options)) as css:
        return named(css.integration(101).environment("dev"), name)(*arguments)


def in_a_task(settings: Settings, name: str, *arguments: Any, **options: Any) -> Any:
    """Make a call with the asynchronous client."""

    async def run() -> Any:
        async with AsyncCss(settings, **({"retry": lambda *_: None} | options)) as css:
            return await named((await css.integration(101)).environment("dev"), name)(*arguments)

    return anyio.run(run)


@pytest.fixture(params=[in_a_thread, in_a_task], ids=["threads", "tasks"])
def call(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that makes a call over a socket with the synchronous or the asynchronous client."""
    made: Callable[..., Any] = request.param
    return made


DRIPS: dict[str, list[bytes]] = {
    "headers": [b"HTTP/1.1 200 OK\r\n"] + [b"A: b\r\n"] * 10_000,
    "1xx answers": [b"HTTP/1.1 103 Early Hints\r\n\r\n"] * 10_000,
    "a body": [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n"] + [b" "] * 10_000,
}


@pytest.mark.parametrize("kind", DRIPS)
def test_an_endless_answer_is_stopped_by_the_deadline(call: Callable[..., Any], kind: str) -> None:
    """If an answer never ends, the deadline stops it even though its pieces arrive in time, and the error names
    `deadline=`.
    """
    with serving(lambda connection, server, *_: drip(connection, DRIPS[kind].__getitem__, server)) as settings:
        began = time.monotonic()
        with pytest.raises(ConnectionFailed, match=r"within 0\.4 seconds.*deadline=") as caught:
            call(settings, "roles.list", deadline=0.4)
        assert time.monotonic() - began < 30
    assert is_a_sentence(caught.value)


def test_a_write_that_exceeds_its_deadline_is_unknown(call: Callable[..., Any]) -> None:
    """If a write exceeds its deadline, its outcome is unknown, because the service may still carry it out."""

    def strange(connection: socket.socket, server: RawServer, method: str, *_: object) -> None:
        if method == "GET":
            connection.sendall(whole(200, GOOD))
        else:
            drip(connection, DRIPS["1xx answers"].__getitem__, server)

    with serving(strange) as settings, pytest.raises(OutcomeUnknown, match="deadline="):
        call(settings, *ASSIGN, deadline=0.4)


def test_a_compressed_answer_is_limited_in_size(call: Callable[..., Any]) -> None:
    """If 64 KB of gzip would expand to 64 MB, the limit stops it with little memory, and the error names
    `largest_answer=`.
    """
    bomb = gzip.compress(b" " * 64_000_000)

    def packed(connection: socket.socket, *_: object) -> None:
        connection.sendall(whole(200, bomb, b"Content-Encoding: gzip"))

    with serving(packed) as settings:
        call_it = lambda: call(settings, "roles.list", largest_answer=1_000_000)  # noqa: E731
        with pytest.raises(MalformedAnswer):
            call_it()
        tracemalloc.start()
        with pytest.raises(MalformedAnswer, match=r"more than 1,000,000 bytes.*largest_answer=") as caught:
            call_it()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 10_000_000
    assert is_a_sentence(caught.value)


def test_an_endless_error_message_is_cut_off(call: Callable[..., Any]) -> None:
    """If the body of an error answer never ends, css-sdk stops reading at the limit and raises a short error."""

    def endless(connection: socket.socket, *_: object) -> None:
        connection.sendall(b'HTTP/1.1 400 X\r\nContent-Type: application/json\r\n\r\n{"message": "')
        while True:
            connection.sendall(b"x" * 65536)

    with serving(endless) as settings, pytest.raises(MalformedAnswer, match="largest_answer=") as caught:
        call(settings, "roles.list", largest_answer=300_000)
    assert caught.value.status == 400
    assert is_a_sentence(caught.value)


def test_only_gzip_is_accepted_and_it_is_decoded(call: Callable[..., Any]) -> None:
    """css-sdk accepts gzip and no other encoding, and decodes an answer of several gzip parts."""
    asked: list[str] = []

    def packed(connection: socket.socket, server: RawServer, method: str, target: str, headers: dict[str, str]) -> None:
        asked.append(headers["accept-encoding"])
        connection.sendall(whole(200, gzip.compress(GOOD[:5]) + gzip.compress(GOOD[5:]), b"Content-Encoding: gzip"))

    with serving(packed) as settings:
        assert call(settings, "roles.list") == ()
    assert asked == ["gzip"]


@pytest.mark.parametrize("option", ["deadline", "timeout"])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "1", True, None])
def test_a_limit_of_time_is_a_number_of_seconds(option: str, value: Any) -> None:
    """If `deadline=` or `timeout=` is not a positive number, css-sdk refuses it when the client is made."""
    with pytest.raises(ConfigurationError, match=f"{option}= must be a number of seconds greater than 0"):
        Css(Settings(client_id="me", client_secret="s3cret"), **{option: value})


@pytest.mark.parametrize("value", [0, -1, 1.5, True])
def test_the_largest_answer_is_a_number_of_bytes(value: Any) -> None:
    """If `largest_answer=` is not a positive whole number, css-sdk refuses it when the client is made."""
    with pytest.raises(ConfigurationError, match="largest_answer="):
        Css(Settings(client_id="me", client_secret="s3cret"), largest_answer=value)


# Decoding of compressed bodies.


@pytest.mark.parametrize("size", [1, 7, 100, 65536])
@pytest.mark.parametrize("length", [0, 1, 100, 100_000])
def test_a_body_decodes_to_the_same_content_in_any_pieces(size: int, length: int) -> None:
    """A compressed body decodes to the same content, no matter how it was split on the way."""
    content = os.urandom(length)
    packed = gzip.compress(content)
    body = Body("GZIP ", 100_000)
    for start in range(0, len(packed), size):
        body.add(packed[start : start + size])
    assert body.content() == content


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"role", mtime=0)[:-1]),
        ("gzip", zlib.compress(b"role")),
        ("br", b"x"),
        ("zstd", b"x"),
        ("deflate", zlib.compress(b"role")),
        ("gzip, gzip", gzip.compress(gzip.compress(b"role", mtime=0), mtime=0)),
    ],
)
def test_a_body_that_cannot_be_decoded_is_malformed(encoding: str, packed: bytes) -> None:
    """A body that cannot be decoded raises `MalformedAnswer`, never an error of the compression library."""
    with pytest.raises(MalformedAnswer, match="cannot be decoded"):
        body = Body(encoding, 1000)
        body.add(packed)
        body.content()


def test_a_body_may_be_as_large_as_the_limit() -> None:
    """A body may be exactly as large as the limit, compressed or not, and one byte more is refused."""
    for encoding, pack in (("", bytes), ("gzip", gzip.compress)):
        body = Body(encoding, 100_000)
        body.add(pack(b"x" * 100_000))
        assert len(body.content()) == 100_000
        with pytest.raises(MalformedAnswer, match="more than"):
            body.add(pack(b"x"))


def test_empty_compressed_parts_count_towards_the_limit() -> None:
    """Empty gzip parts without end are refused, although their content never exceeds the limit."""
    body = Body("gzip", 1000)
    with pytest.raises(MalformedAnswer, match="more than"):
        for _ in range(1000):
            body.add(gzip.compress(b""))


# Cookies and redirects.


@pytest.mark.parametrize("is_given", [False, True])
def test_no_cookie_is_kept(call: Callable[..., Any], is_given: bool) -> None:
    """css-sdk keeps no cookie of the service and sends none, not even those of a client that the caller passed."""
    seen: list[str | None] = []

    def setting(
        connection: socket.socket, server: RawServer, method: str, target: str, headers: dict[str, str]
    ) -> None:
        seen.append(headers.get("cookie"))
        cookies = [b"Set-Cookie: c%d=%s" % (number, b"x" * 100) for number in range(400)]
        connection.sendall(whole(200, GOOD, "Set-Cookie: lb=café".encode(), *cookies))

    with serving(setting) as settings:
        if not is_given:
            with Css(settings) as css:
                dev = css.integration(101).environment("dev")
                assert [dev.roles.list() for _ in range(3)] == [()] * 3
        else:
            with httpx.Client(cookies={"mine": "1"}) as http:
                dev = Css(settings, http_client=http).integration(101).environment("dev")
                assert [dev.roles.list() for _ in range(3)] == [()] * 3
                assert dict(http.cookies) == {"mine": "1"}
        call(settings, "roles.list")
    assert seen == [None] * 4


LOCATIONS = [
    "http:\\\\portal.example\\login",
    "http://xn--zz/",
    "https://[::x/",
    "http://\udcff/",
    "//",
    "http://a:99999999/",
    "http://" + "a" * 70_000,
    "http://exa mple/\x00",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("location", LOCATIONS, ids=range(len(LOCATIONS)))
@pytest.mark.parametrize("threads", CALLERS)
def test_an_invalid_redirect_loses_no_results_of_many_writes(threads: str, location: str) -> None:
    """If one of many assignments is answered with an invalid redirect, each still has a result, and each error is of
    css-sdk.
    """
    count = 0

    def redirect() -> httpx.Response:
        nonlocal count
        count += 1
        headers = [(b"Location", location.encode("utf-8", "surrogateescape"))]
        return holding("reviewer")() if count != 2 else httpx.Response(302, headers=headers)

    service = Service(read=holding(), write=redirect)
    users = [f"{number:032x}@idir" for number in range(4)]
    results = CALLERS[threads](service, "bulk.assign_many", [(user, "reviewer") for user in users])
    assert len(results) == 4
    assert all(result.error is None or isinstance(result.error, CssError) for result in results)


@pytest.mark.parametrize("raised", [ValueError, UnicodeError, httpx.InvalidURL, RuntimeError, OSError])
@pytest.mark.parametrize("threads", CALLERS)
def test_an_error_of_the_http_library_becomes_an_error_of_css_sdk(threads: str, raised: type[Exception]) -> None:
    """An error of the HTTP library makes a read malformed and a write unknown, since the write may have been sent."""

    def fail() -> httpx.Response:
        raise raised("s3cret words")

    service = Service(read=fail)
    with pytest.raises(MalformedAnswer, match=raised.__name__) as caught:
        CALLERS[threads](service, "roles.list")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(OutcomeUnknown):
        CALLERS[threads](Service(read=holding(), write=fail), *ASSIGN)
