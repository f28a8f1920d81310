"""Both grants, in threads and in tasks: what is sent where, and what is refused."""

from __future__ import annotations

import base64
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import anyio
import httpx
import pytest

from css_sdk import AuthenticationError, ClientCredentials, ConfigurationError, PasswordGrant
from css_sdk.auth import TokenAuth

LOGIN = "https://login.example/token"
API = "https://api.example/v1/things"
SECRET, PASSWORD = "s3cret-5a1f", "pa55-5a1f"
Respond = Callable[[httpx.Request], httpx.Response]
Responding = Respond | httpx.MockTransport | None
Call = Callable[..., httpx.Response]

AUTHS: dict[str, Callable[..., TokenAuth]] = {
    "basic": lambda url=LOGIN, **more: ClientCredentials(url, "me", SECRET, **more),
    "form": lambda url=LOGIN, **more: ClientCredentials(url, "me", SECRET, "target", client_auth="form", **more),
    "password": lambda url=LOGIN, **more: PasswordGrant(url, "me", SECRET, "robot", PASSWORD, **more),
}


class Streaming(httpx.MockTransport):
    """Takes bodies piece by piece, as the network does, and does not keep them in the request."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join(request.stream)  # type: ignore[arg-type]
        return super().handle_request(httpx.Request(request.method, request.url, content=body, headers=request.headers))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join([part async for part in request.stream])  # type: ignore[union-attr]
        return super().handle_request(httpx.Request(request.method, request.url, content=body, headers=request.headers))


def in_process(respond: Responding) -> httpx.MockTransport | None:
    """The transport to whoever responds."""
    return respond if respond is None or isinstance(respond, httpx.MockTransport) else httpx.MockTransport(respond)


def in_a_thread(
    auth: httpx.Auth, respond: Respond | httpx.MockTransport | None, url: str, **options: Any
) -> httpx.Response:
    """Calls with `httpx.Client`; over the network where nothing responds in process."""
    transport = in_process(respond)
    request = {name: options.pop(name) for name in ("method", "content") if name in options}
    with httpx.Client(auth=auth, transport=transport, trust_env=False, **options) as client:
        return client.request(**{"method": "GET", "url": url, **request})


def in_a_task(
    auth: httpx.Auth, respond: Respond | httpx.MockTransport | None, url: str, **options: Any
) -> httpx.Response:
    """Calls with `httpx.AsyncClient`."""

    async def run() -> httpx.Response:
        transport = in_process(respond)
        request = {name: options.pop(name) for name in ("method", "content") if name in options}
        async with httpx.AsyncClient(auth=auth, transport=transport, trust_env=False, **options) as client:
            return await client.request(**{"method": "GET", "url": url, **request})

    return anyio.run(run)


both_worlds = pytest.mark.parametrize("call", [in_a_thread, in_a_task])
every_auth = pytest.mark.parametrize("kind", AUTHS)


class Service:
    """A login server and an API in one; `answers` go before those that are good, by address."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.answers = {LOGIN if name == "login" else API: answer for name, answer in answers.items()}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if answer := self.answers.get(str(request.url)):
            return answer
        if request.method == "POST" and request.url.path == "/token":
            return httpx.Response(200, json={"access_token": f"t0ken-{len(self.requests)}", "expires_in": 300})
        return httpx.Response(200)

    @property
    def seen(self) -> list[tuple[str, str]]:
        """Method and address of what came."""
        return [(request.method, str(request.url)) for request in self.requests]


@both_worlds
@every_auth
def test_what_each_grant_sends(call: Call, kind: str) -> None:
    """Secrets in the one place where they belong, and the token with the call."""
    service = Service()
    call(AUTHS[kind](), service, API)
    asked, sent = service.requests
    form = {name: values[0] for name, values in parse_qs(asked.content.decode()).items()}
    assert (
        form
        == {
            "basic": {"grant_type": "client_credentials"},
            "form": {
                "grant_type": "client_credentials",
                "audience": "target",
                "client_id": "me",
                "client_secret": SECRET,
            },
            "password": {"grant_type": "password", "username": "robot", "password": PASSWORD},
        }[kind]
    )
    basic = "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()
    assert asked.headers.get("Authorization") == (None if kind == "form" else basic)
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Authorization"] == "Bearer t0ken-1"


# Redirects


