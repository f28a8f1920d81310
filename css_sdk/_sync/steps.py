# Written from css_sdk/_async/steps.py by `make generate`; edit that one.
"""Carry out the steps of a plan in order. Several independent steps can run at the same time.

If a step fails, the steps that depend on it are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeVar

from attrs import define, field

from .._http.concurrency import Lock, called, each
from ..errors import AuthenticationError, Conflict, CssError, NotFound
from ..models import Outcome
from ..state import Place, PlaceState, Step, StepResult, is_as_after
from .observing import with_members

if TYPE_CHECKING:
    from ..plan.dependencies import Dependencies
    from .roles import Roles


Numbered = dict[int, Step]
"""Steps by number. The number of a step is its index among all steps of a run."""
Key = TypeVar("Key", bound=Hashable)


def grouped(steps: Numbered, by: Callable[[Step], Key]) -> dict[Key, Numbered]:
    """Group the steps by the result of `by` for each step. Each step keeps its number."""
    groups: dict[Key, Numbered] = {}
    for number, step in steps.items():
        groups.setdefault(by(step), {})[number] = step
    return groups


def done_or_failed(result: StepResult) -> Outcome:
    """Return the outcome of a step. For a skipped step, return `failed`."""
    return "failed" if result.outcome == "skipped" else result.outcome


Shipping = Callable[["StepRun", Numbered], None]
"""A function that sends steps about members of one place to workers, and settles the steps with the workers' results.

