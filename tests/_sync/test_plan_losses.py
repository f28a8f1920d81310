# Written from tests/_async/test_plan_losses.py by `make generate`; edit that one.
"""Removals of a plan: only after their replacements, never hidden in composite roles, and never twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from css_sdk import Css, Guards, InvalidFile, Settings, Skipped, StalePlan, TooManyRemovals
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed
from css_sdk.plan.serialization import plan_as_json, read_plan
from css_sdk.plan.text import plan_as_text
from css_sdk.sandbox import Sandbox
from css_sdk.state import PlaceState
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


def client(sandbox: Sandbox, journal: Journal | None = None) -> Css:
    """A client that does not wait between tries."""
    return Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), retry=at_once, journal=journal)


def people(*usernames: str) -> Listed[Person]:
    """Exactly these."""
    return Listed(tuple(Person("username", name) for name in usernames), exact=True)


def file_of(*roles: DesiredRole, users: tuple[DesiredUser, ...] = (), exact: bool = False) -> Desired:
    """A file about one environment."""
    return Desired((DesiredPlace("#101", "dev", Listed(roles, exact) if roles else None, users),))


REPLACED = {
    "members": file_of(DesiredRole("a", members=people(W))),
    "a user's roles": file_of(users=(DesiredUser(Person("username", Y), Listed(("c",), exact=True)),)),
    "composites": file_of(DesiredRole("a", composites=Listed(("c",), exact=True))),
    "roles": file_of(*map(DesiredRole, ("a", "b", "c", "e")), exact=True),
}


@pytest.mark.parametrize("what", REPLACED)
def test_nothing_is_taken_when_what_comes_instead_is_not_given(what: str) -> None:
    """The addition fails, so nobody loses anything; what is left leads to the end when it can be given."""
    sandbox = seeded([BEFORE])
    before = everything(sandbox)
    with client(sandbox) as css:
        plan = css.plan(REPLACED[what], prune=True)
        sandbox.faults.add("422_before", method="POST", path="*", times=None)
        guards = Guards(keep_last=["a"])
        applied = css.apply_plan(plan, guards=guards)
        assert [result.outcome for result in applied.results] == ["failed", "skipped"]
        assert isinstance(applied.results[1].error, Skipped)
        assert "unknown exception" in str(applied.results[1].error)
        assert asked(sandbox)["DELETE"] == 0
        assert everything(sandbox) == before
        sandbox.faults.clear()
        assert applied.remainder is not None
        left = read_plan(plan_as_json(applied.remainder), "left.json")
        assert not reason((css.apply_plan(left, guards=guards)).results)
    assert everything(sandbox) == before | {
        DEV: everything(seeded([BEFORE.after(plan.steps)]))[DEV],
    }


@pytest.mark.parametrize(("others", "left"), [((), [X]), ((W,), [W])])
def test_who_never_logged_in_keeps_only_the_last_back(others: tuple[str, ...], left: list[str]) -> None:
    """A role is made exact without the newcomer, unless nobody would hold it then."""
    sandbox = seeded([BEFORE])
    with client(sandbox) as css:
        plan = css.plan(file_of(DesiredRole("a", members=people(GHOST, *others))), prune=True)
        applied = css.apply_plan(plan, guards=Guards(keep_last=["a"]))
    assert {result.step.target: result.outcome for result in applied.results if result.step.target not in others} == {
        GHOST: "failed",
        X: "confirmed" if others else "skipped",
    }
    assert sandbox.members(*WHERE, "a") == left


# Going on.


def test_what_an_admin_took_back_is_not_given_again(tmp_path: Path) -> None:
    """A grant that is confirmed and gone makes the plan stale, and nothing is sent; while it is there, all is done."""
    sandbox = seeded([BEFORE])
    path = tmp_path / "journal"
    with Journal(path) as journal:
        with client(sandbox, journal) as css:
            plan = css.plan(file_of(DesiredRole("c", members=people(W, X))))
            assert not reason((css.apply_plan(plan)).results)
    told = read_journal(path.read_bytes(), "journal")
    done = sent_writes(sandbox)
    with client(sandbox) as css:
        again = css.apply_plan(plan, resume=told)
        assert (again.results, again.remainder) == ((), None)
        sandbox.revoke(*WHERE, "c", X)
        with pytest.raises(StalePlan, match=f"the journal records add_member 'c' {X} as done.*Nothing was sent"):
            css.apply_plan(plan, resume=told)
    assert sent_writes(sandbox) == done
    assert sandbox.members(*WHERE, "c") == [W]


@pytest.mark.parametrize("is_new", [True, False])
def test_what_was_not_begun_may_not_be_done_by_others(tmp_path: Path, is_new: bool) -> None:
    """Somebody who got a planned grant by another hand meanwhile is a difference, also in a role that was created."""
    sandbox = seeded([BEFORE])
    path = tmp_path / "journal"
    with Journal(path) as journal:
        with client(sandbox, journal) as css:
            plan = css.plan(file_of(DesiredRole("e", members=people(W)), DesiredRole("c", members=people(W))))
            (css.integration(101)).environment("dev").roles.create("e")
    sandbox.grant(*WHERE, "e" if is_new else "c", W)
    done = sent_writes(sandbox)
    with client(sandbox) as css:
        with pytest.raises(StalePlan, match="has changed after the plan was made"):
            css.apply_plan(plan, resume=read_journal(path.read_bytes(), "journal"))
    assert sent_writes(sandbox) == done


# Through composites.

LOSING = {
    "taken out": file_of(DesiredRole("one", composites=Listed((), exact=True))),
    "deleted": file_of(*map(DesiredRole, ("one", "three", "admin", "approver", "reviewer")), exact=True),
}


def composed() -> Sandbox:
    """A sandbox in which 40 people have `two` through `one`, and one of them through `three` as well."""
    sandbox, users = crowded(40)
    for parent in ("one", "three"):
        sandbox.create_role(*WHERE, parent, ["two"])
    sandbox.grant(*WHERE, "one", *users)
    sandbox.grant(*WHERE, "three", users[0])
    return sandbox


@pytest.mark.parametrize(
    ("what", "lost", "line"),
    [
        ("taken out", 39, "  - remove two from composite one, taking it from 39 people"),
        ("deleted", 40, "  - delete role two, taking it from 40 people"),
    ],
)
def test_who_has_a_role_through_others_loses_it_and_is_counted(what: str, lost: int, line: str) -> None:
    """They are shown, held against the limits, and part of what a plan is made from; who keeps it is not counted."""
    sandbox = composed()
    with client(sandbox) as css:
        plan = css.plan(LOSING[what], prune=True)
        assert [step.people for step in plan.steps] == [lost]
        assert line in plan_as_text(plan).splitlines()
        assert plan.states[0].members.keys() >= {"one", "two", "three"}
        shown = css.plan(LOSING[what])
        assert [step.people for step in shown.withheld] == [lost]
        with pytest.raises(TooManyRemovals, match=f"{lost} of 40 people with the role 'two' through composites"):
            css.apply_plan(plan)
        with pytest.raises(InvalidFile, match="changed after it was made") as caught:
            css.apply_plan(evolve(plan, steps=tuple(evolve(step, people=0) for step in plan.steps)))
        assert [f"removes a role from {lost} people, not from 0" in fault for fault in caught.value.faults] == [True]
        assert sent_writes(sandbox) == 0
        sandbox.grant(*WHERE, "three", Y)
        with pytest.raises(StalePlan):
            css.apply_plan(plan, guards=Guards(max_removals=40))
        sandbox.revoke(*WHERE, "three", Y)
        assert not reason((css.apply_plan(plan, guards=Guards(max_removals=40))).results)


def test_what_more_is_read_where_something_is_taken_out() -> None:
    """The members of the roles that lead to it, once; nothing more where nothing is taken out or deleted."""
    sandbox = composed()
    with client(sandbox) as css:
        css.plan(file_of(DesiredRole("one", composites=Listed(("two",), exact=True))))
        # Integrations, roles, and the children of `admin`, `one` and `three`.
        before = asked(sandbox)
        assert before["GET"] == 2 + 3
        css.plan(LOSING["taken out"], prune=True)
        assert asked(sandbox) - before == {"GET": 1 + 3 + 3}


def test_undoing_a_composite_tells_who_loses_by_it(tmp_path: Path) -> None:
    """The way back counts as the way there does, and its plan can be kept."""
    sandbox, users = crowded(40)
    sandbox.grant(*WHERE, "one", *users)
    path = tmp_path / "journal"
    with Journal(path) as journal:
        with client(sandbox, journal) as css:
            plan = css.plan(file_of(DesiredRole("one", composites=Listed(("two",)))))
            assert not reason((css.apply_plan(plan)).results)
    with client(sandbox) as css:
        back = css.undo_plan(read_journal(path.read_bytes(), "journal"))
        assert [(step.kind, step.people) for step in back.steps] == [("remove_composite", 40)]
        with pytest.raises(TooManyRemovals):
            css.apply_plan(back)
        saved = read_plan(plan_as_json(back), "back.json")
        assert not reason((css.apply_plan(saved, guards=Guards(max_removals=40))).results)


def test_a_step_written_in_by_hand_gets_past_no_guard() -> None:
    """A plan file is refused if it deletes a role, or removes members of a role, whose members were not read."""
    sandbox = seeded([BEFORE])
    with client(sandbox) as css:
        told = json.loads(plan_as_json(css.plan(file_of(DesiredRole("e")))))
        told["steps"].append({"step": "delete_role", "integration": 101, "environment": "dev", "role": "b"})
        with pytest.raises(InvalidFile) as caught:
            read_plan(json.dumps(told), "plan.json")
    assert caught.value.faults == ("steps, number 2: the members of 'b' were not read when the plan was made",)
