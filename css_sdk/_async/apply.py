"""Carries out a roster: gives what is missing, then takes what is to be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from .._http.concurrency import async_called, async_each
from .._service import identifiers
from ..errors import AuthenticationError, CssError, HeldBack, NotConfirmed, NotFound
from ..models import Grant, GrantResult, User
from ..roster.matching import ExactRole, stale_after_answer
from ..roster.rows import Action, RoleRemovals, RowResult, check_exact
from ..state import Place
from .callbacks import AsyncProgressCalls
from .finding import AsyncFinding

Progress = Callable[[RowResult], object]
Confirm = Callable[[Sequence[RoleRemovals]], object]


class AsyncRosterApplication:
    """One roster on its way: how each of its rows ended so far.

    Args:
        finding: finds what its rows mean.
        width: calls at once, 1 to 8.
        progress: called with each result as it comes.
    """

    def __init__(self, finding: AsyncFinding, *, width: int, progress: Progress | None) -> None:
        self._finding = finding
        self._rows = list(finding.rows)
        self._width = width
        self._progress = AsyncProgressCalls(progress)
        self._results: dict[int, RowResult] = {}
        self._lost_access: AuthenticationError | None = None

    async def carry_out(self, skip_existing: bool) -> list[RowResult]:
        """Does what the rows say and gives their results, in their order."""
        await self._finding.find()
        await self._settle_errors()
        actions: tuple[Action, ...] = ("grant", "revoke")
        for action in actions:
            for place in self._finding.environments:
                await self._change(place, action, self._finding.chosen(place, action), skip_existing)
        return self._ended()

    async def carry_out_exactly(self, confirm: Confirm | None, max_removals: int | None) -> list[RowResult]:
        """Makes the members of the roles that the rows name exactly those listed; removals follow the rows.

        Args:
            confirm: called before the first write with what will be taken away, where that is anything.
            max_removals: from any one role, where somebody said how many that may be.

        Raises:
            StalePlan: when a role has other members after `confirm` than before it. Nothing is written then.
            Refused: before anything is written, for an empty roster, rows that revoke, a role that would be left to
                nobody, too many removals, or a `confirm` that returns False; and what `confirm` raises.
        """
        check_exact(self._rows)
        await self._finding.find()
        roles = await self._read_roles()
        for role in roles:
            if role.leaves_nobody and not await self._anybody_is_known(role):
                raise role.refused_as_empty(self._rows[role.rows[0]])
        losing = [role for role in roles if role.surplus and self._held_back(role) is None]
        for role in losing:
            role.check_losses(self._rows[role.rows[0]], max_removals)
        if losing and confirm is not None:
            losses = [role.removals(self._rows[role.rows[0]]) for role in losing]
            if await async_called("confirm", confirm, losses) is False:
                raise NotConfirmed("confirm= returned False. Nothing was changed.")
            await self._check_unchanged(roles)
        await self._settle_errors()
        for role in roles:
            for number in role.already:
                await self._settle(number, RowResult(self._rows[number], "already"))
        for place in self._finding.environments:
            missing = [number for role in roles if role.place == place for number in role.missing]
            await self._change(place, "grant", {number: self._finding.grants[number] for number in missing})
        await self._remove(roles)
        return self._ended()

    async def _read_roles(self) -> list[ExactRole]:
        """The roles that can be made exact; the rows of those that cannot be read are in error."""
        finding = self._finding
        numbers: dict[tuple[Place, str], list[int]] = {}
        for number, place in finding.places.items():
            numbers.setdefault((place, self._rows[number].role), []).append(number)
        held: dict[tuple[Place, str], dict[str, User]] = {}

        async def read(key: tuple[Place, str]) -> None:
            try:
                members = await finding.environments[key[0]].roles.settled_members(key[1])
                held[key] = {user.username: user for user in members}
            except CssError as error:
                for number in numbers[key]:
                    if finding.grants.pop(number, None) is not None:
                        finding.errors[number] = error.with_traceback(None)

        await async_each(read, list(numbers), self._width)
        return [
            ExactRole(
                *key,
                rows=tuple(rows),
                wanted={n: identifiers.username_of(finding.grants[n].user) for n in rows if n in finding.grants},
                held=held[key],
            )
            for key, rows in numbers.items()
            if key in held
        ]

    async def _check_unchanged(self, roles: Sequence[ExactRole]) -> None:
        """Read the members of the roles again, and refuse to go on from what is not true any more.

        Raises:
            StalePlan: when a role has other members than when it was read before.
        """
        changed: list[ExactRole] = []

        async def read(role: ExactRole) -> None:
            members = await self._finding.environments[role.place].roles.settled_members(role.role)
            if {user.username for user in members} != role.held.keys():
                changed.append(role)

        await async_each(read, roles, self._width)
        if changed:
            raise stale_after_answer(self._rows[role.rows[0]] for role in changed)

    async def _anybody_is_known(self, role: ExactRole) -> bool:
        """Whether one at least will hold the role: whoever was searched for is known, of a username a read tells."""
        for number, username in role.wanted.items():
            if self._rows[number].person.user is None:
                return True
            try:
                await self._finding.environments[role.place].users.roles(username)
            except NotFound:
                continue
            return True
        return False

    def _held_back(self, role: ExactRole) -> HeldBack | None:
        """Why nobody loses the role for now, if so."""
        ended = [(self._rows[number].person, self._finding.errors.get(number)) for number in role.rows]
        results = [self._results[number] for number in role.rows if number in self._results]
        return role.held_back([*ended, *((result.row.person, result.error) for result in results)])

    async def _remove(self, roles: Iterable[ExactRole]) -> None:
        """Takes each role from those who are not listed, where all of its rows worked out."""
        taken: dict[Place, dict[int, Grant]] = {}
        for role in roles:
            waits = self._held_back(role)
            for row in role.removal_rows(self._rows[role.rows[0]]):
                number = len(self._rows)
                self._rows.append(row)
                if waits is not None:
                    await self._settle(number, RowResult(row, "failed", waits))
                else:
                    taken.setdefault(role.place, {})[number] = Grant(row.person.value, role.role)
        for place, grants in taken.items():
            await self._change(place, "revoke", grants)

    async def _change(
        self, place: Place, action: Action, grants: Mapping[int, Grant], skip_existing: bool = False
    ) -> None:
        if not grants:
            return
        if self._lost_access is not None:
            # Where the credentials were refused once, they would be refused for each of the others as well.
            for number in grants:
                await self._settle(number, RowResult(self._rows[number], "failed", self._lost_access))
            return
        bulk = self._finding.environments[place].bulk
        many = bulk.assign_many if action == "grant" else bulk.unassign_many
        # Two rows may say the same, so that only its identity tells which row a grant came from.
        numbers = {id(grant): number for number, grant in grants.items()}

        async def note(result: GrantResult) -> None:
            number = numbers[id(result.grant)]
            if isinstance(result.error, AuthenticationError):
                self._lost_access = result.error
            await self._settle(number, RowResult(self._rows[number], result.outcome, result.error))

        await many(grants.values(), skip_existing=skip_existing, width=self._width, progress=note)

    async def _settle_errors(self) -> None:
        for number, error in self._finding.errors.items():
            await self._settle(number, RowResult(self._rows[number], "failed", error))

    async def _settle(self, number: int, result: RowResult) -> None:
        self._results[number] = result
        await self._progress.note(result)

    def _ended(self) -> list[RowResult]:
        return self._progress.ended([self._results[number] for number in range(len(self._rows))])
