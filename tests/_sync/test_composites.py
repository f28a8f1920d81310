# Written from tests/_async/test_composites.py by `make generate`; edit that one.
"""Composite roles: children, cycles, the tree of roles, and the roles in a user's token."""

from __future__ import annotations

import pytest

from css_sdk import CompositeCycle, EmptySet, InvalidRequest, NotFound, RequestTooLong, Role, UnusableName
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_children_are_added_listed_and_removed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """add() adds several children in one call. remove() removes one, and accepts a role that is not a child."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "lead")
    lead = dev.roles.composites("lead")
    assert lead.list() == ()
    before = asked(sandbox)
    lead.add("reviewer", "approver", "reviewer")
    assert (asked(sandbox) - before)["POST"] == 1
    assert lead.list() == (Role("approver"), Role("reviewer"))
    lead.remove("approver")
    assert lead.list() == (Role("reviewer"),)
    lead.remove("approver")  # no longer a child, which is not an error


def test_composites_set_adds_before_it_removes(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """composites.set() adds missing children before it removes others, and sends nothing if the children are right."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "auditor")
    sandbox.clear_requests()
    dev.roles.composites("admin").set("auditor", "reviewer")
    assert sorted(sandbox.composites(GRANTS_PORTAL, "dev")["admin"]) == ["auditor", "reviewer"]
    writes = [entry.method for entry in sandbox.requests if entry.method != "GET" and entry.kind == "api"]
    assert writes == ["POST", "DELETE"]
    dev.roles.composites("admin").set("auditor", "reviewer")
    assert asked(sandbox)["POST"] == 1


def test_an_empty_set_needs_allow_empty(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """An empty set of children, roles or members is refused unless allow_empty=True."""
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


def test_a_cycle_of_composites_is_refused(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """add() refuses a child that would make a role contain itself, and sends no write. The service would accept it."""
    for name in ("a", "b", "c"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    dev.roles.composites("a").add("b")
    dev.roles.composites("b").add("c")
    writes = asked(sandbox)["POST"]
    for parent, child in (("a", "a"), ("b", "a"), ("c", "a")):
        with pytest.raises(CompositeCycle, match="child"):
            dev.roles.composites(parent).add(child)
    assert asked(sandbox)["POST"] == writes
    dev.roles.composites("a").add("c")  # `c` is a child in two ways, which is not a cycle


def test_an_existing_cycle_is_read_without_an_endless_loop(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """tree() and effective_roles() end for a cycle of composites that somebody else made."""
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


def test_the_tree_takes_one_request_for_each_composite(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """tree() sends one request for the roles and one for each composite role."""
    before = asked(sandbox)
    tree = dev.roles.tree()
    assert (asked(sandbox) - before) == {"GET": 2}
    assert tree.children == {"admin": ("approver", "reviewer")}
    assert tree.descendants("reviewer") == frozenset()


def test_effective_roles_are_those_of_a_token(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """effective_roles() returns a composite role and its children, as tokens do.

    roles() returns the composite role only.
    """
    user = usernames(sandbox, 20)[-1]
    dev.users.assign(user, "admin")
    assert [role.name for role in dev.users.roles(user)] == ["admin"]
    assert [role.name for role in dev.users.effective_roles(user)] == ["admin", "approver", "reviewer"]


def test_a_missing_parent_or_child_is_reported(dev: EnvironmentClient) -> None:
    """If the parent or a child does not exist, add() raises NotFound. Without any child, it raises InvalidRequest."""
    with pytest.raises(NotFound, match="nope"):
        dev.roles.composites("nope").add("reviewer")
    with pytest.raises(NotFound, match="nope"):
        dev.roles.composites("admin").add("nope")
    with pytest.raises(InvalidRequest, match="No child"):
        dev.roles.composites("admin").add()


@pytest.mark.parametrize("name", ["", "..", "."])
def test_harmful_names_of_composites_are_refused(dev: EnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """A harmful name is refused as parent, child and new name. Removing the child `..` would delete the parent."""
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


def test_a_child_that_could_not_be_removed_again_is_refused(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """add() refuses a child if the path that removes it again would be too long."""
    long, longer = "p" * 110, "c" * 120
    for name in (long, longer):
        dev.roles.create(name)
    before = asked(sandbox)
    with pytest.raises(RequestTooLong):
        dev.roles.composites(long).add(longer)
    assert asked(sandbox) == before


def test_a_renamed_role_keeps_its_members(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """rename() sends one PUT, and the role keeps its members, even with an unusual new name."""
    members = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    before = asked(sandbox)
    assert dev.roles.rename("reviewer", "a%2Fb/..") == Role("a%2Fb/..")
    assert (asked(sandbox) - before) == {"GET": 1, "PUT": 1}
    assert sandbox.members(GRANTS_PORTAL, "dev", "a%2Fb/..") == members
    assert dev.roles.rename("admin", "admin") == Role("admin", composite=True)


def test_set_roles_sends_no_more_requests_than_needed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """set_roles() sends one read, at most one POST, and one DELETE for each role that it removes."""
    user = usernames(sandbox, 20)[-1]
    for name in ("one", "two", "three"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
        sandbox.grant(GRANTS_PORTAL, "dev", name, user)
    before = asked(sandbox)
    dev.users.set_roles(user, "three", "reviewer", "approver")
    assert (asked(sandbox) - before) == {"GET": 1, "POST": 1, "DELETE": 2}
    assert [role.name for role in dev.users.roles(user)] == ["approver", "reviewer", "three"]


def test_renaming_a_missing_role_is_not_confirmed_by_an_existing_new_name(
    dev: EnvironmentClient, sandbox: Sandbox
) -> None:
    """If the old role does not exist, rename() raises NotFound, even if a role with the new name exists."""
    sandbox.faults.add("422_before", method="PUT")
    with pytest.raises(NotFound, match="nope"):
        dev.roles.rename("nope", "reviewer")
    assert asked(sandbox)["PUT"] == 0


def test_get_returns_one_child_or_raises(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """composites.get() returns one child, and raises NotFound for a role that is not a child or does not exist."""
    admin = dev.roles.composites("admin")
    assert admin.get("reviewer") == Role("reviewer")
    sandbox.create_role(GRANTS_PORTAL, "dev", "other")
    with pytest.raises(NotFound, match="not a child"):
        admin.get("other")
    with pytest.raises(NotFound):
        admin.get("nope")
