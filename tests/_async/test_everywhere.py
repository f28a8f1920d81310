"""A dozen calls, the same in process and over a socket, here and in the other world."""

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
    """A client of the shipped world's team, by either way in."""
    if request.param == "in process":
        settings = Settings(**sandbox.credentials())
        async with AsyncCss(settings, transport=sandbox.async_transport(), retry=at_once) as css:
            yield css
    else:
        with sandbox.serve() as server:
            async with AsyncCss(Settings(**server.credentials()), retry=at_once) as css:
                yield css


async def test_who_am_i(css: AsyncCss) -> None:
    """The team stands in the token."""
    assert (await css.whoami()).team_id == 2016


async def test_integrations(css: AsyncCss, sandbox: Sandbox) -> None:
    """Gold ones only, and read once."""
    assert [found.id for found in await css.integrations()] == [101, 102, 103]
    assert (await css.integration("Fisheries Service")).info.id == FISHERIES
    assert asked(sandbox) == {"token": 1, "GET": 1}


async def test_roles_are_listed(dev: AsyncEnvironmentClient) -> None:
    """The list is sorted by name, and marks composite roles."""
    assert await dev.roles.list() == (Role("admin", composite=True), Role("approver"), Role("reviewer"))


async def test_a_role_is_read(dev: AsyncEnvironmentClient) -> None:
    """One that is there, and one that is not."""
    assert await dev.roles.get("admin") == Role("admin", composite=True)
    with pytest.raises(NotFound):
        await dev.roles.get("nope")


@pytest.mark.parametrize("name", ["auditor", "a%2Fb", "50% off? \N{PARTY POPPER} é+#;&"])
async def test_a_role_is_made_and_taken_away(dev: AsyncEnvironmentClient, sandbox: Sandbox, name: str) -> None:
    """This works for every name."""
    assert await dev.roles.create(name) == Role(name)
    assert await dev.roles.get(name) == Role(name)
    with pytest.raises(Conflict):
        await dev.roles.create(name)
    await dev.roles.delete(name)
    assert name not in sandbox.roles(GRANTS_PORTAL, "dev")


async def test_a_role_is_ensured(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Made where it is missing, left alone where it is there."""
    for _ in range(2):
        assert await dev.roles.ensure("auditor") == Role("auditor")
    assert sandbox.count("POST", "*/roles") == 1


async def test_a_user_is_given_roles(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Two in one call, and they are there."""
    await dev.users.assign(ILSE, "reviewer", "approver")
    assert [role.name for role in await dev.users.roles(ILSE)] == ["admin", "approver", "reviewer"]
    assert sandbox.grants(GRANTS_PORTAL, "dev")[ILSE] == {"admin", "approver", "reviewer"}


async def test_a_role_is_taken_from_a_user(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """And from no one else."""
    await dev.users.assign(ROBOT, "admin")
    await dev.users.unassign(ILSE, "admin")
    assert sandbox.members(GRANTS_PORTAL, "dev", "admin") == [ROBOT.username]


async def test_members_are_listed(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """From more than one page, with what is known of each."""
    people = sorted(sandbox.world.users)[:51]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    members = [member async for member in dev.roles.members("crowd")]
    assert [member.username for member in members] == people
    assert all(member.email for member in members if member.provider == "idir")


async def test_people_are_searched(css: AsyncCss) -> None:
    """By a part of an address, without case."""
    found = await css.people("prod").search("idir", email="ILSE.harg")
    assert [user.username for user in found.users] == [ILSE]
    assert found.complete


async def test_one_person_is_found(dev: AsyncEnvironmentClient) -> None:
    """By the whole address, or not at all."""
    assert (await dev.people.find_one(email="ilse.hargreave@example.com")).username == ILSE
    with pytest.raises(NotFound):
        await dev.people.find_one(email="ilse.harg")


async def test_many_are_given_a_role(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """There is a result for each user, even if some fail."""
    people = [name for name in sorted(sandbox.world.users) if name.endswith("@idir")][:12]
    grants = [Grant(name, "approver") for name in [*people, "nobody@idir"]]
    results = await dev.bulk.assign_many(grants)
    assert [result.outcome for result in results] == ["confirmed"] * 12 + ["failed"]
    assert {*people} <= {*sandbox.members(GRANTS_PORTAL, "dev", "approver")}


@pytest.mark.parametrize("kind", ["drop_before", "lose_after", "422_after"])
async def test_a_write_survives_a_fault(dev: AsyncEnvironmentClient, sandbox: Sandbox, kind: str) -> None:
    """The connection is lost, or the answer is an error: what was asked is so in the end, and was done once."""
    sandbox.faults.add(kind, method="POST")
    await dev.users.assign(ILSE, "reviewer")
    assert ILSE in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert sandbox.count("POST", "*/users/*") == (2 if kind.endswith("before") else 1)
