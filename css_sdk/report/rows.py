"""List who has what: a row for each role of each person in each place, direct or through composite roles. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

from attrs import evolve, frozen

from .._service import arguments, environment_checks
from .._text.tables import Record, Records
from ..models import User
from ..people.identities import Person
from ..people.logins import HeldRole, PersonRoles, UnreadPlace
from ..people.member_logins import find_logins, not_among_members
from ..state import Place, PlaceState, parents_of


@frozen
class AccessRow(Record):
    """One role of one person in one place.

    Attributes:
        place: the integration and the environment.
        project_name: the project name of the integration.
        role: the name of the role.
        user: the person or service account.
        direct: whether the role is assigned directly.
        chains: the composite roles through which the person has the role. Each chain begins with a composite role that
            is assigned directly, and goes the shortest way down. The chain ends before the role itself.
    """

    place: Place
    project_name: str
    role: str
    user: User
    direct: bool
    chains: tuple[tuple[str, ...], ...] = ()

    @property
    def through(self) -> tuple[str, ...]:
        """Return the chains of composite roles as texts, such as `admin > lead`."""
        return tuple(map(" > ".join, self.chains))

    @property
    def held(self) -> str:
        """Return in words whether the role is direct or through composite roles."""
        ways = "; ".join(self.through)
        if not ways:
            return "directly"
        return f"directly; also through {ways}" if self.direct else f"through {ways}"

    def as_record(self) -> dict[str, Any]:
        """Return the row as a dict for JSON."""
        return {
            "integration_id": self.place.integration,
            "integration": self.project_name,
            "environment": self.place.environment,
            "role": self.role,
            "username": self.user.username,
            "name": self.user.name,
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
class AccessSummary(Record):
    """The numbers of a report: places that were read, roles that somebody has, people, service accounts, and rows.

    Logins that share a GUID count as one person.
    """

    places: int
    roles: int
    people: int
    service_accounts: int
    rows: int


@frozen
class AccessReport(Records):
    """Who has what in a team's integrations. The rows are computed when they are read.

    Attributes:
        team: the team's id, if it is known.
        places: the state of each place that was read.
        unread: the places that could not be read completely, with the errors.
        roles: the names of the roles to include; if empty, all.
        person: a part of the username, name or e-mail address of the people to include, ignoring case.
    """

    team: int | None
    places: tuple[PlaceState, ...]
    unread: tuple[UnreadPlace, ...] = ()
    roles: tuple[str, ...] = ()
    person: str = ""

    _rows_in: ClassVar = "places"
    _below: ClassVar = ("unread",)

    @property
    def users(self) -> tuple[User, ...]:
        """Return the members of all roles. A user appears once for each place in which the user is a member."""
        return tuple(user for place in self.places for user in place.users.values())

    @property
    def environments(self) -> tuple[str, ...]:
        """Return the environments of all places, sorted, even of places that could not be read."""
        places = [*(state.place for state in self.places), *(unread.place for unread in self.unread)]
        return tuple(sorted({place.environment for place in places}))

    def only(self, *, roles: str | Collection[str] = (), person: str = "") -> AccessReport:
        """Return the report limited to these roles and people.

        Args:
            roles: exact names of roles, one or several; if empty, all.
            person: a part of a username, name or e-mail address, ignoring case; if empty, everybody.

        >>> report = css.report(environments=["dev"]).only(roles=["reviewer"])
        >>> [(row.user.last_name, row.held) for row in report.rows()]
        [('Hargreave', 'through admin'), ('Fairweather', 'directly'), ('Bellwether', 'directly')]
        """
        return evolve(self, roles=arguments.names(roles, "role"), person=person)

    def rows(self) -> Iterator[AccessRow]:
        """Yield all rows, sorted by project, environment, role and name. Each call computes the rows again."""
        for state in sorted(self.places, key=_place_order):
            yield from self._rows_of(state)

    def summary(self) -> AccessSummary:
        """Count the places, roles, people, service accounts and rows of the report."""
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
            username: (user.name.casefold() or username, username)
            for username, user in users.items()
            if wanted in f"{username}\n{user.name}\n{user.email}".casefold()
        }
        for role in sorted(state.roles, key=without_case):
            if self.roles and role not in self.roles:
                continue
            chains = _chains(parents, role)
            direct = state.members.get(role, frozenset())
            usernames = direct.union(*(state.members.get(above, ()) for above in chains))
            for username in sorted(usernames & order.keys(), key=order.__getitem__):
                ways = tuple(chains[above] for above in chains if username in state.members.get(above, ()))
                yield AccessRow(state.place, state.project_name, role, users[username], username in direct, ways)


def in_order(unread: Collection[UnreadPlace]) -> tuple[UnreadPlace, ...]:
    """Return places that could not be read, sorted by project, integration and environment, as in the report."""
    return tuple(sorted(unread, key=_place_order))


def _place_order(at: PlaceState | UnreadPlace) -> tuple[str, int, int]:
    place = at.place
    return at.project_name.casefold(), place.integration, environment_checks.ENVIRONMENTS.index(place.environment)


def without_case(name: str) -> tuple[str, str]:
    """Return the key that sorts names without regard to case."""
    return name.casefold(), name


def _chains(parents: Mapping[str, Collection[str]], role: str) -> dict[str, tuple[str, ...]]:
    """Return the shortest chain down to a role, for each composite role that contains the role, directly or not.

    The chain begins with the composite role, and ends before the role itself. Cycles are allowed.
    """
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


def roles_among_members(person: Person, report: AccessReport, providers: Collection[str] | None = None) -> PersonRoles:
    """Return the roles of a person's logins in the places of a report.

    The person must be named by GUID or e-mail address. `report` must have all places.

    Raises:
        NotFound: no member of any role has the GUID or the address, and every place was read.
        Ambiguous: several people have the address.
    """
    logins = find_logins(person, report.users, providers)
    if not logins.usernames and not report.unread:
        raise not_among_members(person, report.users, providers)
    return PersonRoles(held_roles(report, logins.usernames), unread=report.unread, same_address=logins.same_address)


def held_roles(report: AccessReport, usernames: Collection[str]) -> tuple[HeldRole, ...]:
    """Return all roles that these usernames have in the places of a report, sorted by place, username and role."""
    roles = [_held_role(row) for row in report.rows() if row.user.username in usernames]
    return tuple(sorted(roles, key=lambda one: (one.place, one.username, one.role)))


def _held_role(row: AccessRow) -> HeldRole:
    through = tuple(sorted(chain[0] for chain in row.chains))
    return HeldRole(row.place, row.project_name, row.user.username, row.role, row.direct, through)
