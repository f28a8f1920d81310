# Written from tests/_async/test_observation.py by `make generate`; edit that one.
"""Each request is reported by a log line and to `on_request`, without personal data."""

from __future__ import annotations

import logging

import pytest
from attrs import evolve

from css_sdk import ConnectionFailed, Css, SentRequest, Settings
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, at_once, usernames

TOKEN = ("POST", "/auth/realms/standard/protocol/openid-connect/token", 200)
ROLES = "/integrations/{integration_id}/{environment}/users/{username}/roles"


def test_every_request_is_reported_once(sandbox: Sandbox, settings: Settings) -> None:
    """on_request= gets each request once, including the token request. Its path has placeholders instead of names."""
    seen: list[SentRequest] = []
    with Css(settings, transport=sandbox.transport(), on_request=seen.append) as css:
        users = (css.integration(GRANTS_PORTAL)).environment("dev").users
        users.assign(usernames(sandbox, 1)[0], "approver")
        assert [(each.method, each.path, each.status) for each in seen] == [
            TOKEN,
            ("GET", "/integrations", 200),
            ("POST", ROLES, 201),
        ]
    assert {each.attempt for each in seen} == {1}
    assert {each.error for each in seen} == {None}
    assert all(0 < each.seconds < 60 for each in seen)


def test_each_attempt_is_reported(sandbox: Sandbox, settings: Settings) -> None:
    """on_request= gets each attempt with its number and its status, or with the class of its error."""
    seen: list[SentRequest] = []
    transport = sandbox.transport()
    with Css(settings, transport=transport, on_request=seen.append, retry=at_once) as css:
        sandbox.faults.add("500_before", path="/integrations", times=1)
        sandbox.faults.add("drop_before", path="/integrations", times=1)
        css.integrations()
    assert [each.attempt for each in seen[1:]] == [1, 2, 3]
    assert {(each.status, each.error) for each in seen[1:]} == {(500, None), (None, "ConnectionFailed"), (200, None)}


def test_a_token_request_that_fails_is_reported(sandbox: Sandbox, settings: Settings) -> None:
    """If a token request fails, on_request= gets this request only, because the API request was never sent."""
    seen: list[SentRequest] = []
    wrong = evolve(settings, client_secret="wrong")
    with Css(wrong, transport=sandbox.transport(), on_request=seen.append) as css:
        with pytest.raises(Exception, match="refused the credentials"):
            css.integrations()
    [failed] = seen
    assert (failed.method, failed.path, failed.status, failed.error) == (*TOKEN[:2], 401, "AuthenticationError")


def test_the_log_has_a_line_for_each_request(
    sandbox: Sandbox, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has a DEBUG line for each request with method, path, status and milliseconds.

    It contains no names and no secrets.
    """
    caplog.set_level(logging.DEBUG, "css_sdk")
    [person] = usernames(sandbox, 1)
    with Css(settings, transport=sandbox.transport()) as css:
        (css.integration(GRANTS_PORTAL)).environment("dev").users.roles(person)
        css.people("dev").search("idir", email="ilse.hargreave@example.com")
    lines = [record.getMessage() for record in caplog.records if record.name == "css_sdk"]
    assert [line.rpartition(" in ")[0] for line in lines if " in " in line][:3] == [
        "POST /auth/realms/standard/protocol/openid-connect/token: 200",
        "GET /integrations: 200",
        f"GET {ROLES}: 200",
    ]
    assert all(line.endswith(" ms") for line in lines)
    text = "\n".join(lines)
    assert "GET /{environment}/idir/users: 200" in text
    for secret in (person, person.partition("@")[0], "ilse", "example.com", settings.client_secret.reveal()):
        assert secret not in text


def test_an_error_of_on_request_does_not_change_the_result(
    sandbox: Sandbox, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """If on_request= raises an error, the call succeeds and the log shows the error."""

    def fail(request: SentRequest) -> None:
        raise OSError("There is no disk.")

    [person] = usernames(sandbox, 1)
    with Css(settings, transport=sandbox.transport(), on_request=fail) as css:
        users = (css.integration(GRANTS_PORTAL)).environment("dev").users
        users.assign(person, "approver")
        assert "approver" in {role.name for role in users.roles(person)}
    assert "on_request= raised OSError: There is no disk. The request itself" in caplog.text


def test_a_request_without_an_answer_is_reported(settings: Settings, sandbox: Sandbox) -> None:
    """If the connection is lost, on_request= gets the class of the error and no status."""
    seen: list[SentRequest] = []
    options = {"on_request": seen.append, "retry": lambda attempt, chance: None}
    with Css(settings, transport=sandbox.transport(), **options) as css:  # type: ignore[arg-type]
        sandbox.faults.add("drop_before", path="/integrations", times=1)
        with pytest.raises(ConnectionFailed):
            css.integrations()
    assert (seen[-1].path, seen[-1].status, seen[-1].error) == ("/integrations", None, "ConnectionFailed")
