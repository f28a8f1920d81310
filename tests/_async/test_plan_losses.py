"""Removals of a plan: they wait for their replacements, count losses through composites, and are never repeated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from css_sdk import AsyncCss, Guards, InvalidFile, Settings, Skipped, StalePlan, TooManyRemovals
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed
from css_sdk.plan.serialization import plan_as_json, read_plan
from css_sdk.plan.text import plan_as_text
from css_sdk.sandbox import Sandbox
from css_sdk.state import PlaceState, Step
from tests.fault_sequences import sent_writes
from tests.plan_worlds import DEV, GHOST, W, X, Y, Z, crowded, everything, reason, seeded
from tests.support import asked, at_once

WHERE = (DEV.integration, DEV.environment)
BEFORE = PlaceState(
    DEV,
    "",
    frozenset(["a", "b", "c", "d"]),
    {"a": frozenset("d")},
    {"a": frozenset([X]), "b": frozenset([Y]), "c": frozenset(), "d": frozenset([Z])},
)


def client(sandbox: Sandbox, journal: Journal | None = None) -> AsyncCss:
    """Return a client that does not wait between attempts."""
    return AsyncCss(
        Settings(**sandbox.credentials()), transport=sandbox.async_transport(), retry=at_once, journal=journal
    )


def people(*usernames: str) -> Listed[Person]:
    """Return an exact list of these people."""
    return Listed(tuple(Person("username", name) for name in usernames), exact=True)


def file_of(*roles: DesiredRole, users: tuple[DesiredUser, ...] = (), exact: bool = False) -> Desired:
    """Return a roles file for one environment."""
    return Desired((DesiredPlace("#101", "dev", Listed(roles, exact) if roles else None, users),))


REPLACED = {
    "members": file_of(DesiredRole("a", members=people(W))),
    "a user's roles": file_of(users=(DesiredUser(Person("username", Y), Listed(("c",), exact=True)),)),
    "composites": file_of(DesiredRole("a", composites=Listed(("c",), exact=True))),
    "roles": file_of(*map(DesiredRole, ("a", "b", "c", "e")), exact=True),
}


@pytest.mark.parametrize("what", REPLACED)
async def test_a_failed_addition_skips_the_removals_that_depend_on_it(what: str) -> None:
    """If an addition fails, css-sdk skips the removal that it replaces. Applying the remainder later completes both."""
    sandbox = seeded([BEFORE])
    before = everything(sandbox)
    async with client(sandbox) as css:
        plan = await css.plan(REPLACED[what], prune=True)
        sandbox.faults.add("422_before", method="POST", path="*", times=None)
        guards = Guards(keep_last=["a"])
        applied = await css.apply_plan(plan, guards=guards)
        assert [result.outcome for result in applied.results] == ["failed", "skipped"]
        assert isinstance(applied.results[1].error, Skipped)
        assert "unknown exception" in str(applied.results[1].error)
        assert asked(sandbox)["DELETE"] == 0
        assert everything(sandbox) == before
        sandbox.faults.clear()
        assert applied.remainder is not None
        left = read_plan(plan_as_json(applied.remainder), "left.json")
        assert not reason((await css.apply_plan(left, guards=guards)).results)
    assert everything(sandbox) == before | {
        DEV: everything(seeded([BEFORE.after(plan.steps)]))[DEV],
    }


@pytest.mark.parametrize(("others", "left"), [((), [X]), ((W,), [W])])
async def test_a_new_member_who_never_logged_in_blocks_only_the_removal_of_the_last_member(
    others: tuple[str, ...], left: list[str]
) -> None:
    """If the new member has never logged in, the old member is removed, unless the role would have no members."""
    sandbox = seeded([BEFORE])
    async with client(sandbox) as css:
        plan = await css.plan(file_of(DesiredRole("a", members=people(GHOST, *others))), prune=True)
        applied = await css.apply_plan(plan, guards=Guards(keep_last=["a"]))
    assert {result.step.target: result.outcome for result in applied.results if result.step.target not in others} == {
        GHOST: "failed",
        X: "done" if others else "skipped",
    }
    assert sandbox.members(*WHERE, "a") == left


# Resuming with a journal.


async def test_a_grant_that_an_admin_removed_is_not_granted_again(tmp_path: Path) -> None:
    """If an admin removed a confirmed grant, resuming the plan is refused as stale and sends nothing."""
    sandbox = seeded([BEFORE])
    path = tmp_path / "journal"
    with Journal(path) as journal:
        async with client(sandbox, journal) as css:
            plan = await css.plan(file_of(DesiredRole("c", members=people(W, X))))
            assert not reason((await css.apply_plan(plan)).results)
    recorded = read_journal(path.read_bytes(), "journal")
    done = sent_writes(sandbox)
    async with client(sandbox) as css:
        again = await css.apply_plan(plan, resume=recorded)
        assert (again.results, again.remainder) == ((), None)
        sandbox.revoke(*WHERE, "c", X)
        with pytest.raises(StalePlan, match=f"the journal records as done: add {X} to c.*Nothing was sent"):
            await css.apply_plan(plan, resume=recorded)
    assert sent_writes(sandbox) == done
    assert sandbox.members(*WHERE, "c") == [W]


@pytest.mark.parametrize("is_new", [True, False])
async def test_a_planned_grant_that_somebody_else_made_makes_the_plan_stale(tmp_path: Path, is_new: bool) -> None:
    """If somebody else made a planned grant that the journal does not record, resuming the plan is refused as stale."""
    sandbox = seeded([BEFORE])
    path = tmp_path / "journal"
    with Journal(path) as journal:
        async with client(sandbox, journal) as css:
            plan = await css.plan(file_of(DesiredRole("e", members=people(W)), DesiredRole("c", members=people(W))))
            await (await css.integration(101)).environment("dev").roles.create("e")
    sandbox.grant(*WHERE, "e" if is_new else "c", W)
    done = sent_writes(sandbox)
    async with client(sandbox) as css:
        with pytest.raises(StalePlan, match="has changed after the plan was made"):
            await css.apply_plan(plan, resume=read_journal(path.read_bytes(), "journal"))
    assert sent_writes(sandbox) == done


# Losses through composite roles.

LOSING = {
    "taken out": file_of(DesiredRole("one", composites=Listed((), exact=True))),
    "deleted": file_of(*map(DesiredRole, ("one", "three", "admin", "approver", "reviewer")), exact=True),
}


def composed() -> Sandbox:
    """Return a sandbox in which 40 people have `two` through `one`, and one of them also through `three`."""
    sandbox, users = crowded(40)
    for parent in ("one", "three"):
        sandbox.create_role(*WHERE, parent, ["two"])
    sandbox.grant(*WHERE, "one", *users)
    sandbox.grant(*WHERE, "three", users[0])
    return sandbox


@pytest.mark.parametrize(
    ("what", "lost", "line"),
    [
        ("taken out", 39, "  - remove two from composite one (39 people lose two)"),
        ("deleted", 40, "  - delete role two (40 people lose two)"),
    ],
)
async def test_people_who_lose_a_role_through_a_composite_are_counted(what: str, lost: int, line: str) -> None:
    """People who lose a role through a composite are shown, counted against the removal limit, and checked for changes.

    A person who keeps the role through another composite is not counted.
    """
    sandbox = composed()
    async with client(sandbox) as css:
        plan = await css.plan(LOSING[what], prune=True)
        assert [step.people for step in plan.steps] == [lost]
        assert line in plan_as_text(plan).splitlines()
        assert plan.states[0].members.keys() >= {"one", "two", "three"}
        shown = await css.plan(LOSING[what])
        assert [step.people for step in shown.withheld] == [lost]
        with pytest.raises(TooManyRemovals, match=f"{lost} of 40 memberships of the role 'two' through composites"):
            await css.apply_plan(plan)
        with pytest.raises(InvalidFile, match="changed after it was made") as caught:
            await css.apply_plan(evolve(plan, steps=tuple(evolve(step, people=0) for step in plan.steps)))
        assert [f"{lost} people lose a role, but the plan says 0" in fault for fault in caught.value.faults] == [True]
        assert sent_writes(sandbox) == 0
        sandbox.grant(*WHERE, "three", Y)
        with pytest.raises(StalePlan):
            await css.apply_plan(plan, guards=Guards(max_removals=40))
        sandbox.revoke(*WHERE, "three", Y)
        assert not reason((await css.apply_plan(plan, guards=Guards(max_removals=40))).results)


async def test_a_plan_reads_members_of_composites_only_if_it_removes_a_child() -> None:
    """A plan that removes a child reads the members of the roles above it once.

    Other plans do not read these members.
    """
    sandbox = composed()
    async with client(sandbox) as css:
        await css.plan(file_of(DesiredRole("one", composites=Listed(("two",), exact=True))))
        # Integrations, roles, and the children of `admin`, `one` and `three`.
        before = asked(sandbox)
        assert before["GET"] == 2 + 3
        await css.plan(LOSING["taken out"], prune=True)
        assert asked(sandbox) - before == {"GET": 1 + 3 + 3}


async def test_an_undo_counts_the_people_who_lose_a_role_through_a_composite(tmp_path: Path) -> None:
    """An undo that removes a child from a composite counts the people who lose it, and its plan can be saved."""
    sandbox, users = crowded(40)
    sandbox.grant(*WHERE, "one", *users)
    path = tmp_path / "journal"
    with Journal(path) as journal:
        async with client(sandbox, journal) as css:
            plan = await css.plan(file_of(DesiredRole("one", composites=Listed(("two",)))))
            assert not reason((await css.apply_plan(plan)).results)
    async with client(sandbox) as css:
        back = await css.undo_plan(read_journal(path.read_bytes(), "journal"))
        assert [(step.kind, step.people) for step in back.steps] == [("remove_composite", 40)]
        with pytest.raises(TooManyRemovals):
            await css.apply_plan(back)
        saved = read_plan(plan_as_json(back), "back.json")
        assert not reason((await css.apply_plan(saved, guards=Guards(max_removals=40))).results)


async def test_a_plan_file_with_a_step_added_by_hand_is_refused() -> None:
    """A plan file is refused if somebody adds a step by hand that deletes a role whose members were not read.

    The plan id shows that the file was changed. If the id fits the changed plan, nothing is sent nevertheless.
    """
    sandbox = seeded([BEFORE])
    deletion = Step("delete_role", DEV, "b")
    async with client(sandbox) as css:
        plan = await css.plan(file_of(DesiredRole("e")))
        found = json.loads(plan_as_json(plan))
        found["steps"].append(deletion.as_record())
        with pytest.raises(InvalidFile, match="somebody changed the plan"):
            read_plan(json.dumps(found), "plan.json")
        changed = read_plan(plan_as_json(evolve(plan, steps=(*plan.steps, deletion))), "plan.json")
        with pytest.raises(InvalidFile, match="changed after it was made") as caught:
            await css.apply_plan(changed)
    assert [fault for fault in caught.value.faults if "'b'" in fault and "not read" in fault]
    assert sent_writes(sandbox) == 0
