"""Many grants at once: how many calls they need, and a result for each."""

from __future__ import annotations

import pytest

from css_sdk import ConfigurationError, Grant, NotFound, ServiceAccount, UnusableUser
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


async def test_one_role_for_many_costs_one_call_each(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """One token, one list of integrations, and a POST for each user; nothing else."""
    people = usernames(sandbox, 30)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    results = await dev.bulk.assign_many((person, "crowd") for person in people)
    assert [result.grant for result in results] == [Grant(person, "crowd") for person in people]
    assert {result.outcome for result in results} == {"confirmed"}
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == people
    assert asked(sandbox) == {"token": 1, "GET": 1, "POST": 30}


async def test_several_roles_of_one_user_go_in_one_call(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """However the user is written."""
    user = usernames(sandbox, 20)[-1]
    for name in ("one", "two"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    results = await dev.bulk.assign_many([(user, "one"), (user.upper(), "two"), (user, "one")])
    assert [result.outcome for result in results] == ["confirmed"] * 3
    assert asked(sandbox)["POST"] == 1


async def test_what_is_already_so_is_not_sent(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """With `skip_existing` the members are read, and only what is missing is sent."""
    people = usernames(sandbox, 30)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people[:20]:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", person)
    results = await dev.bulk.assign_many([(person, "crowd") for person in people], skip_existing=True)
    assert [result.outcome for result in results] == ["already"] * 20 + ["confirmed"] * 10
    assert asked(sandbox) == {"token": 1, "GET": 2, "POST": 10}
    again = await dev.bulk.assign_many([(person, "crowd") for person in people], skip_existing=True)
    assert {result.outcome for result in again} == {"already"}
    assert asked(sandbox)["POST"] == 10


async def test_a_failure_stops_nothing(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """Unknown people, unknown roles and refused names fail alone; the same user's other roles are given."""
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
        "failed", "confirmed", "failed", "confirmed", "failed", "failed", "failed",
    ]  # fmt: skip
    errors = [result.error for result in results]
    assert isinstance(errors[0], NotFound)
    assert errors[0].what == "user"
    assert isinstance(errors[2], NotFound)
    assert errors[2].what == "role"
    assert isinstance(errors[5], UnusableUser)
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "one")
    assert user in sandbox.members(GRANTS_PORTAL, "dev", "two")


async def test_every_result_is_told_as_it_comes(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """The callback gets each result once."""
    people = usernames(sandbox, 10)
    told = []
    results = await dev.bulk.assign_many([(person, "reviewer") for person in people], progress=told.append)
    assert sorted(told, key=str) == sorted(results, key=str)


async def test_roles_are_taken_from_many(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """One DELETE for each user and role, and with `skip_existing` only for those who have it."""
    people: list[str | ServiceAccount] = [*usernames(sandbox, 10)]
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    for person in people[:4]:
        sandbox.grant(GRANTS_PORTAL, "dev", "crowd", str(person))
    results = await dev.bulk.unassign_many([(person, "crowd") for person in people], skip_existing=True)
    assert [result.outcome for result in results] == ["confirmed"] * 4 + ["already"] * 6
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == []
    assert asked(sandbox)["DELETE"] == 4


async def test_a_width_out_of_range_is_refused(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """More than 8 calls at once are a burden to the service, so that nobody can ask for them."""
    for width in (0, 9):
        with pytest.raises(ConfigurationError, match="1 to 8"):
            await dev.bulk.assign_many([(usernames(sandbox, 1)[0], "reviewer")], width=width)
    assert asked(sandbox)["POST"] == 0
