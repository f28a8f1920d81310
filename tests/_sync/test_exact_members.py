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


def test_set_members_sends_one_write_for_each_difference(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """set_members() reads the members twice, and sends one write for each member to add or remove."""
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


def test_nobody_is_removed_if_an_addition_fails(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If a new member cannot be added, set_members() removes nobody."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    with pytest.raises(
        NotAllDone, match=r"^1 user could not be added to the role 'reviewer' in Grants .*\. Nobody was removed"
    ) as caught:
        dev.roles.set_members("reviewer", ["00000000000000000000000000000000@idir"])
    assert [result.outcome for result in caught.value.results] == ["failed"]
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == held
    with pytest.raises(UnusableUser):
        dev.roles.set_members("reviewer", ["somebody"])


def test_a_change_that_may_have_been_made_is_not_reported_as_failed(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If css-sdk cannot know whether users were added, the error of set_members() says that they may not be added."""
    sandbox.faults.add("drop_before", method="POST", times=None)
    words = r"^2 of 2 users may not have been added to the role 'reviewer' in Grants .*\. Nobody was removed"
    with pytest.raises(NotAllDone, match=words) as caught:
        dev.roles.set_members("reviewer", usernames(sandbox, 7)[5:])
    assert {result.outcome for result in caught.value.results} == {"unknown"}


def test_removals_of_members_are_limited(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """set_members() refuses to remove more than 10 members or a fifth of them, unless max_removals= allows it."""
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


def test_a_member_whom_no_request_can_remove_is_refused_before_a_write(
    dev: EnvironmentClient, sandbox: Sandbox
) -> None:
    """If a request for a removal would be too long, set_members() refuses the whole call and writes nothing."""
    person = usernames(sandbox, 1)[0]
    robot = "service-account-fisheries-service-102"
    role = "x" * (255 - len(f"/integrations/101/dev/users/{robot}/roles/"))
    sandbox.create_role(GRANTS_PORTAL, "dev", role)
    sandbox.grant(GRANTS_PORTAL, "dev", role, person, robot)
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match=person):
        dev.roles.set_members(role, [robot])
    assert set(asked(sandbox) - before) == {"GET"}


def test_a_child_that_no_request_can_remove_is_refused_before_a_write(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If the names of parent and child are too long for one request, composites.set() writes nothing."""
    parent, child = "p" * 110, "c" * 110
    sandbox.create_role(GRANTS_PORTAL, "dev", child)
    sandbox.create_role(GRANTS_PORTAL, "dev", parent, [child])
    before = asked(sandbox)
    with pytest.raises(RequestTooLong, match=f"removes '{child}' from '{parent}'"):
        dev.roles.composites(parent).set("reviewer")
    assert set(asked(sandbox) - before) == {"GET"}


def test_a_person_who_never_logged_in_prevents_all_removals(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If a listed person has never logged in, set_members() removes nobody, even if another one is a member."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    with pytest.raises(NotAllDone, match="Nobody was removed"):
        dev.roles.set_members("reviewer", [held[0], "00000000000000000000000000000000@idir"])
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == held


def test_nothing_is_written_unless_confirm_allows_it(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If confirm= returns False, nothing is written.

    It gets the plan of additions and is not called for an empty plan.
    """
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


def test_a_change_of_members_during_confirm_makes_the_call_stale(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If somebody else changes the members while confirm= runs, set_members() is stale and writes nothing."""
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    other = usernames(sandbox, 20)[-1]
    with pytest.raises(StalePlan, match=r"'reviewer' in Grants Portal .#101. dev"):
        dev.roles.set_members(
            "reviewer", held[:1], confirm=lambda _: sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", other)
        )
    assert set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer")) == {*held, other}


def test_progress_is_called_with_every_step(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """progress= gets the result of every step, including the removals that were skipped."""
    reported: list[str] = []
    with pytest.raises(NotAllDone):
        dev.roles.set_members(
            "reviewer",
            ["00000000000000000000000000000000@idir"],
            progress=lambda result: reported.append(result.outcome),
        )
    assert reported == ["failed", "skipped", "skipped"]


def test_members_who_keep_changing_prevent_all_removals(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """If the members differ in each of three readings, set_members() raises OutcomeUnknown and removes nobody."""
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
        with pytest.raises(OutcomeUnknown, match="3 times, and each reading differed"):
            place.roles.set_members("crowd", people[-1:])
        assert (asked(sandbox) - before) == {"GET": 3}


def test_settled_members_reads_twice_if_the_readings_agree(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """settled_members() reads the list twice if both readings agree."""
    before = asked(sandbox)
    settled = dev.roles.settled_members("reviewer")
    assert [user.username for user in settled] == sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    assert (asked(sandbox) - before) == {"GET": 2}


def test_removing_the_settled_members_skips_nobody(dev: EnvironmentClient, sandbox: Sandbox) -> None:
    """Removing members while iterating over members() skips people, but removing the settled_members() skips nobody."""
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
