# Written from css_sdk/_async/checking.py by `make generate`; edit that one.
"""What would come of a roster, without a write."""

from __future__ import annotations

from .. import _rules
from .._pairs import each
from .._roster_goals import Place
from ..errors import AuthenticationError, CssError
from ..roster import RowCheck
from .finding import Finding


class RosterCheck:
    """What was read about a roster's rows.

    Args:
        finding: finds what its rows mean.
        width: calls at once, 1 to 8.
    """

    def __init__(self, finding: Finding, *, width: int) -> None:
        self._finding = finding
        self._width = width
        self._members: dict[tuple[Place, str], frozenset[str] | CssError] = {}
        self._unknown: dict[tuple[str, str], CssError] = {}

    def carry_out(self) -> list[RowCheck]:
        """What would come of each row, in their order."""
        self._finding.find()
        grants, places = self._finding.grants, self._finding.places
        roles = dict.fromkeys((places[number], grant.role) for number, grant in grants.items())
        each(self._read_members, list(roles), self._width)
        each(self._look_up, list(self._logins_to_look_up()), self._width)
        return [self._of(number) for number in range(len(self._finding.rows))]

    def _read_members(self, role: tuple[Place, str]) -> None:
        environment = self._finding.environments[role[0]]
        try:
            members = [user.username for user in environment.roles.members(role[1])]
            self._members[role] = frozenset(members)
        except AuthenticationError:
            raise
        except CssError as error:
            self._members[role] = error.with_traceback(None)

    def _logins_to_look_up(self) -> dict[tuple[str, str], Place]:
        """Who is to be given something and was not searched for, with one place of the environment to ask at."""
        wanted: dict[tuple[str, str], Place] = {}
        for number, grant in self._finding.grants.items():
            row, place = self._finding.rows[number], self._finding.places[number]
            username = _rules.username_of(grant.user)
            members = self._members[place, grant.role]
            is_open = not isinstance(members, CssError) and username not in members
            if is_open and row.action == "grant" and row.person.user is not None:
                wanted.setdefault((place[1], username), place)
        self._asked_at = wanted
        return wanted

    def _look_up(self, login: tuple[str, str]) -> None:
        try:
            self._finding.environments[self._asked_at[login]].users.roles(login[1])
        except AuthenticationError:
            raise
        except CssError as error:
            self._unknown[login] = error.with_traceback(None)

    def _of(self, number: int) -> RowCheck:
        row = self._finding.rows[number]
        grant = self._finding.grants.get(number)
        if grant is None:
            return RowCheck(row, error=self._finding.errors[number])
        place, username = self._finding.places[number], _rules.username_of(grant.user)
        members = self._members[place, grant.role]
        if isinstance(members, CssError):
            return RowCheck(row, error=members)
        is_so = (username in members) is (row.action == "grant")
        return RowCheck(row, is_so=is_so, error=None if is_so else self._unknown.get((place[1], username)))
