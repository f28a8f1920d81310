"""What would come of a roster, without a write."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._http.concurrency import AsyncLock, async_each
from .._service import identifiers
from ..errors import AuthenticationError, CssError, NotFound, TooManyRemovals
from ..models import User
from ..roster.matching import ExactRole
from ..roster.rows import RowCheck, check_exact
from ..state import Place
from .callbacks import AsyncProgressCalls
from .finding import AsyncFinding


class AsyncRosterCheck:
    """What was read about a roster's rows.

    Args:
        finding: finds what its rows mean.
        width: calls at once, 1 to 8.
        progress: called with what would come of each row.
    """

    def __init__(self, finding: AsyncFinding, *, width: int, progress: Callable[[RowCheck], object] | None) -> None:
        self._finding = finding
        self._width = width
        self._progress = AsyncProgressCalls(progress)
        self._members: dict[tuple[Place, str], dict[str, User] | CssError] = {}
        self._checks: dict[int, RowCheck] = {}
        self._lock = AsyncLock()

    async def carry_out(self, exact: bool, max_removals: int | None) -> list[RowCheck]:
        """What would come of each row, in their order; of an exact roster also who would lose a role.

        Args:
            exact: whether the rows name everybody who shall have these roles.
            max_removals: from any one role, where somebody said how many that may be.

        Raises:
            Refused: for an exact roster that is empty or has rows that revoke.
        """
        rows = self._finding.rows
        if exact:
            check_exact(rows)
        await self._finding.find()
        grants, places = self._finding.grants, self._finding.places
        named: dict[tuple[Place, str], list[int]] = {}
        for number, place in places.items():
            if exact or number in grants:
                named.setdefault((place, rows[number].role), []).append(number)
        await async_each(self._read_members, list(named), self._width)
        waiting: dict[tuple[str, str], list[int]] = {}
        for number, row in enumerate(rows):
            check = self._of(number)
            # Whom a search found has logged in; of the others only a question to the service tells.
            if check.state == "to do" and row.action == "grant" and row.person.user is not None:
                username = identifiers.username_of(grants[number].user)
                waiting.setdefault((row.environment, username), []).append(number)
            else:
                await self._settle(number, check)
        await async_each(self._look_up, list(waiting.items()), self._width)
        checks = [self._checks[number] for number in range(len(rows))]
        if exact:
            checks += [loss for role, numbers in named.items() for loss in self._lost(role, numbers, max_removals)]
        return self._progress.ended(checks)

    def _lost(self, named: tuple[Place, str], numbers: Sequence[int], most: int | None) -> list[RowCheck]:
        """Who would lose a role if nobody but its rows had it, or why that would be refused."""
        held = self._members[named]
        if isinstance(held, CssError):
            return []
        grants = self._finding.grants
        wanted = {number: identifiers.username_of(grants[number].user) for number in numbers if number in grants}
        role = ExactRole(*named, rows=tuple(numbers), wanted=wanted, held=held)
        row = self._finding.rows[numbers[0]]
        ended = [(self._checks[number].row.person, self._checks[number].error) for number in numbers]
        refusal: CssError | None = role.held_back(ended)
        if refusal is None and role.leaves_nobody and all(self._checks[number].error for number in numbers):
            refusal = role.refused_as_empty(row)
        try:
            role.check_losses(row, most)
        except TooManyRemovals as error:
            refusal = refusal or error.with_traceback(None)
        return [RowCheck(loss, error=refusal) for loss in role.removal_rows(row)]

    async def _read_members(self, role: tuple[Place, str]) -> None:
        environment = self._finding.environments[role[0]]
        try:
            self._members[role] = {user.username: user async for user in environment.roles.members(role[1])}
        except AuthenticationError:
            raise
        except CssError as error:
            self._members[role] = error.with_traceback(None)

    async def _look_up(self, login: tuple[tuple[str, str], list[int]]) -> None:
        """Settles the rows of one login, of which it is not known whether it exists in its environment."""
        (_, username), numbers = login
        error: CssError | None = None
        for place in dict.fromkeys(self._finding.places[number] for number in numbers):
            # Any integration of the environment tells; where one cannot, another may.
            try:
                await self._finding.environments[place].users.roles(username)
            except AuthenticationError:
                raise
            except CssError as failure:
                error = failure.with_traceback(None)
                if not (isinstance(failure, NotFound) and failure.what == "user"):
                    continue
            else:
                error = None
            break
        async with self._lock:
            for number in numbers:
                await self._settle(number, RowCheck(self._finding.rows[number], error=error))

    async def _settle(self, number: int, check: RowCheck) -> None:
        self._checks[number] = check
        await self._progress.note(check)

    def _of(self, number: int) -> RowCheck:
        row = self._finding.rows[number]
        grant = self._finding.grants.get(number)
        if grant is None:
            return RowCheck(row, error=self._finding.errors[number])
        place, username = self._finding.places[number], identifiers.username_of(grant.user)
        members = self._members[place, grant.role]
        if isinstance(members, CssError):
            return RowCheck(row, error=members)
        return RowCheck(row, is_so=(username in members) is (row.action == "grant"))
