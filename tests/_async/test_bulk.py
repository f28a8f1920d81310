"""Bulk calls: the number of requests, and one result for each item."""

from __future__ import annotations

import pytest

from css_sdk import ConfigurationError, Grant, NotFound, ServiceAccount, UnusableUser
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


async def test_assigning_a_role_to_many_users_costs_one_request_for_each(
    dev: AsyncEnvironmentClient, sandbox: Sandbox
) -> None:
    """Assigning a role to many users costs one token request, one list of integrations, and one POST for each user."""
    people = usernames(sandbox, 30)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    results = await dev.bulk.assign_many((person, "crowd") for person in people)
    assert [result.grant for result in results] == [Grant(person, "crowd") for person in people]
    assert {result.outcome for result in results} == {"done"}
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == people
    assert asked(sandbox) == {"token": 1, "GET": 1, "POST": 30}


async def test_several_roles_of_one_user_are_sent_in_one_request(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """The grants of one user, however the username is written, are sent in one request."""
    user = usernames(sandbox, 20)[-1]
    for name in ("one", "two"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    results = await dev.bulk.assign_many([(user, "one"), (user.upper(), "two"), (user, "one")])
    assert [result.outcome for result in results] == ["done"] * 3
    assert asked(sandbox)["POST"] == 1


async def test_existing_grants_are_not_sent(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """With skip_existing, assign_many() reads the members and sends only the missing grants."""
    people = usernames(sandbox, 30)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people[:20]:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    results = await dev.bulk.assign_many([(person, "crowd") for person in people], skip_existing=True)
    assert [result.outcome for result in results] == ["already"] * 20 + ["done"] * 10
    assert asked(sandbox) == {"token": 1, "GET": 2, "POST": 10}
    again = await dev.bulk.assign_many([(person, "crowd") for person in people], skip_existing=True)
    assert {result.outcome for result in again} == {"already"}
    assert asked(sandbox)["POST"] == 10


async def test_a_failed_grant_does_not_stop_other_grants(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Unknown people, unknown roles and refused names fail alone, and the same user's other roles are assigned."""
    user, other = usernames(sandbox, 20)[-2:]
    nobody = "0" * 32 + "@idir"
    for name in ("one", "two"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    grants = [
        (nobody, "one"),
        (user, "one"),
        (user, "nope"),
        (user, "two"),
        (user, ".."),
        ("a@otp", "one"),
        (other, "nope"),
    ]
    results = await dev.bulk.assign_many(grants)
    assert [result.outcome for result in results] == [
        "failed", "done", "failed", "done", "failed", "failed", "failed",
    ]  # fmt: skip
    errors = [result.error for result in results]
    assert isinstance(errors[0], NotFound)
    assert errors[0].what == "user"
    assert isinstance(errors[2], NotFound)
    assert errors[2].what == "role"
    assert isinstance(errors[5], UnusableUser)
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "one")
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "two")


async def test_every_result_is_reported_once(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """progress= gets each result once."""
    people = usernames(sandbox, 10)
    reported = []
    results = await dev.bulk.assign_many([(person, "reviewer") for person in people], progress=reported.append)
    assert sorted(reported, key=str) == sorted(results, key=str)


async def test_a_role_is_removed_from_many_users(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """With skip_existing, unassign_many() sends one DELETE for each user who has the role."""
    people: list[str | ServiceAccount] = [*usernames(sandbox, 10)]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people[:4]:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", str(person))
    results = await dev.bulk.unassign_many([(person, "crowd") for person in people], skip_existing=True)
    assert [result.outcome for result in results] == ["done"] * 4 + ["already"] * 6
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == []
    assert asked(sandbox)["DELETE"] == 4


async def test_a_width_out_of_range_is_refused(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """A width outside 1 to 8 is refused, because more requests at once are a burden to the service."""
    for width in (0, 9):
        with pytest.raises(ConfigurationError, match="1 to 8"):
            await dev.bulk.assign_many([(usernames(sandbox, 1)[0], "reviewer")], width=width)
    assert asked(sandbox)["POST"] == 0
