# Written from css_sdk/_async/bulk.py by `make generate`; edit that one.
"""Many grants at once: grouped so that a user needs one call, bounded, with a result for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .. import _rules
from .._pairs import Lock, each
from ..errors import CssError, NotFound, OutcomeUnknown
from ..models import Grant, GrantResult, Outcome, ServiceAccount
from .roles import Roles
from .users import Users

Grants = Iterable[Grant | tuple[str | ServiceAccount, str]]
Progress = Callable[[GrantResult], object]
Numbered = dict[int, Grant]
"""Grants by their place in what the caller gave."""


class Run:
    """What came of each grant so far; tells the caller of each, one at a time."""

    def __init__(self, grants: Numbered, progress: Progress | None) -> None:
        self.open = dict(grants)
        self.results: dict[int, GrantResult] = {}
        self._progress = progress
        self._lock = Lock()

    def settle(self, grants: Numbered, outcome: Outcome, error: CssError | None = None) -> None:
        """Notes how these grants ended."""
        with self._lock:
            for number, grant in grants.items():
                del self.open[number]
                result = self.results[number] = GrantResult(grant, outcome, error)
                if self._progress is not None:
                    self._progress(result)

    def settle_failed(self, grants: Numbered, error: CssError) -> None:
        """Notes that these grants failed, or that nobody knows."""
        self.settle(grants, "unknown" if isinstance(error, OutcomeUnknown) else "failed", error)


class Bulk:
    """Many grants in one environment of one integration."""

    def __init__(self, roles: Roles, users: Users) -> None:
        self._roles = roles
        self._users = users

    def assign_many(
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
        return self._many(grants, self._give, skip_existing, True, width, progress)

    def unassign_many(
        self, grants: Grants, *, skip_existing: bool = False, width: int = 4, progress: Progress | None = None
    ) -> list[GrantResult]:
        """Takes from each user the roles named for them; as `assign_many`, with a call for each role.

        Args:
            skip_existing: read the members of the roles named first, and send only for those who have the role.
        """
        return self._many(grants, self._take, skip_existing, False, width, progress)

    def _many(
        self,
        grants: Grants,
        work: Callable[[Run, Numbered], None],
        skip_existing: bool,
        wanted: bool,
        width: int,
        progress: Progress | None,
    ) -> list[GrantResult]:
        _rules.check_width(width)
        numbered = {n: g if isinstance(g, Grant) else Grant(*g) for n, g in enumerate(grants)}
        run = Run(numbered, progress)
        self._settle_refused(run)
        if skip_existing:
            self._settle_done(run, wanted)

        def do(group: Numbered) -> None:
            work(run, group)

        each(do, _by_user(run.open), width)
        return [run.results[number] for number in numbered]

    def _settle_refused(self, run: Run) -> None:
        for number, grant in list(run.open.items()):
            try:
                self._users.check(grant.user, grant.role)
            except CssError as error:
                run.settle_failed({number: grant}, error)

    def _settle_done(self, run: Run, wanted: bool) -> None:
        """Settles the grants that are already as they shall be, reading each role's members once."""
        for role in dict.fromkeys(grant.role for grant in run.open.values()):
            grants = {number: grant for number, grant in run.open.items() if grant.role == role}
            try:
                members = {user.username for user in self._roles.members(role)}
            except CssError as error:
                run.settle_failed(grants, error)
                continue
            done = {n: g for n, g in grants.items() if (_rules.username_of(g.user) in members) is wanted}
            run.settle(done, "already")

    def _give(self, run: Run, group: Numbered) -> None:
        user = next(iter(group.values())).user
        try:
            self._users.assign(user, *(grant.role for grant in group.values()))
        except NotFound as error:
            if error.what != "role" or len(group) == 1:
                return run.settle_failed(group, error)
            return self._give_existing(run, group, error)
        except CssError as error:
            return run.settle_failed(group, error)
        return run.settle(group, "confirmed")

    def _give_existing(self, run: Run, group: Numbered, error: NotFound) -> None:
        """After a 404 about one role or more, which gave none: those that do exist."""
        try:
            known = {role.name for role in self._roles.list()}
        except CssError as unread:
            return run.settle_failed(group, unread)
        missing = {number: grant for number, grant in group.items() if grant.role not in known}
        if not missing:
            return run.settle_failed(group, error)
        run.settle_failed(missing, error)
        rest = {number: grant for number, grant in group.items() if number not in missing}
        return self._give(run, rest) if rest else None

    def _take(self, run: Run, group: Numbered) -> None:
        for number, grant in group.items():
            try:
                self._users.unassign(grant.user, grant.role)
            except CssError as error:
                run.settle_failed({number: grant}, error)
            else:
                run.settle({number: grant}, "confirmed")


def _by_user(grants: Numbered) -> list[Numbered]:
    groups: dict[str, Numbered] = {}
    for number, grant in grants.items():
        groups.setdefault(_rules.username_of(grant.user), {})[number] = grant
    return list(groups.values())