@both_worlds
@every_auth
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("place", ["https://elsewhere.example/token", "https://login.example/other"])
def test_a_token_request_follows_no_redirect(call: Call, kind: str, status: int, follow: bool, place: str) -> None:
    """Whatever the client does with redirects, nobody else gets a secret, and the call is not made."""
    service = Service(login=httpx.Response(status, headers={"Location": place}))
    with pytest.raises(AuthenticationError, match=r"the token endpoint at login\.example redirects") as told:
        call(AUTHS[kind](), service, API, follow_redirects=follow)
    assert service.seen[0] == ("POST", LOGIN)
    assert ("POST", place) not in service.seen
    assert ("GET", API) not in service.seen
    for request in service.requests[1:]:
        assert request.content == b""
        assert request.url.host == "login.example" or "Authorization" not in request.headers
    assert SECRET not in str(told.value)


class Moved(BaseHTTPRequestHandler):
    """Answers each token request with a redirect to the next server, and remembers what came."""

    def do_POST(self) -> None:
        self.server.came.append(self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[attr-defined]
        self.send_response(307)
        self.send_header("Location", self.server.next)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def moved(where: str) -> Iterator[tuple[str, list[bytes]]]:
    """The address of a server that redirects, and what it got."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Moved) as server:
        server.next, server.came = where, []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/token", server.came  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()


@both_worlds
def test_a_redirect_on_the_wire_is_not_followed_either(call: Call) -> None:
    """Over sockets, where a body travels in other ways than in process."""
    with moved("/") as (second, at_second), moved(second) as (first, at_first):
        auth = AUTHS["form"](first, origins=["https://api.example"])
        with pytest.raises(AuthenticationError, match="redirects"):
            call(auth, None, API, follow_redirects=True)
    assert [SECRET.encode() in body for body in at_first] == [True]
    assert at_second == []


@both_worlds
def test_a_token_request_can_be_read_and_sent_again(call: Call) -> None:
    """Hooks that read bodies, and transports that try again, are none of a redirect's business."""
    seen: list[bytes] = []

    class Stubborn(httpx.MockTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            for _ in range(2):
                seen.append(b"".join(request.stream))  # type: ignore[arg-type]
            return super().handle_request(request)

    service = Service()
    auth = AUTHS["form"]()

    async def async_read(request: httpx.Request) -> None:
        seen.append(request.content)

    if call is in_a_thread:
        hooks: dict[str, list[Any]] = {"request": [lambda request: seen.append(request.content)]}
        with httpx.Client(auth=auth, transport=Stubborn(service), event_hooks=hooks) as client:
            assert client.get(API).status_code == 200
        assert len({body for body in seen if SECRET.encode() in body}) == 1
    else:
        assert call(auth, service, API, event_hooks={"request": [async_read]}).status_code == 200
    assert SECRET.encode() in seen[0]


@both_worlds
@pytest.mark.parametrize(
    ("start", "end", "travels"),
    [
        (API, "https://api.example/v2", True),
        (API, "https://elsewhere.example/", False),
        (API, "https://sub.api.example/", False),
        (API, "https://api.example:444/", False),
        (API, "http://api.example/v1/things", False),
        ("http://localhost/v1", "https://elsewhere.example/", False),
        ("http://localhost/v1", "https://localhost/v1", True),
    ],
)
def test_where_a_redirect_takes_the_token(call: Call, start: str, end: str, travels: bool) -> None:
    """To its own origin, and with httpx from http to https of the same host, which is this machine; nowhere else."""
    service = Service()
    service.answers[start] = httpx.Response(307, headers={"Location": end})
    call(AUTHS["basic"](), service, start, follow_redirects=True)
    assert service.seen[-1] == ("GET", end)
    assert ("Authorization" in service.requests[-1].headers) is travels


# Where a token may go


@both_worlds
def test_the_first_request_decides_the_origin(call: Call) -> None:
    """Without `origins`, no other gets the token afterwards; nothing is sent there at all."""
    service, auth = Service(), AUTHS["form"]()
    call(auth, service, API)
    with pytest.raises(ConfigurationError, match="another origin"):
        call(auth, service, "https://elsewhere.example/")
    call(auth, service, "https://api.example/other")
    assert [url for _, url in service.seen] == [LOGIN, API, "https://api.example/other"]


@both_worlds
def test_plain_http_goes_no_further_than_this_machine(call: Call) -> None:
    """Neither for the credentials nor for the token, and it is refused before anything is sent."""
    service = Service()
    for kind, make in AUTHS.items():
        with pytest.raises(ConfigurationError, match="plain http to login"):
            make("http://login.example/token")
        with pytest.raises(ConfigurationError, match="plain http to api"):
            make(origins=["http://api.example"])
        with pytest.raises(ConfigurationError, match="plain http to api"):
            call(make(), service, "http://api.example/v1")
        assert service.requests == []
        local = make("http://127.0.0.1:8080/token", allow_http=kind == "basic")
        assert call(local, service, "http://localhost:81/").status_code == 200
        service.requests.clear()
    assert call(AUTHS["form"](allow_http=True), service, "http://api.example/v1").status_code == 200


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ClientCredentials(LOGIN, "", SECRET), "client id is empty"),
        (lambda: ClientCredentials(LOGIN, "me", ""), "client secret is empty"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, audience=""), "audience is empty"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, scope=""), "scope is empty"),
        (lambda: ClientCredentials(LOGIN, "me", f"{SECRET}\udc80"), "client secret is empty, or no text"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, client_auth="jwt"), "not by 'jwt'"),  # type: ignore[arg-type]
        (lambda: ClientCredentials("login.example", "me", SECRET), "token address is no plain"),
        (lambda: ClientCredentials(LOGIN, "me", SECRET, origins="https://a.example"), "is no plain http"),
        (lambda: PasswordGrant(LOGIN, "me", "", "robot", PASSWORD), "client secret is empty"),
        (lambda: PasswordGrant(LOGIN, "me", SECRET, "", PASSWORD), "username is empty"),
        (lambda: PasswordGrant(LOGIN, "me", SECRET, "robot", ""), "password is empty"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], TokenAuth], said: str) -> None:
    """When it is made, without a secret in text or frames."""
    with pytest.raises(ConfigurationError, match=said) as told:
        make()
    ours = told.tb.tb_next and told.tb.tb_next.tb_next
    frames = "".join(traceback.TracebackException(told.type, told.value, ours, capture_locals=True).format())
    assert SECRET not in frames
    assert PASSWORD not in frames


