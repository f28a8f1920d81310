# Written from tests/_async/test_roles.py by `make generate`; edit that one.
"""Roles: listing, reading, creating and deleting them, and listing their members."""

from __future__ import annotations

import pytest

from css_sdk import Conflict, IncompleteSearch, NotFound, RequestTooLong, Role, UnusableName
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_a_role_is_created_read_and_deleted(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """create(), get() and delete() agree with the roles in the sandbox."""
    assert dev.roles.create("auditor") == Role("auditor")
    assert "auditor" in sandbox.roles(GRANTS_PORTAL, "dev")
    assert dev.roles.get("auditor") == Role("auditor")
    dev.roles.delete("auditor")
    assert "auditor" not in sandbox.roles(GRANTS_PORTAL, "dev")
    with pytest.raises(NotFound, match="no role 'auditor'"):
        dev.roles.get("auditor")


def test_create_refuses_an_existing_role_and_ensure_accepts_it(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """create() raises Conflict for an existing role. ensure() accepts it and writes nothing."""
    with pytest.raises(Conflict):
        dev.roles.create("reviewer")
    before = asked(sandbox)
    assert (dev.roles.ensure("reviewer")).name == "reviewer"
    assert (asked(sandbox) - before) == {"GET": 1}
    assert (dev.roles.ensure("new one")).name == "new one"


def test_a_composite_role_is_marked(dev: EnvironmentClient) -> None:
    """list() sorts the roles by name and marks composite roles."""
    listed = dev.roles.list()
    assert [role.name for role in listed] == sorted(role.name for role in listed)
    assert Role("admin", composite=True) in listed


def test_deleting_a_role_that_does_not_exist_is_an_error(dev: EnvironmentClient) -> None:
    """delete() raises NotFound for a role that does not exist."""
    with pytest.raises(NotFound):
        dev.roles.delete("nope")


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a\nb", "\ud800"])
def test_a_harmful_name_is_refused_everywhere(dev: EnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """Every call refuses a harmful role name and sends nothing. Deleting `..` would delete the whole client."""
    before = asked(sandbox)
    user = usernames(sandbox, 1)[0]
    for call in (dev.roles.get, dev.roles.create, dev.roles.ensure, dev.roles.delete, dev.roles.members_page):
        with pytest.raises(UnusableName):
            call(name, *([1] if call == dev.roles.members_page else []))
    for change in (dev.users.assign, dev.users.unassign):
        with pytest.raises(UnusableName):
            change(user, name)
    with pytest.raises(UnusableName):
        [member for member in dev.roles.members(name)]
    assert asked(sandbox) == before


@pytest.mark.parametrize("name", ["x" * 200, "\N{PARTY POPPER}" * 25, "/" * 60])
def test_a_name_too_long_for_its_longest_path_is_refused(dev: EnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """create(), ensure() and assign() refuse a role name that is too long for the longest path, and send nothing."""
    before = asked(sandbox)
    for call in (dev.roles.create, dev.roles.ensure):
        with pytest.raises(RequestTooLong):
            call(name)
    with pytest.raises(RequestTooLong):
        dev.users.assign(usernames(sandbox, 1)[0], name)
    assert asked(sandbox) == before


def test_a_request_of_more_than_255_characters_is_never_sent(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A read with more than 255 characters in its path is refused, too, because it would stop the service."""
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match="255"):
        dev.roles.get("x" * 250)
    assert asked(sandbox) == before


def test_a_name_that_looks_encoded_is_another_role(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """The roles `a%2Fb` and `a/b` are different: every call affects only the role with exactly this name."""
    user = usernames(sandbox, 1)[0]
    for name in ("a/b", "a%2Fb"):
        dev.roles.create(name)
    assert (dev.roles.get("a%2Fb")).name == "a%2Fb"
    dev.users.assign(user, "a/b", "a%2Fb")
    dev.users.unassign(user, "a%2Fb")
    assert sandbox.members(GRANTS_PORTAL, "dev", "a/b") == [user]
    dev.roles.delete("a%2Fb")
    assert {"a/b", "a%2Fb"} & sandbox.roles(GRANTS_PORTAL, "dev") == {"a/b"}


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51])
def test_members_of_all_pages_are_returned_once(dev: EnvironmentClient, sandbox: Sandbox, count: int) -> None:
    """members() returns the members of all pages once, with ceil((M + 1) / 50) requests for M members."""
    people = sorted(sandbox.world.users)[:count]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    before = asked(sandbox)
    assert [member.username for member in dev.roles.members("crowd")] == people
    assert (asked(sandbox) - before) == {"GET": (count + 50) // 50}


def test_a_member_added_while_iterating_causes_no_repetition(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If somebody is added while members() is read, nobody is returned twice."""
    people = sorted(sandbox.world.users)[:56]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people[1:]:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    seen = []
    for member in dev.roles.members("crowd"):
        if not seen:
            sandbox.grant(GRANTS_PORTAL, "dev", "crowd", people[0])
        seen.append(member.username)
    assert seen == people[1:]


def test_a_role_that_the_service_does_not_find_is_looked_up_in_the_list(
    dev: EnvironmentClient, sandbox: Sandbox
) -> None:
    """If the service answers 404, get() looks for the role in the list. A failing login server causes 404, too."""
    sandbox.faults.add("login_server", method="GET", path="*/roles/reviewer", times=1)
    assert (dev.roles.get("reviewer")).name == "reviewer"


def test_a_list_at_its_limit_does_not_show_that_a_role_is_missing(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If the list of roles has the maximum of 5000 entries, get() raises IncompleteSearch instead of NotFound."""
    for number in range(5000):
        sandbox.create_role(GRANTS_PORTAL, "dev", f"role {number}")
    with pytest.raises(IncompleteSearch, match="5000"):
        dev.roles.get("nope")
