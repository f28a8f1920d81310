"""Assign, unassign or create many roles. Limit the number of calls at once, and return a result for each item."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from typing import TypedDict, Unpack

from .._service import arguments, service_limits
from .._text.tables import ListOf
from ..errors import Conflict, CssError
from ..models import Grant, GrantResult, RoleResult, UserLike
from ..state import Step, StepKind, StepResult
from .callbacks import AsyncProgressCalls
from .roles import AsyncRoles
from .steps import AsyncStepRun, done_or_failed
from .wire import AsyncWire
from .workers import ship_steps, task_for

Grants = Grant | Iterable[Grant | tuple[UserLike, str]]
Progress = Callable[[GrantResult], object]


class AsyncBulkOptions(TypedDict, total=False):
    """The options of `assign_many` and `unassign_many`; `AsyncBulk.assign_many` describes them."""

    skip_existing: bool
    width: int
    progress: Progress | None
    executor: Executor | None


class AsyncBulk:
    """Assign, unassign and create many roles, in one environment of one integration."""

    def __init__(self, wire: AsyncWire, roles: AsyncRoles) -> None:
        self._wire = wire
        self._roles = roles

    async def assign_many(self, grants: Grants, **options: Unpack[AsyncBulkOptions]) -> list[GrantResult]:
        """Assign roles to users. A grant that fails does not stop the others.

        One call contains all roles of one user. If one of these roles does not exist, the service assigns none of them.
        css-sdk then sends only the roles that exist.

        Args:
            grants: `Grant` values, or pairs of a user and a role. A single `Grant` may be passed without a list.
            skip_existing: first read which users have the roles already, and send only the missing grants. If there are
                more users than roles, css-sdk reads the members of each role. Otherwise, it reads the roles of each
                user.
            width: calls at once, 1 to 8; the service is not faster with more.
            progress: called with each result as soon as it is known, one call at a time, possibly in a different
                thread. An `AsyncCss` also accepts a coroutine function. If `progress` raises an exception, it is not
                called again.
            executor: a `concurrent.futures.Executor` whose workers carry out the grants, for example threads,
                processes, or machines (with loky or dask). Each task of the executor has about 50 grants and makes one
                call at a time. At most `width` tasks run at once. The workers read the credentials from their own
                environment or from the same file.

        Returns:
            One result for each grant, in the order of the grants.

        Raises:
            ConfigurationError: `width` is out of range, `progress` cannot be called or awaited, or the workers of the
                executor cannot get the client's credentials. Nothing is sent.
            InvalidRequest: an option does not exist, or `grants` has an item that is not a grant. Nothing is sent.
            CallbackFailed: `progress` raised an exception. All grants were attempted nevertheless, and the error's
                `result` has the results.

        >>> results = await dev.bulk.assign_many([("5167d622cb14de629107a324433cffaf@idir", "reviewer")])
        >>> [result.outcome for result in results]
        ['done']
        """
        return await self._many("add_member", grants, options)

    async def unassign_many(self, grants: Grants, **options: Unpack[AsyncBulkOptions]) -> list[GrantResult]:
        """Remove roles from users, with one call for each grant. A removal that fails does not stop the others.

        Args:
            grants: `Grant` values, or pairs of a user and a role. A single `Grant` may be passed without a list.
            skip_existing: first read which users have the roles, and send removals only for these users. If there are
                more users than roles, css-sdk reads the members of each role until two readings in a row agree.
                If there are at least as many roles as users, it reads the roles of each user.
            width, progress, executor: as for `assign_many`.

        Returns:
            One result for each grant, in the order of the grants.

        Raises:
            ConfigurationError, InvalidRequest, CallbackFailed: as `assign_many`.

        >>> results = await dev.bulk.unassign_many([("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", "reviewer")])
        >>> [result.outcome for result in results]
        ['done']
        """
        return await self._many("remove_member", grants, options)

    async def create_roles(
        self,
        names: str | Iterable[str],
        *,
        skip_existing: bool = False,
        width: int = 4,
        progress: Callable[[RoleResult], object] | None = None,
    ) -> list[RoleResult]:
        """Create roles. A role that cannot be created does not stop the others.

        Args:
            names: one or several names of roles.
            skip_existing: read the list of roles first, and create only roles that do not exist. Without it, the
                creation of a role that exists fails with `Conflict`.
            width: calls at once, 1 to 8.
            progress: as for `assign_many`.

        Returns:
            One result for each different name, in the order of the names.

        Raises:
            ConfigurationError, CallbackFailed: as `assign_many`.
            InvalidRequest: a name is not a text. Nothing is created.
            CssError: `skip_existing` is set, and the list of roles could not be read. Nothing is created.

        >>> [result.outcome for result in await dev.bulk.create_roles(["auditor", "reviewer"], skip_existing=True)]
        ['done', 'already']
        """
        service_limits.check_width(width)
        calls = AsyncProgressCalls(progress)
        wanted = arguments.names(names, "role")
        known = {role.name for role in await self._roles.list()} if skip_existing else set()
        results = {name: RoleResult(name, "already") for name in wanted if name in known}
        for found in results.values():
            await calls.note(found)

        async def note(result: StepResult) -> None:
            name, outcome, error = result.step.role, done_or_failed(result), result.error
            if skip_existing and isinstance(error, Conflict):
                # Somebody else created the role after css-sdk read the list.
                outcome, error = "already", None
            results[name] = RoleResult(name, outcome, error)
            await calls.note(results[name])

        place = self._roles.place
        steps = [Step("create_role", place, name) for name in wanted if name not in known]
        run = AsyncStepRun(
            {place: self._roles}, steps, are_not_done=skip_existing, may_exist=False, width=width, progress=note
        )
        await run.carry_out()
        return calls.ended(ListOf([results[name] for name in wanted]))

    async def _many(self, kind: StepKind, grants: Grants, options: AsyncBulkOptions) -> list[GrantResult]:
        arguments.check_options(options, AsyncBulkOptions)
        width, executor = options.get("width", 4), options.get("executor")
        service_limits.check_width(width)
        calls = AsyncProgressCalls(options.get("progress"))
        given = arguments.grants(grants)
        place = self._roles.place
        ship = None if executor is None else partial(ship_steps, executor, task_for(self._wire, place))
        results: dict[int, GrantResult] = {}
        numbers: dict[Step, list[int]] = {}
        for number, grant in enumerate(given):
            try:
                username, _ = self._roles._users.check(grant.user, grant.role)
            except CssError as error:
                results[number] = GrantResult(grant, "failed", error.with_traceback(None))
                await calls.note(results[number])
            else:
                numbers.setdefault(Step(kind, place, grant.role, username, people=1), []).append(number)

        async def note(result: StepResult) -> None:
            for number in numbers[result.step]:
                results[number] = GrantResult(given[number], done_or_failed(result), result.error)
                await calls.note(results[number])

        run = AsyncStepRun(
            {place: self._roles},
            list(numbers),
            ship=ship,
            skip_existing=options.get("skip_existing", False),
            width=width,
            progress=note,
        )
        await run.carry_out()
        return calls.ended(ListOf([results[number] for number in range(len(given))]))
