# Written from tests/_async/test_steps.py by `make generate`; edit that one.
"""Carrying out steps: refusals before the first write, the number of requests, their order, and concurrency."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

from css_sdk import Css, Guards, LastMember, Settings, StalePlan, StepResult, TooManyRemovals, UnusableUser
from css_sdk._http.journal_writer import Journal
from css_sdk._sync.steps import StepRun
from css_sdk.journal.entries import read_journal
from css_sdk.people.identities import Person
from css_sdk.plan.dependencies import Dependencies
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.sandbox import Sandbox
from css_sdk.state import Step, StepKind
from tests.fault_sequences import sent_writes
from tests.plan_worlds import DEV, MIXED_BEFORE, Busy, W, X, Y, Z, crowded, mixed, outcomes, reason, seeded
from tests.support import asked, at_once

WHERE = (DEV.integration, DEV.environment)


def client(sandbox: Sandbox, journal: Journal | None = None) -> Css:
    """Return a client that does not wait between attempts."""
    return Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), retry=at_once, journal=journal)


def file_of(*roles: DesiredRole, exact: bool = False) -> Desired:
    """Return a roles file for one environment."""
    return Desired((DesiredPlace("101", "dev", Listed(roles, exact)),))


def members(*usernames: str) -> Listed[Person]:
    """Return an exact list of these members."""
    return Listed(tuple(Person("username", name) for name in usernames), exact=True)


def carried_out(
    css: Css, steps: list[Step], width: int = 1, results: list[StepResult] | None = None
) -> list[StepResult]:
    """Carry out steps of one environment."""
    dev = (css.integration(DEV.integration)).environment(DEV.environment)
    progress = None if results is None else results.append
    return StepRun({DEV: dev.roles}, steps, Dependencies(steps), width=width, progress=progress).carry_out()


# Refusals before the first write.


@pytest.mark.parametrize(
    "change", ["role", "role deleted", "member", "member gone", "child", "child gone", "rename", "elsewhere"]
)
def test_any_change_of_the_place_makes_a_plan_stale(change: str) -> None:
    """If a role, a member or a child was added or removed after planning, the plan is stale and nothing is sent.

    A change in another environment does not matter.
    """
    sandbox = seeded([MIXED_BEFORE])
    with client(sandbox) as css:
        plan = css.plan(mixed(), prune=True)
        match change:
            case "role":
                sandbox.create_role(*WHERE, "another")
            case "role deleted":
                sandbox.delete_role(*WHERE, "g")
            case "member":
                sandbox.grant(*WHERE, "g", W)
            case "member gone":
                sandbox.revoke(*WHERE, "d", Y)
            case "child":
                sandbox.create_role(*WHERE, "g", ["b"])
            case "child gone":
                (css.integration(101)).environment("dev").roles.composites("p").remove("a")
            case "rename":
                (css.integration(101)).environment("dev").roles.rename("g", "h")
            case _:
                sandbox.create_role(101, "test", "another")
                assert not reason((css.apply_plan(plan)).results)
                return
        before = sent_writes(sandbox)
        with pytest.raises(StalePlan, match=r"\(#101\) dev.*has changed after the plan was made.*Nothing was sent"):
            css.apply_plan(plan)
    assert sent_writes(sandbox) == before


def test_members_of_an_unmentioned_role_may_change(sandbox: Sandbox) -> None:
    """If the members of a role that the roles file does not mention change, the plan is not stale."""
    with client(sandbox) as css:
        plan = css.plan(file_of(DesiredRole("reviewer", members=members(X))))
        sandbox.grant(*WHERE, "approver", W)
        assert not reason((css.apply_plan(plan)).results)


def test_a_plan_of_another_team_or_address_is_refused(sandbox: Sandbox) -> None:
    """A plan of another team or another API address is stale, and its places are not read."""
    with client(sandbox) as css:
        plan = css.plan(file_of(DesiredRole("another")))
        other_team, elsewhere = (
            evolve(plan, team_id=2017),
            evolve(plan, api_url="https://elsewhere.example/v1"),
        )
        before = asked(sandbox)
        with pytest.raises(StalePlan, match="team 2017"):
            css.apply_plan(other_team)
        with pytest.raises(StalePlan, match=r"elsewhere\.example"):
            css.apply_plan(elsewhere)
    assert asked(sandbox) == before


def test_guards_refuse_a_plan_before_the_first_write() -> None:
    """If a plan exceeds the removal limit or leaves a keep_last role empty, it is refused and nothing is sent."""
    sandbox = seeded([MIXED_BEFORE])
    with client(sandbox) as css:
        plan = css.plan(mixed(), prune=True)
        with pytest.raises(TooManyRemovals):
            css.apply_plan(plan, guards=Guards(max_removals=1))
        with pytest.raises(LastMember, match="'c'"):
            css.apply_plan(plan, guards=Guards(keep_last=["c"]))
        with pytest.raises(LastMember, match="'g'"):
            css.apply_plan(plan, guards=Guards(keep_last=["g"]))
        assert sent_writes(sandbox) == 0
        assert not reason((css.apply_plan(plan, guards=Guards(max_removals=2, keep_last=["d"]))).results)


@pytest.mark.parametrize("remove_first", [False, True])
def test_additions_come_before_removals_unless_remove_first_is_set(remove_first: bool) -> None:
    """By default css-sdk adds everything before it removes anything. The caller can reverse this order."""
    sandbox = seeded([MIXED_BEFORE])
    with client(sandbox) as css:
        applied = css.apply_plan(css.plan(mixed(), prune=True), guards=Guards(remove_first=remove_first))
    assert not reason(applied.results)
    sent = [entry.method for entry in sandbox.requests if entry.kind == "api" and entry.method in ("POST", "DELETE")]
    assert [method for method, _ in itertools.groupby(sent)] == (
        ["DELETE", "POST"] if remove_first else ["POST", "DELETE"]
    )


# The number of requests.


def test_a_plan_for_120_members_sends_one_write_for_each_person(tmp_path: Path) -> None:
    """A plan for 120 members sends one write for each person for all roles together, and reads no single person."""
    sandbox, people = crowded(120)
    sandbox.grant(*WHERE, "one", *people[:40])
    roles = [DesiredRole(name, members=members(*people)) for name in ("one", "two", "three")]
    with Journal(tmp_path / "journal") as journal:
        with client(sandbox, journal) as css:
            plan = css.plan(file_of(*roles))
            # Integrations, roles, the children of `admin`, and one page of members for each of the three roles.
            assert asked(sandbox) == {"token": 1, "GET": 3 + 1 + 1 + 1}
            assert len(plan.steps) == 120 * 3 - 40
            before = asked(sandbox)
            applied = css.apply_plan(plan)
            # css-sdk reads the members of a role that it changes until two readings agree.
            assert asked(sandbox) - before == {"GET": 2 + 2 * 3, "POST": 120}
            assert not reason(applied.results)
            before = asked(sandbox)
            assert (css.plan(file_of(*roles))).steps == ()
            assert asked(sandbox) - before == {"GET": 2 + 3 * 3}
        entries = read_journal(journal.path.read_bytes(), "journal").entries
    assert sum(len(entry.steps) for entry in entries) == 320
    assert Counter(entry.outcome for entry in entries) == {"done": 120}


def test_a_renamed_role_keeps_its_60_members(tmp_path: Path) -> None:
    """Renaming a role sends one PUT and no other write, however many members the role has."""
    sandbox, people = crowded(60)
    sandbox.grant(*WHERE, "one", *people)
    with client(sandbox) as css:
        plan = css.plan(file_of(DesiredRole("first", was="one", members=members(*people))), prune=True)
        assert [(step.kind, step.role, step.target, step.people) for step in plan.steps] == [
            ("rename_role", "one", "first", 60)
        ]
        assert not reason((css.apply_plan(plan)).results)
        assert {method: count for method, count in asked(sandbox).items() if method != "GET"} == {"token": 1, "PUT": 1}
        assert (css.plan(file_of(DesiredRole("first", was="one", members=members(*people))))).steps == ()
    assert sandbox.members(*WHERE, "first") == sorted(people)


# Concurrency.


@pytest.mark.parametrize("width", [1, 3, 8])
def test_no_more_calls_are_sent_at_once_than_the_width(width: int) -> None:
    """css-sdk sends `width` calls at once, never more, and never two calls at once for one user."""
    sandbox, people = crowded(16)
    busy = Busy(sandbox, meeting=width)
    with Css(Settings(**sandbox.credentials()), transport=busy.transport(), retry=at_once) as css:
        names = ("one", "two", "three")
        steps = [Step("add_member", DEV, name, user) for user in people for name in names]
        steps += [Step("remove_member", DEV, name, user) for user in people for name in names]
        reported: list[StepResult] = []
        results = carried_out(css, steps, width, reported)
    assert set(outcomes(results).values()) == {"done"}
    assert sorted(map(str, reported)) == sorted(map(str, results))
    assert busy.most == width
    assert busy.most_for_a_user == 1
    assert sent_writes(sandbox) == 16 + 16 * 3


# Failed steps and the steps that depend on them.


def test_a_failed_renaming_skips_the_steps_that_depend_on_it(sandbox: Sandbox) -> None:
    """If a renaming fails, css-sdk skips the steps that depend on it, and carries out the others."""
    for name in ("x", "y"):
        sandbox.create_role(*WHERE, name)
    steps = [
        Step("rename_role", DEV, "y", "reviewer"),
        Step("rename_role", DEV, "x", "y"),
        Step("add_member", DEV, "y", X),
        Step("add_member", DEV, "admin", X),
    ]
    with client(sandbox) as css:
        results = carried_out(css, steps)
    assert [result.outcome for result in results] == ["failed", "skipped", "skipped", "done"]
    assert "not done: rename role y to reviewer." in str(results[2].error)
    assert asked(sandbox)["PUT"] == 1
    assert sandbox.members(*WHERE, "x") == []


def test_the_journal_of_concurrent_deletions_records_all_lost_composites(tmp_path: Path) -> None:
    """If roles that contain each other are deleted at once, the journal records each lost composite relation once."""
    sandbox = Sandbox()
    names = [f"role {number}" for number in range(6)]
    for number, name in enumerate(names):
        sandbox.create_role(*WHERE, name, names[:number])
    with Journal(tmp_path / "journal") as journal:
        with client(sandbox, journal) as css:
            results = carried_out(css, [Step("delete_role", DEV, name) for name in names], width=8)
        recorded = read_journal(journal.path.read_bytes(), "journal").steps
    assert set(outcomes(results).values()) == {"done"}
    assert Counter(step.kind for step in recorded) == {"remove_composite": 15, "delete_role": 6}


@pytest.mark.parametrize("kind", ["add_member", "remove_member"])
def test_a_user_who_cannot_hold_roles_does_not_stop_other_steps(sandbox: Sandbox, kind: StepKind) -> None:
    """A step for a user whose provider cannot hold roles fails, and the steps for other users are done."""
    sandbox.grant(*WHERE, "reviewer", Y)
    steps = [Step(kind, DEV, "reviewer", username) for username in ("0f3a@bcsc", X, Y, Z)]
    with client(sandbox) as css:
        results = carried_out(css, steps, width=4)
    assert [result.outcome for result in results] == ["failed", "done", "done", "done"]
    assert isinstance(results[0].error, UnusableUser)
