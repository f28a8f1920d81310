"""Requests that would harm the service: the sandbox refuses, records and prints them."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk.sandbox import Sandbox

pytestmark = pytest.mark.destructive

ROLES = "/integrations/101/dev/roles"


@pytest.mark.parametrize("name", ["..", "%2E%2E", "%252E%252E", "%252e."])
def test_deleting_the_role_of_two_dots_is_refused(
    call: Any, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Deleting the role `..` is refused in every spelling. The service would delete the integration's client."""
    answer = call("DELETE", f"{ROLES}/{name}")
    assert answer.status == 503
    assert sandbox.roles(101, "dev") == {"reviewer", "approver", "admin"}
    (harm,) = sandbox.harm
    assert (harm.method, harm.path) == ("DELETE", f"/api/v1{ROLES}/{name}")
    assert "grants-portal-101" in harm.why
    assert "DELETE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ROLES}/%25252E%25252E", 404),
        (f"{ROLES}/...", 404),
        (f"{ROLES}/..?x=1", 400),
        ("/integrations/999/dev/roles/..", 404),
        ("/integrations/103/prod/roles/..", 204),
        ("/integrations/101/stage/roles/..", 404),
    ],
)
def test_similar_requests_are_not_refused(call: Any, sandbox: Sandbox, path: str, status: int) -> None:
    """Similar names are not refused. Neither is `..` in a request that the service would refuse before any work."""
    assert call("DELETE", path).status == status
    assert not sandbox.harm


def test_more_than_255_characters_are_refused(call: Any, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A path and query of more than 255 characters is refused, counted as sent."""
    path = f"{ROLES}?{'x' * (255 - len(ROLES) - 1)}"
    assert call("GET", path).status == 400
    assert not sandbox.harm
    assert call("GET", path + "x").status == 503
    assert call("GET", f"{ROLES}/{'%2525' * 47}").status == 503
    assert len(sandbox.harm) == 2
    assert capsys.readouterr().err.count("255") == 2


@pytest.mark.parametrize("token", ["", "Bearer garbage", "expired"])
def test_more_than_255_characters_without_a_valid_token_are_noted(
    call: Any, clock: Any, sandbox: Sandbox, token: str
) -> None:
    """A path that is too long gets 401 and a note if the token is invalid. Only a valid token makes it harmful."""
    path = f"{ROLES}?{'x' * 255}"
    given = {} if token == "expired" else {"authorization": token}
    assert call.token
    clock.now += 301
    assert call("GET", path, **given).status == 401
    assert call("GET", f"/heartbeat?{'x' * 255}", authorization="").status == 200
    assert not sandbox.harm
    assert [(note.path, "valid token" in note.why) for note in sandbox.notes][:1] == [(f"/api/v1{path}", True)]


def test_the_deprecated_change_of_a_mapping_is_refused(call: Any, sandbox: Sandbox, people: list[str]) -> None:
    """The deprecated change of a mapping is refused, because it would stop the service."""
    body = {"roleName": "reviewer", "username": people[0], "operation": "add"}
    assert call("POST", "/integrations/101/dev/user-role-mappings", body).status == 503
    assert [harm.why for harm in sandbox.harm] == ["stops the server process"]


def test_a_fault_does_not_hide_a_harmful_request(call: Any, sandbox: Sandbox) -> None:
    """A harmful request is refused and recorded, even if a fault applies to it."""
    call("GET", "/integrations")
    sandbox.faults.add("drop_before", times=None)
    assert call("GET", f"{ROLES}/{'x' * 255}").status == 503
    assert len(sandbox.harm) == 1
