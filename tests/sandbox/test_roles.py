"""Roles and composites, beyond what was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk.sandbox import Sandbox

ROLES = "/integrations/101/test/roles"


def test_a_name_can_have_255_characters_and_no_more(call: Any, sandbox: Sandbox) -> None:
    """With one more, the success is empty and no role is created."""
    assert call.status_and_json("POST", ROLES, {"name": "é" * 255}) == (201, {"name": "é" * 255, "composite": False})
    assert call.status_and_json("POST", ROLES, {"name": "é" * 256}) == (201, None)
    assert call.status_and_json("PUT", f"{ROLES}/nothing", {"name": "é" * 256})[0] == 404
    assert sandbox.roles(101, "test") == {"é" * 255}


def test_names_differ_by_case_and_blanks(call: Any, sandbox: Sandbox) -> None:
    """Each spelling is a role of its own."""
    for name in ("a", "A", " a", "a "):
        assert call("POST", ROLES, {"name": name}).status == 201
    assert sandbox.roles(101, "test") == {"a", "A", " a", "a "}


@pytest.mark.parametrize("dots", [".", ".."])
def test_a_role_of_dots(call: Any, sandbox: Sandbox, people: list[str], dots: str) -> None:
    """It can be created, listed and assigned, but neither read nor renamed."""
    encoded = dots.replace(".", "%252E")
    assert call.status_and_json("POST", ROLES, {"name": dots}) == (201, {})
    assert call.status_and_json("GET", ROLES) == (200, {"data": [{"name": dots, "composite": False}]})
    assert call.status_and_json("GET", f"{ROLES}/{encoded}") == (200, {})
    assert call.status_and_json("PUT", f"{ROLES}/{encoded}", {"name": "x"}) == (200, None)
    assert call.status_and_json("GET", f"{ROLES}/{encoded}/users")[0] == 404
    assert call.status_and_json("GET", f"{ROLES}/{encoded}/composite-roles")[0] == 422
    user = f"/integrations/101/test/users/{people[0]}/roles"
    assert call.status_and_json("POST", user, [{"name": dots}]) == (201, {"data": [{"name": dots, "composite": False}]})
    assert sandbox.roles(101, "test") == {dots}
    assert not sandbox.harm
    assert [note.method for note in sandbox.notes] == ["POST", "PUT"]


def test_a_role_of_one_dot_cannot_be_deleted(call: Any, sandbox: Sandbox) -> None:
    """The answer is 204, and the role still exists."""
    call("POST", ROLES, {"name": "."})
    assert call("DELETE", f"{ROLES}/%252E").status == 204
    assert sandbox.roles(101, "test") == {"."}
    assert not sandbox.harm


def test_renaming_to_dots_is_done_and_answered_emptily(call: Any, sandbox: Sandbox) -> None:
    """The answer does not contain the role."""
    call("POST", ROLES, {"name": "x"})
    assert call.status_and_json("PUT", f"{ROLES}/x", {"name": ".."}) == (200, {})
    assert sandbox.roles(101, "test") == {".."}


def test_no_more_than_5000_roles_are_seen(call: Any, sandbox: Sandbox, people: list[str]) -> None:
    """A role that a list does not contain can be read by name, but neither assigned nor composed."""
    for number in range(5001):
        sandbox.create_role(101, "test", f"role {number}")
    _, found = call.status_and_json("GET", ROLES)
    listed = {role["name"] for role in found["data"]}
    assert len(listed) == 5000
    (hidden,) = sandbox.roles(101, "test") - listed
    assert call("GET", f"{ROLES}/{hidden.replace(' ', '%2520')}").status == 200
    user = f"/integrations/101/test/users/{people[0]}/roles"
    assert call.status_and_json("POST", user, [{"name": hidden}]) == (404, {"message": f"roles ({hidden}) not found"})
    assert call.status_and_json("POST", user, [{"name": min(listed)}])[0] == 201


def test_the_list_of_roles_has_no_useful_order(call: Any, sandbox: Sandbox) -> None:
    """Neither by name nor by age."""
    names = [f"role {number}" for number in range(20)]
    for name in names:
        sandbox.create_role(101, "test", name)
    listed = [role["name"] for role in call.status_and_json("GET", ROLES)[1]["data"]]
    assert sorted(listed) == sorted(names)
    assert listed not in (names, sorted(names), names[::-1])


def test_a_composite_is_looked_up_by_both_names(call: Any, sandbox: Sandbox) -> None:
    """The parent, the child and the relation between them must exist."""
    for name in ("p", "c"):
        sandbox.create_role(101, "test", name)
    path = f"{ROLES}/p/composite-roles"
    assert call.status_and_json("GET", f"{path}/nope") == (404, {"message": "composite role nope not found"})
    assert call.status_and_json("GET", f"{path}/c") == (404, {"message": "role c not found"})
    assert call.status_and_json("GET", f"{ROLES}/nope/composite-roles/c") == (404, {"message": "role nope not found"})
    assert call.status_and_json("GET", "/integrations/101/stage/roles/p/composite-roles/p")[0] == 400
    assert call.status_and_json("DELETE", "/integrations/101/stage/roles/p/composite-roles/p")[0] == 404


def test_one_missing_child_composes_nothing(call: Any, sandbox: Sandbox) -> None:
    """All children are added, or none."""
    for name in ("p", "c"):
        sandbox.create_role(101, "test", name)
    assert call.status_and_json("POST", f"{ROLES}/p/composite-roles", [{"name": "c"}, {"name": "x"}])[0] == 404
    assert sandbox.composites(101, "test") == {}


def test_renaming_keeps_parents(call: Any, sandbox: Sandbox) -> None:
    """A child stays a child under its new name."""
    assert call("PUT", "/integrations/101/dev/roles/reviewer", {"name": "reader"}).status == 200
    assert sandbox.composites(101, "dev") == {"admin": {"approver", "reader"}}


def test_roles_of_a_silver_integration_can_be_changed(call: Any, sandbox: Sandbox) -> None:
    """The service allows it, although it does not list the integration."""
    assert 104 not in [found["id"] for found in call.status_and_json("GET", "/integrations")[1]["data"]]
    assert call("POST", "/integrations/104/dev/roles", {"name": "x"}).status == 201
    assert sandbox.roles(104, "dev") == {"x"}
