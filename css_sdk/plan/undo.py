"""Plan how to undo the steps of a journal. Later changes by others stay. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

from attrs import evolve

from .._text.words import counted
from ..errors import InvalidRequest
from ..journal.entries import Entry
from ..state import Draft, Place, PlaceState, Step, changes_something, is_as_after, is_possible
from .impact import FollowedRole, Impact, followed_roles
from .planner import Plan, PlannedPlace


def undo_plan(done: Sequence[Step], states: Iterable[PlaceState]) -> Plan:
    """Return the plan that undoes those steps that still have an effect. Later changes by others stay.

    If these steps created a role, and others added members, children or parents to it later, the role is not deleted.
    It loses only what these steps added to it. But if these steps also renamed the role, it stays as it is.

    `done` has the steps that were done, and those that may have been done. `states` has the current states, with the
    members of `roles_concerned`.

    Raises:
        InvalidRequest: the state of a step's place is not given.

    >>> held = {"a": frozenset({"0f3a@idir"})}
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members=held)
    >>> [step.kind for step in undo_plan([Step("create_role", state.place, "a")], [state]).steps]
    []
    >>> done = [Step("create_role", state.place, "a"), Step("add_member", state.place, "a", "0f3a@idir")]
    >>> [step.kind for step in undo_plan(done, [state]).steps]
    ['delete_role']
    """
    now = tuple(states)
    as_before = {state.place for state in now if _is_as_before(done, state)}
    done = [step for step in done if step.place not in as_before]
    kept = _used_by_others(done, now)
    left = set().union(*kept.values())
    own = [step for number, step in enumerate(done) if number not in left]
    before = [_before(state, own) for state in now]
    after = [state.after(own) for state in before]
    wanted = _without_detours(undo(own, before), after)
    steps = _possible(wanted, now, after, kept.keys())
    notes = [f"{place}: everything is already as it was before" for place in sorted(as_before)]
    notes += [f"{place}: the role {name!r} stays, because later changes use it" for place, name in kept]
    for state in now:
        all_of_it, rest = (sum(step.place == state.place for step in some) for some in (wanted, steps))
        if rest < all_of_it:
            notes.append(
                f"{state.place}: css-sdk does not undo {all_of_it - rest} of {counted(all_of_it, 'change')}, because "
                f"of later changes"
            )
    places = tuple(map(PlannedPlace.of, now))
    impact = Impact.of(steps, now)
    return Plan(impact.counted, places=places, notes=tuple(notes), leads_back=True, impact=impact)


def steps_done(entries: Sequence[Entry], states: Iterable[PlaceState]) -> tuple[Step, ...]:
    """Return the steps of a journal that were done, in order.

    A write whose outcome is unknown, or not recorded, counts as done if the current state shows its effect. `states`
    must have the members of the roles that `roles_concerned` returns.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> create, delete = Step("create_role", state.place, "a"), Step("delete_role", state.place, "a")
    >>> [step.kind for step in steps_done([Entry(1, [create], "done"), Entry(2, [delete])], [state])]
    ['create_role']
    """
    drafts = {state.place: Draft(state) for state in states}
    found: list[Step] = []
    for entry in reversed(entries):
        # A deletion also removes members and children, but these may be missing for a different reason. Only the
        # missing role shows that the deletion was done.
        if entry.outcome != "failed" and (
            not entry.is_doubtful or any(is_as_after(step, drafts[step.place]) for step in entry.changes)
        ):
            for step in reversed(entry.steps):
                drafts[step.place].take_back(step)
                found.append(step)
    return tuple(reversed(found))


def notes_on_unknown_writes(entries: Sequence[Entry], done: Sequence[Step]) -> tuple[str, ...]:
    """Return a note for each place with writes that have an unknown outcome and no visible effect.

    `done` has the steps that `steps_done` returned.

    >>> here = Place(101, "dev")
    >>> notes_on_unknown_writes([Entry(1, (Step("create_role", here, "a"),), "unknown")], [])
    ('#101 dev: 1 write has an unknown outcome and no visible effect. If it happens later, undo again',)
    """
    seen = set(done)
    unseen = [entry for entry in entries if entry.outcome == "unknown" and seen.isdisjoint(entry.steps)]
    counts = Counter(entry.steps[0].place for entry in unseen if entry.steps)
    return tuple(
        f"{place}: {'1 write has' if count == 1 else f'{count} writes have'} an unknown outcome and no visible effect. "
        f"If {'it happens' if count == 1 else 'they happen'} later, undo again"
        for place, count in sorted(counts.items())
    )


def roles_concerned(done: Iterable[Step], place: Place) -> frozenset[str]:
    """Return all names of the roles in the steps of a place. The members of these roles must be read for an undo."""
    there = [step for step in done if step.place == place]
    return frozenset(step.role for step in there) | {step.target for step in there if step.kind == "rename_role"}


def _is_as_before(done: Iterable[Step], state: PlaceState) -> bool:
    """Return whether everything that the steps changed in a place is as it was before the first step.

    If roles only exchanged their names, return `False`, because the state does not show which role has which name.
    """
    at_first: dict[str, str | None] = {}
    facts: dict[tuple[str, str, str], bool] = {}
    for step in done:
        if step.place != state.place:
            continue
        # None: these steps created the role, so it had no name before the first step.
        role, target = at_first.get(step.role, step.role), at_first.get(step.target, step.target)
        match step.kind:
            case "create_role":
                facts.setdefault(("role", step.role, ""), False)
                at_first[step.role] = None
            case "delete_role" if role is not None:
                facts.setdefault(("role", role, ""), True)
                at_first[step.role] = None
            case "rename_role":
                if role is not None:
                    facts.setdefault(("role", role, ""), True)
                facts.setdefault(("role", step.target, ""), False)
                at_first |= {step.role: None, step.target: role}
            case "add_member" | "remove_member" if role is not None:
                facts.setdefault(("member", role, step.target), step.kind == "remove_member")
            case "add_composite" | "remove_composite" if role is not None and target is not None:
                facts.setdefault(("child", role, target), step.kind == "remove_composite")
    moved = {name: first for name, first in at_first.items() if first not in (None, name)}
    if moved and moved.keys() == set(moved.values()):
        # If roles only exchanged their names, the names are the same before and after, and show nothing.
        return False
    held = {"role": dict.fromkeys(state.roles, frozenset({""})), "member": state.members, "child": state.children}
    return bool(facts) and all(
        (value in held[kind].get(name, ())) is there for (kind, name, value), there in facts.items()
    )


def _before(state: PlaceState, done: Iterable[Step]) -> PlaceState:
    """Return the state before these steps. Leave out composite links of roles that did not exist before the steps."""
    before = state.before(done)
    children = {name: below & before.roles for name, below in before.children.items() if name in before.roles}
    return evolve(before, children=children)


def _used_by_others(done: Sequence[Step], states: Sequence[PlaceState]) -> Mapping[tuple[Place, str], Set[int]]:
    """Return the roles that these steps created and that others used later. These roles must not be deleted.

    Return with each role the indexes of the steps that must not be undone. If a step renames the role, these are all
    steps that name it. If no step renames the role, these are the steps that create it: more than one if others deleted
    the role in between.
    """
    created: dict[tuple[Place, str], list[int]] = {}
    for number, step in enumerate(done):
        for name in (step.role, step.target):
            created.get((step.place, name), []).append(number)
        if step.kind == "create_role":
            created.setdefault((step.place, step.role), [number])
        elif step.kind == "rename_role" and (step.place, step.role) in created:
            created[step.place, step.target] = created.pop((step.place, step.role))
        elif step.kind == "delete_role":
            created.pop((step.place, step.role), None)
    kept: dict[tuple[Place, str], Set[int]] = {}
    for state in states:
        found, expected = Draft(state), Draft(_before(state, done).after(done))
        for (place, name), numbers in created.items():
            if place == state.place and not _in_use(found, name) <= _in_use(expected, name):
                is_renamed = any(done[number].kind == "rename_role" for number in numbers)
                kept[place, name] = {n for n in numbers if is_renamed or done[n].kind == "create_role"}
    return kept


def _in_use(draft: Draft, role: str) -> Set[tuple[str, str]]:
    """Return the members, children and parents of a role, as pairs such as `("child", "reader")`."""
    held = {"member": draft.members, "child": draft.children, "parent": draft.parents}
    return {(kind, name) for kind, names in held.items() for name in names.get(role, ())}


def _without_detours(steps: Sequence[Step], states: Iterable[PlaceState]) -> tuple[Step, ...]:
    """Return the steps without those that cancel each other, so that nobody gets a role and then loses it."""
    followed = list(followed_roles(steps, states))
    numbers = _numbers_by_role(followed)
    kept: dict[int, Step] = {}
    latest: dict[tuple[FollowedRole, str | FollowedRole], int] = {}
    for number, step in enumerate(steps):
        _, role, target = followed[number]
        if step.changes_role:
            in_vain = _since_created(role, numbers, kept) if step.kind == "delete_role" else ()
            for at in in_vain:
                del kept[at]
            if not in_vain:
                kept[number] = step
            continue
        key = role, step.target if step.changes_member else target
        earlier = latest.pop(key, None)
        if earlier is not None and steps[earlier].kind != step.kind:
            del kept[earlier]
        else:
            kept[number] = step
            latest[key] = number
    return tuple(kept.values())


def _numbers_by_role(
    followed: Iterable[tuple[Step, FollowedRole, FollowedRole]],
) -> Mapping[FollowedRole, Sequence[int]]:
    """Return, for each role, the indexes of the steps that name it. `followed` comes from `followed_roles`."""
    numbers: dict[FollowedRole, list[int]] = {}
    for number, (step, role, target) in enumerate(followed):
        for named in {role} if step.changes_member else {role, target}:
            numbers.setdefault(named, []).append(number)
    return numbers


def _since_created(
    role: FollowedRole, numbers: Mapping[FollowedRole, Sequence[int]], chosen: Mapping[int, Step]
) -> Sequence[int]:
    """Return the indexes of the chosen steps that name a role.

    If none of the chosen steps creates the role, return an empty list.
    """
    return [number for number in numbers[role] if number in chosen] if role.created in chosen else []


def _possible(
    wanted: Sequence[Step],
    states: Sequence[PlaceState],
    expected: Sequence[PlaceState],
    kept: Set[tuple[Place, str]],
) -> list[Step]:
    """Return those of the wanted steps that can still be done and would change something.

    `expected` has the states that the places would have if nobody else had changed anything. `kept` has the roles that
    stay because others use them.
    """
    drafts = {state.place: Draft(state) for state in states}
    followed = list(followed_roles(wanted, expected))
    numbers = _numbers_by_role(followed)
    steps: dict[int, Step] = {}
    mistakable: set[tuple[Place, str]] = set()
    for number, step in enumerate(wanted):
        draft = drafts[step.place]
        names = {(step.place, name) for name in (step.role, step.target)}
        if not names.isdisjoint(mistakable):
            mistakable |= names if step.kind == "rename_role" else set()
        elif is_possible(step, draft):
            # The journal's step may count other people: its opposite removed a role from them.
            members = len(draft.members.get(step.role, ()))
            steps[number] = step if step.changes_member else evolve(step, people=members)
            draft.carry_out(step)
        elif step.kind == "rename_role":
            # If the undo creates this role only to rename it now, a role with the final name exists already. So all
            # steps for the created role are left out.
            for at in (in_vain := _since_created(followed[number][1], numbers, steps)):
                del steps[at]
            if in_vain:
                draft.carry_out(Step("delete_role", step.place, step.role))
            # If a different role has the old name now, later steps with one of the names could change the wrong role.
            if step.role in draft.roles or (step.place, step.target) in kept:
                mistakable |= names
    return list(steps.values())


def inverse(step: Step, before: PlaceState | Draft) -> tuple[Step, ...]:
    """Return the steps that undo one step, in the order of carrying out.

    If the step changed nothing in `before`, return no steps. Members who were not read are neither added
    nor removed.

    >>> dev = Place(101, "dev")
    >>> state = PlaceState(dev, "Grants Portal", frozenset({"a", "b"}), {"a": frozenset({"b"})})
    >>> [(back.kind, back.role, back.target) for back in inverse(Step("delete_role", dev, "b"), state)]
    [('create_role', 'b', ''), ('add_composite', 'a', 'b')]
    """
    if not changes_something(step, before):
        return ()
    if step.kind != "delete_role":
        return (step.opposite,)
    parents = sorted(name for name, below in before.children.items() if step.role in below)
    return (
        Step("create_role", step.place, step.role),
        *(Step("add_composite", step.place, step.role, child) for child in sorted(before.children.get(step.role, ()))),
        *(Step("add_composite", step.place, parent, step.role) for parent in parents),
        *(Step("add_member", step.place, step.role, name, 1) for name in sorted(before.members.get(step.role, ()))),
    )


def undo(done: Sequence[Step], before: Iterable[PlaceState]) -> tuple[Step, ...]:
    """Return the steps that restore the earlier state, in the order of carrying out.

    If a role contained itself in the earlier state, a step can make the role contain itself again. The service would
    accept this step, but css-sdk refuses to send it.

    Raises:
        InvalidRequest: the state of a step's place is not given.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members={"a": frozenset()})
    >>> done = [Step("rename_role", state.place, "a", "b"), Step("add_member", state.place, "b", "0f3a@idir")]
    >>> [back.kind for back in undo(done, [state])]
    ['remove_member', 'rename_role']
    """
    states = tuple(before)
    drafts = {state.place: Draft(state) for state in states}
    back: list[tuple[Step, ...]] = []
    for step, role, _ in followed_roles(done, states):
        if step.place not in drafts:
            raise InvalidRequest(f"{step.place}: the state before the changes is not known, so it cannot be restored.")
        steps = inverse(step, drafts[step.place])
        # The undo deletes a role that these steps created. This removes its members, so they need no steps.
        back.append(() if role.created is not None and step.changes_member else steps)
        drafts[step.place].carry_out(step)
    return tuple(step for steps in reversed(back) for step in steps)
