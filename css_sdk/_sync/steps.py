# Written from css_sdk/_async/steps.py by `make generate`; edit that one.
"""Carry out steps in order, independent ones at the same time. Skip steps that need a failed step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from .._http.concurrency import Lock, called, each
from ..errors import AuthenticationError, Conflict, CssError, OutcomeUnknown
from ..models import Outcome
from ..state import Place, Step, StepResult
from .grants import Granting, GrantWrite, Numbered, grouped

if TYPE_CHECKING:
    from ..plan.dependencies import Dependencies
    from .integrations import EnvironmentClient
    from .roles import Roles


def done_or_failed(result: StepResult) -> Outcome:
    """Return the outcome of a step, with `failed` instead of `skipped`."""
    return "failed" if result.outcome == "skipped" else result.outcome


class StepRun:
    """Steps that are being carried out.

    Args:
        steps: in an order in which they can be carried out.
        dependencies: which of them are skipped after others failed; None if none depends on another.
        granting: by place, what sends the steps about members.
        roles: by place, what sends the steps about roles and their children.
        skip_existing: read first whether a step about a member is needed.
        may_exist: let a role that somebody else created just now count as created.
        width: calls at once, 1 to 8.
        progress: called with each result as it comes, one at a time, possibly from another thread; raises nothing.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        dependencies: Dependencies | None,
        *,
        granting: Mapping[Place, Granting],
        roles: Mapping[Place, Roles],
        skip_existing: bool = False,
        may_exist: bool = True,
        width: int,
        progress: Callable[[StepResult], object] | None = None,
    ) -> None:
        self._granting = granting
        self._roles = roles
        self._skip_existing = skip_existing
        self._may_exist = may_exist
        self._steps = steps
        self._dependencies = dependencies
        self._width = width
        self._progress = progress
        self._results: dict[int, StepResult] = {}
        self._lost_access: AuthenticationError | None = None
        self._lock = Lock()

    @classmethod
    def at(
        cls,
        environments: Mapping[Place, EnvironmentClient],
        steps: Sequence[Step],
        dependencies: Dependencies | None,
        *,
        skip_existing: bool = False,
        width: int,
        progress: Callable[[StepResult], object] | None = None,
    ) -> StepRun:
        """Return a run that sends the steps through these environments."""
        granting = {place: Granting(there.users, there.roles.list) for place, there in environments.items()}
        roles = {place: there.roles for place, there in environments.items()}
        return cls(
            steps,
            dependencies,
            granting=granting,
            roles=roles,
            skip_existing=skip_existing,
            width=width,
            progress=progress,
        )

    def carry_out(self) -> list[StepResult]:
        """Carry out one kind of step after another and return the results, in the order of the steps."""
        for kind, run in groupby(enumerate(self._steps), key=lambda numbered: numbered[1].kind):
            batch = self._ready(dict(run))
            match kind:
                case "add_member" | "remove_member":
                    self._change_members(kind, batch)
                case "add_composite":
                    self._each(batch, lambda step: (step.place, step.role), self._add_composites)
                case "remove_composite":
                    self._each(batch, lambda step: (step.place, step.role), self._one_by_one)
                case "rename_role" | "delete_role":
                    # A renaming may free the name that the next one takes; and what a deletion takes along is read
                    # while no other write is under way.
                    self._each(batch, lambda step: step.place, self._one_by_one)
                case _:
                    self._each(batch, lambda step: step, self._one_by_one)
        return [self._results[number] for number in range(len(self._steps))]

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
        step = next(iter(group.values()))
        parent = self._roles[step.place].composites(step.role)
        self.attempt(group, lambda: parent.add(*(step.target for step in group.values())))

    def attempt(self, group: Numbered, write: Callable[[], None]) -> None:
        """Make the write of a group of steps, and settle those that the write has not settled itself."""
        if self._lost_access is not None:
            # Where the credentials were refused once, they would be refused for each of the others as well.
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
                # If somebody else created it just now, the role exists as wanted; the journal does not claim it.
                with suppress(Conflict) if self._may_exist else nullcontext():
                    roles.create(step.role)
            case "rename_role":
                roles.rename(step.role, step.target)
            case "remove_composite":
                roles.composites(step.role).remove(step.target)
            case _:
                roles.delete(step.role)

    def _change_members(self, change: GrantWrite, batch: Numbered) -> None:
        """Add all roles of a user in one environment in one call, or remove them in one call each."""
        for place, group in grouped(batch, lambda step: step.place).items():
            granting = self._granting[place]
            if self._skip_existing:
                granting.settle_done(change, self, group, self._roles[place])
            left = {number: step for number, step in group.items() if number not in self._results}
            granting.carry_out(change, self, left, self._width)

    def settle_failed(self, group: Numbered, error: CssError) -> None:
        """Note that these steps failed, or that their outcome is unknown."""
        if isinstance(error, AuthenticationError):
            self._lost_access = error
        outcome: Outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        # Without its traceback, which would keep each call's request and answer as long as the results.
        self.settle(group, outcome, error.with_traceback(None))

    def settle(self, group: Numbered, outcome: Outcome | Literal["skipped"], error: CssError | None = None) -> None:
        """Note how these steps ended, one at a time."""
        with self._lock:
            for number, step in group.items():
                result = self._results[number] = StepResult(step, outcome, error)
                if self._dependencies is not None:
                    self._dependencies.note(result)
                if self._progress is not None:
                    called("progress", self._progress, result)
