"""Read the roles of a person in all places of a team.

The roles of one login are read directly. The roles of a person with several logins are found in lists of members.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import evolve

from .._http.concurrency import async_each
from .._service import environment_checks, identifiers, service_limits
from ..errors import AuthenticationError, CssError, NotApplied, NotFound
from ..models import Integration, Role, RoleTree
from ..people import logins
from ..people.identities import Person
from ..people.logins import HeldRole, PersonRoles, UnreadPlace
from ..report.person_roles import roles_among_members
from ..report.rows import AccessReport
from ..state import Place
from .composites import tree_below
from .integrations import AsyncIntegrationClient
from .reporting import read_access
from .roles import AsyncRoles
from .wire import AsyncWire


async def roles_of(
    wire: AsyncWire,
    integrations: Sequence[Integration],
    person: Person,
    among: Collection[str] | None,
    width: int,
) -> PersonRoles:
    """Return the roles of a person in these integrations; see `AsyncCss.roles_of`."""
    service_limits.check_width(width)
    if person.user is not None:
        return await _of_login(wire, _applied(integrations), identifiers.check_username(person.user), width)
    return roles_among_members(person, await read_all_places(wire, integrations, width), among)


def _applied(integrations: Sequence[Integration]) -> list[Integration]:
    return [info for info in integrations if info.status != "draft" and info.environments]


async def read_all_places(
    wire: AsyncWire, integrations: Sequence[Integration], width: int, *, settled: bool = False
) -> AccessReport:
    """Return a report of all environments of integrations that are not drafts.

    Raises:
        NotFound: the team has no integration that is applied.
    """
    clients = [AsyncIntegrationClient(wire, info) for info in _applied(integrations)]
    if not clients:
        raise NotFound("The team has no applied integration, so nobody has a role.", what="user")
    report = await read_access(clients, environment_checks.ENVIRONMENTS, None, width, settled=settled)
    return evolve(report, unread=tuple(one for one in report.unread if not isinstance(one.error, NotApplied)))


async def _of_login(wire: AsyncWire, integrations: Sequence[Integration], username: str, width: int) -> PersonRoles:
    """Return the roles of one login, with a call for each place and each composite role."""
    by_environment = {
        environment: there
        for environment in environment_checks.ENVIRONMENTS
        if (there := [info for info in integrations if environment in info.environments])
    }
    reading = _Reading(wire, username)
    await async_each(lambda environment: reading.read(environment, by_environment[environment]), by_environment, width)
    if len(reading.never) == len(by_environment) > 0:
        raise NotFound(
            f"{username} is not known in {', '.join(by_environment)}. This person has probably never logged in there.",
            what="user",
        )
    await async_each(reading.read_tree, reading.with_composites(), width)
    return reading.result()


class _Reading:
    """Collect what was read about one login."""

    def __init__(self, wire: AsyncWire, username: str) -> None:
        self._wire = wire
        self._username = username
        self._names: dict[Place, str] = {}
        self._direct: dict[Place, tuple[Role, ...]] = {}
        self._trees: dict[Place, RoleTree] = {}
        self._unread: list[UnreadPlace] = []
        self.never: list[str] = []

    async def read(self, environment: str, integrations: Sequence[Integration]) -> None:
        """Read the roles in one environment. A login that is unknown to one integration is unknown to all of them."""
        for info in integrations:
            place = Place(info.id, environment)
            self._names[place] = info.project_name
            try:
                self._direct[place] = await AsyncRoles(self._wire, place)._users.roles(self._username)
            except NotApplied:
                continue
            except AuthenticationError:
                raise
            except CssError as error:
                if isinstance(error, NotFound) and error.what == "user":
                    self.never.append(environment)
                    return
                self._unread.append(UnreadPlace(place, info.project_name, error))

    async def read_tree(self, place: Place) -> None:
        """Read the children of the direct roles in one place."""
        try:
            self._trees[place] = await tree_below(self._wire, place, self._direct[place])
        except AuthenticationError:
            raise
        except CssError as error:
            self._unread.append(UnreadPlace(place, self._names[place], error))

    def with_composites(self) -> list[Place]:
        """Return the places where the login has composite roles."""
        return sorted(place for place, roles in self._direct.items() if any(role.composite for role in roles))

    def result(self) -> PersonRoles:
        """Return what was read, in an order that does not depend on the order of the answers."""
        held: list[HeldRole] = []
        for place, roles in sorted(self._direct.items()):
            below = self._trees.get(place, RoleTree((), {}))
            held += logins.held_roles(place, self._names[place], self._username, roles, below)
        never: Mapping[str, tuple[str, ...]] = {}
        if self.never:
            never = {self._username: tuple(name for name in environment_checks.ENVIRONMENTS if name in self.never)}
        return PersonRoles(tuple(held), never, tuple(sorted(self._unread, key=lambda one: one.place)))
