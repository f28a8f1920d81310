"""Roles: listed, read, created, ensured, deleted, and who holds them."""

from __future__ import annotations

import pytest

from css_sdk import Conflict, IncompleteSearch, NotFound, RequestTooLong, Role, UnusableName
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


async def test_a_role_is_created_read_and_deleted(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """What the client says is what the sandbox holds."""
    assert await dev.roles.create("auditor") == Role("auditor")
    assert "auditor" in sandbox.roles(GRANTS_PORTAL, "dev")
    assert await dev.roles.get("auditor") == Role("auditor")
    await dev.roles.delete("auditor")
    assert "auditor" not in sandbox.roles(GRANTS_PORTAL, "dev")
    with pytest.raises(NotFound, match="no role 'auditor'"):
        await dev.roles.get("auditor")


async def test_a_role_that_exists_cannot_be_created_but_ensured(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """`create` raises a conflict. `ensure` accepts the role and writes nothing."""
    with pytest.raises(Conflict):
        await dev.roles.create("reviewer")
    before = asked(sandbox)
    assert (await dev.roles.ensure("reviewer")).name == "reviewer"
    assert (asked(sandbox) - before) == {"GET": 1}
    assert (await dev.roles.ensure("new one")).name == "new one"


async def test_a_composite_role_is_told_as_one(dev: AsyncEnvironmentClient) -> None:
    """The list is sorted by name and says which roles stand for others."""
    listed = await dev.roles.list()
    assert [role.name for role in listed] == sorted(role.name for role in listed)
    assert Role("admin", composite=True) in listed


async def test_deleting_a_role_that_is_not_there_is_told(dev: AsyncEnvironmentClient) -> None:
    """A 404 is an error, not a success."""
    with pytest.raises(NotFound):
        await dev.roles.delete("nope")


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a\nb", "\ud800"])
async def test_a_harmful_name_is_refused_everywhere(dev: AsyncEnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """Deleting `..` would wipe the client; no request leaves for any call that takes a role name."""
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
    """A role that could be created but never addressed again is not created, and nothing is sent."""
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
    """One that reads would bring the service down as well."""
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match="255"):
        await dev.roles.get("x" * 250)
    assert asked(sandbox) == before


async def test_the_name_that_looks_encoded_is_itself(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """`a%2Fb` is created, read, assigned and deleted as itself, and `a/b` beside it is left alone."""
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
async def test_members_come_from_all_pages_nobody_twice(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, count: int
) -> None:
    """Listing M members takes ceil((M + 1) / 50) calls."""
    people = sorted(sandbox.world.users)[:count]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    before = asked(sandbox)
    assert [member.username async for member in dev.roles.members("crowd")] == people
    assert (asked(sandbox) - before) == {"GET": (count + 50) // 50}


async def test_somebody_added_while_iterating_does_not_double_anybody(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """An insertion shifts the pages; the one who comes again is left out."""
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


async def test_a_role_that_the_service_denies_is_looked_for_in_the_list(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """While the login server fails, reading a role that exists answers 404."""
    sandbox.faults.add("login_server", method="GET", path="*/roles/reviewer", times=1)
    assert (await dev.roles.get("reviewer")).name == "reviewer"


async def test_a_list_that_was_cut_proves_no_absence(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """The service lists 5000 roles at the most."""
    for number in range(5000):
        sandbox.create_role(GRANTS_PORTAL, "dev", f"role {number}")
    with pytest.raises(IncompleteSearch, match="5000"):
        await dev.roles.get("nope")
