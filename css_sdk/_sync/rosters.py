# Written from css_sdk/_async/rosters.py by `make generate`; edit that one.
"""Check or carry out rosters: find the places and people of the rows, plan, ask, write, and report each row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypedDict

from attrs import define, evolve

from .._http.concurrency import Lock, check_callback, each
from .._service import arguments, service_limits
from .._service.identifiers import is_named, username_of, without_provider
from .._text.suggestions import suggest
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
from ..models import EMPLOYEE_PROVIDERS, User, UserLike
from ..people.identities import Person
from ..people.matching import choose_logins
from ..roster.rows import (
    RoleRemovals,
    Row,
    RowResult,
    check_exact,
    login_to_compare,
    refuses_all,
    row_for,
    withheld,
)
from ..state import Place, PlaceState, Step, StepKind, StepResult, is_as_after
from .callbacks import ProgressCalls
from .exact import ask, check_unchanged
from .integrations import EnvironmentClient
from .observing import with_members
from .people_finding import PeopleFinding
from .steps import StepRun, done_or_failed

if TYPE_CHECKING:
    from ..roster.exact import RoleChange
    from .client import Css

Confirm = Callable[[Sequence[RoleRemovals]], object]
RoleAt = tuple[Place, str]
"""A role, by its place and name."""


class RosterOptions(TypedDict, total=False):
    """The options of both `check_roster` and `apply_roster`; `Css.apply_roster` describes them."""

    exact: bool
    max_removals: int | None
    width: int
    providers: str | Iterable[str]
    prefer: str | Iterable[str]
    all_logins: bool
    progress: Callable[[RowResult], object] | None
    looking_up: Callable[[int, int], object] | None


@define(eq=False)
class _Item:
    """One row of a roster, or one removal of an exact roster, with the results of the searches for it.

    Attributes:
        place: the place of the row. None before the search, or if the place does not exist.
        found: the user whom the row means, or the error of the search. Empty before the search.
        step: the change that the row requests. None until its place and user are found.
        error: the reason why nothing is done for the row, or None.
        repeats: the line of an earlier row with the same step, or None.
        losing: for a removal of an exact roster, the user who loses the role.
    """

    row: Row
    place: Place | None = None
    found: UserLike | CssError = ""
    step: Step | None = None
    error: CssError | None = None
    repeats: int | None = None
    losing: User | None = None

    @property
    def to_do(self) -> Step | None:
        """Return the step. Return None if the row has no step or has an error."""
        return self.step if self.error is None else None

    def fail(self, error: CssError) -> None:
        """Note the reason why nothing is done for the row. If there is a reason already, keep the earlier one."""
        self.error = self.error or error.with_traceback(None)


class RosterRun:
    """Check a roster or carry it out, once.

    Args:
        rows: the rows of the roster, or data that `read_roster` accepts.
        options: as for `Css.apply_roster`.

    Raises:
        InvalidRequest: an option or a provider does not exist, or both `prefer` and `all_logins` are given.
        InvalidFile: the data cannot be read as rows.
        ConfigurationError: `width` is out of range, or a callback cannot be called or awaited.
    """

    def __init__(
        self,
        css: Css,
        rows: Row | Iterable[Any],
        options: RosterOptions,
    ) -> None:
        arguments.check_options(options, RosterOptions)
        self._width = options.get("width", 4)
        service_limits.check_width(self._width)
        self._exact = options.get("exact", False)
        self._all_logins = options.get("all_logins", False)
        prefer = options.get("prefer", ())
        self._prefer = arguments.known_providers(prefer) if prefer else ()
        if self._prefer and self._all_logins:
            raise InvalidRequest("prefer= chooses one login, and all_logins=True chooses all. Pass one of them.")
        self._css = css
        if not (isinstance(rows, list | tuple) and all(isinstance(row, Row) for row in rows)):
            from ..roster.reading import rows_from

            rows = rows_from(rows, exact=self._exact)
        self._items = [_Item(row) for row in rows]
        self._providers = arguments.known_providers(options.get("providers", EMPLOYEE_PROVIDERS))
        self._max_removals = options.get("max_removals")
        self._progress = ProgressCalls(options.get("progress"))
        self._look_ups = ProgressCalls(options.get("looking_up"), "looking_up")
        self._environments: dict[Place, EnvironmentClient] = {}
        self._states: dict[RoleAt, PlaceState] = {}
        self._results: dict[_Item, RowResult] = {}
        self._is_check = False
        self._lock = Lock()

    def check(self) -> list[RowResult]:
        """Return the expected result of each row, and of each removal of an exact roster. Write nothing."""
        self._is_check = True
        changes = self._plan(settled=False, look_up=True)
        for item in self._items:
            if item not in self._results:
                self._settle(item, self._expected(item))
        self._add_removals(changes)
        return self._ended([self._expected(item) for item in self._items])

    def apply(
        self,
        *,
        checked: Sequence[RowResult] | None = None,
        confirm: Confirm | None = None,
        skip_existing: bool = True,
    ) -> list[RowResult]:
        """Carry out the rows: grant roles first, then remove roles.

        Args:
            checked: the results of an earlier check. If no row has the state `to do`, nothing is sent, and `checked` is
                returned. But if the check refused too many removals, the roster is checked again.
            confirm: called before the first write with the removals of an exact roster, if there are any.
            skip_existing: whether to read the members first, and send only the changes that are still needed.

        Raises:
            StalePlan: a row has another result than in `checked`, or members changed while `confirm` was called.
                Nothing is sent.
            Refused: an exact roster would remove too much, or `confirm` returned False. Nothing is sent.
            CallbackFailed: a callback raised an exception. All changes were made nevertheless.
        """
        check_callback("confirm", confirm)
        if checked is not None and not any(result.outcome == "planned" or refuses_all(result) for result in checked):
            for result in checked:
                self._progress.note(result)
            return self._ended(checked)
        changes: list[RoleChange] = []
        if self._exact or checked is not None:
            changes = self._plan(settled=self._exact, look_up=checked is not None)
        else:
            self._find()
        for change in changes:
            if change.refusal is not None and not isinstance(change.refusal, Withheld):
                raise change.refusal
        self._add_removals(changes)
        expected = {item: self._expected(item) for item in self._items}
        if checked is not None and _states_of(expected.values()) != _states_of(checked):
            raise StalePlan(
                "Somebody else changed roles or members after this roster was checked. Nothing was sent. Check the "
                "roster again."
            )
        losses = [change.losses for change in changes if change.removals and change.refusal is None]
        if losses and confirm is not None:
            ask(confirm, losses)
            check_unchanged([change.state for change in changes], self._read_again(changes))
        planned: dict[Step, list[_Item]] = {}
        for item, result in expected.items():
            if result.outcome == "planned" and item.step is not None:
                planned.setdefault(item.step, []).append(item)
            else:
                self._settle(item, result)
        self._carry_out(planned, skip_existing=skip_existing and checked is None and not self._exact)
        return self._ended([self._results[item] for item in self._items])

    # Finding

    def _placed(self) -> list[tuple[_Item, Place]]:
        """Return the rows whose place exists, each with its place."""
        return [(item, item.place) for item in self._items if item.place is not None]

    def _find(self) -> None:
        """Find the place and the user of each row, and set the row's step or error. Make each search once.

        Raises:
            InvalidFile: a row names a different integration than the one given for all rows, or the user of a row has a
                different e-mail address than the row.
        """
        self._find_places()
        finding = PeopleFinding(self._css._wire, self._providers, self._width, self._look_ups)
        wanted = {item: (place, item.row.person) for item, place in self._placed()}
        logins = {item: (place, login) for item, place in self._placed() if (login := login_to_compare(item.row))}
        people = finding.find([*wanted.values(), *logins.values()])
        for item, person in wanted.items():
            item.found = people[person]
        self._compare_addresses({item: people[login] for item, login in logins.items()})
        self._items = [chosen for item in self._items for chosen in self._with_logins(item)]
        for item, place in self._placed():
            if isinstance(item.found, CssError):
                item.fail(item.found)
                continue
            if item.error is not None:
                continue
            row, users = item.row, self._environments[place].users
            try:
                username, _ = users.check(username_of(item.found), row.role)
            except CssError as error:
                item.fail(error)
            else:
                kind: StepKind = "add_member" if row.action == "grant" else "remove_member"
                item.step = Step(kind, place, row.role, username, people=1)
        steps = {item.to_do for item in self._items}
        first: dict[Step, int] = {}
        for item in self._items:
            if (step := item.to_do) is None:
                continue
            if step.opposite in steps:
                opposite = (
                    "Another row contradicts this one: one grants the role, the other revokes it from the same user. "
                    "Nothing was sent for these rows."
                )
                item.fail(InvalidRequest(opposite))
            elif step in first:
                item.repeats = first[step] or None
            else:
                first[step] = item.row.line

    def _with_logins(self, item: _Item) -> list[_Item]:
        """Choose among several logins of one person, and return the row with the chosen login.

        With `all_logins`, return a row for each login. Without it, `prefer` decides. If no login can be chosen, return
        the row unchanged.
        """
        logins: Sequence[User] = ()
        if isinstance(item.found, Ambiguous):
            logins = choose_logins(item.found.candidates, prefer=self._prefer, all_logins=self._all_logins)
        if self._all_logins and logins:
            return [evolve(item, row=row_for(item.row, user), found=user) for user in logins]
        return [evolve(item, found=logins[0]) if logins else item]

    def _compare_addresses(self, users: Mapping[_Item, UserLike | CssError]) -> None:
        """Check rows that have a username and an e-mail address: the user must have this address.

        If the user has no address, or the service does not know the user, nothing is compared.

        Args:
            users: for each of these rows, the user whom the service knows by the username, or the error of the search.

        Raises:
            InvalidFile: a user has a different address.
        """
        faults = []
        for item, user in users.items():
            row = item.row
            if isinstance(user, CssError):
                if not (isinstance(user, NotFound) and user.what == "user"):
                    item.fail(user)
            elif isinstance(user, User) and user.email and user.email.lower() != row.email.lower():
                faults.append(f"line {row.line}: the email is {row.email!r}, but {user.username} has {user.email!r}")
        if faults:
            raise InvalidFile.with_faults("The roster", faults)

    def _find_places(self) -> None:
        found: dict[tuple[str, str], EnvironmentClient | CssError] = {}
        for written in dict.fromkeys(item.row.place for item in self._items):
            try:
                found[written] = (self._css.integration(written[0])).environment(written[1])
            except (NotFound, Ambiguous, Refused) as error:
                found[written] = error
        faults: list[str] = []
        for item in self._items:
            where = found[item.row.place]
            if isinstance(where, CssError):
                item.fail(where)
                continue
            item.place, info = where.roles.place, where.integration
            self._environments.setdefault(item.place, where)
            for name in item.row.given:
                if not is_named(info, name):
                    named = f"the integration is {item.row.integration!r} (#{info.id}, {info.project_name})"
                    faults.append(f"line {item.row.line}: {named}, but {name!r} was also given")
        if faults:
            raise InvalidFile.with_faults("The roster", faults)

    # Planning

    def _plan(self, *, settled: bool, look_up: bool) -> list[RoleChange]:
        """Read the members of the roles, and return the changes to each role.

        If the roster is not exact, return an empty list.

        Args:
            settled: whether to read members until two readings in a row agree. Removals need this.
            look_up: whether to check that the service knows each username that would be added. If False, css-sdk
                checks usernames only for roles of exact rosters that would lose all their present members.

        Raises:
            Refused: an exact roster is empty or has rows that revoke.
        """
        if self._exact:
            check_exact([item.row for item in self._items])
        self._find()
        named: dict[RoleAt, list[_Item]] = {}
        for item, place in self._placed():
            if self._exact or item.to_do is not None:
                named.setdefault((place, item.row.role), []).append(item)

        def read(role: RoleAt) -> None:
            row, steps = named[role][0].row, [item.to_do for item in named[role] if item.to_do is not None]
            # If a reading misses a member whom a row grants the role, the journal would record that the row added this
            # member. An undo would then remove the role from the member.
            is_journaled = not self._is_check and self._css._wire.journal is not None
            must_settle = settled or (is_journaled and not all(step.removes for step in steps))
            try:
                state = self._read_role(role, row, settled=must_settle)
                # If a reading misses a member from whom a row revokes the role, the row would seem to be done already.
                if not must_settle and any(step.removes and is_as_after(step, state) for step in steps):
                    state = self._read_role(role, row, settled=True)
                self._states[role] = state
            except AuthenticationError:
                raise
            except CssError as error:
                for item in named[role]:
                    item.fail(error)

        each(read, list(named), self._width)
        if look_up:
            self._look_up_everybody()
        if not self._exact:
            return []
        from ..plan.preconditions import Guards
        from ..roster.exact import plan_role

        guards = Guards(max_removals=self._max_removals)
        changes = []
        for role, items in named.items():
            if role in self._states:
                if not look_up:
                    self._look_up_newcomers(role, items)
                listed = {item.to_do.target for item in items if item.to_do is not None}
                losing = {without_provider(username) for username in self._states[role].members[role[1]] - listed}
                about = [*items, *(item for item in self._items if self._may_mean(item, role, losing))]
                found = [(item.row, item.to_do, item.error) for item in about]
                changes.append(plan_role(found, self._states[role], guards))
        return changes

    def _may_mean(self, item: _Item, role: RoleAt, losing: Collection[str]) -> bool:
        """Return whether a failed row may be meant for this role and for one of the people in `losing`.

        Such a row withholds the removals of this role. If css-sdk did not find the place, the role or the person that
        the row names, this name may be mistyped. Each name that css-sdk did find must fit: it must be the place of this
        role, this role, or one of the people.

        Args:
            item: the row. If it names this role in this place, the result is False.
            losing: the usernames, without the provider, of the people who would lose this role.
        """
        place, name = item.place, item.row.role
        if item.error is None:
            return False
        if place is None:
            if name != role[1] and any(name == known for _, known in self._states):
                return False
        elif place != role[0] or (place, name) in self._states:
            return False
        return item.step is None or without_provider(item.step.target) in losing

    def _read_role(self, role: RoleAt, row: Row, *, settled: bool) -> PlaceState:
        place, name = role
        unread = PlaceState(place, row.integration, frozenset((name,)))
        return with_members(self._environments[place].roles, unread, (name,), settled=settled, width=1)

    def _read_again(self, changes: Sequence[RoleChange]) -> list[PlaceState]:
        now: dict[RoleAt, PlaceState] = {}

        def read(change: RoleChange) -> None:
            role = change.state.place, change.row.role
            now[role] = self._read_role(role, change.row, settled=True)

        each(read, changes, self._width)
        return [now[change.state.place, change.row.role] for change in changes]

    def _look_up_everybody(self) -> None:
        """Check that the service knows each username that would be added. Set an error for rows with unknown users.

        People who were found by a search are not checked a second time. All integrations of an environment know the
        same people, so css-sdk makes one call for each username. If the call for one integration of the rows fails,
        css-sdk makes it for the next integration.
        """
        waiting: dict[tuple[str, str], dict[_Item, Step]] = {}
        for item in self._items:
            step = item.to_do
            if step is not None and _is_named(item) and self._expected(item).outcome == "planned":
                waiting.setdefault((step.place.environment, step.target), {})[item] = step

        def look_up(there: dict[_Item, Step]) -> None:
            failed: CssError | None = None
            for step in {step.place: step for step in there.values()}.values():
                try:
                    failed = self._why_unknown(step)
                    break
                except AuthenticationError:
                    raise
                except CssError as error:
                    failed = error
            if failed is not None:
                for item in there:
                    item.fail(failed)
            if self._is_check:
                with self._lock:
                    for item in there:
                        self._settle(item, self._expected(item))

        each(look_up, list(waiting.values()), self._width)

    def _look_up_newcomers(self, role: RoleAt, items: Iterable[_Item]) -> None:
        """If a role would lose all its present members, check that the service knows at least one new member.

        The check stops at the first known person. Rows of unknown people before this person get an error.
        """
        members = self._states[role].members[role[1]]
        steps = {item: item.to_do for item in items if item.to_do is not None}
        if not members or any(step.target in members or not _is_named(item) for item, step in steps.items()):
            return
        for item, step in steps.items():
            error = self._why_unknown(step)
            if error is None:
                return
            item.fail(error)

    def _why_unknown(self, step: Step) -> NotFound | None:
        """Return an error if the environment does not know the user of a step. Otherwise, return None.

        If the call fails for another reason, raise its error, because css-sdk then cannot know.
        """
        try:
            self._environments[step.place].users.roles(step.target)
        except NotFound as error:
            if error.what != "user":
                raise
            return error
        return None

    def _add_removals(self, changes: Iterable[RoleChange]) -> None:
        """Append a row for each removal of an exact roster. If the removal is refused, its row has the error."""
        for change in changes:
            for step in change.removals:
                row = Row(0, Person("username", step.target), step.role, *change.row.place, "revoke")
                losing = change.state.users[step.target]
                self._items.append(_Item(row, step.place, step=step, error=change.refusal, losing=losing))

    def _expected(self, item: _Item) -> RowResult:
        """Return the expected result of a row: `failed` on an error, `already` if the step is done, else `planned`."""
        row, step = item.row, item.to_do
        if step is None:
            return RowResult(row, "failed", item.error, item.repeats, item.losing)
        state = self._states.get((step.place, step.role))
        is_so = state is not None and is_as_after(step, state)
        return RowResult(row, "already" if is_so else "planned", repeats=item.repeats, user=item.losing)

    # Carrying out

    def _carry_out(self, planned: Mapping[Step, Sequence[_Item]], *, skip_existing: bool) -> None:
        def note(result: StepResult) -> None:
            for item in planned[result.step]:
                error = withheld(item.row.role) if result.outcome == "skipped" else result.error
                self._settle(item, RowResult(item.row, done_or_failed(result), error, item.repeats))

        steps = sorted(planned, key=lambda step: step.removes)
        dependencies = None
        if self._exact:
            from ..plan.dependencies import Dependencies

            dependencies = Dependencies(steps, self._states.values())
        run = StepRun(
            {place: environment.roles for place, environment in self._environments.items()},
            steps,
            dependencies,
            are_not_done=all((step.place, step.role) in self._states for step in steps),
            skip_existing=skip_existing,
            width=self._width,
            progress=note,
        )
        run.carry_out()

    def _ended(self, results: Sequence[RowResult]) -> list[RowResult]:
        self._suggest_roles(results)
        return self._look_ups.ended(self._progress.ended(ListOf(results)))

    def _suggest_roles(self, results: Sequence[RowResult]) -> None:
        """Add suggestions of existing roles to errors about missing roles. Read the list of each place's roles once."""
        missing: dict[Place, list[NotFound]] = {}
        for item, result in zip(self._items, results, strict=False):
            error = result.error
            if item.place is not None and isinstance(error, NotFound) and error.what == "role" and not error.known:
                missing.setdefault(item.place, []).append(error)
        for place, errors in missing.items():
            with suppress(CssError):  # a result is complete without a suggestion
                known = [role.name for role in self._environments[place].roles.list()]
                for error in errors:
                    suggest(error, known)

    def _settle(self, item: _Item, result: RowResult) -> None:
        self._results[item] = result
        self._progress.note(result)


def _is_named(item: _Item) -> bool:
    """Return whether a row grants a role to a user who is named by username or client id.

    For these users, no search has shown yet that the service knows them.
    """
    return item.row.action == "grant" and item.row.person.user is not None


def _states_of(results: Iterable[RowResult]) -> list[tuple[Row, str]]:
    return [(result.row, result.state) for result in results]
