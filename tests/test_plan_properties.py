"""Properties that every plan has, for random states and random desired states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final

import pytest
from attrs import evolve, frozen
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from css_sdk.errors import CompositeCycle, CssError, InvalidFile
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from css_sdk.plan.impact import Impact
from css_sdk.plan.ordering import ordered
from css_sdk.plan.planner import Plan, count_removals, plan
from css_sdk.plan.serialization import plan_as_json, read_plan
from css_sdk.plan.text import plan_as_markdown, plan_as_text
from css_sdk.plan.transfer import export
from css_sdk.plan.undo import undo
from css_sdk.state import Draft, Place, PlaceState, Step, parents_of
from tests.support import examples
from tests.test_dependencies import not_tried

DEV: Final = Place(101, "dev")
ROLES: Final = ("a", "b", "c", "d", "e")
USERS: Final = tuple(f"{number}{number}{number}@idir" for number in range(4))
EMAIL: Final = Person("email", "jane@example.com")
PEOPLE: Final = (*(Person("username", username) for username in USERS), EMAIL)

MANY: Final = settings(max_examples=examples(32), deadline=None)


class Dice(Random):
    """A random generator that can be repeated: Hypothesis draws only its seed, which is a hundred times faster."""

    def some(self, things: Iterable[Any], most: int = 5) -> list[Any]:
        """Return some of the things, each at most once."""
        pool = sorted(things, key=repr)
        return self.sample(pool, min(self.randint(0, most), len(pool)))

    def maybe(self, thing: Any) -> Any:
        """Return the thing or None."""
        return thing if self.random() < 0.7 else None

    def listed(self, things: Iterable[Any], exact: float, most: int = 4) -> Listed[Any]:
        return Listed(tuple(self.some(things, most)), self.random() < exact)


def a_state(dice: Dice) -> PlaceState:
    """Return a random state, in which composite roles may form cycles, as the service allows."""
    roles = frozenset(dice.some(ROLES))
    below = {name: frozenset(dice.some(roles - {name}, 2)) for name in dice.some(roles)}
    members = {name: frozenset(dice.some(USERS)) for name in sorted(roles)}
    return PlaceState(DEV, "Grants Portal", roles, {name: some for name, some in below.items() if some}, members)


def a_desired_place(dice: Dice, exact: float) -> DesiredPlace:
    """Return a random environment of a roles file, whose roles need not all exist."""
    chosen = dice.some(ROLES)
    known = chosen if chosen and dice.random() < 0.9 else ROLES
    roles = tuple(
        DesiredRole(
            name,
            was=dice.choice(ROLES) if dice.random() < 0.4 else None,
            composites=dice.maybe(dice.listed(known, exact, 2)),
            members=dice.maybe(dice.listed(PEOPLE, exact)),
        )
        for name in chosen
    )
    users = tuple(DesiredUser(person, dice.listed(known, exact)) for person in dice.some(PEOPLE, 2))
    return DesiredPlace("101", "dev", dice.maybe(Listed(roles, dice.random() < exact)), users)


@frozen
class Case:
    """A roles file, the state as far as it is read, the whole state, and the people whom the file means."""

    desired: Desired
    state: PlaceState
    whole: PlaceState
    people: Mapping[tuple[Place, Person], str | Unresolved]

    def plan(self, state: PlaceState | None = None, *, prune: bool = True) -> Plan:
        return plan(self.desired, {("101", "dev"): state or self.state}, self.people, prune=prune)


def a_case(seed: int, exact: float = 0.5) -> Case:
    """Return a case in which the file can be planned, and only the members that a plan needs are read."""
    dice = Dice(seed)
    while True:
        wanted, whole = a_desired_place(dice, exact), a_state(dice)
        read = wanted.members_to_read(whole.roles)
        state = evolve(whole, members={name: held for name, held in whole.members.items() if name in read})
        protect = Protection(tuple(dice.some(ROLES, 1)), tuple(dice.some(USERS, 1))) if dice.maybe(1) else Protection()
        why = dice.choice(["never logged in", "ambiguous", "wrong provider"])
        unclear = Unresolved(DEV, EMAIL, why, tuple(dice.some(USERS, 2)))
        case = Case(Desired((wanted,), protect), state, whole, {(DEV, EMAIL): dice.choice([*USERS, unclear])})
        with suppress(InvalidFile, CompositeCycle):
            case.plan()
            return case


def cases(exact: float = 0.5) -> st.SearchStrategy[Case]:
    """Draw cases; `exact` is the share of exact lists."""
    return st.integers(0, 2**32).map(lambda seed: a_case(seed, exact))


states = st.integers(0, 2**32).map(lambda seed: a_state(Dice(seed)))


class Strict:
    """Carry out steps, and fail for a step that the service would refuse or that changes nothing."""

    def __init__(self, state: PlaceState, *, circles: bool = False) -> None:
        self.state = state
        self._lets_circles = circles

    def carry_out(self, step: Step) -> None:
        roles, children, members = self.state.roles, self.state.children, self.state.members
        match step.kind:
            case "create_role":
                assert step.role not in roles, step
            case "rename_role":
                assert step.role in roles, step
                assert step.target not in roles, step
            case "delete_role":
                assert step.role in roles, step
            case "add_composite" | "remove_composite":
                assert {step.role, step.target} <= roles, step
                assert (step.target in children.get(step.role, ())) is (step.kind == "remove_composite"), step
            case "add_member" | "remove_member":
                assert step.role in roles, step
                assert (step.target in members[step.role]) is (step.kind == "remove_member"), step
        self.state = self.state.after([step])
        if step.kind == "add_composite" and not self._lets_circles:
            assert step.role not in self.state.tree.descendants(step.target), step


def carried_out(state: PlaceState, steps: Iterable[Step], *, circles: bool = False) -> PlaceState:
    """Return the state after the steps, and fail for a step that the service would refuse."""
    strict = Strict(state, circles=circles)
    for step in steps:
        strict.carry_out(step)
    return strict.state


@MANY
@given(cases())
def test_a_plan_after_a_plan_has_no_steps(case: Case) -> None:
    """After a plan is carried out, a second plan has no steps, and the same protected steps and unresolved people."""
    first = case.plan()
    after = case.state.after(first.steps)
    second = case.plan(after)
    assert second.steps == ()
    assert set(second.protected) == set(first.protected)
    assert second.unresolved == first.unresolved


@MANY
@given(cases(exact=0))
def test_a_plan_of_additive_lists_removes_nothing(case: Case) -> None:
    """If no list is exact, no step removes anything, and all roles and members still exist under some name."""
    made = case.plan()
    assert not [step for step in (*made.steps, *made.withheld) if step.removes]
    after = case.state.after(made.steps)
    called = {step.role: step.target for step in made.steps if step.kind == "rename_role"}
    assert {called.get(name, name) for name in case.state.roles} <= after.roles
    assert all(held <= after.members[called.get(name, name)] for name, held in case.state.members.items())


@MANY
@given(cases())
def test_nothing_is_removed_without_prune(case: Case) -> None:
    """Without `prune`, the same removals are withheld instead of being steps, and nothing else differs."""
    pruning = case.plan()
    try:
        made = case.plan(prune=False)
    except CompositeCycle:
        reject()
    assert not [step for step in made.steps if step.removes]
    assert {*made.steps, *made.withheld} == {*pruning.steps, *pruning.withheld}
    assert made.protected == pruning.protected


@MANY
@given(cases(), st.booleans())
def test_the_steps_can_be_carried_out_in_both_orders(case: Case, remove_first: bool) -> None:
    """In either order no step lacks a role, meets a name in use or closes a cycle, and both lead to the same state."""
    made = case.plan()
    steps = ordered(made.steps, remove_first=True) if remove_first else made.steps
    assert carried_out(case.state, steps) == case.state.after(made.steps)
    assert ordered(reversed(made.steps), made.states) == made.steps


@MANY
@given(cases(), st.booleans(), st.data())
def test_steps_that_do_not_depend_on_a_failed_step_can_be_carried_out(
    case: Case, remove_first: bool, data: st.DataObject
) -> None:
    """If any step fails, all steps that do not depend on it can be carried out."""
    steps = ordered(case.plan().steps, case.plan().states, remove_first=remove_first)
    if not steps:
        return
    failing = data.draw(st.integers(0, len(steps) - 1))
    left_out = {failing, *not_tried(steps, failing, [case.state])}
    carried_out(case.state, [step for number, step in enumerate(steps) if number not in left_out])


@MANY
@given(cases(), st.booleans(), st.integers(0, 40))
def test_undo_restores_the_state_before_any_part_of_a_plan(case: Case, remove_first: bool, done: int) -> None:
    """After any first part of a plan, its undo can be carried out and restores the state before."""
    steps = ordered(case.plan().steps, case.plan().states, remove_first=remove_first)[:done]
    back = undo(steps, [case.state])
    had_circles = any(name in case.state.tree.descendants(name) for name in case.state.roles)
    assert carried_out(case.state.after(steps), back, circles=had_circles).fingerprint == case.state.fingerprint


@MANY
@given(cases())
def test_protected_roles_and_users_keep_everything(case: Case) -> None:
    """A protected role is not deleted and keeps its members and descendants; a protected user keeps all roles."""
    made = case.plan()
    after = case.state.after(made.steps)
    called = {step.role: step.target for step in made.steps if step.kind == "rename_role"}
    protect = case.desired.protect
    for name in filter(protect.covers_role, case.state.roles):
        assert name in after.roles
        assert case.state.members.get(name, frozenset()) <= after.members.get(name, frozenset())
        below = {called.get(child, child) for child in case.state.tree.descendants(name)}
        assert below <= after.tree.descendants(name)
    for name, held in case.state.members.items():
        for username in filter(protect.covers_user, held):
            assert username in after.members[called.get(name, name)]


@MANY
@given(cases())
def test_a_member_whom_an_unidentified_person_may_be_keeps_the_role(case: Case) -> None:
    """If a person in the file was not identified, no member who may be this person loses a role for which the file
    names them.
    """
    found = case.people[DEV, EMAIL]
    [wanted] = case.desired.places
    roles = wanted.roles.items if wanted.roles else ()
    naming = {role.name for role in roles if role.members and EMAIL in role.members.items}
    naming |= {name for user in wanted.users if user.person == EMAIL for name in user.roles.items}
    taken = {step.target for step in case.plan().steps if step.kind == "remove_member" and step.role in naming}
    if isinstance(found, Unresolved):
        assert not taken & set(found.candidates)
        assert not (taken and found.may_be_anybody)
    else:
        assert found not in taken


@MANY
@given(st.lists(states, max_size=3), st.booleans(), st.booleans())
def test_the_plan_of_an_export_is_empty(found: list[PlaceState], exact: bool, by_name: bool) -> None:
    """The plan of a file that was exported from the state is empty, for every form of the file."""
    some = [evolve(state, place=Place(101 + n, "dev"), project_name=f"P{n}") for n, state in enumerate(found)]
    file = export(some, exact=exact, by_name=by_name)
    observed = {wanted.named: state for wanted, state in zip(file.places, some, strict=True)}
    made = plan(file, observed, {}, prune=True)
    assert (made.steps, made.withheld, made.protected, made.notes) == ((), (), (), ())
    assert not any(counts.roles or counts.composites or counts.members for counts in made.unmanaged.values())


@MANY
@given(cases(), st.booleans())
def test_a_saved_plan_is_read_back(case: Case, prune: bool) -> None:
    """A plan that is saved and read is equal to the original, and its text and Markdown are the same."""
    try:
        made = case.plan(prune=prune)
    except CompositeCycle:
        reject()
    facts = {"api_url": "https://example.org/api/v1", "version": "1.0", "created_at": "2026-11-21T12:00:00+00:00"}
    made = evolve(made, team_id=2016, **facts)
    read = read_plan(plan_as_json(made), "plan.json")
    assert read == made
    assert plan_as_text(read) == plan_as_text(made)
    assert plan_as_markdown(read) == plan_as_markdown(made)


@MANY
@given(cases())
def test_counts_of_removals_include_all_losses(case: Case) -> None:
    """The counts of removals add up to all losses, including those through deleted roles and composite roles."""
    made = case.plan()
    counted = sum(removed for _, removed, _ in count_removals(Impact.of(made.steps, made.states)))
    losing = [step for step in made.steps if step.kind in ("delete_role", "remove_composite")]
    assert counted == sum(step.removes for step in made.steps) + sum(step.people for step in losing)
    assert all(0 < removed <= size for _, removed, size in count_removals(Impact.of(made.steps, made.states)))


def with_role(state: PlaceState, role: str) -> set[str]:
    """Return who has the role, directly or through composite roles, computed from the top."""
    return {
        who for name, held in state.members.items() if role in {name} | state.tree.descendants(name) for who in held
    }


@MANY
@given(cases(), st.booleans())
def test_the_parents_of_roles_are_correct_after_every_step(case: Case, back: bool) -> None:
    """After every step of a plan and of its undo, the recorded parents of each role are correct."""
    there = case.plan().steps
    draft = Draft(case.state.after(there) if back else case.state)
    for step in undo(there, [case.state]) if back else there:
        draft.carry_out(step)
        assert {name: some for name, some in draft.parents.items() if some} == parents_of(draft.children)


@MANY
@given(cases())
def test_every_person_who_loses_a_role_is_counted(case: Case) -> None:
    """A step counts everybody who loses the role directly or through composites and no one else, from the members it
    had to read.
    """
    steps = case.plan().steps
    lacking = Impact.of(steps, [case.state]).unread.get(DEV, frozenset())
    read = evolve(case.state, members={**case.state.members, **{name: case.whole.members[name] for name in lacking}})
    made = case.plan(read)
    assert made.steps == steps
    assert not Impact.of(made.steps, [read]).unread
    now = case.whole
    for step in made.steps:
        after = now.after([step])
        if step.kind in ("delete_role", "remove_composite"):
            role = step.role if step.kind == "delete_role" else step.target
            assert step.people == len(with_role(now, role) - with_role(after, role))
        now = after


@MANY
@given(st.integers(0, 2**32), states)
def test_every_file_leads_to_a_plan_or_an_error_of_css_sdk(seed: int, state: PlaceState) -> None:
    """No roles file and no state cause an unexpected error."""
    wanted = a_desired_place(Dice(seed), 0.5)
    try:
        plan(Desired((wanted,)), {wanted.named: state}, {(DEV, EMAIL): USERS[0]})
    except CssError as error:
        assert str(error)
        assert not isinstance(error, InvalidFile) or error.faults
    else:
        with pytest.raises(CssError):
            plan(Desired((wanted,)), {}, {})
