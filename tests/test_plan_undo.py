"""Undo plans: each role is followed through all its names, so that no other role is confused with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Literal

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from css_sdk.errors import InvalidRequest
from css_sdk.journal.entries import Entry
from css_sdk.plan.undo import inverse, notes_on_unknown_writes, roles_concerned, steps_done, undo, undo_plan
from css_sdk.state import Draft, Place, PlaceState, Step, StepKind
from tests.support import examples, traced
from tests.test_undo_command import BEGINNING, DEV, STEPS, journaled

SOME = STEPS.filter(lambda step: step.role != step.target)


class World:
    """Roles identified by numbers, which stay the same when the roles are renamed.

    Attributes:
        names: the names of the roles, by number.
        facts: members and children, as pairs of a number and a username or another number.
    """

    def __init__(self, state: PlaceState) -> None:
        self._numbers = count()
        self.names = {next(self._numbers): name for name in sorted(state.roles)}
        self.facts: set[tuple[str | int, ...]] = set()
        for number, name in self.names.items():
            self.facts |= {(number, username) for username in state.members.get(name, ())}
            self.facts |= {(number, self.number(child)) for child in state.children.get(name, ())}

    def copy(self) -> World:
        """Return an equal world."""
        other = object.__new__(World)
        other._numbers, other.names, other.facts = self._numbers, dict(self.names), set(self.facts)
        return other

    def number(self, name: str) -> int:
        """Return the number of the role that has the name now."""
        [number] = [number for number, called in self.names.items() if called == name]
        return number

    def carry_out(self, step: Step, comes_back: Callable[[str], int | None] = lambda _: None) -> None:
        """Do what the service would do. Raise an error for a change that it would refuse, or that changes nothing."""
        if step.kind == "create_role":
            assert step.role not in self.names.values(), step
            number = comes_back(step.role)
            self.names[next(self._numbers) if number is None else number] = step.role
            return
        number = self.number(step.role)
        match step.kind:
            case "rename_role":
                assert step.target not in self.names.values(), step
                self.names[number] = step.target
            case "delete_role":
                del self.names[number]
                self.facts = {fact for fact in self.facts if number not in fact}
            case _:
                fact = (number, step.target if "member" in step.kind else self.number(step.target))
                assert (fact in self.facts) is step.removes, step
                self.facts ^= {fact}


class Story:
    """The first state, the changes in a journal, later changes of others, and the plan that undoes the journal.

    Others neither create a role with a name that a role had while the journal was written, nor rename one to it,
    because nothing would distinguish the two roles.
    """

    def __init__(self, steps: Sequence[Step], others: Sequence[Step]) -> None:
        self.first = World(BEGINNING)
        middle, self.done = journaled(BEGINNING, list(steps))
        self.middle = self.first.copy()
        deleted: dict[str, list[int]] = {}
        taken = {*BEGINNING.roles}
        for step in self.done:
            if step.kind == "delete_role" and (number := self.middle.number(step.role)) in self.first.names:
                deleted.setdefault(step.role, []).append(number)
            self.middle.carry_out(step)
            taken |= {*self.middle.names.values()}
        theirs = [
            step
            for step in others
            if {"create_role": step.role, "rename_role": step.target}.get(step.kind) not in taken
        ]
        self.state, recorded = journaled(middle, theirs)
        self.then = self.middle.copy()
        for step in recorded:
            self.then.carry_out(step)
        self.plan = undo_plan(self.done, [self.state])
        self.end = self.then.copy()
        for step in self.plan.steps:
            self.end.carry_out(step, lambda name: deleted[name].pop() if deleted.get(name) else None)


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(st.lists(SOME, max_size=8), st.lists(SOME, max_size=3))
def test_undo_changes_only_what_the_journal_changed(steps: list[Step], others: list[Step]) -> None:
    """The undo plan can be carried out, changes only what the journal changed, and restores its earlier value."""
    story = Story(steps, others)
    first, middle, then, end = story.first, story.middle, story.then, story.end
    for number in then.names.keys() - end.names.keys():
        assert number in middle.names
        assert number not in first.names
        assert {fact for fact in then.facts if number in fact} <= middle.facts
    for number, name in end.names.items():
        if number not in then.names:
            assert number in first.names
        elif name != then.names[number]:
            assert then.names[number] == middle.names[number]
    # A role that was created again, by others or in the journal, replaces the one that was deleted.
    gone = {name: number for number, name in first.names.items() if number not in end.names}
    stands_for: dict[str | int, int] = {
        number: gone.get(name, number) for number, name in end.names.items() if number not in first.names
    }
    for fact in end.facts ^ then.facts:
        if end.names.keys() >= {one for one in fact if isinstance(one, int)}:
            assert (tuple(stands_for.get(one, one) for one in fact) in first.facts) is (fact in end.facts)
            assert (fact in middle.facts) is (fact in then.facts)


@settings(max_examples=examples(60), deadline=None, derandomize=True)
@given(st.lists(SOME, max_size=8), SOME)
def test_undo_restores_the_state_whether_the_last_write_was_done_or_not(steps: list[Step], last: Step) -> None:
    """Whether the write in flight was done or not, the undo plan restores the first state."""
    now, done = journaled(BEGINNING, steps)
    after, more = journaled(now, [last])
    entries = [Entry(number, (step,), "done") for number, step in enumerate(done)]
    for state in (now, after):
        begun = steps_done([*entries, Entry(len(done), tuple(more))], [state])
        end = state.after(undo_plan(begun, [state]).steps)
        assert end.roles == BEGINNING.roles
        assert end.fingerprint == BEGINNING.fingerprint


def step(kind: StepKind, role: str, target: str = "") -> Step:
    """Return a step in dev."""
    return Step(kind, DEV, role, target)


@pytest.mark.parametrize(
    ("done", "others", "back"),
    [
        # Another role has the name that the renamed role should get back, so later steps would change it.
        ([step("delete_role", "a"), step("rename_role", "b", "a")], [step("create_role", "b")], []),
        (
            [step("remove_member", "b", "2@idir"), step("rename_role", "b", "c")],
            [step("create_role", "b"), step("add_member", "b", "3@idir")],
            [],
        ),
        # The journal created and deleted a role, and others created it again.
        ([step("create_role", "c"), step("delete_role", "c")], [step("create_role", "c")], []),
        # The journal added and removed a member, under two names of the role, and others added them again.
        (
            [step("add_member", "a", "3@idir"), step("rename_role", "a", "d"), step("remove_member", "d", "3@idir")],
            [step("add_member", "d", "3@idir")],
            [step("rename_role", "d", "a")],
        ),
        # A new role has the old name of the renamed one, and stays because others use it.
        (
            [step("remove_composite", "a", "b"), step("rename_role", "b", "c"), step("create_role", "b")],
            [step("add_composite", "c", "b"), step("rename_role", "c", "d")],
            [],
        ),
        # The journal deleted a role, others created it again, and it gets its members back.
        (
            [step("delete_role", "a")],
            [step("create_role", "a")],
            [step("add_composite", "a", "b"), step("add_member", "a", "1@idir")],
        ),
        # The journal deleted two roles under the same name. Others created only the first of them again.
        (
            [
                step("rename_role", "b", "c"),
                step("delete_role", "a"),
                step("rename_role", "c", "a"),
                step("delete_role", "a"),
            ],
            [step("create_role", "b")],
            [step("create_role", "a"), step("add_member", "a", "1@idir")],
        ),
    ],
)
def test_undo_does_not_change_a_role_that_only_has_the_same_name(
    done: list[Step], others: list[Step], back: list[Step]
) -> None:
    """Undo does not change a role that only has the name of the role in the journal."""
    middle, found = journaled(BEGINNING, done)
    now, _ = journaled(middle, others)
    assert list(undo_plan(found, [now]).steps) == back


GIVEN = [step("create_role", "c"), step("add_member", "c", "1@idir")]


@pytest.mark.parametrize(
    ("since", "back"),
    [
        ([step("add_member", "c", "3@idir")], [step("remove_member", "c", "1@idir")]),
        ([step("rename_role", "c", "d"), step("add_member", "d", "3@idir")], []),
        ([], [step("delete_role", "c")]),
    ],
)
def test_undo_of_a_role_created_twice_keeps_it_if_others_use_it(since: list[Step], back: list[Step]) -> None:
    """If a resumed run created a role again, undo deletes it only if nobody else has used it since."""
    made = undo_plan([*GIVEN, *GIVEN], [BEGINNING.after([*GIVEN, *since])])
    assert list(made.steps) == back
    assert bool(made.notes) is bool(since)


def test_undo_reverts_only_the_recorded_changes() -> None:
    """Undo keeps members from before the journal, and removes nothing that was not read."""
    state = PlaceState(DEV, "", frozenset("a"), members={"a": frozenset(["ann@idir"])})
    done = [step("add_member", "a", "ann@idir"), step("add_member", "a", "bob@idir")]
    assert undo(done, [state]) == (step("remove_member", "a", "bob@idir"),)
    assert undo(done, [PlaceState(DEV, "", frozenset("a"))]) == ()
    with pytest.raises(InvalidRequest, match="#101 test"):
        undo([Step("create_role", Place(101, "test"), "a")], [state])


@pytest.mark.parametrize(
    ("changes", "now", "back"),
    [
        ([step("create_role", "r{}"), step("add_composite", "all", "r{}")], ["r{}"], 2),
        ([step("rename_role", "r{}", "n{}"), step("add_composite", "all", "n{}")], ["n{}"], 2),
        ([step("create_role", "r{}"), step("add_composite", "r{}", "c{}")], ["r{}", "c{}"], 2),
        ([step("create_role", "r{}"), step("delete_role", "r{}")], [], 0),
        # Others created the deleted role again under its first name, so the undo neither creates nor renames it.
        ([step("rename_role", "r{}", "n{}"), step("delete_role", "n{}")], ["r{}"], 0),
    ],
)
def test_the_effort_of_an_undo_plan_grows_linearly(changes: list[Step], now: list[str], back: int) -> None:
    """An undo plan of eight times as many roles executes about eight times as many lines."""
    work = []
    for size in (20, 160):
        done = [
            evolve(one, role=one.role.format(n), target=one.target.format(n)) for one in changes for n in range(size)
        ]
        done.append(step("add_member", "all", "1@idir"))
        names = ["all", *(name.format(n) for name in now for n in range(size))]
        held = {**dict.fromkeys(names, frozenset[str]()), "all": frozenset(["1@idir"])}
        links = [one for one in done if one.kind == "add_composite"]
        state = PlaceState(DEV, "", frozenset(names), members=held).after(links)
        made, effort = traced(partial(undo_plan, done, [state]))
        assert len(made.steps) == back * size + 1
        work.append(effort)
    assert work[1] < 8 * work[0]


def test_undo_leaves_a_renamed_new_role_that_others_use_unchanged() -> None:
    """If a new role was renamed and others use it, undo changes nothing of it, since it could be confused with another
    role.
    """
    created, given = Step("create_role", DEV, "c"), Step("add_member", DEV, "c", "1@idir")
    held = {**BEGINNING.members, "d": frozenset({"1@idir", "3@idir"})}
    state = evolve(BEGINNING, roles=BEGINNING.roles | {"d"}, members=held)
    made = undo_plan([created, given, Step("rename_role", DEV, "c", "d")], [state])
    assert made.steps == ()
    assert made.notes == ("#101 dev: the role 'd' stays, because later changes use it",)
    same_name = evolve(state, roles=BEGINNING.roles | {"c"}, members={**BEGINNING.members, "c": held["d"]})
    assert undo_plan([created, given], [same_name]).steps == (Step("remove_member", DEV, "c", "1@idir"),)


@pytest.mark.parametrize("outcome", [None, "unknown"])
def test_a_deletion_without_an_outcome_counts_as_done_only_if_the_role_is_gone(
    outcome: Literal["unknown"] | None,
) -> None:
    """A deletion without a known outcome counts as done only if the role no longer exists; missing members do not show
    it.
    """
    along = Step("remove_member", DEV, "b", "3@idir"), Step("remove_composite", DEV, "b", "a")
    entry = Entry(1, (*along, Step("delete_role", DEV, "b")), outcome)
    assert steps_done([entry], [BEGINNING]) == ()
    gone = BEGINNING.after(entry.steps)
    assert steps_done([entry], [gone]) == entry.steps


def test_undo_ignores_a_write_that_failed() -> None:
    """A write that failed is not undone: if its role exists now, somebody else created it."""
    created = Step("create_role", DEV, "b")
    assert steps_done([Entry(1, (created,), "failed")], [BEGINNING]) == ()
    assert steps_done([Entry(1, (created,), "done")], [BEGINNING]) == (created,)


def test_undo_reads_the_members_of_each_role_under_all_its_names() -> None:
    """Undo reads the members of roles under their old and new names, but not of children or roles of other
    environments.
    """
    steps = [
        Step("rename_role", DEV, "a", "c"),
        Step("add_composite", DEV, "b", "d"),
        Step("add_member", DEV, "e", "1@idir"),
        Step("create_role", Place(102, "test"), "f"),
    ]
    assert roles_concerned(steps, DEV) == {"a", "b", "c", "e"}


def test_undo_does_not_create_a_role_that_others_created_again() -> None:
    """If the journal renamed and deleted a role and others created it again, nothing is left to undo for it."""
    done = [
        Step("rename_role", DEV, "c", "d"),
        Step("remove_member", DEV, "d", "1@idir"),
        Step("delete_role", DEV, "d"),
    ]
    state = evolve(BEGINNING, roles=BEGINNING.roles | {"c"}, members={**BEGINNING.members, "c": frozenset({"3@idir"})})
    assert undo_plan(done, [state]).steps == ()
    also = Step("add_member", DEV, "a", "1@idir")
    assert undo_plan([*done, also], [state]).steps == (Step("remove_member", DEV, "a", "1@idir"),)


def test_undo_decides_about_each_environment_on_its_own() -> None:
    """If one environment is as it was before, a note says so, and undo still restores the other one."""
    here, there = Step("create_role", DEV, "c"), Step("create_role", Place(101, "test"), "d")
    states = evolve(BEGINNING, roles=BEGINNING.roles | {"c"}), PlaceState(there.place, "Grants Portal", frozenset())
    for done in ([here, there], [there, here]):
        made = undo_plan(done, states)
        assert [(step.kind, step.role) for step in made.steps] == [("delete_role", "c")]
        assert made.notes == ("#101 test: everything is already as it was before",)


def test_undo_follows_a_renamed_child() -> None:
    """A child that was renamed and then removed, and exists again under its old name, needs no step."""
    made = undo_plan([Step("rename_role", DEV, "b", "d"), Step("remove_composite", DEV, "a", "d")], [BEGINNING])
    assert made.steps == ()
    assert made.notes == ("#101 dev: everything is already as it was before",)


def test_undo_ignores_a_role_that_the_journal_created_and_deleted() -> None:
    """If the journal created, renamed and deleted a role, undo reverts only the other changes."""
    steps = [Step("create_role", DEV, "c"), Step("rename_role", DEV, "c", "d"), Step("delete_role", DEV, "d")]
    steps.append(Step("create_role", DEV, "q"))
    made = undo_plan(steps, [evolve(BEGINNING, roles=BEGINNING.roles | {"q"})])
    assert [(step.kind, step.role) for step in made.steps] == [("delete_role", "q")]


@pytest.mark.parametrize("is_back", [True, False])
def test_undo_restores_a_deleted_role_even_if_all_else_is_restored(is_back: bool) -> None:
    """If others reverted a grant but not a deletion, undo creates the role again. If both are reverted,
    a note says so.
    """
    done = [Step("add_member", DEV, "a", "3@idir"), Step("delete_role", DEV, "c")]
    state = evolve(BEGINNING, roles=BEGINNING.roles | ({"c"} if is_back else set()))
    made = undo_plan(done, [state])
    assert made.steps == (() if is_back else (Step("create_role", DEV, "c"),))
    assert ("#101 dev: everything is already as it was before" in made.notes) is is_back


def test_a_renamed_role_that_is_missing_is_not_reported_as_restored() -> None:
    """If a role exists neither under its old nor its new name, undo does not report that everything is as before."""
    done = [Step("add_member", DEV, "a", "3@idir"), Step("rename_role", DEV, "c", "d")]
    made = undo_plan(done, [BEGINNING])
    assert made.steps == ()
    assert not [note for note in made.notes if "as it was before" in note]


@pytest.mark.parametrize("kind", ["add_composite", "remove_composite"])
def test_undo_restores_a_child_if_only_the_member_was_reverted(kind: StepKind) -> None:
    """If others reverted only the change of a member, undo still reverts the change of a child."""
    added, child = (
        step("add_member", "a", "3@idir"),
        step(kind, "b" if kind == "add_composite" else "a", "a" if kind == "add_composite" else "b"),
    )
    made = undo_plan([added, child], [BEGINNING.after([child])])
    assert made.steps == (child.opposite,)


@pytest.mark.parametrize(
    ("done", "roles"),
    [
        ([step("create_role", "c"), step("delete_role", "c")], "ab"),
        ([step("delete_role", "c"), step("create_role", "c"), step("delete_role", "c")], "abc"),
    ],
)
def test_undo_does_nothing_for_a_role_that_the_journal_created_and_deleted(done: list[Step], roles: str) -> None:
    """A role that the journal itself created and deleted had no earlier state, so there is nothing to undo."""
    made = undo_plan(done, [evolve(BEGINNING, roles=frozenset(roles))])
    assert made.steps == ()
    assert made.notes == ("#101 dev: everything is already as it was before",)


def test_only_unknown_writes_without_an_effect_are_noted() -> None:
    """Only writes with an unknown outcome and without an effect get a note; failed writes and those with an effect do
    not.
    """
    failed, found, lost = (Entry(1, (step("create_role", name),), "unknown") for name in "xyz")
    entries = [evolve(failed, outcome="failed"), found, lost]
    assert notes_on_unknown_writes(entries, found.steps) == (
        "#101 dev: 1 write has an unknown outcome and no visible effect. If it happens later, undo again",
    )
    assert notes_on_unknown_writes(entries[:2], found.steps) == ()


@pytest.mark.parametrize(
    ("done", "back"),
    [
        # The deletion of a created role also removes its members, under any name.
        (
            [step("create_role", "c"), step("rename_role", "c", "d"), step("add_member", "d", "3@idir")],
            [step("rename_role", "d", "c"), step("delete_role", "c")],
        ),
        (
            [step("create_role", "c"), step("add_member", "c", "3@idir"), step("add_member", "c", "4@idir")],
            [step("delete_role", "c")],
        ),
        # A different role that got the name of a deleted role keeps the members that it had before.
        (
            [
                step("create_role", "c"),
                step("delete_role", "c"),
                step("rename_role", "a", "c"),
                step("add_member", "c", "3@idir"),
            ],
            [
                step("remove_member", "c", "3@idir"),
                step("rename_role", "c", "a"),
                step("create_role", "c"),
                step("delete_role", "c"),
            ],
        ),
    ],
)
def test_members_of_created_roles_need_no_steps(done: list[Step], back: list[Step]) -> None:
    """The undo removes members one by one only from roles that existed before."""
    assert list(undo(done, [BEGINNING])) == back


def test_a_deleted_role_is_restored_completely() -> None:
    """The undo of a deletion creates the role, and restores its children, its parents and its members."""
    state = evolve(BEGINNING, roles=BEGINNING.roles | {"c"}, children={"a": frozenset("b"), "b": frozenset("c")})
    assert inverse(step("delete_role", "b"), state) == (
        step("create_role", "b"),
        step("add_composite", "b", "c"),
        step("add_composite", "a", "b"),
        Step("add_member", DEV, "b", "1@idir", 1),
        Step("add_member", DEV, "b", "2@idir", 1),
    )


def test_a_removed_member_is_restored_where_members_were_not_read() -> None:
    """A removal from a role whose members are unknown shows that the user was a member."""
    draft = Draft(evolve(BEGINNING, members={}))
    draft.take_back(step("remove_member", "a", "3@idir"))
    assert draft.state().members == {"a": {"3@idir"}}


def test_an_undone_rename_counts_the_members_of_the_role() -> None:
    """The step that renames a role back has the number of people in the role."""
    [back] = undo_plan([step("rename_role", "b", "d")], [BEGINNING.after([step("rename_role", "b", "d")])]).steps
    assert (back.kind, back.role, back.people) == ("rename_role", "d", 2)


def test_a_child_that_an_undo_adds_again_counts_the_members_of_its_parent() -> None:
    """The step that adds a child again has the number of the parent's members, not of those who had lost a role."""
    state = PlaceState(
        DEV, "Grants Portal", frozenset("ab"), members={"a": frozenset(("x@idir", "y@idir")), "b": frozenset()}
    )
    [back] = undo_plan([Step("remove_composite", DEV, "a", "b", people=7)], [state]).steps
    assert (back.kind, back.role, back.target, back.people) == ("add_composite", "a", "b", 2)


