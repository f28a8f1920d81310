"""Return the steps that undo other steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Protocol

from attrs import evolve

from ..errors import InvalidRequest
from ..state import Draft, Place, PlaceState, Step


class Known(Protocol):
    """Roles, children and members, as a `PlaceState` or a draft of one holds them."""

    @property
    def roles(self) -> Set[str]: ...

    @property
    def children(self) -> Mapping[str, Set[str]]: ...

    @property
    def members(self) -> Mapping[str, Set[str]]: ...


def inverse(step: Step, before: Known) -> tuple[Step, ...]:
    """Return the steps that undo one step, in the order of carrying out.

    They undo only what the step changed, and nothing about members who were not read: nobody loses what they had
    before, and nobody gets what they did not have.

    Args:
        step: what was done.
        before: what was there before it.

    >>> dev = Place(101, "dev")
    >>> state = PlaceState(dev, "Grants Portal", frozenset({"a", "b"}), {"a": frozenset({"b"})})
    >>> [(back.kind, back.role, back.target) for back in inverse(Step("delete_role", dev, "b"), state)]
    [('create_role', 'b', ''), ('add_composite', 'a', 'b')]
    """
    members, children = before.members.get(step.role), before.children.get(step.role, frozenset[str]())
    match step.kind:
        case "create_role" if step.role not in before.roles:
            return (evolve(step, kind="delete_role"),)
        case "rename_role" if step.role in before.roles and step.target not in before.roles:
            return (evolve(step, role=step.target, target=step.role),)
        case "add_composite" if step.target not in children:
            return (evolve(step, kind="remove_composite"),)
        case "remove_composite" if step.target in children:
            return (evolve(step, kind="add_composite"),)
        case "add_member" if members is not None and step.target not in members:
            return (evolve(step, kind="remove_member"),)
        case "remove_member" if members is not None and step.target in members:
            return (evolve(step, kind="add_member"),)
        case "delete_role" if step.role in before.roles:
            parents = sorted(name for name, below in before.children.items() if step.role in below)
            return (
                Step("create_role", step.place, step.role),
                *(Step("add_composite", step.place, step.role, child) for child in sorted(children)),
                *(Step("add_composite", step.place, parent, step.role) for parent in parents),
                *(Step("add_member", step.place, step.role, username, 1) for username in sorted(members or ())),
            )
        case _:
            return ()


def is_possible(step: Step, before: Known) -> bool:
    """Return whether a step changes something, and whether the roles that it names exist.

    Args:
        step: the step.
        before: what is there before it.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> [is_possible(Step(kind, state.place, "a"), state) for kind in ("delete_role", "create_role")]
    [True, False]
    """
    names_two = step.kind in ("add_composite", "remove_composite")
    return bool(inverse(step, before)) and (not names_two or {step.role, step.target} <= before.roles)


def undo(done: Sequence[Step], before: Iterable[PlaceState]) -> tuple[Step, ...]:
    """Return the steps that restore the earlier state, in the order of carrying out.

    If a role contained itself in the earlier state, the steps restore this, too. The service would accept it, but
    css-sdk refuses to send it.

    Args:
        done: what was done, in the order in which it was.
        before: the states of the places as they were before.

    Raises:
        InvalidRequest: for a step of a place whose state is not given.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members={"a": frozenset()})
    >>> done = [Step("rename_role", state.place, "a", "b"), Step("add_member", state.place, "b", "0f3a@idir")]
    >>> [back.kind for back in undo(done, [state])]
    ['remove_member', 'rename_role']
    """
    drafts = {state.place: Draft(state) for state in before}
    made: set[tuple[Place, str]] = set()
    back: list[tuple[Step, ...]] = []
    for step in done:
        if step.place not in drafts:
            raise InvalidRequest(f"{step.place}: the state before is not known, so it cannot be restored.")
        steps = inverse(step, drafts[step.place])
        # Deleting a role on the way back removes all its members too.
        is_made = (step.place, step.role) in made
        back.append(() if is_made and step.kind in ("add_member", "remove_member") else steps)
        if step.kind == "create_role" and steps:
            made.add((step.place, step.role))
        elif step.kind == "rename_role" and (step.place, step.role) in made:
            made.remove((step.place, step.role))
            made.add((step.place, step.target))
        elif step.kind == "delete_role":
            made.discard((step.place, step.role))
        drafts[step.place].carry_out(step)
    return tuple(step for steps in reversed(back) for step in steps)
