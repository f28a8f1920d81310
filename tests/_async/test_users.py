"""Roles of users: reading, assigning and removing them."""

from __future__ import annotations

import pytest

from css_sdk import InvalidRequest, NotFound, ServiceAccount, UnusableUser
from css_sdk._async.client import AsyncCss
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, usernames


async def test_roles_are_assigned_and_removed(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """assign() sends one request for several roles, unassign() one for each role, and neither needs a read."""
    user = usernames(sandbox, 20)[-1]
    for name in ("one", "two"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    before = asked(sandbox)
    await dev.users.assign(user, "one", "two")
    assert (asked(sandbox) - before) == {"POST": 1}
    assert {"one", "two"} <= {role.name for role in await dev.users.roles(user)}
    before = asked(sandbox)
    await dev.users.unassign(user, "one", "two")
    assert (asked(sandbox) - before) == {"DELETE": 2}
    assert not {"one", "two"} & {role.name for role in await dev.users.roles(user)}


async def test_the_case_of_a_username_does_not_matter(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """A username is matched without regard to case."""
    user = usernames(sandbox, 1)[0]
    await dev.users.assign(user.upper(), "reviewer")
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")


async def test_a_service_account_is_identified_by_its_client_id(css: AsyncCss, sandbox: Sandbox) -> None:
    """A service account is identified by its client id, in its own integration and in another one."""
    robot = ServiceAccount("fisheries-service-102")
    for number in (FISHERIES, GRANTS_PORTAL):
        place = (await css.integration(number)).environment("dev")
        await place.roles.ensure("robot")
        await place.users.assign(robot, "robot")
        assert sandbox.members(number, "dev", "robot") == ["service-account-fisheries-service-102"]
        members = [member async for member in place.roles.members("robot")]
        assert [member.service_account for member in members] == [robot]
        assert [role.name for role in await place.users.roles(robot)] == ["robot"]
        await place.users.unassign(robot, "robot")
        assert sandbox.members(number, "dev", "robot") == []


@pytest.mark.parametrize(
    "user",
    [
        "fisheries-service-102",
        "somebody",
        "a@bcservicescard",
        "a@otp",
        "@idir",
        "a@",
        "..",
        "",
        " a@idir",
        "a\n@idir",
        "0" * 31 + "@idir",
        "0" * 33 + "@AzureIDIR",
        "g" * 32 + "@bceidbasic",
        "0f3ac878-06aa-7f21-5a7c-0d4cc4d9e799@idir",
    ],
)
async def test_an_invalid_username_is_refused(dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str) -> None:
    """Invalid usernames, bare client ids and users whose provider cannot hold roles are refused before a request."""
    before = asked(sandbox)
    for call in (dev.users.assign, dev.users.unassign):
        with pytest.raises(UnusableUser):
            await call(user, "reviewer")
    with pytest.raises(UnusableUser):
        await dev.users.roles(user)
    assert asked(sandbox) == before


async def test_a_user_who_never_logged_in_is_reported(dev: AsyncEnvironmentClient) -> None:
    """If a user has never logged in to the environment, the error says that only people who logged in are known."""
    nobody = "0" * 32 + "@idir"
    for call, roles in ((dev.users.assign, ["reviewer"]), (dev.users.unassign, ["reviewer"]), (dev.users.roles, [])):
        with pytest.raises(NotFound, match="people who have logged in") as caught:
            await call(nobody, *roles)
        assert caught.value.what == "user"


async def test_one_missing_role_among_several_prevents_the_assignment(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """If one of several roles does not exist, assign() assigns none, and the error names the missing role."""
    user = usernames(sandbox, 20)[-1]
    held = [role.name for role in await dev.users.roles(user)]
    with pytest.raises(NotFound, match="nope") as caught:
        await dev.users.assign(user, "reviewer", "nope")
    assert caught.value.what == "role"
    assert [role.name for role in await dev.users.roles(user)] == held


async def test_an_assignment_without_a_role_is_refused(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """assign() without a role raises InvalidRequest and sends nothing."""
    before = asked(sandbox)
    with pytest.raises(InvalidRequest):
        await dev.users.assign(usernames(sandbox, 1)[0])
    assert asked(sandbox) == before
