"""Roles: listing, reading, creating and deleting them, and listing their members."""

from __future__ import annotations

import pytest

from css_sdk import Conflict, IncompleteSearch, NotFound, RequestTooLong, Role, UnusableName
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


async def test_a_role_is_created_read_and_deleted(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """create(), get() and delete() agree with the roles in the sandbox."""
    assert await dev.roles.create("auditor") == Role("auditor")
    assert "auditor" in sandbox.roles(GRANTS_PORTAL, "dev")
    assert await dev.roles.get("auditor") == Role("auditor")
    await dev.roles.delete("auditor")
    assert "auditor" not in sandbox.roles(GRANTS_PORTAL, "dev")
    with pytest.raises(NotFound, match="no role 'auditor'"):
        await dev.roles.get("auditor")


async def test_create_refuses_an_existing_role_and_ensure_accepts_it(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """create() raises Conflict for an existing role. ensure() accepts it and writes nothing."""
    with pytest.raises(Conflict):
        await dev.roles.create("reviewer")
    before = asked(sandbox)
    assert (await dev.roles.ensure("reviewer")).name == "reviewer"
    assert (asked(sandbox) - before) == {"GET": 1}
    assert (await dev.roles.ensure("new one")).name == "new one"


async def test_a_composite_role_is_marked(dev: AsyncEnvironmentClient) -> None:
    """list() sorts the roles by name and marks composite roles."""
    listed = await dev.roles.list()
    assert [role.name for role in listed] == sorted(role.name for role in listed)
    assert Role("admin", composite=True) in listed


async def test_deleting_a_role_that_does_not_exist_is_an_error(dev: AsyncEnvironmentClient) -> None:
    """delete() raises NotFound for a role that does not exist."""
    with pytest.raises(NotFound):
        await dev.roles.delete("nope")


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a\nb", "\ud800"])
async def test_a_harmful_name_is_refused_everywhere(dev: AsyncEnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """Every call refuses a harmful role name and sends nothing. Deleting `..` would delete the whole client."""
    before = asked(sandbox)
    user = usernames(sandbox, 1)[0]
    for call in (dev.roles.get, dev.roles.create, dev.roles.ensure, dev.roles.delete, dev.roles.members_page):
        with pytest.raises(UnusableName):
            await call(name, *([1] if call == dev.roles.members_page else []))
    for change in (dev.users.assign, dev.users.unassign):
        with pytest.raises(UnusableName):
            await change(user, name)
    with pytest.raises(UnusableName):
        [member async for member in dev.roles.members(name)]
    assert asked(sandbox) == before


@pytest.mark.parametrize("name", ["x" * 200, "\N{PARTY POPPER}" * 25, "/" * 60])
async def test_a_name_too_long_for_its_longest_path_is_refused(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, name: str
) -> None:
    """create(), ensure() and assign() refuse a role name that is too long for the longest path, and send nothing."""
    before = asked(sandbox)
    for call in (dev.roles.create, dev.roles.ensure):
        with pytest.raises(RequestTooLong):
            await call(name)
    with pytest.raises(RequestTooLong):
        await dev.users.assign(usernames(sandbox, 1)[0], name)
    assert asked(sandbox) == before


async def test_a_request_of_more_than_255_characters_is_never_sent(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """A read with more than 255 characters in its path is refused, too, because it would stop the service."""
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match="255"):
        await dev.roles.get("x" * 250)
    assert asked(sandbox) == before


async def test_a_name_that_looks_encoded_is_another_role(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """The roles `a%2Fb` and `a/b` are different: every call affects only the role with exactly this name."""
    user = usernames(sandbox, 1)[0]
    for name in ("a/b", "a%2Fb"):
        await dev.roles.create(name)
    assert (await dev.roles.get("a%2Fb")).name == "a%2Fb"
    await dev.users.assign(user, "a/b", "a%2Fb")
    await dev.users.unassign(user, "a%2Fb")
    assert sandbox.members(GRANTS_PORTAL, "dev", "a/b") == [user]
    await dev.roles.delete("a%2Fb")
    assert {"a/b", "a%2Fb"} & sandbox.roles(GRANTS_PORTAL, "dev") == {"a/b"}


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51])
async def test_members_of_all_pages_are_returned_once(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, count: int
) -> None:
    """members() returns the members of all pages once, with ceil((M + 1) / 50) requests for M members."""
    people = sorted(sandbox.world.users)[:count]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    before = asked(sandbox)
    assert [member.username async for member in dev.roles.members("crowd")] == people
    assert (asked(sandbox) - before) == {"GET": (count + 50) // 50}


async def test_a_member_added_while_iterating_causes_no_repetition(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """If somebody is added while members() is read, nobody is returned twice."""
    people = sorted(sandbox.world.users)[:56]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people[1:]:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    seen = []
    async for member in dev.roles.members("crowd"):
        if not seen:
            sandbox.grant(GRANTS_PORTAL, "dev", "crowd", people[0])
        seen.append(member.username)
    assert seen == people[1:]


async def test_a_role_that_the_service_does_not_find_is_looked_up_in_the_list(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """If the service answers 404, get() looks for the role in the list. A failing login server causes 404, too."""
    sandbox.faults.add("login_server", method="GET", path="*/roles/reviewer", times=1)
    assert (await dev.roles.get("reviewer")).name == "reviewer"


async def test_a_list_at_its_limit_does_not_show_that_a_role_is_missing(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """If the list of roles has the maximum of 5000 entries, get() raises IncompleteSearch instead of NotFound."""
    for number in range(5000):
        sandbox.create_role(GRANTS_PORTAL, "dev", f"role {number}")
    with pytest.raises(IncompleteSearch, match="5000"):
        await dev.roles.get("nope")
