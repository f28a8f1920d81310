"""Decide which steps of a plan are skipped after earlier steps failed. Pure.

A plan continues when a step fails. But a member cannot be added to a role that was not created. And nobody must lose a
role because its replacement could not be added. Each step that was not done therefore leaves marks, such as "the
members of this role are not as planned". Each later step looks for the marks that block it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from ..errors import Skipped, UnusableUser
from ..people.identification import may_be_member
from ..people.identities import Person
from ..state import Place, PlaceState, Step, StepKind, StepResult
from .impact import followed_roles
from .step_words import in_words

Kind = Literal["role", "mention", "children", "members", "roles of", "removals", "additions"]
Mark = tuple[Kind, Place, str]
"""A sign that something is not as planned: its kind, a place, and the name of a role or user.

- `role`: a step that creates, renames or deletes the role was not done.
- `mention`: another step that names the role was not done.
- `children`, `members`: a child or a member was not added to the role.
- `roles of`: the user was not added to a role.
- `removals` with a name: the user was not removed from a role.
- `removals` without a name: a child or a role was not removed in the place.
- `additions`, always without a name: something was not created, renamed or added in the place.
"""

_Marks = Mapping[StepKind, Sequence[tuple[Kind, Literal["role", "target", ""]]]]
"""The marks of each kind of step: pairs of the kind of a mark, and the attribute of the step that gives the name."""

_LEFT: Final[_Marks] = {
    "create_role": [("role", "role"), ("additions", "")],
    "rename_role": [("role", "role"), ("role", "target"), ("additions", "")],
    "add_composite": [("mention", "role"), ("mention", "target"), ("children", "role"), ("additions", "")],
    "add_member": [("mention", "role"), ("members", "role"), ("roles of", "target"), ("additions", "")],
    "remove_member": [("mention", "role"), ("removals", "target")],
    "remove_composite": [("mention", "role"), ("mention", "target"), ("removals", "")],
    "delete_role": [("role", "role"), ("removals", "")],
}
"""The marks that a step leaves if it is not done."""

_BLOCKING: Final[_Marks] = {
    "create_role": [("role", "role")],
    "rename_role": [("role", "role"), ("role", "target"), ("mention", "role")],
    "add_composite": [("role", "role"), ("role", "target"), ("removals", "")],
    "add_member": [("role", "role"), ("removals", "target")],
    "remove_member": [("role", "role"), ("members", "role"), ("roles of", "target")],
    "remove_composite": [("role", "role"), ("role", "target"), ("children", "role")],
    "delete_role": [("role", "role"), ("mention", "role"), ("additions", "")],
}
"""The marks that block each kind of step. If an earlier step left several of them, the first one is reported."""


class Dependencies:
    """Collect the results of steps, and skip later steps because of steps that were not done.

    `_LEFT` and `_BLOCKING` have the rules. These are the reasons:

    - A step needs the roles that it names.
    - If a step failed, its role is neither renamed nor deleted, because the step could not be repeated afterwards. But
      additions of people who cannot have roles do not count.
    - Removals need the earlier additions, because nobody must lose a role without its replacement.
    - Additions need the earlier removals, because nobody must have the old and the new role at the same time.

    A person who never logged in cannot be added. This failure blocks less than others: members of the same role are
    still removed if another member remains. With `needs_everybody`, this failure blocks as much as others.
    """

    def __init__(
        self, steps: Iterable[Step], states: Iterable[PlaceState] = (), *, needs_everybody: bool = False
    ) -> None:
        self._needs_everybody = needs_everybody
        self._marks: dict[Mark, StepResult] = {}
        self._newcomers: dict[tuple[Place, str], StepResult] = {}
        self._remaining = _count_remaining(steps, states)

    def why_skipped(self, step: Step) -> Skipped | None:
        """Return an error that says why a step must be skipped; `None` if the step can be carried out."""
        cause = self._cause(step)
        if cause is None:
            return None
        mark, result = cause
        what = in_words(result.step)
        if mark[0] in ("role", "mention", "removals"):
            return Skipped(f"Skipped: this step needs an earlier step that was not done: {what}.")
        ended = "failed" if result.outcome == "failed" else "may have failed"
        return Skipped(f"Skipped: this removal waits for an earlier step, which {ended}: {what}. {result.error}")

    def note(self, result: StepResult) -> None:
        """Record the result of a step. If the step was not done, later steps that need it are skipped.

        If the step itself was skipped, these later steps report the same cause.
        """
        step = result.step
        if result.outcome == "done":
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
            for mark in _marks(_LEFT, step):
                if mark[0] != "mention" or not _cannot_have_roles(result):
                    self._marks.setdefault(mark, cause[1] if cause else result)

    def _note_done(self, step: Step) -> None:
        if step.kind == "add_member":
            self._remaining[step.place, step.role] += 1
        elif step.kind == "rename_role":
            old, new = (step.place, step.role), (step.place, step.target)
            self._remaining[new] = self._remaining.pop(old, 0)
            if old in self._newcomers:
                self._newcomers[new] = self._newcomers.pop(old)
            if ("members", *old) in self._marks:
                self._marks["members", *new] = self._marks["members", *old]

    def _cause(self, step: Step) -> tuple[Mark, StepResult] | None:
        for mark in _marks(_BLOCKING, step):
            if mark in self._marks:
                return mark, self._marks[mark]
        role = step.place, step.role
        if step.kind == "remove_member" and role in self._newcomers and self._remaining[role] <= 0:
            return ("members", *role), self._newcomers[role]
        return None


def _count_remaining(steps: Iterable[Step], states: Iterable[PlaceState]) -> Counter[tuple[Place, str]]:
    """Return, for each role, how many of its members no step removes. Use the names of roles before all steps."""
    before = tuple(states)
    found = Counter({(state.place, name): len(held) for state in before for name, held in state.members.items()})
    for step, role, _ in followed_roles(tuple(steps), before):
        if step.kind == "remove_member":
            found[step.place, role.name] -= 1
    return found


def _cannot_have_roles(result: StepResult) -> bool:
    """Return whether a step failed because its user never logged in, or has a login that cannot have roles."""
    return isinstance(result.error, UnusableUser) or _is_newcomer(result)


def _is_newcomer(result: StepResult) -> bool:
    """Return whether a step failed because its user certainly never logged in, and so cannot have any role."""
    return result.error is not None and not may_be_member(Person("username", result.step.target), result.error)


def _marks(kinds: _Marks, step: Step) -> Iterator[Mark]:
    for kind, attribute in kinds[step.kind]:
        yield kind, step.place, getattr(step, attribute) if attribute else ""