It gets the run and the steps.
"""


@define(eq=False)
class StepRun:
    """Carry out steps, and collect their results. A step is settled when it has a result.

    Args:
        roles: for each place, the client for its roles.
        steps: the steps, in an order in which they can be carried out. Steps of one kind stand together.
        dependencies: decides which steps are skipped after others failed; None if the steps are independent.
        ship: lets workers carry out the steps about members; None to carry them out in this process.
        are_not_done: whether a read has just shown that none of the steps is done. The journal then needs no second
            read.
        skip_existing: whether to read first which steps about members are needed. The other steps are settled as
            `already`.
        may_exist: whether `create_role` counts as done if somebody else has just created the role.
        width: calls at once, 1 to 8.
        progress: called with each result, one call at a time, possibly in a different thread. It must not raise
            exceptions.
    """

    roles: Mapping[Place, Roles]
    steps: Sequence[Step]
    dependencies: Dependencies | None = None
    ship: Shipping | None = None
    are_not_done: bool = False
    skip_existing: bool = False
    may_exist: bool = True
    width: int = field(kw_only=True)
    progress: Callable[[StepResult], object] | None = None
    _results: dict[int, StepResult] = field(factory=dict, init=False)
    _lost_access: AuthenticationError | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False)

    def carry_out(self) -> list[StepResult]:
        """Carry out the steps, one kind after another, and return a result for each step, in the order of the steps."""
        for kind, run in groupby(enumerate(self.steps), key=lambda numbered: numbered[1].kind):
            batch = self._ready(dict(run))
            match kind:
                case "add_member" | "remove_member":
                    self._change_members(batch)
                case "add_composite":
                    self._each(batch, lambda step: (step.place, step.role), self._add_composites)
                case "remove_composite":
                    self._each(batch, lambda step: (step.place, step.role), self._one_by_one)
                case "rename_role" | "delete_role":
                    # One after another: a rename may free a name that the next rename needs. And no write may change
                    # what a deletion removes with the role, after this was read.
                    self._each(batch, lambda step: step.place, self._one_by_one)
                case _:
                    self._each(batch, lambda step: step, self._one_by_one)
        return [self._results[number] for number in range(len(self.steps))]

    def _ready(self, batch: Numbered) -> Numbered:
        """Return the steps that can be carried out. Settle steps that depend on failed steps as skipped."""
        ready: Numbered = {}
        for number, step in batch.items():
            reason = self.dependencies.why_skipped(step) if self.dependencies else None
            if reason is None:
                ready[number] = step
            else:
                self.settle({number: step}, "skipped", reason)
        return ready

    def _each(self, batch: Numbered, by: Callable[[Step], Hashable], work: Callable[[Numbered], None]) -> None:
        each(work, list(grouped(batch, by).values()), self.width)

    def _one_by_one(self, group: Numbered) -> None:
        for number, step in group.items():
            if ready := self._ready({number: step}):
                self._attempt(ready, partial(self._write, step))

    def _add_composites(self, group: Numbered) -> None:
        """Add all new children of one role in one call. The steps are all about this role."""
        steps = list(group.values())
        parent = self.roles[steps[0].place].composites(steps[0].role)
        self._attempt(group, lambda: parent._write(steps))

    def _attempt(self, group: Numbered, write: Callable[[], None]) -> None:
        """Make the write for a group of steps, and settle the steps as done, failed or unknown.

        Args:
            write: makes the write. If it settles a step itself, it must remove this step from `group`.
        """
        if self._lost_access is not None:
            # The service has refused the credentials, and would refuse them again.
            return self.settle_failed(group, self._lost_access)
        place = next(iter(group.values())).place
        is_known = self.are_not_done or self.skip_existing
        try:
            with self.roles[place]._wire.knowing_not_done(group.values() if is_known else ()):
                write()
        except CssError as error:
            return self.settle_failed(group, error)
        return self.settle(group, "done")

    def _write(self, step: Step) -> None:
        roles = self.roles[step.place]
        match step.kind:
            case "create_role":
                # If somebody else has just created the role, it exists as wanted. The journal does not record it.
                with suppress(Conflict) if self.may_exist else nullcontext():
                    roles.create(step.role)
            case "rename_role":
                roles.rename(step.role, step.target)
            case "remove_composite":
                roles.composites(step.role)._write([step])
            case _:
                roles.delete(step.role)

    def _change_members(self, batch: Numbered) -> None:
        """Carry out steps about members: one call for a user's additions in a place, and one for each removal."""
        for place, group in grouped(batch, lambda step: step.place).items():
            roles = self.roles[place]
            if self.skip_existing:
                self._settle_done(roles, group)
            left = {number: step for number, step in group.items() if number not in self._results}
            if self.ship is not None:
                self.ship(self, left)
            else:
                self._each(left, lambda step: step.target, partial(self._change_one_user, roles))

    def _settle_done(self, roles: Roles, steps: Numbered) -> None:
        """Settle the steps about members that need no write, because the user already has or already lacks the role.

        To save calls, read the members of each role or the roles of each user: choose the smaller number of reads.
        """
        by_role, by_user = grouped(steps, lambda step: step.role), grouped(steps, lambda step: step.target)
        is_by_user = len(by_user) <= len(by_role)
        # If a reading misses a member, this person seems not to have the role. Then a removal would not be sent, and an
        # undo would later remove a role that the person had before.
        is_adding = next(iter(steps.values())).kind == "add_member"
        settled = not is_adding or roles._wire.journal is not None
        unread = PlaceState(roles.place, "", frozenset())
        for name, group in (by_user if is_by_user else by_role).items():
            try:
                if is_by_user:
                    state = roles._users._observe(name)
                else:
                    state = with_members(roles, unread, [name], settled=settled, width=1)
                done = {number: step for number, step in group.items() if is_as_after(step, state)}
                if done and is_by_user and not is_adding:
                    # If the role does not exist, its name may be mistyped. Do not settle the step as done: send it, so
                    # that it fails with the error of the service.
                    existing = {role.name for role in roles.list()}
                    done = {number: step for number, step in done.items() if step.role in existing}
            except CssError as error:
                self.settle_failed(group, error)
            else:
                self.settle(done, "already")

    def _change_one_user(self, roles: Roles, group: Numbered) -> None:
        """Add roles to one user in one call, or remove roles from one user with one call for each role.

        If one of the roles to add does not exist, the service adds none of them. Steps with missing roles are then
        settled as failed, and the other steps are sent again.
        """

        def add() -> None:
            while group:
                try:
                    roles._users._write(list(group.values()))
                    return
                except NotFound as error:
                    if error.what != "role" or len(group) == 1:
                        raise
                    existing = {role.name for role in roles.list()}
                    missing = {number: step for number, step in group.items() if step.role not in existing}
                    if not missing:
                        raise
                    self.settle_failed(missing, error)
                    for number in missing:
                        del group[number]

        if next(iter(group.values())).kind == "add_member":
            self._attempt(group, add)
            return
        for number, step in group.items():
            self._attempt({number: step}, partial(roles._users._write, [step]))

    def settle_failed(self, group: Numbered, error: CssError) -> None:
        """Settle these steps with an error. The error decides whether they failed or have an unknown outcome.

        After an `AuthenticationError`, nothing more is sent in this run.
        """
        if isinstance(error, AuthenticationError):
            self._lost_access = error
        # Without the traceback, which would keep the request and the answer of the call in memory.
        self.settle(group, error.outcome, error.with_traceback(None))

    def settle(self, group: Numbered, outcome: Outcome | Literal["skipped"], error: CssError | None = None) -> None:
        """Record one outcome for all these steps, and pass each result to `progress`, one result at a time."""
        with self._lock:
            for number, step in group.items():
                result = self._results[number] = StepResult(step, outcome, error)
                if self.dependencies is not None:
                    self.dependencies.note(result)
                if self.progress is not None:
                    called("progress", self.progress, result)
