"""One token request serves all threads and tasks. css-sdk renews a token before it expires, and once after a 401."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import anyio
import anyio.lowlevel
import httpx
import pytest

from css_sdk import (
    AsyncCss,
    AuthenticationError,
    ClientCredentials,
    ConfigurationError,
    Css,
    MalformedAnswer,
    RateLimited,
    ServiceUnavailable,
    Settings,
)
from css_sdk.auth.credentials import claims_of
from css_sdk.sandbox import Sandbox
from tests.support import Clock, asked, at_once, usernames


def test_fifty_threads_share_one_token_request(sandbox: Sandbox, settings: Settings) -> None:
    """Fifty threads that read at once need one token request, and all of them get their answer."""
    start = threading.Barrier(50)
    users = usernames(sandbox, 25) * 2

    with Css(settings, transport=sandbox.transport()) as css, ThreadPoolExecutor(50) as pool:
        place = css.integration("Grants Portal").environment("dev")
        before = asked(sandbox)

        def read(user: str) -> object:
            start.wait(30)
            return place.users.roles(user)

        assert before == {"token": 1, "GET": 1}
        assert len(list(pool.map(read, users))) == 50
    assert asked(sandbox) == {"token": 1, "GET": 51}


def test_fifty_threads_share_the_first_token_too(sandbox: Sandbox, settings: Settings) -> None:
    """If fifty threads make the first call of a client at once, css-sdk requests one token."""
    start = threading.Barrier(50)
    with Css(settings, transport=sandbox.transport()) as css, ThreadPoolExecutor(50) as pool:

        def search(_: int) -> int:
            start.wait(30)
            return len(css.people("dev").search("idir", email="maren.fairweather@example.com").users)

        assert set(pool.map(search, range(50))) == {1}
    assert asked(sandbox) == {"token": 1, "GET": 50}


def test_fifty_threads_with_a_revoked_token_renew_it_once(sandbox: Sandbox, settings: Settings) -> None:
    """If the token was revoked, fifty threads request one more token together, and every call succeeds."""
    start = threading.Barrier(50)
    users = usernames(sandbox, 25) * 2
    with Css(settings, transport=sandbox.transport()) as css, ThreadPoolExecutor(50) as pool:
        place = css.integration("Grants Portal").environment("dev")
        sandbox.revoke_tokens()

        def read(user: str) -> object:
            start.wait(30)
            return place.users.roles(user)

        assert len(list(pool.map(read, users))) == 50
    assert asked(sandbox)["token"] == 2


async def test_two_hundred_tasks_share_one_token(sandbox: Sandbox, settings: Settings) -> None:
    """Two hundred tasks share one token request, and share one more after the token was revoked."""
    users = usernames(sandbox, 20) * 10
    async with AsyncCss(settings, transport=sandbox.async_transport()) as css:
        place = (await css.integration("Grants Portal")).environment("dev")
        for expected in (1, 2):
            async with anyio.create_task_group() as tasks:
                for user in users:
                    tasks.start_soon(place.users.roles, user)
            assert asked(sandbox)["token"] == expected
            sandbox.revoke_tokens()


class Crowded(httpx.AsyncBaseTransport):
    """Count the requests that are in flight at once, and let each take a while."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.under_way = self.most = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        for _ in range(5):
            await anyio.lowlevel.checkpoint()
        self.under_way -= 1
        return await self._inner.handle_async_request(request)


async def test_a_call_waits_for_its_connection_before_it_gets_a_token(sandbox: Sandbox, settings: Settings) -> None:
    """css-sdk has at most 8 requests in flight, so that no token expires while its request waits for a connection."""
    crowded = Crowded(sandbox.async_transport())
    async with AsyncCss(settings, transport=crowded) as css:
        place = (await css.integration("Grants Portal")).environment("dev")
        async with anyio.create_task_group() as tasks:
            for user in usernames(sandbox, 20) * 10:
                tasks.start_soon(place.users.roles, user)
    assert crowded.most == 8


def test_a_token_is_renewed_before_it_expires(sandbox: Sandbox, settings: Settings) -> None:
    """css-sdk renews a token when a tenth of its life is left, at most 30 s, so that it cannot expire on the way."""
    clock = Clock()
    with Css(settings, transport=sandbox.transport(), clock=clock) as css:
        for passed, tokens in ((0, 1), (269, 1), (2, 2), (269, 2), (2, 3)):
            clock.now += passed
            css.integrations(refresh=True)
            assert asked(sandbox)["token"] == tokens


def test_a_token_of_one_second_serves_several_calls() -> None:
    """A token that lives one second serves several calls, because the margin of renewal is a share of its life."""
    clock = Clock()
    sandbox = Sandbox(clock=clock)
    sandbox.token_life = 1
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), clock=clock) as css:
        for _ in range(3):
            css.integrations(refresh=True)
        assert asked(sandbox)["token"] == 1
        clock.now += 0.95
        css.integrations(refresh=True)
        assert asked(sandbox)["token"] == 2


