"""Find plans that somebody changed or wrote by hand. Pure.

Plan files are trusted input: somebody who writes a complete plan by hand, with its plan id, can request any change.
These checks find plans whose parts do not fit together, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._service import identifiers, service_limits
from ..errors import InvalidFile
from ..state import Draft, Place, PlaceState, Step
from .impact import Impact
from .undo import is_possible


def find_unread_members(steps: Iterable[Step], members_read: Mapping[Place, Iterable[str]]) -> Iterator[str]:
    """Yield a sentence for each step about members that were not read.

    A plan adds and removes members only in roles whose members were read, or that the plan itself creates. It deletes
    only roles whose members were read.

    Args:
        steps: the steps, in the order of carrying out.
        members_read: by place, the roles whose members were read.
    """
    known = {place: set(names) for place, names in members_read.items()}
    for number, step in enumerate(steps, start=1):
        read = known[step.place]
        if step.kind == "create_role":
            read.add(step.role)
        elif step.kind == "rename_role" and step.role in read:
            read.remove(step.role)
            read.add(step.target)
        elif step.kind in ("add_member", "remove_member", "delete_role") and step.role not in read:
            yield f"steps, number {number}: the members of {step.role!r} were not read when the plan was made"


def find_repeated(steps: Iterable[Step]) -> Iterator[str]:
    """Yield a sentence for each step that appears twice, so that the second one has no effect.

    Args:
        steps: the steps, in the order of carrying out.
    """
    seen: dict[Step, int] = {}
    kind = ""
    for number, step in enumerate(steps, start=1):
        if step.kind != kind:
            seen, kind = {}, step.kind
        # A rename may appear twice, because a different rename in between can free the name again.
        if step in seen and kind != "rename_role":
            yield f"steps, number {number}: it is the same as number {seen[step]}"
        seen.setdefault(step, number)


def check_sendable(steps: Iterable[Step]) -> None:
    """Refuse removals that no request can express. Run this check before anything is added.

    Args:
        steps: the steps of a plan.

    Raises:
        UnusableUser, UnusableName, RequestTooLong: a removal cannot be sent. Nothing is sent.
    """
    for step in steps:
        where = step.place.integration, step.place.environment
        if step.kind == "remove_member":
            service_limits.check_removable(*where, [step.role], identifiers.username_of(step.target))
        elif step.kind == "remove_composite":
            service_limits.check_separable(*where, step.role, [step.target])


def check_steps(steps: Sequence[Step], impact: Impact) -> None:
    """Refuse a plan whose steps do not fit the states that it was made from.

    Args:
        steps: the steps, in the order of the plan.
        impact: the impact of these steps on the states that the plan was made from.

    Raises:
        InvalidFile: a step would change nothing, a step changes a role that does not exist at that point, a step has a
            wrong number of people, or the number cannot be checked because members were not read.
    """
    faults = [
        f"{one.place}: {one.kind} of {one.role!r} removes a role from {true.people} people, not from {one.people}"
        for one, true in zip(steps, impact.counted, strict=True)
        if one.people != true.people
    ]
    for place, names in impact.unread.items():
        faults += [f"{place}: the members of {name!r} were not read" for name in sorted(names)]
    faults += find_impossible(steps, impact.states)
    if faults:
        raise InvalidFile(
            "The plan was changed after it was made. Nothing was sent. Make the plan again.", faults=faults
        )


def find_impossible(steps: Iterable[Step], before: Iterable[PlaceState]) -> Iterator[str]:
    """Yield a sentence for each step that changes nothing, or that changes a role that does not exist at that point.

    Args:
        steps: the steps, in the order of carrying out.
        before: the states of their places before the steps.

    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> list(find_impossible([Step("create_role", state.place, "a")], [state]))
    ["#101 dev: create_role of 'a' changes nothing, or changes something that does not exist"]
    """
    drafts = {state.place: Draft(state) for state in before}
    for step in steps:
        draft = drafts[step.place]
        if not is_possible(step, draft):
            what = f"{step.kind} of {step.role!r}{f' ({step.target})' if step.target else ''}"
            yield f"{step.place}: {what} changes nothing, or changes something that does not exist"
        draft.carry_out(step)
