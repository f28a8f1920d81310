"""Carry out rosters: find the places and people of the rows, plan, check, ask, and report each row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from .._http.concurrency import AsyncLock, async_each
from .._service import arguments, service_limits
from .._service.identifiers import username_of, without_provider
from .._text.tables import ListOf
from ..errors import (
    Ambiguous,
    AuthenticationError,
    CssError,
    InvalidFile,
    InvalidRequest,
    NotFound,
    Refused,
    StalePlan,
    Withheld,
)
from ..models import User, UserLike
from ..people.identities import Person
from ..people.matching import choose_logins
from ..roster.rows import (
    RoleRemovals,
    Row,
    RowResult,
    check_exact,
    find_contradicting,
    is_named,
    login_to_compare,
    refuses_all,
    row_for,
    withheld,
)
from ..state import Place, PlaceState, Step, StepResult
from .callbacks import AsyncProgressCalls
from .exact import ask, check_unchanged
from .integrations import AsyncEnvironmentClient, AsyncIntegrationClient
from .observing import with_members
from .people_finding import AsyncPeopleFinding
from .steps import AsyncStepRun, done_or_failed

if TYPE_CHECKING:
    from ..plan.dependencies import Dependencies
    from ..roster.exact import RoleChange

Confirm = Callable[[Sequence[RoleRemovals]], object]
RoleAt = tuple[Place, str]
"""A role, by its place and name."""


class AsyncRosterRun:
    """One run of a roster: a check or an application. Rows are identified by number, their index in `rows`.

    Args:
        integration: finds an integration by id or name.
        rows: the rows of the roster.
        providers: the providers that are searched by GUID or e-mail address.
        prefer: the providers of the login to use if a person has several logins, the first choice first.
        all_logins: whether to use all logins of a person.
        exact: whether to remove the roles that the rows name from everybody whom no row lists.
        max_removals: how many members an exact roster may remove from one role.
        width: calls at once, 1 to 8.
        progress: called with the result of each row as it comes.
        looking_up: called with the number of finished searches, and the number of all searches.

    Raises:
        InvalidRequest: a provider is unknown, or both `prefer` and `all_logins` are given.
    """

    def __init__(
        self,
        integration: Callable[[str], Awaitable[AsyncIntegrationClient]],
        rows: Sequence[Row],
        *,
        providers: str | Iterable[str],
        prefer: str | Iterable[str],
        all_logins: bool,
        exact: bool,
        max_removals: int | None,
        width: int,
        progress: Callable[[RowResult], object] | None,
        looking_up: Callable[[int, int], object] | None,
    ) -> None:
        service_limits.check_width(width)
        self._prefer = arguments.known_providers(prefer) if prefer else ()
        if self._prefer and all_logins:
            raise InvalidRequest("prefer= chooses one login, and all_logins=True chooses all. Pass one of them.")
        self._integration = integration
        self._rows = list(rows)
        self._providers = arguments.known_providers(providers)
        self._all_logins = all_logins
        self._exact = exact
        self._max_removals = max_removals
        self._width = width
        self._progress = AsyncProgressCalls(progress)
        self._look_ups = AsyncProgressCalls(looking_up, "looking_up")
        self._environments: dict[Place, AsyncEnvironmentClient] = {}
        self._places: dict[int, Place] = {}
        self._steps: dict[int, Step] = {}
        self._errors: dict[int, CssError] = {}
        self._failed: dict[int, Step] = {}
        self._repeats: dict[int, int] = {}
        self._states: dict[RoleAt, PlaceState] = {}
        self._results: dict[int, RowResult] = {}
        self._is_check = False
        self._lock = AsyncLock()

    async def check(self) -> list[RowResult]:
        """Return the expected result of each row, and of each removal of an exact roster. Write nothing."""
        self._is_check = True
        changes = await self._plan(settled=False, look_up=True)
        count = len(self._rows)
        expected = self._expected_results(changes)
        for number, result in enumerate(expected[:count]):
            if number not in self._results:
                await self._settle(number, result)
        return self._ended(expected)

    async def apply(
        self, *, checked: Sequence[RowResult] | None, confirm: Confirm | None, skip_existing: bool
    ) -> list[RowResult]:
        """Carry out the rows: grant roles first, then remove roles.

        Args:
            checked: the results of an earlier check. If a new check has different results, nothing is sent. If the
                earlier check found nothing to do, nothing is sent either.
            confirm: called before the first write with the removals of an exact roster, if there are any.
            skip_existing: whether to read the members first, and send only what is missing.
        """
        if checked is not None and not any(result.outcome == "planned" or refuses_all(result) for result in checked):
            for number, result in enumerate(checked):
                await self._settle(number, result)
            return self._ended(list(checked))
        changes: list[RoleChange] = []
        if self._exact or checked is not None:
            changes = await self._plan(settled=self._exact, look_up=checked is not None)
        else:
            await self._find()
        for change in changes:
            if change.refusal is not None and not isinstance(change.refusal, Withheld):
                raise change.refusal
        expected = self._expected_results(changes)
        if checked is not None and _states_of(expected) != _states_of(checked):
            raise StalePlan("Somebody else changed this since it was checked. Nothing was sent. Check it again.")
        losses = [change.losses for change in changes if change.removals and change.refusal is None]
        if losses and confirm is not None:
            await ask(confirm, losses)
            check_unchanged([change.state for change in changes], await self._read_again(changes))
        planned: dict[int, Step] = {}
        for number, result in enumerate(expected):
            if result.outcome == "planned":
                planned[number] = self._steps[number]
            else:
                await self._settle(number, result)
        dependencies = None
        if self._exact:
            from ..plan.dependencies import Dependencies

            dependencies = Dependencies(_in_order(planned), self._states.values())
        await self._carry_out(
            planned, dependencies, skip_existing=skip_existing and checked is None and not self._exact
        )
        return self._ended([self._results[number] for number in range(len(self._rows))])

    # Finding

    async def _find(self) -> None:
        """Find all places and all people, each once."""
        await self._find_places()
        finding = AsyncPeopleFinding(self._environments, self._providers, self._width, self._look_ups)
        wanted = [(place, self._rows[number].person) for number, place in self._places.items()]
        logins = {number: login for number in self._places if (login := login_to_compare(self._rows[number]))}
        people = await finding.find([*wanted, *((self._places[number], login) for number, login in logins.items())])
        self._compare_addresses({number: people[self._places[number], login] for number, login in logins.items()})
        self._choose_logins(people)
        for number, place in self._places.items():
            row = self._rows[number]
            user = people[place, row.person]
            try:
                if number in self._errors:
                    continue
                if isinstance(user, CssError):
                    raise user.with_traceback(None)
                username, _ = self._environments[place].users.check(username_of(user), row.role)
            except CssError as error:
                self._fail([number], error)
            else:
                self._steps[number] = Step(
                    "add_member" if row.action == "grant" else "remove_member", place, row.role, username, people=1
                )
        for number in find_contradicting(self._steps):
            opposite = (
                "Another row contradicts this one: it names the same user, role and place, but the other action. "
                "Nothing was sent for these rows."
            )
            self._fail([number], InvalidRequest(opposite))
        first: dict[Step, int] = {}
        for number, step in self._steps.items():
            if (earlier := self._rows[first.setdefault(step, number)].line) and first[step] != number:
                self._repeats[number] = earlier

    def _choose_logins(self, people: dict[tuple[Place, Person], UserLike | CssError]) -> None:
        """Choose among several logins of one person. If all are meant, replace the row by a row for each login."""
        rows, places, errors = self._rows, self._places, self._errors
        self._rows, self._places, self._errors = [], {}, {}
        for number, row in enumerate(rows):
            place = places.get(number)
            found = people.get((place, row.person)) if place else None
            logins: Sequence[User] = ()
            if isinstance(found, Ambiguous):
                logins = choose_logins(found.candidates, prefer=self._prefer, all_logins=self._all_logins)
            means = [row_for(row, user) if self._all_logins else row for user in logins] or [row]
            for user, meant in zip_longest(logins, means):
                if place is not None:
                    self._places[len(self._rows)] = place
                    people[place, meant.person] = user or people[place, row.person]
                if number in errors:
                    self._errors[len(self._rows)] = errors[number]
                self._rows.append(meant)

    def _compare_addresses(self, users: Mapping[int, UserLike | CssError]) -> None:
        """Compare the e-mail address that a row gives in addition to a username with the address of this user.

        Raises:
            InvalidFile: a user has a different address.
        """
        faults = []
        for number, user in users.items():
            row = self._rows[number]
            if isinstance(user, CssError):
                if not (isinstance(user, NotFound) and user.what == "user"):
                    self._fail([number], user)
            elif isinstance(user, User) and user.email and user.email.lower() != row.email.lower():
                faults.append(f"line {row.line}: the email is {row.email!r}, but {user.username} has {user.email!r}")
        if faults:
            raise InvalidFile.with_faults("The roster", faults)

    async def _find_places(self) -> None:
        found: dict[tuple[str, str], Place | CssError] = {}
        for written in dict.fromkeys(row.place for row in self._rows):
            try:
                environment = (await self._integration(written[0])).environment(written[1])
            except (NotFound, Ambiguous, Refused) as error:
                found[written] = error
            else:
                place = found[written] = Place(environment.integration.id, environment.name)
                self._environments.setdefault(place, environment)
        faults: list[str] = []
        for number, row in enumerate(self._rows):
            where = found[row.place]
            if isinstance(where, CssError):
                self._fail([number], where)
                continue
            self._places[number] = where
            info = self._environments[where].integration
            for name in row.given:
                if not is_named(info, name):
                    named = f"the integration is {row.integration!r} (#{where.integration}, {info.project_name})"
                    faults.append(f"line {row.line}: {named}, but {name!r} was given too")
        if faults:
            raise InvalidFile.with_faults("The roster", faults)

    def _fail(self, numbers: Iterable[int], error: CssError) -> None:
        """Note why nothing can be done for these rows."""
        for number in numbers:
            if number in self._steps:
                self._failed[number] = self._steps.pop(number)
            self._errors.setdefault(number, error.with_traceback(None))

    # Planning

    async def _plan(self, *, settled: bool, look_up: bool) -> list[RoleChange]:
        """Read the members of the roles, and return the changes of an exact roster to each role.

        Args:
            settled: whether to read members until two readings in a row agree. Removals need this.
            look_up: whether to check that the service knows every person who would be added.

        Raises:
            Refused: an exact roster is empty or has rows that revoke.
        """
        if self._exact:
            check_exact(self._rows)
        await self._find()
        named: dict[RoleAt, list[int]] = {}
        for number, place in self._places.items():
            if self._exact or number in self._steps:
                named.setdefault((place, self._rows[number].role), []).append(number)

        async def read(role: RoleAt) -> None:
            rows = [self._rows[number] for number in named[role]]
            # If a reading misses a member, the journal would record an addition, and an undo would remove the role.
            is_journaled = not self._is_check and self._environments[role[0]].roles._wire.journal is not None
            must_settle = settled or (is_journaled and any(row.action == "grant" for row in rows))
            try:
                self._states[role] = await self._read_role(role, rows[0], settled=must_settle)
            except AuthenticationError:
                raise
            except CssError as error:
                self._fail(named[role], error)

        await async_each(read, list(named), self._width)
        if look_up:
            await self._look_up_everybody()
        if not self._exact:
            return []
        from ..plan.preconditions import Guards
        from ..roster.exact import plan_role

        guards = Guards(max_removals=self._max_removals)
        changes = []
        for role, numbers in named.items():
            if role in self._states:
                if not look_up:
                    await self._look_up_newcomers(role, numbers)
                listed = {self._steps[number].target for number in numbers if number in self._steps}
                losing = {without_provider(username) for username in self._states[role].members[role[1]] - listed}
                about = [*numbers, *(number for number in self._errors if self._may_mean(number, role, losing))]
                found = [(self._rows[n], self._steps.get(n), self._errors.get(n)) for n in about]
                changes.append(plan_role(found, self._states[role], guards))
        return changes

    def _may_mean(self, number: int, role: RoleAt, losing: Collection[str]) -> bool:
        """Return whether a failed row may be mistyped, and really mean this role and a person who would lose it.

        Several cells of the row may be mistyped. A cell counts as correct only if what it names was found: the place,
        the role in this place, and the person (by any login).

        Args:
            number: the number of the row, which names a different role.
            role: this role.
            losing: the people who would lose this role.
        """
        place, name = self._places.get(number), self._rows[number].role
        if place is None:
            if name != role[1] and any(name == known for _, known in self._states):
                return False
        elif place != role[0] or (place, name) in self._states:
            return False
        failed = self._failed.get(number)
        return failed is None or without_provider(failed.target) in losing

    async def _read_role(self, role: RoleAt, row: Row, *, settled: bool) -> PlaceState:
        place, name = role
        unread = PlaceState(place, row.integration, frozenset((name,)))
        return await with_members(self._environments[place].roles, unread, (name,), settled=settled, width=1)

    async def _read_again(self, changes: Sequence[RoleChange]) -> list[PlaceState]:
        now: dict[RoleAt, PlaceState] = {}

        async def read(change: RoleChange) -> None:
            role = change.state.place, change.row.role
            now[role] = await self._read_role(role, change.row, settled=True)

        await async_each(read, changes, self._width)
        return [now[change.state.place, change.row.role] for change in changes]

    async def _look_up_everybody(self) -> None:
        """Check that the service knows each username that would be added. Note an error for rows with unknown users.

        People who were found by a search are known already. All integrations of an environment know the same people, so
        if the call for one integration fails, the call is made for the next integration.
        """
        waiting: dict[tuple[str, str], list[int]] = {}
        for number, step in self._steps.items():
            if self._expected_result(number).outcome == "planned" and self._is_named(number):
                waiting.setdefault((step.place.environment, step.target), []).append(number)

        async def look_up(numbers: list[int]) -> None:
            failed: CssError | None = None
            for number in {self._places[number]: number for number in numbers}.values():
                try:
                    failed = await self._why_unknown(number)
                    break
                except AuthenticationError:
                    raise
                except CssError as error:
                    failed = error
            if failed is not None:
                self._fail(numbers, failed)
            if self._is_check:
                async with self._lock:
                    for number in numbers:
                        await self._settle(number, self._expected_result(number))

        await async_each(look_up, list(waiting.values()), self._width)

    async def _look_up_newcomers(self, role: RoleAt, numbers: Sequence[int]) -> None:
        """If a role would lose all its members, check that the service knows at least one person who would be added."""
        members = self._states[role].members[role[1]]
        steps = {number: self._steps[number] for number in numbers if number in self._steps}
        if not members or any(step.target in members or not self._is_named(n) for n, step in steps.items()):
            return
        for number in steps:
            error = await self._why_unknown(number)
            if error is None:
                return
            self._fail([number], error)

    def _is_named(self, number: int) -> bool:
        """Return whether a row adds a user by username, so that no search has shown that the service knows the user."""
        row = self._rows[number]
        return row.action == "grant" and row.person.user is not None

    async def _why_unknown(self, number: int) -> NotFound | None:
        """Return an error if the environment does not know the user of a row, else None."""
        step = self._steps[number]
        try:
            await self._environments[step.place].users.roles(step.target)
        except NotFound as error:
            if error.what != "user":
                raise
            return error
        return None

    def _expected_results(self, changes: Iterable[RoleChange]) -> list[RowResult]:
        """Return the expected result of each row. Append a row and an expected result for each removal."""
        expected = [self._expected_result(number) for number in range(len(self._rows))]
        for change in changes:
            for step, row in change.removal_rows:
                self._steps[len(self._rows)] = step
                self._rows.append(row)
                user = change.state.users[step.target]
                refusal = change.refusal
                expected.append(RowResult(row, "failed" if refusal else "planned", refusal, user=user))
        return expected

    def _expected_result(self, number: int) -> RowResult:
        row, step = self._rows[number], self._steps.get(number)
        if step is None:
            return RowResult(row, "failed", self._errors[number], self._repeats.get(number))
        state = self._states.get((step.place, step.role))
        is_so = state is not None and (step.target in state.members[step.role]) is (row.action == "grant")
        return RowResult(row, "already" if is_so else "planned", repeats=self._repeats.get(number))

    # Carrying out

    async def _carry_out(
        self, planned: Mapping[int, Step], dependencies: Dependencies | None, *, skip_existing: bool
    ) -> None:
        numbers: dict[Step, list[int]] = {}
        for number, step in planned.items():
            numbers.setdefault(step, []).append(number)

        async def note(result: StepResult) -> None:
            for number in numbers[result.step]:
                row = self._rows[number]
                error = withheld(row.role) if result.outcome == "skipped" else result.error
                await self._settle(number, RowResult(row, done_or_failed(result), error, self._repeats.get(number)))

        run = AsyncStepRun(
            {place: environment.roles for place, environment in self._environments.items()},
            _in_order(planned),
            dependencies,
            are_not_done=all((step.place, step.role) in self._states for step in planned.values()),
            skip_existing=skip_existing,
            width=self._width,
            progress=note,
        )
        await run.carry_out()

    def _ended(self, results: list[RowResult]) -> list[RowResult]:
        return self._look_ups.ended(self._progress.ended(ListOf(results)))

    async def _settle(self, number: int, result: RowResult) -> None:
        self._results[number] = result
        await self._progress.note(result)


def _in_order(planned: Mapping[int, Step]) -> list[Step]:
    """Return the steps without repetition, additions before removals."""
    return sorted(dict.fromkeys(planned.values()), key=lambda step: step.removes)


def _states_of(results: Iterable[RowResult]) -> list[tuple[Row, str]]:
    return [(result.row, result.state) for result in results]
