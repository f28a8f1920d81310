"""Many grants at once: grouped so that a user needs one call, bounded, with a result for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from .. import _rules
from .._pairs import AsyncLock, async_each
from ..errors import CssError, NotFound, OutcomeUnknown
from ..models import Grant, GrantResult, Outcome, ServiceAccount
from .roles import AsyncRoles
from .users import AsyncUsers

Grants = Iterable[Grant | tuple[str | ServiceAccount, str]]
Progress = Callable[[GrantResult], object]
Numbered = dict[int, Grant]
"""Grants by their place in what the caller gave."""


class AsyncRun:
    """What came of each grant so far; tells the caller of each, one at a time."""

    def __init__(self, grants: Numbered, progress: Progress | None) -> None:
        self.open = dict(grants)
        self.results: dict[int, GrantResult] = {}
        self._progress = progress
        self._lock = AsyncLock()

    async def settle(self, grants: Numbered, outcome: Outcome, error: CssError | None = None) -> None:
        """Notes how these grants ended."""
        async with self._lock:
            for number, grant in grants.items():
                del self.open[number]
                result = self.results[number] = GrantResult(grant, outcome, error)
                if self._progress is not None:
                    self._progress(result)

    async def settle_failed(self, grants: Numbered, error: CssError) -> None:
        """Notes that these grants failed, or that nobody knows."""
        await self.settle(grants, "unknown" if isinstance(error, OutcomeUnknown) else "failed", error)


class AsyncBulk:
    """Many grants in one environment of one integration."""

    def __init__(self, roles: AsyncRoles, users: AsyncUsers) -> None:
        self._roles = roles
        self._users = users

    async def assign_many(
        self, grants: Grants, *, skip_existing: bool = False, width: int = 4, progress: Progress | None = None
    ) -> list[GrantResult]:
        """Gives each user the roles named for them; never stops at the first failure.

        All grants of a user go in one call. Where one of several roles does not exist the service gives none, so the
        others are sent again without it.

        Args:
            grants: `Grant`s, or pairs of a user and a role.
            skip_existing: read the members of the roles named first, and send only what is missing.
            width: calls at once, 1 to 8.
            progress: called with each result as it comes, one at a time, possibly from another thread.

        Returns:
            One result for each grant, in their order.

        Raises:
            ConfigurationError: for a width out of range; nothing is sent then.
        """
        return await self._many(grants, self._give, skip_existing, True, width, progress)

    async def unassign_many(
        self, grants: Grants, *, skip_existing: bool = False, width: int = 4, progress: Progress | None = None
    ) -> list[GrantResult]:
        """Takes from each user the roles named for them; as `assign_many`, with a call for each role.

        Args:
            skip_existing: read the members of the roles named first, and send only for those who have the role.
        """
        return await self._many(grants, self._take, skip_existing, False, width, progress)

    async def _many(
        self,
        grants: Grants,
        work: Callable[[AsyncRun, Numbered], Awaitable[None]],
        skip_existing: bool,
        wanted: bool,
        width: int,
        progress: Progress | None,
    ) -> list[GrantResult]:
        _rules.check_width(width)
        numbered = {n: g if isinstance(g, Grant) else Grant(*g) for n, g in enumerate(grants)}
        run = AsyncRun(numbered, progress)
        await self._settle_refused(run)
        if skip_existing:
            await self._settle_done(run, wanted)

        async def do(group: Numbered) -> None:
            await work(run, group)

        await async_each(do, _by_user(run.open), width)
        return [run.results[number] for number in numbered]

    async def _settle_refused(self, run: AsyncRun) -> None:
        for number, grant in list(run.open.items()):
            try:
                self._users.check(grant.user, grant.role)
            except CssError as error:
                await run.settle_failed({number: grant}, error)

    async def _settle_done(self, run: AsyncRun, wanted: bool) -> None:
        """Settles the grants that are already as they shall be, reading each role's members once."""
        for role in dict.fromkeys(grant.role for grant in run.open.values()):
            grants = {number: grant for number, grant in run.open.items() if grant.role == role}
            try:
                members = {user.username async for user in self._roles.members(role)}
            except CssError as error:
                await run.settle_failed(grants, error)
                continue
            done = {n: g for n, g in grants.items() if (_rules.username_of(g.user) in members) is wanted}
            await run.settle(done, "already")

    async def _give(self, run: AsyncRun, group: Numbered) -> None:
        user = next(iter(group.values())).user
        try:
            await self._users.assign(user, *(grant.role for grant in group.values()))
        except NotFound as error:
            if error.what != "role" or len(group) == 1:
                return await run.settle_failed(group, error)
            return await self._give_existing(run, group, error)
        except CssError as error:
            return await run.settle_failed(group, error)
        return await run.settle(group, "confirmed")

    async def _give_existing(self, run: AsyncRun, group: Numbered, error: NotFound) -> None:
        """After a 404 about one role or more, which gave none: those that do exist."""
        try:
            known = {role.name for role in await self._roles.list()}
        except CssError as unread:
            return await run.settle_failed(group, unread)
        missing = {number: grant for number, grant in group.items() if grant.role not in known}
        if not missing:
            return await run.settle_failed(group, error)
        await run.settle_failed(missing, error)
        rest = {number: grant for number, grant in group.items() if number not in missing}
        return await self._give(run, rest) if rest else None

    async def _take(self, run: AsyncRun, group: Numbered) -> None:
        for number, grant in group.items():
            try:
                await self._users.unassign(grant.user, grant.role)
            except CssError as error:
                await run.settle_failed({number: grant}, error)
            else:
                await run.settle({number: grant}, "confirmed")


def _by_user(grants: Numbered) -> list[Numbered]:
    groups: dict[str, Numbered] = {}
    for number, grant in grants.items():
        groups.setdefault(_rules.username_of(grant.user), {})[number] = grant
    return list(groups.values())
