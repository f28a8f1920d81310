"""After the credentials or the token were refused once, bulk calls send nothing else; every item has a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from css_sdk import AsyncCss, AuthenticationError
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.people.identities import Person
from css_sdk.roster.rows import Action, Row
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, usernames

NAMES = [f"role-{number}" for number in range(12)]


async def sent_by(sandbox: Sandbox, results: Sequence[Any], before: Counter[str]) -> Counter[str]:
    """What was sent, when each of the results is the refusal."""
    assert [type(result.error) for result in results] == [AuthenticationError] * len(results)
    assert {result.outcome for result in results} == {"failed"}
    return asked(sandbox) - before


@pytest.mark.parametrize("skip_existing", [False, True])
async def test_a_user_loses_twelve_roles(dev: AsyncEnvironmentClient, sandbox: Sandbox, skip_existing: bool) -> None:
    """The first role is tried, with one new token; the other eleven are not."""
    [person] = usernames(sandbox, 1)
    for name in NAMES:
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    before = asked(sandbox)
    results = await dev.bulk.unassign_many([(person, name) for name in NAMES], skip_existing=skip_existing)
    assert await sent_by(sandbox, results, before) == {"token": 1, "GET" if skip_existing else "DELETE": 2}


async def test_twelve_roles_are_created(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """One after another: the first is tried, the other eleven are not."""
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    before = asked(sandbox)
    results = await dev.bulk.create_roles(NAMES, width=1)
    assert [result.name for result in results] == NAMES
    assert await sent_by(sandbox, results, before) == {"token": 1, "POST": 2}


async def test_a_roster_of_several_places(css: AsyncCss, sandbox: Sandbox) -> None:
    """What was refused in the first place is tried in no other, neither grants nor revocations."""
    [person] = usernames(sandbox, 1)
    places = [(GRANTS_PORTAL, "dev"), (GRANTS_PORTAL, "test"), (FISHERIES, "dev"), (FISHERIES, "prod")]
    actions: tuple[Action, ...] = ("grant", "revoke")
    rows = [
        Row(2, Person("username", person), f"to-{action}", str(place), environment, action)
        for place, environment in places
        for action in actions
    ]
    await css.integrations()
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    before = asked(sandbox)
    results = await css.apply_roster(rows, skip_existing=False)
    assert await sent_by(sandbox, results, before) == {"token": 1, "POST": 2}
