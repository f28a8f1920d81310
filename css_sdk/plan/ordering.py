"""Put the steps of a plan into the order in which they are carried out. Pure.

Steps are sorted by kind. Additions usually come before removals, so that nobody is without access in between. With
`remove_first`, removals come first. The steps of an undo have a fixed order, and are not sorted here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from .._service import environment_checks
from ..models import reachable
from ..state import STEP_KINDS, PlaceState, Step, StepKind

_REMOVING_FIRST: Final[tuple[StepKind, ...]] = (
    "rename_role",  # removes nothing, and the steps that follow use the new names
    "remove_member",
    "remove_composite",
    "delete_role",
    "create_role",
    "add_composite",
    "add_member",
)


def ordered(
    steps: Iterable[Step], states: Iterable[PlaceState] = (), *, remove_first: bool = False
) -> tuple[Step, ...]:
    """Return the steps of a plan in the order in which they are carried out.

    A child is added last if its addition before the removals would make a role contain itself. With `remove_first`,
    removals come first, so that nobody has the old and the new role at the same time.

    >>> from css_sdk.state import Place
    >>> dev = Place(101, "dev")
    >>> steps = [Step("add_member", dev, "b", "0f3a@idir"), Step("rename_role", dev, "a", "b")]
    >>> [step.kind for step in ordered(steps)]
    ['rename_role', 'add_member']
    """
    chosen = list(steps)
    late = set() if remove_first else _late(chosen, states)
    ranks = {kind: rank for rank, kind in enumerate(_REMOVING_FIRST if remove_first else STEP_KINDS)}
    environments = {name: number for number, name in enumerate(environment_checks.ENVIRONMENTS)}

    def key(step: Step) -> tuple[Any, ...]:
        place = step.place
        rank = len(ranks) if step in late else ranks[step.kind]
        where = environments.get(place.environment, len(environments)), place.environment
        return rank, place.integration, *where, step.role, step.target

    return tuple(sorted(chosen, key=key))


def _late(steps: Sequence[Step], states: Iterable[PlaceState]) -> set[Step]:
    """Return the steps that would make a role contain itself if they were carried out before the removals."""
    late: set[Step] = set()
    renamed = [step for step in steps if step.kind == "rename_role"]
    for state in states:
        if added := [step for step in steps if step.place == state.place and step.kind == "add_composite"]:
            late.update(steps_in_cycles(state.after([*renamed, *added]).children, added))
    return late


def steps_in_cycles(edges: Mapping[str, Iterable[str]], added: Sequence[Step]) -> list[Step]:
    """Return the `added` steps whose child contains its parent, directly or not.

    `edges` has the children of each composite role, including the added children.
    """
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return [step for step in added if step.role == step.target or step.role in reachable(edges, step.target)]
    return []
