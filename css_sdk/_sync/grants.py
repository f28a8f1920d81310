# Written from css_sdk/_async/grants.py by `make generate`; edit that one.
"""One user's grants after another, with a result for each; shared by the client itself and by executors' workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from .._http.concurrency import Lock, each
from .._service import arguments, identifiers
from ..errors import AuthenticationError, CssError, NotFound, OutcomeUnknown
from ..models import Grant, GrantResult, Outcome, Role, UserLike
from .callbacks import ProgressCalls

if TYPE_CHECKING:
    from .members import Members
    from .users import Users

Grants = Grant | Iterable[Grant | tuple[UserLike, str]]
Progress = Callable[[GrantResult], object]
Numbered = dict[int, Grant]
"""Grants by their place in what the caller gave."""
GrantWrite = Literal["assign", "unassign"]


def outcome_of(error: CssError) -> Outcome:
    """How an item ended that met this error."""
    return "unknown" if isinstance(error, OutcomeUnknown) else "failed"


def grouped(grants: Numbered, by: Callable[[Grant], str]) -> dict[str, Numbered]:
    """The grants by what `by` gives for each."""
    groups: dict[str, Numbered] = {}
    for number, grant in grants.items():
        groups.setdefault(by(grant), {})[number] = grant
    return groups


class Run:
    """What came of each grant so far; tells the caller of each, one at a time."""

    def __init__(self, grants: Grants, progress: Progress | None = None) -> None:
        self.open: Numbered = dict(enumerate(arguments.grants(grants)))
        self._results: dict[int, GrantResult] = {}
        self.lost_access: AuthenticationError | None = None
        self._progress = ProgressCalls(progress)
        self._lock = Lock()

    @property
    def results(self) -> list[GrantResult]:
        """The results, in the order of the grants."""
        return [self._results[number] for number in sorted(self._results)]

    def ended(self) -> list[GrantResult]:
        """Return the results, in the order of the grants.

        Raises:
            CallbackFailed: which carries them, when the caller's function raised an exception.
        """
        return self._progress.ended(self.results)

    def settle(self, grants: Numbered, outcome: Outcome, error: CssError | None = None) -> None:
        """Notes how these grants ended."""
        with self._lock:
            for number, grant in grants.items():
                del self.open[number]
                result = self._results[number] = GrantResult(grant, outcome, error)
                self._progress.note(result)

    def settle_failed(self, grants: Numbered, error: CssError) -> None:
        """Notes that these grants failed, or that nobody knows."""
        if isinstance(error, AuthenticationError):
            self.lost_access = error
        # Without its traceback, which would keep each call's request and answer as long as the results.
        self.settle(grants, outcome_of(error), error.with_traceback(None))

    def by_user(self) -> list[Numbered]:
        """The open grants, those of one user together however the user is written."""
        return list(grouped(self.open, lambda grant: identifiers.username_of(grant.user)).values())


class Granting:
    """Carries out the grants of one user at a time.

    Args:
        users: of the environment.
        list_roles: gives the environment's roles.
    """

    def __init__(self, users: Users, list_roles: Callable[[], tuple[Role, ...]]) -> None:
        self._users = users
        self._list_roles = list_roles

    def carry_out(self, change: GrantWrite, run: Run, width: int) -> None:
        """Assigns or unassigns all open grants, so many users at once."""

        def work(group: Numbered) -> None:
            if run.lost_access is not None:
                # Whoever is not let in any more would only be turned away for each of the others, too.
                return run.settle_failed(group, run.lost_access)
            return (self.assign if change == "assign" else self.unassign)(run, group)

        each(work, run.by_user(), width)

    def settle_done(self, run: Run, change: GrantWrite, roles: Members) -> None:
        """Settle the grants that need no write, after reading each role's members, or each user's roles if fewer.

        Args:
            run: with the grants.
            change: what will be done to them.
            roles: of the environment.
        """
        by_role = grouped(run.open, lambda grant: grant.role)
        by_user = run.by_user()
        if len(by_user) <= len(by_role):
            for group in by_user:
                self._settle_done_of_user(run, group, change)
            return
        for role, grants in by_role.items():
            try:
                # Somebody who is left out of a reading would seem not to have the role, and keep it.
                if change == "unassign":
                    held = {user.username for user in roles.settled_members(role)}
                else:
                    held = {user.username for user in roles.members(role)}
            except CssError as error:
                run.settle_failed(grants, error)
                continue
            done = {
                number: grant
                for number, grant in grants.items()
                if (identifiers.username_of(grant.user) in held) is (change == "assign")
            }
            run.settle(done, "already")

    def _settle_done_of_user(self, run: Run, group: Numbered, change: GrantWrite) -> None:
        try:
            held = {role.name for role in self._users.roles(next(iter(group.values())).user)}
            done = {n: grant for n, grant in group.items() if (grant.role in held) is (change == "assign")}
            if done and change == "unassign":
                # Nobody has a role that does not exist: a typing error has to come to light, and the write tells.
                existing = {role.name for role in self._list_roles()}
                done = {n: grant for n, grant in done.items() if grant.role in existing}
        except CssError as error:
            run.settle_failed(group, error)
        else:
            run.settle(done, "already")

    def assign(self, run: Run, group: Numbered) -> None:
        """Gives one user the roles of a group in one call."""
        user = next(iter(group.values())).user
        try:
            self._users.assign(user, *(grant.role for grant in group.values()))
        except NotFound as error:
            if error.what != "role" or len(group) == 1:
                return run.settle_failed(group, error)
            return self._assign_existing(run, group, error)
        except CssError as error:
            return run.settle_failed(group, error)
        return run.settle(group, "confirmed")

    def unassign(self, run: Run, group: Numbered) -> None:
        """Takes the roles of a group from one user, one call each."""
        for role, grants in grouped(group, lambda grant: grant.role).items():
            if run.lost_access is not None:
                run.settle_failed(grants, run.lost_access)
                continue
            try:
                self._users.unassign(next(iter(grants.values())).user, role)
            except CssError as error:
                run.settle_failed(grants, error)
            else:
                run.settle(grants, "confirmed")

    def _assign_existing(self, run: Run, group: Numbered, error: NotFound) -> None:
        """After a 404 about one role or more, which gave none: those that do exist."""
        try:
            known = {role.name for role in self._list_roles()}
        except CssError as unread:
            return run.settle_failed(group, unread)
        missing = {number: grant for number, grant in group.items() if grant.role not in known}
        if not missing:
            return run.settle_failed(group, error)
        run.settle_failed(missing, error)
        rest = {number: grant for number, grant in group.items() if number not in missing}
        return self.assign(run, rest) if rest else None


def in_chunks(groups: Sequence[Numbered], size: int) -> list[Numbered]:
    """The groups put together into chunks of about so many grants; no group is parted."""
    chunks: list[Numbered] = []
    for group in groups:
        if chunks and len(chunks[-1]) + len(group) <= size:
            chunks[-1] = chunks[-1] | group
        else:
            chunks.append(group)
    return chunks