@both_worlds
@pytest.mark.parametrize("kind", ["generator", "bytes"])
def test_a_body_that_is_gone_is_not_sent_again(call: Call, kind: str) -> None:
    """A 401 is the answer then, and the next call has a new token; what is in memory is sent again."""
    service, auth = Service(api=httpx.Response(401)), AUTHS["basic"]()

    def once() -> Iterator[bytes]:
        yield b"much"

    async def async_once() -> AsyncIterator[bytes]:
        yield b"much"

    gone = once() if call is in_a_thread else async_once()
    content = gone if kind == "generator" else b"much"
    assert call(auth, Streaming(service), API, method="POST", content=content).status_code == 401
    count = 1 if kind == "generator" else 2
    assert service.seen.count(("POST", API)) == service.seen.count(("POST", LOGIN)) == count
    assert {request.content for request in service.requests if str(request.url) == API} == {b"much"}
    service.answers.clear()
    assert call(auth, service, API).status_code == 200
    assert service.seen.count(("POST", LOGIN)) == 2


@both_worlds
def test_the_login_servers_words_are_told(call: Call) -> None:
    """As attributes and in the text: cut, without control characters, and without a secret that they repeat."""
    words = {"error": "invalid_grant", "error_description": f"\x1b[2J{PASSWORD} of\nrobot " + "x" * 999}
    service = Service(login=httpx.Response(400, json=words))
    with pytest.raises(AuthenticationError) as told:
        call(AUTHS["password"](), service, API)
    error = told.value
    assert (error.error, error.status) == ("invalid_grant", 400)
    assert error.error_description is not None
    assert error.error_description.startswith("[2J… ofrobot x")
    assert len(error.error_description) == 200
    assert f"invalid_grant: {error.error_description}" in str(error)
    service.answers[LOGIN] = httpx.Response(401, json={"error": ["x"], "error_description": None})
    with pytest.raises(AuthenticationError, match=r"\(status 401\)") as told:
        call(AUTHS["password"](), service, API)
    assert (told.value.error, told.value.error_description) == (None, None)
