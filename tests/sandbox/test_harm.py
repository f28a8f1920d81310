"""Harmful requests are refused, recorded and printed."""

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
    """In every spelling; the real service would delete the integration's client."""
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
    """Other names, and two dots where the service stops before it does any work."""
    assert call("DELETE", path).status == status
    assert not sandbox.harm


def test_more_than_255_characters_are_refused(call: Any, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """The limit counts path and query as sent, with or without a token."""
    path = f"{ROLES}?{'x' * (255 - len(ROLES) - 1)}"
    assert call("GET", path).status == 400
    assert not sandbox.harm
    assert call("GET", path + "x").status == 503
    assert call("GET", path + "x", authorization="").status == 503
    assert call("GET", f"{ROLES}/{'%2525' * 47}").status == 503
    assert len(sandbox.harm) == 3
    assert capsys.readouterr().err.count("255") == 3


def test_changing_a_mapping_is_refused(call: Any, sandbox: Sandbox, people: list[str]) -> None:
    """The deprecated call would bring the server down."""
    body = {"roleName": "reviewer", "username": people[0], "operation": "add"}
    assert call("POST", "/integrations/101/dev/user-role-mappings", body).status == 503
    assert [harm.why for harm in sandbox.harm] == ["brings the server process down"]


def test_faults_do_not_hide_harm(call: Any, sandbox: Sandbox) -> None:
    """A request that would bring the server down is recorded under every fault."""
    call("GET", "/integrations")
    sandbox.faults.add("drop_before", times=None)
    assert call("GET", f"{ROLES}/{'x' * 255}").status == 503
    assert len(sandbox.harm) == 1