def test_wrong_credentials_are_reported_with_the_servers_words(sandbox: Sandbox) -> None:
    """If the login server refuses the credentials, the error repeats its answer in one sentence, without the secret."""
    credentials = sandbox.credentials() | {"client_secret": "wrong-and-secret"}
    with Css(Settings(**credentials), transport=sandbox.transport()) as css:
        with pytest.raises(AuthenticationError, match="unauthorized_client: Invalid client") as caught:
            css.integrations()
    assert caught.value.status == 401
    assert "wrong-and-secret" not in str(caught.value)
    assert asked(sandbox) == {"token": 1}


def answering(respond: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """Return a client without retries that uses the auth under test."""
    auth = ClientCredentials("https://login.example/token", "me", "s3cret", origins=["https://api.example/v1"])
    return httpx.Client(transport=httpx.MockTransport(respond), auth=auth)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_request"}), AuthenticationError),
        (httpx.Response(401, text="<html>"), AuthenticationError),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), AuthenticationError),
        (httpx.Response(429), RateLimited),
        (httpx.Response(503, text="down"), ServiceUnavailable),
        (httpx.Response(200, text="<html>"), MalformedAnswer),
        (httpx.Response(200, json=[1]), MalformedAnswer),
        (httpx.Response(200, json={"access_token": ""}), MalformedAnswer),
        (httpx.Response(200, json={"access_token": 5}), MalformedAnswer),
        (httpx.Response(200, json={"access_token": "a", "token_type": "mac"}), MalformedAnswer),
    ],
)
def test_each_bad_answer_of_a_token_endpoint_has_its_error(response: httpx.Response, error: type[Exception]) -> None:
    """Refusals, failures and malformed answers of a token endpoint raise different errors, without the secret."""
    with answering(lambda _: response) as client, pytest.raises(error) as caught:
        client.get("https://api.example/v1/integrations")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "a", "token_type": "bearer"},
        {"access_token": "a", "token_type": "BEARER", "expires_in": "300"},
        {"access_token": "a", "expires_in": None},
        {"access_token": "a", "expires_in": "soon"},
        {"access_token": "a", "expires_in": "nan"},
        {"access_token": "a", "expires_in": "1e999"},
    ],
)
def test_a_token_answer_may_lack_its_type_and_lifetime(answer: dict[str, object]) -> None:
    """A token answer may lack its type or a valid lifetime: css-sdk uses the token for a short time, and ignores the
    type's case.
    """
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=answer)

    with answering(respond) as client:
        for _ in range(2):
            client.get("https://api.example/v1/integrations")
    assert [str(request.url) for request in sent].count("https://login.example/token") == 1
    assert sent[-1].headers["Authorization"] == "Bearer a"


@pytest.mark.parametrize("life", [0, -5, "0", "-0.0"])
@pytest.mark.parametrize(("status", "calls"), [(200, 1), (401, 2)])
def test_a_token_with_a_lifetime_of_zero_serves_one_call(life: object, status: int, calls: int) -> None:
    """A token with a lifetime of zero or less is not kept: each call requests its own, and another one after a 401."""
    sent: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        if request.url.path != "/token":
            return httpx.Response(status)
        return httpx.Response(200, json={"access_token": "a", "expires_in": life})

    with answering(respond) as client:
        for number in (1, 2):
            assert client.get("https://api.example/v1/integrations").status_code == status
            assert sent == ["/token", "/v1/integrations"] * calls * number


@pytest.mark.parametrize("url", ["https://elsewhere.example/v1", "http://api.example/v1", "https://api.example:444/v1"])
def test_a_token_goes_to_its_own_origin_only(url: str) -> None:
    """A request to another host, scheme or port is refused before a token is requested."""
    sent: list[httpx.Request] = []
    with answering(lambda request: sent.append(request) or httpx.Response(200)) as client:  # type: ignore[func-returns-value]
        with pytest.raises(ConfigurationError, match="because it may go only to"):
            client.get(url)
    assert sent == []


def test_the_token_request_has_the_callers_timeout() -> None:
    """The token request uses the timeout of the caller's request; otherwise it could wait forever."""
    timeouts: list[object] = []

    def respond(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json={"access_token": "a"})

    with answering(respond) as client:
        client.get("https://api.example/v1/integrations", timeout=7)
    assert timeouts == [httpx.Timeout(7).as_dict()] * 2


@pytest.mark.parametrize("token", ["", "opaque", "a.b", "a.!.c", "a.W10.c", "a.bm90IGpzb24.c"])
def test_an_opaque_token_has_no_claims(token: str) -> None:
    """A token that is not a JWT has no claims, and that is not an error."""
    assert claims_of(token) == {}


def test_the_callers_client_sends_everything(sandbox: Sandbox, settings: Settings) -> None:
    """A client that the caller passed sends all requests, token requests included, and stays open after
    css-sdk closes.
    """
    seen: list[str] = []
    with httpx.Client(
        transport=sandbox.transport(),
        event_hooks={"request": [lambda request: seen.append(request.url.path)]},
        follow_redirects=True,
        headers={"X-Trace": "1"},
    ) as http:
        with Css(settings, http_client=http, retry=at_once) as css:
            css.integrations()
        assert not http.is_closed
    assert any(path.endswith("/token") for path in seen)
    assert any(path.endswith("/integrations") for path in seen)
