"""Compute the steps that undo given steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import InvalidRequest
from ..state import Draft, Place, PlaceState, Step, is_as_after


def inverse(step: Step, before: PlaceState | Draft) -> tuple[Step, ...]:
    """Return the steps that undo one step, in the order of carrying out.

    If the step changed nothing, no steps are returned. Members who were not read are neither added nor removed.

    Args:
        step: the step to undo.
        before: the state before the step.

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


def is_possible(step: Step, before: PlaceState | Draft) -> bool:
    """Return whether a step can be done and would change something.

    A step that changes a member or a composite also needs its roles to exist.

    Args:
        step: the step to check.
        before: the state before the step.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> [is_possible(Step(kind, state.place, "a"), state) for kind in ("delete_role", "create_role")]
    [True, False]
    """
    return _changes_something(step, before) and (step.changes_role or before.roles >= set(step.roles))


def _changes_something(step: Step, before: PlaceState | Draft) -> bool:
    return is_as_after(step.opposite, before) and (not step.changes_member or step.role in before.members)


def undo(done: Sequence[Step], before: Iterable[PlaceState]) -> tuple[Step, ...]:
    """Return the steps that restore the earlier state, in the order of carrying out.

    If a role contained itself in the earlier state, the steps can include a step that makes it contain itself again.
    The service would accept this step, but css-sdk refuses to send it.

    Args:
        done: the steps that were done, in their order.
        before: the states of their places before these steps.

    Raises:
        InvalidRequest: the state of a step's place is not given.

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
        # The undo deletes a role that these steps created. This removes its members, so they need no steps.
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
