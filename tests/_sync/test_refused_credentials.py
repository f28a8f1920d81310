# Written from tests/_async/test_refused_credentials.py by `make generate`; edit that one.
"""If the credentials or the token are refused once, bulk calls send nothing else, and every item has a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from css_sdk import AuthenticationError, Css
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.people.identities import Person
from css_sdk.roster.rows import Action, Row
from css_sdk.sandbox import Sandbox
from tests.support import FISHERIES, GRANTS_PORTAL, asked, usernames

NAMES = [f"role-{number}" for number in range(12)]


def sent_by(sandbox: Sandbox, results: Sequence[Any], before: Counter[str]) -> Counter[str]:
    """Return the requests sent since `before`, after checking that each result is the refusal."""
    assert [type(result.error) for result in results] == [AuthenticationError] * len(results)
    assert {result.outcome for result in results} == {"failed"}
    return asked(sandbox) - before


@pytest.mark.parametrize("skip_existing", [False, True])
def test_removals_stop_after_the_token_is_refused(
    dev: EnvironmentClient, sandbox: Sandbox, skip_existing: bool
) -> None:
    """If the token is refused for the first removal, css-sdk tries one new token and sends no other removal."""
    [person] = usernames(sandbox, 1)
    for name in NAMES:
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    before = asked(sandbox)
    results = dev.bulk.unassign_many([(person, name) for name in NAMES], skip_existing=skip_existing)
    assert sent_by(sandbox, results, before) == {"token": 1, "GET" if skip_existing else "DELETE": 2}


def test_creations_stop_after_the_token_is_refused(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If the token is refused for the first new role, css-sdk does not send the other creations."""
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    before = asked(sandbox)
    results = dev.bulk.create_roles(NAMES, width=1)
    assert [result.name for result in results] == NAMES
    assert sent_by(sandbox, results, before) == {"token": 1, "POST": 2}


def test_a_roster_stops_in_all_places_after_the_token_is_refused(css: Css, sandbox: Sandbox) -> None:
    """If the token is refused in the first place of a roster, css-sdk sends nothing to the other places."""
    [person] = usernames(sandbox, 1)
    places = [(GRANTS_PORTAL, "dev"), (GRANTS_PORTAL, "test"), (FISHERIES, "dev"), (FISHERIES, "prod")]
    actions: tuple[Action, ...] = ("grant", "revoke")
    rows = [
        Row(2, Person("username", person), f"to-{action}", str(place), environment, action)
        for place, environment in places
        for action in actions
    ]
    css.integrations()
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    before = asked(sandbox)
    results = css.apply_roster(rows, skip_existing=False)
    assert sent_by(sandbox, results, before) == {"token": 1, "POST": 2}
