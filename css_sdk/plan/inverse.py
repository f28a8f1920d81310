"""Return the steps that undo other steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import InvalidRequest
from ..state import Draft, Known, Place, PlaceState, Step, is_as_after


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
    if not _changes_something(step, before):
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


def is_possible(step: Step, before: Known) -> bool:
    """Return whether a step changes something, and whether the roles that it names exist.

    Args:
        step: the step.
        before: what is there before it.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> [is_possible(Step(kind, state.place, "a"), state) for kind in ("delete_role", "create_role")]
    [True, False]
    """
    return _changes_something(step, before) and (step.changes_role or before.roles >= set(step.roles))


def _changes_something(step: Step, before: Known) -> bool:
    return is_as_after(step.opposite, before) and (not step.changes_member or step.role in before.members)


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
        back.append(() if is_made and step.changes_member else steps)
        if step.kind == "create_role" and steps:
            made.add((step.place, step.role))
        elif step.kind == "rename_role" and (step.place, step.role) in made:
            made.remove((step.place, step.role))
            made.add((step.place, step.target))
        elif step.kind == "delete_role":
            made.discard((step.place, step.role))
        drafts[step.place].carry_out(step)
    return tuple(step for steps in reversed(back) for step in steps)
