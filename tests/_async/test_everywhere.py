"""The most common calls give the same results in process and over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from css_sdk import AsyncCss, Conflict, Grant, NotFound, Role, ServiceAccount, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, at_once

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
ROBOT = ServiceAccount("fisheries-service-102")


@pytest.fixture(params=["in process", "on a socket"])
async def css(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[AsyncCss]:
    """Return a client of the sandbox's default team, in process or over a socket."""
    if request.param == "in process":
        settings = Settings(**sandbox.credentials())
        async with AsyncCss(settings, transport=sandbox.async_transport(), retry=at_once) as css:
            yield css
    else:
        with sandbox.serve() as server:
            async with AsyncCss(Settings(**server.credentials()), retry=at_once) as css:
                yield css


async def test_whoami_returns_the_team(css: AsyncCss) -> None:
    """whoami() returns the team of the token."""
    assert (await css.whoami()).team_id == 2016


async def test_integrations(css: AsyncCss, sandbox: Sandbox) -> None:
    """integrations() returns the Gold integrations, and the list is read once."""
    assert [found.id for found in await css.integrations()] == [101, 102, 103]
    assert (await css.integration("Fisheries Service")).info.id == FISHERIES
    assert asked(sandbox) == {"token": 1, "GET": 1}


async def test_roles_are_listed(dev: AsyncEnvironmentClient) -> None:
    """list() returns the roles sorted by name, and marks composite roles."""
    assert await dev.roles.list() == (Role("admin", composite=True), Role("approver"), Role("reviewer"))


async def test_a_role_is_read(dev: AsyncEnvironmentClient) -> None:
    """get() returns an existing role, and raises NotFound for a missing one."""
    assert await dev.roles.get("admin") == Role("admin", composite=True)
    with pytest.raises(NotFound):
        await dev.roles.get("nope")


@pytest.mark.parametrize("name", ["auditor", "a%2Fb", "50% off? \N{PARTY POPPER} é+#;&"])
async def test_a_role_is_created_and_deleted(dev: AsyncEnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """create() and delete() work for ordinary and unusual names, and creating a role twice raises Conflict."""
    assert await dev.roles.create(name) == Role(name)
    assert await dev.roles.get(name) == Role(name)
    with pytest.raises(Conflict):
        await dev.roles.create(name)
    await dev.roles.delete(name)
    assert name not in sandbox.roles(GRANTS_PORTAL, "dev")


async def test_a_role_is_ensured(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """ensure() creates a missing role, and writes nothing for an existing one."""
    for _ in range(2):
        assert await dev.roles.ensure("auditor") == Role("auditor")
    assert sandbox.count("POST", "*/roles") == 1


async def test_roles_are_assigned_to_a_user(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """assign() adds two roles in one call."""
    await dev.users.assign(ILSE, "reviewer", "approver")
    assert [role.name for role in await dev.users.roles(ILSE)] == ["admin", "approver", "reviewer"]
    assert sandbox.grants(GRANTS_PORTAL, "dev")[ILSE] == {"admin", "approver", "reviewer"}


async def test_a_role_is_removed_from_a_user(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """unassign() removes a role from the given user only."""
    await dev.users.assign(ROBOT, "admin")
    await dev.users.unassign(ILSE, "admin")
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [ROBOT.username]


async def test_members_are_listed(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """members() returns the members of several pages with their data."""
    people = sorted(sandbox.world.users)[:51]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    members = [member async for member in dev.roles.members("crowd")]
    assert [member.username for member in members] == people
    assert all(member.email for member in members if member.provider == "idir")


async def test_people_are_searched_by_a_part_of_the_address(css: AsyncCss) -> None:
    """search() finds a person by a part of the address in any case."""
    found = await css.people("prod").search("idir", email="ILSE.harg")
    assert [user.username for user in found.users] == [ILSE]
    assert found.complete


async def test_one_person_is_found_by_the_whole_address(dev: AsyncEnvironmentClient) -> None:
    """find_one() finds a person by the whole address, and raises NotFound for a part of it."""
    assert (await dev.people.find_one(email="ilse.hargreave@example.com")).username == ILSE
    with pytest.raises(NotFound):
        await dev.people.find_one(email="ilse.harg")


async def test_a_role_is_assigned_to_many_users(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """assign_many() returns a result for each grant, even if some grants fail."""
    people = [name for name in sorted(sandbox.world.users) if name.endswith("@idir")][:12]
    grants = [Grant(name, "approver") for name in [*people, "nobody@idir"]]
    results = await dev.bulk.assign_many(grants)
    assert [result.outcome for result in results] == ["done"] * 12 + ["failed"]
    assert {*people} <= {*sandbox.members(GRANTS_PORTAL, "dev", "approver")}


@pytest.mark.parametrize("kind", ["drop_before", "lose_after", "422_after"])
async def test_a_write_with_a_fault_is_done_once(dev: AsyncEnvironmentClient, sandbox: Sandbox, kind: str) -> None:
    """After a lost connection or an error answer, the write is done and was carried out once."""
    sandbox.faults.add(kind, method="POST")
    await dev.users.assign(ILSE, "reviewer")
    assert ILSE in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert sandbox.count("POST", "*/users/*") == (2 if kind.endswith("before") else 1)
