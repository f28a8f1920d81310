"""The options of a client, and how it uses them."""

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
    """A client refuses an option that does not exist, because a misspelt one would be ignored."""
    for wrong in ("transprot", "verify", "team", "base_url"):
        with pytest.raises(ConfigurationError, match=wrong):
            Css(settings, **{wrong: 1})  # type: ignore[arg-type]


def test_a_passed_http_client_excludes_transport_and_timeout(settings: Settings, sandbox: Sandbox) -> None:
    """If the caller passes an HTTP client, a transport or timeout beside it is refused, because it would have no
    effect.
    """
    with httpx.Client(transport=sandbox.transport()) as http:
        with pytest.raises(ConfigurationError, match="timeout and transport"):
            Css(settings, http_client=http, timeout=1, transport=sandbox.transport())


def test_a_closed_client_refuses_calls(settings: Settings, sandbox: Sandbox) -> None:
    """A call on a closed client raises an error that says that the client is closed."""
    css = Css(settings, transport=sandbox.transport())
    css.close()
    with pytest.raises(ConfigurationError, match="closed"):
        css.integrations()


def test_on_wait_is_called_before_each_retry(settings: Settings, sandbox: Sandbox) -> None:
    """`on_wait` gets the name of the call, the number of the failed attempt and its error, for each retry."""
    reported: list[Waiting] = []
    with Css(settings, transport=sandbox.transport(), retry=Backoff(first=0), on_wait=reported.append) as css:
        sandbox.faults.add("500_before", method="GET", times=2)
        css.integrations()
    assert [(wait.call, wait.number) for wait in reported] == [("list_integrations", 1), ("list_integrations", 2)]
    assert all(isinstance(wait.error, ServiceUnavailable) for wait in reported)


def test_the_retry_policy_of_the_caller_decides_about_each_failed_attempt(settings: Settings, sandbox: Sandbox) -> None:
    """The `retry=` function of the caller gets each failed attempt with its facts, and decides whether to retry."""
    seen: list[Attempt] = []

    def never(attempt: Attempt, chance: float) -> None:
        seen.append(attempt)

    with Css(settings, transport=sandbox.transport(), retry=never) as css:
        sandbox.faults.add("429", method="GET", retry_after=7)
        with pytest.raises(Exception, match="7 seconds"):
            css.integrations()
    assert [(attempt.number, attempt.status, attempt.retry_after) for attempt in seen] == [(1, 429, 7.0)]


class _Proxy(BaseHTTPRequestHandler):
    """A proxy that answers every request itself and records the requested addresses."""

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
    """Yield the address of the proxy that the environment variables name."""
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
    """A proxy that the environment names gets the requests to other machines, token requests included."""
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


def test_requests_to_this_machine_bypass_the_proxy(proxy: str, sandbox: Sandbox) -> None:
    """Requests to this machine bypass the proxy, because plain HTTP is allowed only if it does not
    leave the machine.
    """
    with sandbox.serve() as server:
        with Css(Settings(**server.credentials())) as css:
            assert css.integrations()
    assert _Proxy.asked == []


def test_an_unknown_integration_is_searched_in_a_fresh_list(settings: Settings, sandbox: Sandbox) -> None:
    """If an integration is not in the remembered list, a client reads the list once more before it raises an error."""
    with Css(settings, transport=sandbox.transport()) as css:
        css.integrations()
        assert css._integrations is not None
        css._integrations = tuple(known for known in css._integrations if known.id != GRANTS_PORTAL)
        assert css.integration("Grants Portal").info.id == GRANTS_PORTAL
        with pytest.raises(NotFound):
            css.integration("Grants Portal 2")
    assert asked(sandbox)["GET"] == 3


@pytest.mark.parametrize("which", [None, True, 1.5, ["Grants Portal"]])
def test_a_value_that_cannot_name_an_integration_is_refused(
    settings: Settings, sandbox: Sandbox, which: object
) -> None:
    """A value that is neither an id nor a project name is refused before anything is sent."""
    with Css(settings, transport=sandbox.transport()) as css, pytest.raises(InvalidRequest, match="id or project name"):
        css.integration(which)  # type: ignore[arg-type]
    assert asked(sandbox) == {}


def test_found_users_can_be_passed_to_other_calls(settings: Settings, sandbox: Sandbox) -> None:
    """Users that a list or search returned can be passed to other calls and compared in sets."""
    with Css(settings, transport=sandbox.transport()) as css:
        dev = css.integration("Grants Portal").environment("dev")
        found = dev.people.find_one(email="ilse.hargreave@example.com", providers="idir")
        dev.users.assign(found, "reviewer")
        assert found in set(dev.roles.members("reviewer"))
        [result] = dev.bulk.unassign_many([(found, "reviewer")], skip_existing=True)
        assert (result.outcome, isinstance(result.grant.user, User)) == ("done", True)


def test_many_writes_stop_after_the_first_refusal_of_the_credentials(settings: Settings, sandbox: Sandbox) -> None:
    """If the service refuses the credentials, a bulk call sends no further request, and all its results are failed."""
    people = usernames(sandbox, 30)
    with Css(settings, transport=sandbox.transport()) as css:
        bulk = css.integration("Grants Portal").environment("dev").bulk
        sandbox.faults.add("revoked_token", method="POST", times=None)
        results = bulk.assign_many([(person, "reviewer") for person in people], width=1)
    assert {result.outcome for result in results} == {"failed"}
    assert asked(sandbox) == {"token": 2, "GET": 1, "POST": 2}


async def test_both_clients_report_why_a_connection_failed() -> None:
    """The synchronous and the asynchronous client report a failed connection with its address and kind."""
    nobody = {"token_url": "http://127.0.0.1:9/token", "api_url": "http://127.0.0.1:9/api/v1"}
    settings = Settings(client_id="a", client_secret="b", **nobody)
    with Css(settings, retry=lambda attempt, chance: None) as css:
        with pytest.raises(ConnectionFailed, match=r"at 127\.0\.0\.1:9 \(Connect"):
            css.integrations()
    async with AsyncCss(settings, retry=lambda attempt, chance: None) as async_css:
        with pytest.raises(ConnectionFailed, match=r"at 127\.0\.0\.1:9 \(Connect"):
            await async_css.integrations()
