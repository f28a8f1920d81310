"""Where redirects take credentials and tokens: of a token request nowhere, of a call to its own origin."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from css_sdk import AuthenticationError, _token_endpoint
from tests.token_callers import API, AUTHS, LOGIN, SECRET, Call, Service, both_worlds, every_auth, in_a_thread


@both_worlds
@every_auth
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("place", ["https://elsewhere.example", "http://login.example", "https://login.example"])
def test_a_token_request_follows_no_redirect(call: Call, kind: str, status: int, follow: bool, place: str) -> None:
    """Whatever the client does with redirects, nothing is sent there; the origin that it leads to is told, no more.

    Where the origin stays the same, the path is.
    """
    service = Service(login=httpx.Response(status, headers={"Location": f"{place}/signin?code=much"}))
    with pytest.raises(AuthenticationError) as told:
        call(AUTHS[kind](), service, API, follow_redirects=follow)
    assert service.seen == [("POST", LOGIN)]
    path = "/signin" if place == "https://login.example" else ""
    assert f"the token endpoint at login.example redirects ({status}) to {place}{path}, and" in str(told.value)
    assert SECRET not in str(told.value)
    assert (told.value.status, told.value.request) == (status, "POST /token")


@both_worlds
@pytest.mark.parametrize("place", ["", "/token", LOGIN, "https://me:s3cret@elsewhere.example/token"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_in_circles_ends_at_once(call: Call, place: str, status: int) -> None:
    """With one request, and not with the error of httpx after many; a name and password in an address are not told."""
    service = Service(login=httpx.Response(status, headers={"Location": place}))
    with pytest.raises(AuthenticationError, match=r" to https://(login\.example/token|elsewhere\.example), and"):
        call(AUTHS["basic"](), service, API, follow_redirects=True, max_redirects=1)
    assert service.seen == [("POST", LOGIN)]


@both_worlds
@pytest.mark.parametrize(
    ("kind", "status", "place", "leaks"),
    [("form", 307, "https://elsewhere.example/token", "body"), ("basic", 302, "https://login.example/x", "header")],
)
def test_httpx_alone_would_take_secrets_along(
    call: Call, kind: str, status: int, place: str, leaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is why the address of a token request is one of our own; even so the answer is not believed."""
    monkeypatch.setattr(_token_endpoint, "_Endpoint", type("Plain", (httpx.URL,), {}))
    service = Service(login=httpx.Response(status, headers={"Location": place}))
    with pytest.raises(AuthenticationError, match="redirects, and"):
        call(AUTHS[kind](), service, API, follow_redirects=True)
    asked, followed = service.requests
    assert str(followed.url) == place
    if leaks == "body":
        assert SECRET.encode() in followed.content
    else:
        assert followed.headers["Authorization"] == asked.headers["Authorization"]


@both_worlds
@pytest.mark.parametrize("status", [200, 307])
def test_hooks_can_read_the_whole_address(call: Call, status: int) -> None:
    """Its fragment too, before and after, by whatever name they call the answer: only httpx itself is stopped."""
    seen: list[str] = []

    def read(request: httpx.Request) -> None:
        seen.append(request.url.fragment)

    def read_again(response: httpx.Response) -> None:
        seen.append(response.request.url.fragment)

    async def async_read(request: httpx.Request) -> None:
        read(request)

    async def async_read_again(response: httpx.Response) -> None:
        read_again(response)

    hooks = {"request": [read], "response": [read_again]}
    if call is not in_a_thread:
        hooks = {"request": [async_read], "response": [async_read_again]}
    service = Service(**({"login": httpx.Response(307, headers={"Location": "/x"})} if status == 307 else {}))
    if status == 200:
        assert call(AUTHS["basic"](), service, API, event_hooks=hooks).status_code == 200
    else:
        with pytest.raises(AuthenticationError, match=r"redirects \(307\)"):
            call(AUTHS["basic"](), service, API, event_hooks=hooks, follow_redirects=True)
    assert seen == [""] * (4 if status == 200 else 2)


def test_a_secret_in_the_place_that_it_leads_to_is_not_told() -> None:
    """Some servers repeat what they got."""
    service = Service(login=httpx.Response(302, headers={"Location": f"/again/{SECRET}/{'x' * 500}"}))
    with pytest.raises(AuthenticationError, match=r" to https://login\.example/again/…/x+, and") as told:
        in_a_thread(AUTHS["form"](), service, API)
    assert len(str(told.value)) < 500


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])  # noqa: S301
def test_the_request_can_be_kept(again: Callable[[httpx.Request], httpx.Request]) -> None:
    """Also by an error that is sent to another process: what is copied has an ordinary address."""
    flow = AUTHS["basic"]().sync_auth_flow(httpx.Request("GET", API))
    asked = next(flow)
    kept = again(asked.url)
    assert (kept, type(kept)) == (asked.url, httpx.URL)
    assert kept.fragment == ""
    flow.close()


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
