"""Carry out steps in order, independent ones at the same time. Skip steps that need a failed step."""

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
"""Has steps about members of one place carried out elsewhere, so many at once, and settles them."""


class AsyncStepRun:
    """Steps that are being carried out.

    Args:
        roles: by place, what sends the steps.
        steps: in an order in which they can be carried out.
        dependencies: which of them are skipped after others failed; None if none depends on another.
        ship: has steps about members carried out elsewhere.
        are_undone: a read has just shown that none of the steps is done, so that the journal need not read that again.
        skip_existing: read first whether a step about a member is needed.
        may_exist: let a role that somebody else created just now count as created.
        width: calls at once, 1 to 8.
        progress: called with each result as it comes, one at a time, possibly from another thread; raises nothing.
    """

    def __init__(
        self,
        roles: Mapping[Place, AsyncRoles],
        steps: Sequence[Step],
        dependencies: Dependencies | None = None,
        *,
        ship: Shipping | None = None,
        are_undone: bool = False,
        skip_existing: bool = False,
        may_exist: bool = True,
        width: int,
        progress: Callable[[StepResult], object] | None = None,
    ) -> None:
        self._roles = roles
        self._steps = steps
        self._dependencies = dependencies
        self._ship = ship
        self._are_undone = are_undone
        self._skip_existing = skip_existing
        self._may_exist = may_exist
        self._width = width
        self._progress = progress
        self._results: dict[int, StepResult] = {}
        self._lost_access: AuthenticationError | None = None
        self._lock = AsyncLock()

    async def carry_out(self) -> list[StepResult]:
        """Carry out one kind of step after another and return the results, in the order of the steps."""
        with self._knowing_undone(self._steps if self._are_undone else ()):
            await self._carry_out()
        return [self._results[number] for number in range(len(self._steps))]

    def _knowing_undone(self, steps: Iterable[Step]) -> AbstractContextManager[None]:
        wire = next((roles._wire for roles in self._roles.values()), None)
        return nullcontext() if wire is None else wire.knowing_undone(steps)

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
                    # A renaming may free the name that the next one takes; and what a deletion takes along is read
                    # while no other write is under way.
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
        """Make the write of a group of steps, and settle those that the write has not settled itself."""
        if self._lost_access is not None:
            # Where the credentials were refused once, they would be refused for each of the others as well.
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
                # If somebody else created it just now, the role exists as wanted; the journal does not claim it.
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
            with roles._wire.knowing_undone(left.values() if self._skip_existing else ()):
                await self._each(left, lambda step: step.target, partial(change_members, self, roles))

    async def settle_failed(self, group: Numbered, error: CssError) -> None:
        """Note that these steps failed, or that their outcome is unknown."""
        if isinstance(error, AuthenticationError):
            self._lost_access = error
        outcome: Outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        # Without its traceback, which would keep each call's request and answer as long as the results.
        await self.settle(group, outcome, error.with_traceback(None))

    async def settle(
        self, group: Numbered, outcome: Outcome | Literal["skipped"], error: CssError | None = None
    ) -> None:
        """Note how these steps ended, one at a time."""
        async with self._lock:
            for number, step in group.items():
                result = self._results[number] = StepResult(step, outcome, error)
                if self._dependencies is not None:
                    self._dependencies.note(result)
                if self._progress is not None:
                    await async_called("progress", self._progress, result)
