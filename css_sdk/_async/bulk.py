"""Many grants or roles at once: grouped so that a user needs one call, bounded, with a result for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

from .._http.concurrency import AsyncLock, async_each, async_waited_for
from .._service import arguments, service_limits
from ..errors import AuthenticationError, Conflict, CssError, OutcomeUnknown
from ..models import GrantResult, Outcome, RoleResult
from .callbacks import AsyncProgressCalls
from .grants import AsyncGranting, AsyncRun, Grants, GrantWrite, Numbered, Progress, in_chunks, outcome_of
from .roles import AsyncRoles
from .users import AsyncUsers
from .wire import AsyncWire
from .workers import CHUNK, Task, carry_out, task_for


class AsyncBulk:
    """Many grants or roles in one environment of one integration."""

    def __init__(self, wire: AsyncWire, integration_id: int, environment: str) -> None:
        self._wire = wire
        self._integration_id = integration_id
        self._environment = environment
        self._roles = AsyncRoles(wire, integration_id, environment)
        self._users = AsyncUsers(wire, integration_id, environment)

    async def assign_many(
        self,
        grants: Grants,
        *,
        skip_existing: bool = False,
        width: int = 4,
        progress: Progress | None = None,
        executor: Executor | None = None,
    ) -> list[GrantResult]:
        """Gives each user the roles named for them; never stops at the first failure.

        All grants of a user go in one call. Where one of several roles does not exist the service gives none, so the
        others are sent again without it.

        Args:
            grants: `Grant` values, or pairs of a user and a role; a single `Grant` may be given alone.
            skip_existing: read the members of the roles named first, or, where they are fewer, the roles of the users,
                and send only what is missing.
            width: calls at once, 1 to 8; the service's pace does not grow beyond.
            progress: called with each result as it comes, one at a time, possibly from another thread; an `AsyncCss`
                awaits it where it is a coroutine function. After an exception it is not called again.
            executor: carries out chunks of 50 grants, at most `width` of them at once, each making one call at a
                time: threads, processes, loky, dask. Its workers read the credentials from their own environment or
                from the same file.

        Returns:
            One result for each grant, in their order.

        Raises:
            ConfigurationError: for a width out of range, a `progress` that could not be called or awaited, or an
                executor whose workers could not have the client's credentials. Nothing is sent then.
            CallbackFailed: when `progress` raised an exception. Everything was carried out all the same, and the
                error's `result` holds the results.

        >>> results = await dev.bulk.assign_many([("5167d622cb14de629107a324433cffaf@idir", "reviewer")])
        >>> [result.outcome for result in results]
        ['confirmed']
        """
        return await self._many("assign", grants, skip_existing, width, progress, executor)

    async def unassign_many(
        self,
        grants: Grants,
        *,
        skip_existing: bool = False,
        width: int = 4,
        progress: Progress | None = None,
        executor: Executor | None = None,
    ) -> list[GrantResult]:
        """Takes from each user the roles named for them, with a call for each role; otherwise as `assign_many`.

        Args:
            grants: `Grant` values, or pairs of a user and a role; a single `Grant` may be given alone.
            skip_existing: read the members of the roles named first, until two readings agree, or, where they are
                fewer, the roles of the users, and send only for those who have the role.
            width, progress, executor: as for `assign_many`.

        Returns:
            One result for each grant, in their order.

        Raises:
            ConfigurationError, CallbackFailed: as `assign_many`.

        >>> results = await dev.bulk.unassign_many([("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", "reviewer")])
        >>> [result.outcome for result in results]
        ['confirmed']
        """
        return await self._many("unassign", grants, skip_existing, width, progress, executor)

    async def create_roles(
        self,
        names: str | Iterable[str],
        *,
        skip_existing: bool = False,
        width: int = 4,
        progress: Callable[[RoleResult], object] | None = None,
    ) -> list[RoleResult]:
        """Creates roles; never stops at the first failure.

        Args:
            names: of the roles; one, or several.
            skip_existing: read the list of roles first, and create only those that are missing. Without it one that
                exists fails with `Conflict`.
            width: calls at once, 1 to 8.
            progress: called with each result as it comes, one at a time, possibly from another thread; an `AsyncCss`
                awaits it where it is a coroutine function. After an exception it is not called again.

        Returns:
            One result for each name, in their order, names given twice only once.

        Raises:
            ConfigurationError, CallbackFailed: as `assign_many`.
            CssError: when the list could not be read. Nothing is created then.

        >>> [result.outcome for result in await dev.bulk.create_roles(["auditor", "reviewer"], skip_existing=True)]
        ['confirmed', 'already']
        """
        service_limits.check_width(width)
        told = AsyncProgressCalls(progress)
        wanted = arguments.names(names, "role")
        known = {role.name for role in await self._roles.list()} if skip_existing else set()
        results: dict[str, RoleResult] = {}
        lock = AsyncLock()
        refused: list[AuthenticationError] = []

        async def create(name: str) -> None:
            outcome: Outcome = "failed"
            error: CssError | None = refused[0] if refused else None
            if error is None:
                # After one refusal of the credentials, each of the others would be refused as well.
                outcome, error = await self._created(name, name in known, skip_existing)
            if isinstance(error, AuthenticationError):
                refused.append(error)
            async with lock:
                result = results[name] = RoleResult(name, outcome, error)
                await told.note(result)

        await async_each(create, wanted, width)
        return told.ended([results[name] for name in wanted])

    async def _created(self, name: str, is_known: bool, skip_existing: bool) -> tuple[Outcome, CssError | None]:
        if is_known:
            return "already", None
        try:
            await self._roles.create(name)
        except Conflict as error:
            # Somebody else was faster than our reading and our writing.
            return ("already", None) if skip_existing else ("failed", error)
        except CssError as error:
            return outcome_of(error), error
        return "confirmed", None

    async def _many(
        self,
        change: GrantWrite,
        grants: Grants,
        skip_existing: bool,
        width: int,
        progress: Progress | None,
        executor: Executor | None,
    ) -> list[GrantResult]:
        service_limits.check_width(width)
        run = AsyncRun(grants, progress)
        task = executor and task_for(self._wire, self._integration_id, self._environment, change)
        granting = AsyncGranting(self._users, self._roles.list)
        await self._settle_refused(run)
        if skip_existing:
            await granting.settle_done(run, change, self._roles)
        if executor and task:
            await self._ship(run, executor, task, width)
        else:
            await granting.carry_out(change, run, width)
        return run.ended()

    async def _settle_refused(self, run: AsyncRun) -> None:
        for number, grant in list(run.open.items()):
            try:
                self._users.check(grant.user, grant.role)
            except CssError as error:
                await run.settle_failed({number: grant}, error)

    async def _ship(self, run: AsyncRun, executor: Executor, task: Task, width: int) -> None:
        async def ship(chunk: Numbered) -> None:
            try:
                future = executor.submit(carry_out, task, tuple(chunk.values()))
            except Exception as error:
                untaken = CssError(
                    f"The executor takes no more work ({type(error).__name__}); nothing of this was sent."
                )
                untaken.__cause__ = error
                await run.settle_failed(chunk, untaken)
                return
            try:
                results = await async_waited_for(future)
            except CssError as error:
                # Only the worker's way to its credentials raises these, before anything is sent.
                await run.settle_failed(chunk, error)
            except Exception as error:
                lost = OutcomeUnknown(
                    f"A worker was lost with {type(error).__name__}, and whether it had done this is not known. "
                    f"Run it again with skip_existing=True."
                )
                lost.__cause__ = error
                await run.settle(chunk, "unknown", lost)
            else:
                for (number, grant), result in zip(chunk.items(), results, strict=True):
                    await run.settle({number: grant}, result.outcome, result.error)

        await async_each(ship, in_chunks(run.by_user(), CHUNK), width)
