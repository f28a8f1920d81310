"""What a client may be given besides its settings, and what becomes of it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from css_sdk import (
    AsyncCss,
    Attempt,
    Backoff,
    ConfigurationError,
    ConnectionFailed,
    Css,
    InvalidRequest,
    NotFound,
    ServiceUnavailable,
    Settings,
    User,
    Waiting,
)
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_an_unknown_option_is_an_error(settings: Settings) -> None:
    """A misspelt one would silently be left out, and something else be reached than was meant."""
    for wrong in ("transprot", "verify", "team", "base_url"):
        with pytest.raises(ConfigurationError, match=wrong):
            Css(settings, **{wrong: 1})  # type: ignore[arg-type]


def test_a_client_that_is_handed_in_has_its_own_transport(settings: Settings, sandbox: Sandbox) -> None:
    """Beside it a transport or timeout would mean nothing."""
    with httpx.Client(transport=sandbox.transport()) as http:
        with pytest.raises(ConfigurationError, match="timeout and transport"):
            Css(settings, http_client=http, timeout=1, transport=sandbox.transport())


def test_a_closed_client_says_so(settings: Settings, sandbox: Sandbox) -> None:
    """And not something about the service."""
    css = Css(settings, transport=sandbox.transport())
    css.close()
    with pytest.raises(ConfigurationError, match="closed"):
        css.integrations()


def test_each_wait_is_told(settings: Settings, sandbox: Sandbox) -> None:
    """With the call's name, the try that failed, the seconds and the error."""
    told: list[Waiting] = []
    with Css(settings, transport=sandbox.transport(), retry=Backoff(first=0), on_wait=told.append) as css:
        sandbox.faults.add("500_before", method="GET", times=2)
        css.integrations()
    assert [(wait.call, wait.number) for wait in told] == [("list_integrations", 1), ("list_integrations", 2)]
    assert all(isinstance(wait.error, ServiceUnavailable) for wait in told)


def test_the_policy_is_the_callers(settings: Settings, sandbox: Sandbox) -> None:
    """It sees each failed try, and decides."""
    seen: list[Attempt] = []

    def never(attempt: Attempt, chance: float) -> None:
        seen.append(attempt)

    with Css(settings, transport=sandbox.transport(), retry=never) as css:
        sandbox.faults.add("429", method="GET", retry_after=7)
        with pytest.raises(Exception, match="7 seconds"):
            css.integrations()
    assert [(attempt.number, attempt.status, attempt.retry_after) for attempt in seen] == [(1, 429, 7.0)]


class _Proxy(BaseHTTPRequestHandler):
    """A proxy that answers everything itself and remembers whom it was asked for."""

    asked: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of the proxy in the environment variables."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Proxy.asked.clear()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, address)
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield address  # type: ignore[misc]
    server.shutdown()
    server.server_close()


def test_a_proxy_of_the_environment_is_used(proxy: str) -> None:
    """For everything that is not on this machine, token requests included."""
    far = Settings(
        client_id="a",
        client_secret="b",
        token_url="http://login.example/token",
        api_url="http://api.example/api/v1",
        allow_http=True,
    )
    with Css(far, retry=lambda attempt, chance: None) as css, pytest.raises(ServiceUnavailable):
        css.integrations()
    assert _Proxy.asked == ["http://login.example/token"]


def test_a_proxy_sees_nothing_that_stays_on_this_machine(proxy: str, sandbox: Sandbox) -> None:
    """Plain http is allowed there because it does not travel."""
    with sandbox.serve() as server:
        with Css(Settings(**server.credentials())) as css:
            assert css.integrations()
    assert _Proxy.asked == []


def test_an_integration_made_since_the_list_was_read_is_found(settings: Settings, sandbox: Sandbox) -> None:
    """Before a client says that there is none, or that it is not Gold, it reads the list once more."""
    with Css(settings, transport=sandbox.transport()) as css:
        css.integrations()
        assert css._integrations is not None
        css._integrations = tuple(known for known in css._integrations if known.id != GRANTS_PORTAL)
        assert css.integration("Grants Portal").info.id == GRANTS_PORTAL
        with pytest.raises(NotFound):
            css.integration("Grants Portal 2")
    assert asked(sandbox)["GET"] == 3


@pytest.mark.parametrize("which", [None, True, 1.5, ["Grants Portal"]])
def test_what_names_no_integration_is_refused(settings: Settings, sandbox: Sandbox, which: object) -> None:
    """Before anything is sent."""
    with Css(settings, transport=sandbox.transport()) as css, pytest.raises(InvalidRequest, match="id or project name"):
        css.integration(which)  # type: ignore[arg-type]
    assert asked(sandbox) == {}


def test_a_user_that_was_found_is_taken_as_one(settings: Settings, sandbox: Sandbox) -> None:
    """Results of lists and searches can be passed as users, and users can be in sets."""
    with Css(settings, transport=sandbox.transport()) as css:
        dev = css.integration("Grants Portal").environment("dev")
        found = dev.people.find_one(email="ilse.hargreave@example.com", providers="idir")
        dev.users.assign(found, "reviewer")
        assert found in set(dev.roles.members("reviewer"))
        [result] = dev.bulk.unassign_many([(found, "reviewer")], skip_existing=True)
        assert (result.outcome, isinstance(result.grant.user, User)) == ("confirmed", True)


def test_whoever_is_let_in_no_more_is_not_turned_away_for_each_user(settings: Settings, sandbox: Sandbox) -> None:
    """After the secret was changed, the first refusal is the last request."""
    people = usernames(sandbox, 30)
    with Css(settings, transport=sandbox.transport()) as css:
        bulk = css.integration("Grants Portal").environment("dev").bulk
        sandbox.faults.add("revoked_token", method="POST", times=None)
        results = bulk.assign_many([(person, "reviewer") for person in people], width=1)
    assert {result.outcome for result in results} == {"failed"}
    assert asked(sandbox) == {"token": 2, "GET": 1, "POST": 2}


async def test_both_worlds_tell_why_there_is_no_connection() -> None:
    """In the system's own words."""
    nobody = {"token_url": "http://127.0.0.1:9/token", "api_url": "http://127.0.0.1:9/api/v1"}
    settings = Settings(client_id="a", client_secret="b", **nobody)
    with Css(settings, retry=lambda attempt, chance: None) as css:
        with pytest.raises(ConnectionFailed, match=r"at 127\.0\.0\.1:9 \(Connect"):
            css.integrations()
    async with AsyncCss(settings, retry=lambda attempt, chance: None) as async_css:
        with pytest.raises(ConnectionFailed, match=r"at 127\.0\.0\.1:9 \(Connect"):
            await async_css.integrations()