@pytest.mark.parametrize(
    ("own", "others"),
    [
        ([], step("add_member", "c", "3@idir")),
        ([step("add_member", "c", "4@idir")], step("add_member", "c", "3@idir")),
        ([step("add_composite", "c", "b")], step("add_composite", "c", "a")),
        ([step("add_composite", "a", "c")], step("add_composite", "b", "c")),
    ],
)
def test_a_created_role_that_others_use_stays(own: list[Step], others: Step) -> None:
    """If others gave the created role a member, a child or a parent, it is not deleted, and the plan says so."""
    done = [step("create_role", "c"), *own]
    made = undo_plan(done, [BEGINNING.after([*done, others])])
    assert made.steps == tuple(one.opposite for one in own)
    assert made.notes == ("#101 dev: the role 'c' stays, because later changes use it",)


def test_a_deleted_role_is_not_taken_for_the_one_that_others_created() -> None:
    """If the journal created and deleted a role, a later role of the same name has nothing to do with the journal."""
    done = [step("create_role", "c"), step("delete_role", "c"), step("add_member", "a", "3@idir")]
    since = [step("create_role", "c"), step("add_member", "c", "1@idir")]
    made = undo_plan(done, [BEGINNING.after([*done, *since])])
    assert made.steps == (step("remove_member", "a", "3@idir"),)
    assert not [note for note in made.notes if "others have used" in note]


def test_a_child_that_was_renamed_between_is_not_added_and_removed_again() -> None:
    """An addition and a removal of one child cancel each other, also if the child was renamed between them."""
    done = [step("add_composite", "b", "a"), step("rename_role", "a", "c"), step("remove_composite", "b", "c")]
    state = evolve(BEGINNING, children={})
    [back] = undo_plan(done, [state.after(done)]).steps
    assert (back.kind, back.role, back.target) == ("rename_role", "c", "a")
