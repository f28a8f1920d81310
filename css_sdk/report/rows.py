"""Who has what: a row for each role that somebody has somewhere, directly or through composite roles. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from attrs import evolve, frozen

from .._service import arguments, environment_checks
from .._text.tables import Tabular
from ..models import User
from ..people.logins import UnreadPlace, name_of
from ..plan.impact import parents_of
from ..state import Place, PlaceState


@frozen
class AccessRow(Tabular):
    """One role that somebody has in one place.

    Attributes:
        place: integration and environment.
        project_name: of the integration.
        role: what is had.
        user: who has it.
        direct: whether it is held directly.
        chains: the composite roles that it comes through: for each that is held directly, this one and those below it
            on the shortest way down to the role, which is not among them.
    """

    place: Place
    project_name: str
    role: str
    user: User
    direct: bool
    chains: tuple[tuple[str, ...], ...] = ()

    @property
    def through(self) -> tuple[str, ...]:
        """The ways on which it comes through composite roles, each as a text: `admin > lead`."""
        return tuple(map(" > ".join, self.chains))

    @property
    def held(self) -> str:
        """In words how it is had."""
        ways = "; ".join(self.through)
        if not ways:
            return "directly"
        return f"directly; also through {ways}" if self.direct else f"through {ways}"

    def as_record(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        return {
            "integration_id": self.place.integration,
            "integration": self.project_name,
            "environment": self.place.environment,
            "role": self.role,
            "username": self.user.username,
            "name": name_of(self.user),
            "email": self.user.email,
            "provider": self.user.provider or "",
            "service_account": self.user.service_account is not None,
            "direct": self.direct,
            "chains": [list(chain) for chain in self.chains],
        }

    def _cells(self) -> dict[str, Any]:
        place = self.place._cells() | {"project_name": self.project_name, "role": self.role}
        return place | self.user._cells() | {"direct": self.direct, "through": "; ".join(self.through)}


@frozen
class AccessSummary(Tabular):
    """How much a report tells: places that were read, roles that somebody has, people, service accounts, and rows.

    A person's logins that share a GUID are one person.
    """

    places: int
    roles: int
    people: int
    service_accounts: int
    rows: int


@frozen
class AccessReport(Tabular):
    """Who has what in a team's integrations; the rows are worked out as they are asked for.

    Attributes:
        team: the team's id, where it is known.
        places: what was read of each place.
        unread: the places of which nothing, or not all, is told, and why.
        roles: the only roles that are told of; all, where none is named.
        person: what the username, name or e-mail address of everybody told of holds, whatever its case.
    """

    team: int | None
    places: tuple[PlaceState, ...]
    unread: tuple[UnreadPlace, ...] = ()
    roles: tuple[str, ...] = ()
    person: str = ""

    _rows_in: ClassVar = "places"
    _below: ClassVar = ("unread",)

    def only(self, *, roles: str | Collection[str] = (), person: str = "") -> AccessReport:
        """The same about these roles and people alone.

        Args:
            roles: their exact names, or one; all, when there are none.
            person: a part of a username, name or e-mail address, without case; everybody, when it is empty.

        >>> report = css.report(environments=["dev"]).only(roles=["reviewer"])
        >>> [(row.user.last_name, row.held) for row in report.rows()]
        [('Hargreave', 'through admin'), ('Fairweather', 'directly'), ('Bellwether', 'directly')]
        """
        return evolve(self, roles=arguments.names(roles, "role"), person=person)

    def rows(self) -> Iterator[AccessRow]:
        """All rows, by project, environment, role and name; nothing is kept of them."""
        for state in sorted(self.places, key=_place_order):
            yield from self._rows_of(state)

    def summary(self) -> AccessSummary:
        """How much it tells."""
        roles: set[tuple[Place, str]] = set()
        people: set[str] = set()
        accounts: set[str] = set()
        count = 0
        for row in self.rows():
            count += 1
            roles.add((row.place, row.role))
            (accounts if row.user.guid is None else people).add(row.user.guid or row.user.username)
        return AccessSummary(len(self.places), len(roles), len(people), len(accounts), count)

    def _rows(self) -> Iterator[dict[str, Any]]:
        return (row._cells() for row in self.rows())

    def _rows_of(self, state: PlaceState) -> Iterator[AccessRow]:
        parents = {child: sorted(above) for child, above in parents_of(state.children).items()}
        wanted = self.person.casefold()
        users = {name: state.users.get(name) or User(name) for name in frozenset().union(*state.members.values())}
        order = {
            username: (name_of(user).casefold() or username, username)
            for username, user in users.items()
            if wanted in f"{username}\n{name_of(user)}\n{user.email}".casefold()
        }
        for role in sorted(state.roles, key=_without_case):
            if self.roles and role not in self.roles:
                continue
            chains = _chains(parents, role)
            direct = state.members.get(role, frozenset())
            having = direct.union(*(state.members.get(above, ()) for above in chains))
            for username in sorted(having & order.keys(), key=order.__getitem__):
                ways = tuple(chains[above] for above in chains if username in state.members.get(above, ()))
                yield AccessRow(state.place, state.project_name, role, users[username], username in direct, ways)


def in_order(unread: Collection[UnreadPlace]) -> tuple[UnreadPlace, ...]:
    """Places that were not read, in the order in which those that were are told of."""
    return tuple(sorted(unread, key=_place_order))


def _place_order(at: PlaceState | UnreadPlace) -> tuple[str, int, int]:
    place = at.place
    return at.project_name.casefold(), place.integration, environment_checks.ENVIRONMENTS.index(place.environment)


def _without_case(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _chains(parents: Mapping[str, Collection[str]], role: str) -> dict[str, tuple[str, ...]]:
    """By each role that leads to this one, it and the others on the shortest way down; a circle is gone round once."""
    found: dict[str, tuple[str, ...]] = {role: ()}
    waiting = deque([role])
    while waiting:
        below = waiting.popleft()
        for above in parents.get(below, ()):
            if above not in found:
                found[above] = (above, *found[below])
                waiting.append(above)
    del found[role]
    return found
