# Written from tests/_async/test_exact_members.py by `make generate`; edit that one.
"""Exact members: css-sdk reads the members twice before it removes anyone, and removes nobody if an addition fails."""

from __future__ import annotations

import pytest

from css_sdk import (
    Css,
    NotAllDone,
    NotConfirmed,
    OutcomeUnknown,
    Plan,
    RequestTooLong,
    ServiceAccount,
    Settings,
    StalePlan,
    TooManyRemovals,
    UnusableUser,
)
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames


def test_exactly_these_members(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Two readings, one write for each who comes or goes, none for who stays."""
    people = usernames(sandbox, 20)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people[:10])
    before = asked(sandbox)
    wanted = [*people[5:12], ServiceAccount("fisheries-service-102")]
    change = dev.roles.set_members("crowd", wanted, max_removals=5)
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


def test_a_list_with_a_mistake_does_not_empty_a_role(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """More than 10 removals, or than a fifth of the members, need their number; nothing is written otherwise."""
    people = usernames(sandbox, 20)
    sandbox.create_role(GRANTS_PORTAL, "dev", "crowd")
    sandbox.grant(GRANTS_PORTAL, "dev", "crowd", *people)
    before = asked(sandbox)
    with pytest.raises(TooManyRemovals, match="15 of 20 members of the role 'crowd'"):
        dev.roles.set_members("crowd", people[:5])
    with pytest.raises(TooManyRemovals, match="The limit is 14"):
        dev.roles.set_members("crowd", people[:5], max_removals=14)
    assert (asked(sandbox) - before) == {"GET": 4}
    assert len((dev.roles.set_members("crowd", people[:5], max_removals=15)).removed) == 15


def test_a_member_whom_no_request_can_remove_is_refused_first(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """With a long role name and a long username the request gets too long. Nothing is written."""
    person = usernames(sandbox, 1)[0]
    robot = "service-account-fisheries-service-102"
    role = "x" * (255 - len(f"/integrations/101/dev/users/{robot}/roles/"))
    sandbox.create_role(GRANTS_PORTAL, "dev", role)
    sandbox.grant(GRANTS_PORTAL, "dev", role, person, robot)
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match=person):
        dev.roles.set_members(role, [robot])
    assert set(asked(sandbox) - before) == {"GET"}


def test_a_child_that_no_request_can_remove_is_refused_first(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """The names of both roles together may be too long for one request. Then no child is added either."""
    parent, child = "p" * 110, "c" * 110
    sandbox.create_role(GRANTS_PORTAL, "dev", child)
    sandbox.create_role(GRANTS_PORTAL, "dev", parent, [child])
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match=f"removes '{child}' from '{parent}'"):
        dev.roles.composites(parent).set("reviewer")
    assert set(asked(sandbox) - before) == {"GET"}


def test_somebody_who_never_logged_in_holds_every_removal(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """The members are exactly these or nobody is removed, also where others of the list hold the role."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    with pytest.raises(NotAllDone, match="Nobody was removed"):
        dev.roles.set_members("reviewer", [held[0], "00000000000000000000000000000000@idir"])
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == held


def test_nothing_is_written_unless_it_is_confirmed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """`confirm` gets the plan, also where only somebody is added, and its answer counts."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    other = usernames(sandbox, 20)[-1]
    plans: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        plans.append(plan)
        return False

    with pytest.raises(NotConfirmed):
        dev.roles.set_members("reviewer", [*held, other], confirm=refuse)
    dev.roles.set_members("reviewer", held, confirm=refuse)
    assert [(step.kind, step.target) for plan in plans for step in plan.steps] == [("add_member", other)]
    assert asked(sandbox)["POST"] == 0


def test_what_others_change_after_the_question_is_not_overwritten(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """The members are read again after `confirm`, and nothing is written when they are others."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    other = usernames(sandbox, 20)[-1]
    with pytest.raises(StalePlan, match="'reviewer' in #101, dev"):
        dev.roles.set_members(
            "reviewer", held[:1], confirm=lambda _: sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", other)
        )
    assert set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) == {*held, other}


def test_progress_is_called_with_every_step(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Also with those that are skipped because somebody could not be added."""
    told: list[str] = []
    with pytest.raises(NotAllDone):
        dev.roles.set_members(
            "reviewer", ["00000000000000000000000000000000@idir"], progress=lambda result: told.append(result.outcome)
        )
    assert told == ["failed", "skipped", "skipped"]


def test_a_list_that_keeps_changing_removes_nobody(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If no two of three readings are equal, css-sdk removes nobody."""
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
