# Written from css_sdk/_async/steps.py by `make generate`; edit that one.
"""Carry out steps in order, several independent steps at once. Skip steps that depend on a failed step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from .._http.concurrency import Lock, called, each
from ..errors import AuthenticationError, Conflict, CssError, OutcomeUnknown
from ..models import Outcome
from ..state import Place, Step, StepResult
from .grants import Numbered, change_members, grouped, settle_done

if TYPE_CHECKING:
    from ..plan.dependencies import Dependencies
    from .roles import Roles


def done_or_failed(result: StepResult) -> Outcome:
    """Return the outcome of a step, with `failed` instead of `skipped`."""
    return "failed" if result.outcome == "skipped" else result.outcome


Shipping = Callable[["StepRun", Numbered, int], None]
"""A function that has steps about members of one place carried out by workers, and settles the steps.

Its third argument is the number of chunks of steps at once.
"""


class StepRun:
    """Carry out steps, and collect their results.

    Args:
        roles: for each place, the client for its roles.
        steps: the steps, in an order in which they can be carried out.
        dependencies: decides which steps are skipped after others failed; None if the steps are independent.
        ship: lets workers carry out the steps about members; None to carry them out in this process.
        are_not_done: whether a read has just shown that none of the steps is done. The journal then needs no read.
        skip_existing: whether to read first which steps about members are needed.
        may_exist: whether `create_role` counts as done if somebody else has just created the role.
        width: calls at once, 1 to 8.
        progress: called with each result as it comes, one at a time, possibly in a different thread. It must not raise
            exceptions.
    """

    def __init__(
        self,
        roles: Mapping[Place, Roles],
        steps: Sequence[Step],
        dependencies: Dependencies | None = None,
        *,
        ship: Shipping | None = None,
        are_not_done: bool = False,
        skip_existing: bool = False,
        may_exist: bool = True,
        width: int,
        progress: Callable[[StepResult], object] | None = None,
    ) -> None:
        self._roles = roles
        self._steps = steps
        self._dependencies = dependencies
        self._ship = ship
        self._are_not_done = are_not_done
        self._skip_existing = skip_existing
        self._may_exist = may_exist
        self._width = width
        self._progress = progress
        self._results: dict[int, StepResult] = {}
        self._lost_access: AuthenticationError | None = None
        self._lock = Lock()

    def carry_out(self) -> list[StepResult]:
        """Carry out one kind of step after another and return the results, in the order of the steps."""
        with self._knowing_not_done(self._steps if self._are_not_done else ()):
            self._carry_out()
        return [self._results[number] for number in range(len(self._steps))]

    def _knowing_not_done(self, steps: Iterable[Step]) -> AbstractContextManager[None]:
        wire = next((roles._wire for roles in self._roles.values()), None)
        return nullcontext() if wire is None else wire.knowing_not_done(steps)

    def _carry_out(self) -> None:
        for kind, run in groupby(enumerate(self._steps), key=lambda numbered: numbered[1].kind):
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

    def _ready(self, batch: Numbered) -> Numbered:
        """Return the steps that can be carried out; settle the others as skipped."""
        ready: Numbered = {}
        for number, step in batch.items():
            reason = self._dependencies.why_skipped(step) if self._dependencies else None
            if reason is None:
                ready[number] = step
            else:
                self.settle({number: step}, "skipped", reason)
        return ready

    def _each(self, batch: Numbered, by: Callable[[Step], Hashable], work: Callable[[Numbered], None]) -> None:
        each(work, list(grouped(batch, by).values()), self._width)

    def _one_by_one(self, group: Numbered) -> None:
        for number, step in group.items():
            if ready := self._ready({number: step}):
                self.attempt(ready, partial(self._write, step))

    def _add_composites(self, group: Numbered) -> None:
        """Add all new children of a role in one call."""
        steps = list(group.values())
        parent = self._roles[steps[0].place].composites(steps[0].role)
        self.attempt(group, lambda: parent._write(steps))

    def attempt(self, group: Numbered, write: Callable[[], None]) -> None:
        """Make the write for a group of steps, and settle the steps that `write` has not settled itself."""
        if self._lost_access is not None:
            # The service has refused the credentials, and would refuse them again.
            return self.settle_failed(group, self._lost_access)
        try:
            write()
        except CssError as error:
            return self.settle_failed(group, error)
        return self.settle(group, "confirmed")

    def _write(self, step: Step) -> None:
        roles = self._roles[step.place]
        match step.kind:
            case "create_role":
                # If somebody else has just created the role, it exists as wanted. The journal does not record it.
                with suppress(Conflict) if self._may_exist else nullcontext():
                    roles.create(step.role)
            case "rename_role":
                roles.rename(step.role, step.target)
            case "remove_composite":
                roles.composites(step.role)._write([step])
            case _:
                roles.delete(step.role)

    def _change_members(self, batch: Numbered) -> None:
        """Add all roles of a user in one environment in one call, or remove them in one call each."""
        for place, group in grouped(batch, lambda step: step.place).items():
            roles = self._roles[place]
            if self._skip_existing:
                settle_done(self, roles, group)
            left = {number: step for number, step in group.items() if number not in self._results}
            if self._ship is not None:
                self._ship(self, left, self._width)
                continue
            with roles._wire.knowing_not_done(left.values() if self._skip_existing else ()):
                self._each(left, lambda step: step.target, partial(change_members, self, roles))

    def settle_failed(self, group: Numbered, error: CssError) -> None:
        """Settle these steps with an error, as failed or with an unknown outcome."""
        if isinstance(error, AuthenticationError):
            self._lost_access = error
        outcome: Outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        # Without the traceback, which would keep the request and the answer of the call in memory.
        self.settle(group, outcome, error.with_traceback(None))

    def settle(self, group: Numbered, outcome: Outcome | Literal["skipped"], error: CssError | None = None) -> None:
        """Record the same outcome for each of these steps, and report each result, never two at once."""
        with self._lock:
            for number, step in group.items():
                result = self._results[number] = StepResult(step, outcome, error)
                if self._dependencies is not None:
                    self._dependencies.note(result)
                if self._progress is not None:
                    called("progress", self._progress, result)
