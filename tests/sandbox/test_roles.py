"""The sandbox's calls for roles and composite roles, beyond the recordings."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk.sandbox import Sandbox

ROLES = "/integrations/101/test/roles"


def test_a_name_can_have_255_characters_and_no_more(call: Any, sandbox: Sandbox) -> None:
    """A role name may have 255 characters. A longer one gets an empty success, and no role is created."""
    assert call.status_and_json("POST", ROLES, {"name": "é" * 255}) == (201, {"name": "é" * 255, "composite": False})
    assert call.status_and_json("POST", ROLES, {"name": "é" * 256}) == (201, None)
    assert call.status_and_json("PUT", f"{ROLES}/nothing", {"name": "é" * 256})[0] == 404
    assert sandbox.roles(101, "test") == {"é" * 255}


def test_names_differ_by_case_and_blanks(call: Any, sandbox: Sandbox) -> None:
    """Role names that differ only in case or blanks are different roles."""
    for name in ("a", "A", " a", "a "):
        assert call("POST", ROLES, {"name": name}).status == 201
    assert sandbox.roles(101, "test") == {"a", "A", " a", "a "}


@pytest.mark.parametrize("dots", [".", ".."])
def test_a_role_named_with_dots_cannot_be_read_or_renamed(
    call: Any, sandbox: Sandbox, people: list[str], dots: str
) -> None:
    """A role named `.` or `..` can be created, listed and assigned, but neither read nor renamed."""
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


def test_a_role_named_with_one_dot_cannot_be_deleted(call: Any, sandbox: Sandbox) -> None:
    """Deleting a role named `.` gets 204, and the role still exists."""
    call("POST", ROLES, {"name": "."})
    assert call("DELETE", f"{ROLES}/%252E").status == 204
    assert sandbox.roles(101, "test") == {"."}
    assert not sandbox.harm


def test_renaming_to_dots_is_done_with_an_empty_answer(call: Any, sandbox: Sandbox) -> None:
    """Renaming a role to `..` is done, and the answer does not contain the role."""
    call("POST", ROLES, {"name": "x"})
    assert call.status_and_json("PUT", f"{ROLES}/x", {"name": ".."}) == (200, {})
    assert sandbox.roles(101, "test") == {".."}


def test_no_more_than_5000_roles_are_listed(call: Any, sandbox: Sandbox, people: list[str]) -> None:
    """A list contains 5000 roles at most. A role beyond them can be read by name, but not assigned."""
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


def test_the_list_of_roles_has_no_order(call: Any, sandbox: Sandbox) -> None:
    """The list of roles is sorted neither by name nor by age."""
    names = [f"role {number}" for number in range(20)]
    for name in names:
        sandbox.create_role(101, "test", name)
    listed = [role["name"] for role in call.status_and_json("GET", ROLES)[1]["data"]]
    assert sorted(listed) == sorted(names)
    assert listed not in (names, sorted(names), names[::-1])


def test_reading_a_child_needs_parent_child_and_relation(call: Any, sandbox: Sandbox) -> None:
    """Reading one child gets 404 if the parent, the child or their relation is missing."""
    for name in ("p", "c"):
        sandbox.create_role(101, "test", name)
    path = f"{ROLES}/p/composite-roles"
    assert call.status_and_json("GET", f"{path}/nope") == (404, {"message": "composite role nope not found"})
    assert call.status_and_json("GET", f"{path}/c") == (404, {"message": "role c not found"})
    assert call.status_and_json("GET", f"{ROLES}/nope/composite-roles/c") == (404, {"message": "role nope not found"})
    assert call.status_and_json("GET", "/integrations/101/stage/roles/p/composite-roles/p")[0] == 400
    assert call.status_and_json("DELETE", "/integrations/101/stage/roles/p/composite-roles/p")[0] == 404


def test_one_missing_child_prevents_the_addition_of_all(call: Any, sandbox: Sandbox) -> None:
    """If one of several children does not exist, none is added."""
    for name in ("p", "c"):
        sandbox.create_role(101, "test", name)
    assert call.status_and_json("POST", f"{ROLES}/p/composite-roles", [{"name": "c"}, {"name": "x"}])[0] == 404
    assert sandbox.composites(101, "test") == {}


def test_a_renamed_role_keeps_its_parents(call: Any, sandbox: Sandbox) -> None:
    """A renamed child stays a child of its composite role."""
    assert call("PUT", "/integrations/101/dev/roles/reviewer", {"name": "reader"}).status == 200
    assert sandbox.composites(101, "dev") == {"admin": {"approver", "reader"}}


def test_roles_of_a_silver_integration_can_be_changed(call: Any, sandbox: Sandbox) -> None:
    """The roles of a silver integration can be changed, although the integration is not listed."""
    assert 104 not in [found["id"] for found in call.status_and_json("GET", "/integrations")[1]["data"]]
    assert call("POST", "/integrations/104/dev/roles", {"name": "x"}).status == 201
    assert sandbox.roles(104, "dev") == {"x"}
