# Written from tests/_async/test_composites.py by `make generate`; edit that one.
"""Composite roles: children, circles, trees, and what a user's tokens come to hold."""

from __future__ import annotations

import pytest

from css_sdk import CompositeCycle, EmptySet, InvalidRequest, NotFound, RequestTooLong, Role, UnusableName
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_children_are_added_listed_and_removed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Several in one call, and one call for each that is taken out."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "lead")
    lead = dev.roles.composites("lead")
    assert lead.list() == ()
    before = asked(sandbox)
    lead.add("reviewer", "approver", "reviewer")
    assert (asked(sandbox) - before)["POST"] == 1
    assert lead.list() == (Role("approver"), Role("reviewer"))
    lead.remove("approver")
    assert lead.list() == (Role("reviewer"),)
    lead.remove("approver")  # no child any more, which is no error


def test_exactly_these_children_adding_before_removing(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """What is right already is not touched."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "auditor")
    sandbox.clear_requests()
    dev.roles.composites("admin").set("auditor", "reviewer")
    assert sorted(sandbox.composites(GRANTS_PORTAL, "dev")["admin"]) == ["auditor", "reviewer"]
    writes = [entry.method for entry in sandbox.requests if entry.method != "GET" and entry.kind == "api"]
    assert writes == ["POST", "DELETE"]
    dev.roles.composites("admin").set("auditor", "reviewer")
    assert asked(sandbox)["POST"] == 1


def test_emptying_has_to_be_meant(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A list that happens to be empty takes nothing away, of any set."""
    user = sorted(sandbox.grants(GRANTS_PORTAL, "dev"))[0]
    before = asked(sandbox)
    for empty in (dev.roles.composites("admin").set, dev.users.set_roles, dev.roles.set_members):
        arguments = {dev.users.set_roles: [user], dev.roles.set_members: ["reviewer", []]}.get(empty, [])
        with pytest.raises(EmptySet, match="allow_empty"):
            empty(*arguments)
    assert asked(sandbox) == before
    dev.roles.composites("admin").set(allow_empty=True)
    dev.users.set_roles(user, allow_empty=True)
    dev.roles.set_members("approver", [], allow_empty=True)
    assert dev.roles.composites("admin").list() == ()
    assert dev.users.roles(user) == ()
    assert sandbox.members(GRANTS_PORTAL, "dev", "approver") == []


def test_a_circle_is_refused(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """The service would accept a role that is its own grandchild; no write is sent."""
    for name in ("a", "b", "c"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    dev.roles.composites("a").add("b")
    dev.roles.composites("b").add("c")
    writes = asked(sandbox)["POST"]
    for parent, child in (("a", "a"), ("b", "a"), ("c", "a")):
        with pytest.raises(CompositeCycle, match="child"):
            dev.roles.composites(parent).add(child)
    assert asked(sandbox)["POST"] == writes
    dev.roles.composites("a").add("c")  # reached twice, but no circle


def test_a_circle_that_is_there_ends_no_walk(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Somebody else's circle is shown, and each of its roles is read once."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "b")
    sandbox.create_role(GRANTS_PORTAL, "dev", "a", ["b"])
    sandbox.delete_role(GRANTS_PORTAL, "dev", "b")
    sandbox.create_role(GRANTS_PORTAL, "dev", "b", ["a"])
    sandbox.delete_role(GRANTS_PORTAL, "dev", "a")
    sandbox.create_role(GRANTS_PORTAL, "dev", "a", ["b"])
    dev.roles.composites("b").add("reviewer")
    tree = dev.roles.tree()
    assert "reviewer" in tree.descendants("a")
    user = usernames(sandbox, 20)[-1]
    dev.users.assign(user, "a")
    assert [role.name for role in dev.users.effective_roles(user)][:2] == ["a", "b"]


def test_the_tree_takes_one_call_for_each_composite(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """And one for the list."""
    before = asked(sandbox)
    tree = dev.roles.tree()
    assert (asked(sandbox) - before) == {"GET": 2}
    assert tree.children == {"admin": ("approver", "reviewer")}
    assert tree.descendants("reviewer") == frozenset()


def test_effective_roles_are_those_of_the_token(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A composite is held as itself; its children appear in tokens."""
    user = usernames(sandbox, 20)[-1]
    dev.users.assign(user, "admin")
    assert [role.name for role in dev.users.roles(user)] == ["admin"]
    assert [role.name for role in dev.users.effective_roles(user)] == ["admin", "approver", "reviewer"]


def test_what_is_missing_is_told(dev: EnvironmentClient) -> None:
    """The parent, or the child; none is added then."""
    with pytest.raises(NotFound, match="nope"):
        dev.roles.composites("nope").add("reviewer")
    with pytest.raises(NotFound, match="nope"):
        dev.roles.composites("admin").add("nope")
    with pytest.raises(InvalidRequest, match="No child"):
        dev.roles.composites("admin").add()


@pytest.mark.parametrize("name", ["", "..", "."])
def test_harmful_names_are_refused(dev: EnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """As a parent, a child, and a new name: removing the child `..` would delete the parent."""
    before = asked(sandbox)
    with pytest.raises(UnusableName):
        dev.roles.composites(name)
    for change in (dev.roles.composites("admin").add, dev.roles.composites("admin").remove):
        with pytest.raises(UnusableName):
            change(name)
    for names in (("reviewer", name), (name, "reviewer")):
        with pytest.raises(UnusableName):
            dev.roles.rename(*names)
    assert asked(sandbox) == before


def test_a_composite_that_could_not_be_taken_apart_is_refused(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Two long names fit each for itself, but not into one path."""
    long, longer = "p" * 110, "c" * 120
    for name in (long, longer):
        dev.roles.create(name)
    before = asked(sandbox)
    with pytest.raises(RequestTooLong):
        dev.roles.composites(long).add(longer)
    assert asked(sandbox) == before


def test_a_renamed_role_keeps_its_members(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """One PUT, and the same people hold it; the name that was taken is refused by the service."""
    members = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    before = asked(sandbox)
    assert dev.roles.rename("reviewer", "a%2Fb/..") == Role("a%2Fb/..")
    assert (asked(sandbox) - before) == {"GET": 1, "PUT": 1}
    assert sandbox.members(GRANTS_PORTAL, "dev", "a%2Fb/..") == members
    assert dev.roles.rename("admin", "admin") == Role("admin", composite=True)


def test_set_roles_costs_what_it_has_to(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """One read, at most one POST, and one DELETE for each role that goes."""
    user = usernames(sandbox, 20)[-1]
    for name in ("one", "two", "three"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
        sandbox.grant(GRANTS_PORTAL, "dev", name, user)
    before = asked(sandbox)
    dev.users.set_roles(user, "three", "reviewer", "approver")
    assert (asked(sandbox) - before) == {"GET": 1, "POST": 1, "DELETE": 2}
    assert [role.name for role in dev.users.roles(user)] == ["approver", "reviewer", "three"]


def test_a_rename_that_never_was_is_not_confirmed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A role that already had the new name does not verify the renaming of a role that never existed."""
    sandbox.faults.add("422_before", method="PUT")
    with pytest.raises(NotFound, match="nope"):
        dev.roles.rename("nope", "reviewer")
    assert asked(sandbox)["PUT"] == 0


def test_one_child_is_read(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """And looked for in the list when the service denies it, as it does while its login server fails."""
    admin = dev.roles.composites("admin")
    assert admin.get("reviewer") == Role("reviewer")
    sandbox.create_role(GRANTS_PORTAL, "dev", "other")
    with pytest.raises(NotFound, match="not a child"):
        admin.get("other")
    with pytest.raises(NotFound):
        admin.get("nope")
