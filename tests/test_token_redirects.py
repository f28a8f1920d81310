"""Redirects never send credentials or tokens to another origin."""

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

from css_sdk import AuthenticationError, ConfigurationError
from css_sdk._http.bound_requests import TokenRequest
from tests.token_callers import (
    API,
    AUTHS,
    LOGIN,
    SECRET,
    Call,
    Service,
    Streaming,
    both_worlds,
    every_auth,
    in_a_thread,
)


@both_worlds
@every_auth
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("place", ["https://elsewhere.example", "http://login.example", "https://login.example"])
def test_a_token_request_follows_no_redirect(call: Call, kind: str, status: int, follow: bool, place: str) -> None:
    """A redirected token request sends nothing to the new address, and the error names its origin, or path if it is the
    same.
    """
    service = Service(login=httpx.Response(status, headers={"Location": f"{place}/signin?code=much"}))
    with pytest.raises(AuthenticationError) as caught:
        call(AUTHS[kind](), service, API, follow_redirects=follow)
    assert service.seen == [("POST", LOGIN)]
    path = "/signin" if place == "https://login.example" else ""
    assert f"the token endpoint at login.example redirects ({status}) to {place}{path}. css-sdk" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert (caught.value.status, caught.value.request) == (status, "POST /token")


@both_worlds
@pytest.mark.parametrize("place", ["", "/token", LOGIN, "https://me:s3cret@elsewhere.example/token"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_circular_redirect_ends_after_one_request(call: Call, place: str, status: int) -> None:
    """A circular redirect ends after one token request with an error of css-sdk that hides name and password of an
    address.
    """
    service = Service(login=httpx.Response(status, headers={"Location": place}))
    with pytest.raises(AuthenticationError, match=r" to https://(login\.example/token|elsewhere\.example)\. css-sdk"):
        call(AUTHS["basic"](), service, API, follow_redirects=True, max_redirects=1)
    assert service.seen == [("POST", LOGIN)]


@both_worlds
@pytest.mark.parametrize(
    ("kind", "status", "place"),
    [("form", 307, "https://elsewhere.example/token"), ("basic", 302, "https://login.example/x")],
)
def test_a_client_that_follows_anyway_has_no_secret_to_send(
    call: Call, kind: str, status: int, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if an HTTP client follows a redirect, credentials are sent only once, and the other answer is not used."""
    monkeypatch.setattr(TokenRequest, "refuse_redirect", lambda _: None)
    service = Service(login=httpx.Response(status, headers={"Location": place}))
    with pytest.raises(AuthenticationError, match=r"redirects|only once"):
        call(AUTHS[kind](), Streaming(service), API, follow_redirects=True)
    assert service.requests[0].url == LOGIN
    for followed in service.requests[1:]:
        assert "Authorization" not in followed.headers
        assert SECRET.encode() not in followed.content


@both_worlds
@pytest.mark.parametrize("status", [200, 307])
def test_event_hooks_can_read_the_token_request(call: Call, status: int) -> None:
    """A hook can read address, headers and body of a token request before it is sent, and afterwards
    only the address.
    """
    seen: list[object] = []

    def read(request: httpx.Request) -> None:
        if request.method == "POST":
            seen.extend((request.url.fragment, request.content, request.read(), "Authorization" in request.headers))

    def read_again(response: httpx.Response) -> None:
        if response.request.method == "POST":
            seen.extend((response.request.url, repr(response.request), response.request.read()))

    async def async_read(request: httpx.Request) -> None:
        read(request)
        await request.aread()

    async def async_read_again(response: httpx.Response) -> None:
        read_again(response)

    hooks = {"request": [read], "response": [read_again]}
    if call is not in_a_thread:
        hooks = {"request": [async_read], "response": [async_read_again]}
    service = Service(**({"login": httpx.Response(307, headers={"Location": "/x"})} if status == 307 else {}))
    if status == 200:
        assert call(AUTHS["basic"](), Streaming(service), API, event_hooks=hooks).status_code == 200
    else:
        with pytest.raises(AuthenticationError, match=r"redirects \(307\)"):
            call(AUTHS["basic"](), Streaming(service), API, event_hooks=hooks, follow_redirects=True)
    body = b"grant_type=client_credentials"
    assert seen == ["", body, body, True, LOGIN, f"<TokenRequest('POST', '{LOGIN}')>", b""]


def _other_address(request: httpx.Request) -> None:
    request.url = request.url.copy_with(host="elsewhere.example")


def _other_address_within(request: httpx.Request) -> None:
    request.url._uri_reference = httpx.URL("https://elsewhere.example/token")._uri_reference


def _other_host(request: httpx.Request) -> None:
    request.headers["Host"] = "elsewhere.example"


def _other_target(request: httpx.Request) -> None:
    request.extensions["target"] = b"/elsewhere"


def _other_name(request: httpx.Request) -> None:
    request.extensions["sni_hostname"] = "elsewhere.example"


def _other_method(request: httpx.Request) -> None:
    request.method = "GET"


CHANGES = [_other_address, _other_address_within, _other_host, _other_target, _other_name, _other_method]


@both_worlds
@every_auth
@pytest.mark.parametrize("change", CHANGES)
def test_a_hook_cannot_send_credentials_elsewhere(
    call: Call, kind: str, change: Callable[[httpx.Request], None]
) -> None:
    """If an event hook changes the target of a token request, nothing is sent, and the error names the hook."""

    async def async_change(request: httpx.Request) -> None:
        change(request)

    service = Service()
    hooks = {"request": [change if call is in_a_thread else async_change]}
    with pytest.raises(
        ConfigurationError, match=r"event hook .* the token request, which may go only to login\.example"
    ) as caught:
        call(AUTHS[kind](), service, API, event_hooks=hooks)
    assert "Nothing was sent" in str(caught.value)
    assert service.seen == []


@both_worlds
@every_auth
def test_a_transport_cannot_send_credentials_elsewhere(call: Call, kind: str) -> None:
    """If a transport changes the target of a token request, nothing is sent."""

    class Elsewhere(httpx.MockTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            _other_address(request)
            return super().handle_request(request)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    service = Service()
    with pytest.raises(ConfigurationError, match="Nothing was sent"):
        call(AUTHS[kind](), Elsewhere(service), API)
    assert service.seen == []


@both_worlds
@every_auth
def test_a_hook_cannot_send_the_token_elsewhere(call: Call, kind: str) -> None:
    """A hook may change the path of a call, but a call to another origin is refused, so that the token stays in its
    own.
    """

    def path(request: httpx.Request) -> None:
        if request.method == "GET":
            request.url = request.url.copy_with(path="/v1/others")

    def host(request: httpx.Request) -> None:
        if request.method == "GET":
            _other_address(request)

    async def async_path(request: httpx.Request) -> None:
        path(request)

    async def async_host(request: httpx.Request) -> None:
        host(request)

    service = Service()
    hooks = [path, host] if call is in_a_thread else [async_path, async_host]
    call(AUTHS[kind](), service, API, event_hooks={"request": hooks[:1]})
    assert service.seen == [("POST", LOGIN), ("GET", "https://api.example/v1/others")]
    with pytest.raises(ConfigurationError, match=r"is not sent to https://elsewhere\.example"):
        call(AUTHS[kind](), service, API, event_hooks={"request": hooks[1:]})
    assert len(service.seen) == 3


@both_worlds
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_refused_even_if_the_body_was_not_read(call: Call, status: int) -> None:
    """A redirect of a token request is refused even if the transport has not read the body."""
    seen: list[str] = []

    class Unread(httpx.BaseTransport, httpx.AsyncBaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(str(request.url))
            return httpx.Response(status, headers={"Location": "https://elsewhere.example/token"})

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return self.handle_request(request)

    with pytest.raises(AuthenticationError, match="redirects"):
        call(AUTHS["basic"](), Unread(), API, follow_redirects=True)
    assert seen == [LOGIN]


def test_a_secret_in_a_redirect_is_not_shown() -> None:
    """If a redirect repeats the secret in its address, the error hides it and is short."""
    service = Service(login=httpx.Response(302, headers={"Location": f"/again/{SECRET}/{'x' * 500}"}))
    with pytest.raises(AuthenticationError, match=r" to https://login\.example/again/…/x+\. css-sdk") as caught:
        in_a_thread(AUTHS["form"](), service, API)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])  # noqa: S301
@every_auth
def test_a_copy_of_a_request_holds_no_secret(again: Callable[[Any], Any], kind: str) -> None:
    """A copied or pickled token request, as in an error, has no body and no credentials, and a copied call has no
    token.
    """
    flow = AUTHS[kind]().sync_auth_flow(httpx.Request("PUT", API, content=b"what", headers={"X-Trace": "1"}))
    asked = next(flow)
    kept = again(asked.url)
    assert (kept, type(kept), kept.fragment) == (asked.url, httpx.URL, "")
    kept = again(asked)
    assert (type(kept), kept.method, kept.url, kept.content) == (httpx.Request, "POST", LOGIN, b"")
    assert "Authorization" not in kept.headers
    call = flow.send(httpx.Response(200, json={"access_token": "t0ken"}, request=asked))
    assert call.headers["Authorization"] == "Bearer t0ken"
    kept = again(call)
    assert (type(kept), kept.method, kept.url, kept.content) == (httpx.Request, "PUT", API, b"what")
    assert (kept.headers["X-Trace"], kept.headers.get("Authorization")) == ("1", None)
    flow.close()


class Moved(BaseHTTPRequestHandler):
    """Answer each token request with a redirect to the next server, and record its body."""

    def do_POST(self) -> None:
        self.server.came.append(self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[attr-defined]
        self.send_response(307)
        self.send_header("Location", self.server.next)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def moved(where: str) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a server that redirects, and the requests that it received."""
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
def test_a_redirect_over_sockets_is_not_followed(call: Call) -> None:
    """Over sockets, where a body is sent differently than in process, a redirect is not followed either."""
    with moved("/") as (second, at_second), moved(second) as (first, at_first):
        auth = AUTHS["form"](first, origins=["https://api.example"])
        with pytest.raises(AuthenticationError, match="redirects"):
            call(auth, None, API, follow_redirects=True)
    assert [SECRET.encode() in body for body in at_first] == [True]
    assert at_second == []


@both_worlds
def test_a_token_request_is_sent_once(call: Call) -> None:
    """A transport that repeats a token request is refused, because this looks like a client that follows a redirect."""

    class Stubborn(Streaming):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            super().handle_request(request)
            return super().handle_request(request)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await super().handle_async_request(request)
            return await super().handle_async_request(request)

    service = Service()
    with pytest.raises(AuthenticationError, match="sends credentials only once, and only to the configured address"):
        call(AUTHS["form"](), Stubborn(service), API)
    assert service.seen == [("POST", LOGIN)]


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
def test_a_redirected_call_keeps_its_token_only_within_its_origin(
    call: Call, start: str, end: str, travels: bool
) -> None:
    """A redirected call keeps its token within its origin and, with httpx, from http to https of this machine only."""
    service = Service()
    service.answers[start] = httpx.Response(307, headers={"Location": end})
    call(AUTHS["basic"](), service, start, follow_redirects=True)
    assert service.seen[-1] == ("GET", end)
    assert ("Authorization" in service.requests[-1].headers) is travels
