"""Carry out steps in order, several independent steps at once. Skip steps that depend on a failed step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from .._http.concurrency import AsyncLock, async_called, async_each
from ..errors import AuthenticationError, Conflict, CssError, OutcomeUnknown
from ..models import Outcome
from ..state import Place, Step, StepResult
from .grants import Numbered, change_members, grouped, settle_done

if TYPE_CHECKING:
    from ..plan.dependencies import Dependencies
    from .roles import AsyncRoles


def done_or_failed(result: StepResult) -> Outcome:
    """Return the outcome of a step, with `failed` instead of `skipped`."""
    return "failed" if result.outcome == "skipped" else result.outcome


Shipping = Callable[["AsyncStepRun", Numbered, int], Awaitable[None]]
"""A function that has steps about members of one place carried out by workers, and settles the steps.

Its third argument is the number of chunks of steps at once.
"""


class AsyncStepRun:
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
        roles: Mapping[Place, AsyncRoles],
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
        self._lock = AsyncLock()

    async def carry_out(self) -> list[StepResult]:
        """Carry out one kind of step after another and return the results, in the order of the steps."""
        with self._knowing_not_done(self._steps if self._are_not_done else ()):
            await self._carry_out()
        return [self._results[number] for number in range(len(self._steps))]

    def _knowing_not_done(self, steps: Iterable[Step]) -> AbstractContextManager[None]:
        wire = next((roles._wire for roles in self._roles.values()), None)
        return nullcontext() if wire is None else wire.knowing_not_done(steps)

    async def _carry_out(self) -> None:
        for kind, run in groupby(enumerate(self._steps), key=lambda numbered: numbered[1].kind):
            batch = await self._ready(dict(run))
            match kind:
                case "add_member" | "remove_member":
                    await self._change_members(batch)
                case "add_composite":
                    await self._each(batch, lambda step: (step.place, step.role), self._add_composites)
                case "remove_composite":
                    await self._each(batch, lambda step: (step.place, step.role), self._one_by_one)
                case "rename_role" | "delete_role":
                    # One after another: a rename may free a name that the next rename needs. And no write may change
                    # what a deletion removes with the role, after this was read.
                    await self._each(batch, lambda step: step.place, self._one_by_one)
                case _:
                    await self._each(batch, lambda step: step, self._one_by_one)

    async def _ready(self, batch: Numbered) -> Numbered:
        """Return the steps that can be carried out; settle the others as skipped."""
        ready: Numbered = {}
        for number, step in batch.items():
            reason = self._dependencies.why_skipped(step) if self._dependencies else None
            if reason is None:
                ready[number] = step
            else:
                await self.settle({number: step}, "skipped", reason)
        return ready

    async def _each(
        self, batch: Numbered, by: Callable[[Step], Hashable], work: Callable[[Numbered], Awaitable[None]]
    ) -> None:
        await async_each(work, list(grouped(batch, by).values()), self._width)

    async def _one_by_one(self, group: Numbered) -> None:
        for number, step in group.items():
            if ready := await self._ready({number: step}):
                await self.attempt(ready, partial(self._write, step))

    async def _add_composites(self, group: Numbered) -> None:
        """Add all new children of a role in one call."""
        steps = list(group.values())
        parent = self._roles[steps[0].place].composites(steps[0].role)
        await self.attempt(group, lambda: parent._write(steps))

    async def attempt(self, group: Numbered, write: Callable[[], Awaitable[None]]) -> None:
        """Make the write for a group of steps, and settle the steps that `write` has not settled itself."""
        if self._lost_access is not None:
            # The service has refused the credentials, and would refuse them again.
            return await self.settle_failed(group, self._lost_access)
        try:
            await write()
        except CssError as error:
            return await self.settle_failed(group, error)
        return await self.settle(group, "confirmed")

    async def _write(self, step: Step) -> None:
        roles = self._roles[step.place]
        match step.kind:
            case "create_role":
                # If somebody else has just created the role, it exists as wanted. The journal does not record it.
                with suppress(Conflict) if self._may_exist else nullcontext():
                    await roles.create(step.role)
            case "rename_role":
                await roles.rename(step.role, step.target)
            case "remove_composite":
                await roles.composites(step.role)._write([step])
            case _:
                await roles.delete(step.role)

    async def _change_members(self, batch: Numbered) -> None:
        """Add all roles of a user in one environment in one call, or remove them in one call each."""
        for place, group in grouped(batch, lambda step: step.place).items():
            roles = self._roles[place]
            if self._skip_existing:
                await settle_done(self, roles, group)
            left = {number: step for number, step in group.items() if number not in self._results}
            if self._ship is not None:
                await self._ship(self, left, self._width)
                continue
            with roles._wire.knowing_not_done(left.values() if self._skip_existing else ()):
                await self._each(left, lambda step: step.target, partial(change_members, self, roles))

    async def settle_failed(self, group: Numbered, error: CssError) -> None:
        """Settle these steps with an error, as failed or with an unknown outcome."""
        if isinstance(error, AuthenticationError):
            self._lost_access = error
        outcome: Outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        # Without the traceback, which would keep the request and the answer of the call in memory.
        await self.settle(group, outcome, error.with_traceback(None))

    async def settle(
        self, group: Numbered, outcome: Outcome | Literal["skipped"], error: CssError | None = None
    ) -> None:
        """Record the same outcome for each of these steps, and report each result, never two at once."""
        async with self._lock:
            for number, step in group.items():
                result = self._results[number] = StepResult(step, outcome, error)
                if self._dependencies is not None:
                    self._dependencies.note(result)
                if self._progress is not None:
                    await async_called("progress", self._progress, result)
