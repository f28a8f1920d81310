# Written from tests/_async/test_exact_members.py by `make generate`; edit that one.
"""Exactly these members: whoever is removed was read twice, and nobody goes while somebody could not come."""

from __future__ import annotations

import pytest

from css_sdk import Css, NotAllDone, OutcomeUnknown, ServiceAccount, Settings, UnusableUser
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_exactly_these_members(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Two readings, one write for each who comes or goes, none for who stays."""
    people = usernames(sandbox, 20)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people[:10])
    before = asked(sandbox)
    change = dev.roles.set_members("crowd", [*people[5:12], ServiceAccount("fisheries-service-102")])
    robot = "service-account-fisheries-service-102"
    assert (asked(sandbox) - before) == {"GET": 2, "POST": 3, "DELETE": 5}
    assert sorted(change.added) == [*people[10:12], robot]
    assert sorted(change.removed) == people[:5]
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == [*people[5:12], robot]


def test_nobody_goes_while_somebody_could_not_come(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """A mistyped successor does not leave a role without anybody."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    with pytest.raises(NotAllDone, match=r"1 of 1 users could not be added\. Nobody was removed") as told:
        dev.roles.set_members("reviewer", ["00000000000000000000000000000000@idir"])
    assert [result.outcome for result in told.value.results] == ["failed"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == held
    with pytest.raises(UnusableUser):
        dev.roles.set_members("reviewer", ["somebody"])


def test_a_list_that_keeps_changing_removes_nobody(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Three readings of which no two agree are no ground to take anything away."""
    people = usernames(sandbox, 20)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    leaving = iter(people)

    def somebody_leaves(_: float) -> None:
        sandbox.revoke(GRANTS_PORTAL, "dev", "crowd", next(leaving))

    sandbox.faults.add("delay", path="*/roles/crowd/users", times=None, seconds=1)
    settings = Settings(**sandbox.credentials())
    with Css(settings, transport=sandbox.transport(somebody_leaves)) as css:
        place = (css.integration(GRANTS_PORTAL)).environment("dev")
        before = asked(sandbox)
        with pytest.raises(OutcomeUnknown, match="3 readings"):
            place.roles.set_members("crowd", people[-1:])
        assert (asked(sandbox) - before) == {"GET": 3}


def test_two_readings_that_agree_are_enough(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """One after the other, and a third only where they differ."""
    before = asked(sandbox)
    settled = dev.roles.settled_members("reviewer")
    assert [user.username for user in settled] == sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert (asked(sandbox) - before) == {"GET": 2}


def test_unassigning_while_iterating_leaves_nobody_in_when_the_list_is_settled_first(
    dev: EnvironmentClient, sandbox: Sandbox
) -> None:
    """Removing from the pages while they are read would skip people; the settled list does not."""
    crowd = sorted(sandbox.world.users)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *crowd)
    for member in dev.roles.members("crowd"):
        dev.users.unassign(member.username, "crowd")
    left = sandbox.members(GRANTS_PORTAL, "dev", "crowd")
    assert left, "pages that shift should have left somebody in"
    for user in dev.roles.settled_members("crowd"):
        dev.users.unassign(user.username, "crowd")
    assert sandbox.members(GRANTS_PORTAL, "dev", "crowd") == []
