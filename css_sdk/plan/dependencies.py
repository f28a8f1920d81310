"""Which steps of a plan are not tried any more, once others before them failed. Pure.

A plan goes on when a step fails. But a member cannot be added to a role that was not created, and nobody shall lose a
role because the one that was to replace it could not be given. So each step that was not done leaves marks ("the
members of this role are not as they should be"), and each later step looks for the marks that stand in its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from ..errors import NotTried, UnusableUser
from ..people.identification import holds_back
from ..people.identities import Person
from ..state import Place, PlaceState, Step, StepResult

Kind = Literal["role", "spoken of", "children", "members", "roles of", "taken from", "given"]
Ground = tuple[Kind, Place, str]
"""Something that steps need to be as it should be: of a role, of a user, or of a place, for which the name is empty."""

_OF_MEMBERS_AND_CHILDREN: Final = ("add_member", "remove_member", "add_composite", "remove_composite")


class Grounds:
    """What became of steps so far, and what that means for those that follow.

    A step needs the one before it that made, renamed or deleted a role of which it speaks. A role is renamed or
    deleted only after all that was to be done with it by its name: what is left of a plan could not name it any more.
    Somebody whom the service does not know, or who cannot have roles at all, holds none of this back. What is added
    after something was taken away was put there on purpose and needs it: a user's role the removals from the same
    user, a composite the removals of composites and roles of its place.

    Nothing is taken away where what was to come instead could not be given: a member is not removed when an addition
    to the same role, or of a role for the same user, was not done; a child when another was not added to its role; a
    role is not deleted when in its place a creation, a renaming or an addition was not done. An addition that only
    failed because a person never logged in keeps nothing back but the removals of a role that would be left to nobody.

    Args:
        steps: all, in the order of carrying out.
        states: of their places, as they are before.
        needs_everybody: let an addition for a person who never logged in count as any other that failed.
    """

    def __init__(
        self, steps: Iterable[Step], states: Iterable[PlaceState] = (), *, needs_everybody: bool = False
    ) -> None:
        self._needs_everybody = needs_everybody
        self._lost: dict[Ground, StepResult] = {}
        self._newcomers: dict[tuple[Place, str], StepResult] = {}
        self._staying = _staying(steps, states)

    def lacking(self, step: Step) -> NotTried | None:
        """Why a step is not to be tried, if so.

        Args:
            step: that comes next.
        """
        cause = self._cause(step)
        if cause is None:
            return None
        needed, result = cause
        what = f"{result.step.kind} of {result.step.role!r}"
        if needed[0] in ("role", "spoken of", "taken from"):
            return NotTried(f"Not tried: it needs {what}, which was not done.")
        whom = f" for {result.step.target}" if result.step.kind == "add_member" else ""
        ended = "failed" if result.outcome == "failed" else "may have failed"
        return NotTried(
            f"Not tried: {what}{whom} comes before anything is taken away here, but it {ended}: {result.error}"
        )

    def note(self, result: StepResult) -> None:
        """Notes how a step ended.

        Args:
            result: of the step; for one that was skipped what it lacks is told as the reason for others too.
        """
        step = result.step
        if result.outcome == "confirmed":
            self._note_done(step)
        elif (
            step.kind == "add_member"
            and result.outcome == "failed"
            and not self._needs_everybody
            and _is_newcomer(result)
        ):
            self._newcomers.setdefault((step.place, step.role), result)
        else:
            cause = self._cause(step) if result.outcome == "skipped" else None
            for ground in _grounds_of(step):
                if ground[0] != "spoken of" or not _is_nobody(result):
                    self._lost.setdefault(ground, cause[1] if cause else result)

    def _note_done(self, step: Step) -> None:
        if step.kind == "add_member":
            self._staying[step.place, step.role] += 1
        elif step.kind == "rename_role":
            old, new = (step.place, step.role), (step.place, step.target)
            self._staying[new] = self._staying.pop(old, 0)
            if old in self._newcomers:
                self._newcomers[new] = self._newcomers.pop(old)
            if ("members", *old) in self._lost:
                self._lost["members", *new] = self._lost["members", *old]

    def _cause(self, step: Step) -> tuple[Ground, StepResult] | None:
        for ground in _needed_by(step):
            if ground in self._lost:
                return ground, self._lost[ground]
        role = step.place, step.role
        if step.kind == "remove_member" and role in self._newcomers and self._staying[role] <= 0:
            return ("members", *role), self._newcomers[role]
        return None


def _staying(steps: Iterable[Step], states: Iterable[PlaceState]) -> Counter[tuple[Place, str]]:
    """How many members of each role, by its name before all steps, none of the steps removes."""
    found: Counter[tuple[Place, str]] = Counter()
    for state in states:
        found.update({(state.place, name): len(held) for name, held in state.members.items()})
    at_first: dict[tuple[Place, str], str] = {}
    for step in steps:
        if step.kind == "rename_role":
            at_first[step.place, step.target] = at_first.pop((step.place, step.role), step.role)
        elif step.kind == "remove_member":
            found[step.place, at_first.get((step.place, step.role), step.role)] -= 1
    return found


def _is_nobody(result: StepResult) -> bool:
    return isinstance(result.error, UnusableUser) or _is_newcomer(result)


def _is_newcomer(result: StepResult) -> bool:
    """Return whether the user of a step is a person who never logged in, and so certainly holds nothing."""
    return result.error is not None and not holds_back(Person("username", result.step.target), result.error)


def _grounds_of(step: Step) -> Iterator[Ground]:
    """What is not as it should be when the step was not done."""
    place = step.place
    if step.kind in _OF_MEMBERS_AND_CHILDREN:
        yield from (("spoken of", place, name) for name in _roles_of(step))
    match step.kind:
        case "create_role" | "rename_role":
            yield from (("role", place, name) for name in _roles_of(step))
        case "add_composite":
            yield "children", place, step.role
        case "add_member":
            yield "members", place, step.role
            yield "roles of", place, step.target
        case "remove_member":
            yield "taken from", place, step.target
        case "remove_composite":
            yield "taken from", place, ""
        case "delete_role":
            yield "role", place, step.role
            yield "taken from", place, ""
    if not step.takes_away:
        yield "given", place, ""


def _needed_by(step: Step) -> Iterator[Ground]:
    place = step.place
    yield from (("role", place, name) for name in _roles_of(step))
    if step.kind in ("rename_role", "delete_role"):
        yield "spoken of", place, step.role
    match step.kind:
        case "add_member":
            yield "taken from", place, step.target
        case "add_composite":
            yield "taken from", place, ""
        case "remove_member":
            yield "members", place, step.role
            yield "roles of", place, step.target
        case "remove_composite":
            yield "children", place, step.role
        case "delete_role":
            yield "given", place, ""


def _roles_of(step: Step) -> tuple[str, ...]:
    speaks_of_two = step.kind in ("rename_role", "add_composite", "remove_composite")
    return (step.role, step.target) if speaks_of_two else (step.role,)
