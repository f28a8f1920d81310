"""Define the desired state: the roles, composites and members that the environments must have. Pure.

The desired state comes from a roles file or from the arguments of a call.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

from attrs import evolve, field, frozen

from .._service import arguments
from ..people.identities import Person

Item_co = TypeVar("Item_co", covariant=True)


@frozen
class Listed(Generic[Item_co]):
    """The listed items of a collection, such as the members of a role. Missing items are added.

    If `exact` is true, existing items that are not listed are removed.
    """

    items: tuple[Item_co, ...] = ()
    exact: bool = False

    def __attrs_post_init__(self) -> None:
        arguments.check_several(self.items, "The listed items")


@frozen
class DesiredRole:
    """A role that must exist.

    Attributes:
        name: the name of the role.
        was: the earlier name. If the role still has this name, the plan renames the role.
        composites: the children of the role. If this is `None`, the children are not changed.
        members: the members of the role. If this is `None`, the members are not changed.
        until: the last day of each member who has the role only for a time.
        ended: the people whose last day is over. `Desired.on` sets this attribute.
    """

    name: str
    was: str | None = None
    composites: Listed[str] | None = None
    members: Listed[Person] | None = None
    until: Mapping[Person, datetime.date] = field(factory=dict, hash=False)
    ended: tuple[Person, ...] = field(default=(), repr=False)

    def on(self, day: datetime.date) -> DesiredRole:
        """Return the role for a day, without the members whose last day is over."""
        ended = tuple(person for person, last in self.until.items() if last < day)
        if not ended or self.members is None:
            return self
        left = tuple(person for person in self.members.items if person not in ended)
        return evolve(self, members=Listed(left, self.members.exact), ended=ended)


@frozen
class DesiredUser:
    """The roles that a user must have directly, not only through composite roles."""

    person: Person
    roles: Listed[str]


@frozen
class DesiredPlace:
    """What one environment of one integration must contain.

    Attributes:
        integration: the exact project name, or the id, such as `101` or `#101`.
        environment: the environment.
        roles: the roles. If this is `None`, no role is created, renamed or deleted, and the roles of `users` must
            exist.
        users: the users, with the roles that they must have.
        only_existing: whether all named roles must exist, so that no role is created. Set this only if all names were
            checked. A plan then also removes what has a name that a roles file or a request cannot contain.
        where: the files and lines that name the integration, such as `roles.yaml:3`, for messages. Empty if the place
            was not read from a file.
    """

    integration: str
    environment: str
    roles: Listed[DesiredRole] | None = None
    users: tuple[DesiredUser, ...] = ()
    only_existing: bool = False
    where: tuple[str, ...] = field(default=(), eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        arguments.check_several(self.users, "The users of a place")

    @property
    def named(self) -> tuple[str, str]:
        """Return the integration and the environment, as the file names them."""
        return self.integration, self.environment

    def __str__(self) -> str:
        return f"{self.integration} {self.environment}"

    @property
    def people(self) -> tuple[Person, ...]:
        """Return all people of this place, each once: members, people whose last day is over, and users."""
        roles = self._listed_roles
        listed = [person for role in roles for person in (*(role.members.items if role.members else ()), *role.ended)]
        return tuple(dict.fromkeys([*listed, *(user.person for user in self.users)]))

    def members_to_read(self, existing: frozenset[str]) -> frozenset[str]:
        """Return those of the `existing` roles whose members must be read to make a plan."""
        if any(user.roles.exact for user in self.users):
            return existing
        listed = self._listed_roles
        names = {name for role in listed if role.members is not None for name in (role.name, role.was)}
        names |= {role.was for role in listed}
        names |= {name for user in self.users for name in user.roles.items}
        if self.roles is not None and self.roles.exact:
            # Roles that are not listed would be deleted, and somebody may have them.
            names |= existing - {role.name for role in listed}
        return existing & names

    @property
    def grants(self) -> tuple[tuple[Person, str], ...]:
        """Return pairs of a person and a role that the person must have directly. Each pair appears once."""
        listed = [(who, role.name) for role in self._listed_roles if role.members for who in role.members.items]
        listed += [(user.person, role) for user in self.users for role in user.roles.items]
        return tuple(dict.fromkeys(listed))

    @property
    def _listed_roles(self) -> tuple[DesiredRole, ...]:
        return self.roles.items if self.roles is not None else ()


def _patterns(given: str | Iterable[str]) -> tuple[str, ...]:
    return arguments.names(given, "pattern")


@frozen
class Protection:
    """Patterns such as `admin*` that name the protected roles and users. Plans remove nothing from these.

    A protected role is neither renamed nor deleted. It keeps its members, children and parents. A protected user keeps
    all roles. Patterns of roles distinguish upper and lower case. Patterns of users do not.
    """

    roles: tuple[str, ...] = field(default=(), converter=_patterns)
    users: tuple[str, ...] = field(default=(), converter=_patterns)

    def covers_role(self, name: str) -> bool:
        """Return whether a pattern protects the role with this name."""
        return any(fnmatchcase(name, pattern) for pattern in self.roles)

    def covers_user(self, username: str) -> bool:
        """Return whether a pattern protects this user. `username` must be in lower case."""
        return any(fnmatchcase(username, pattern.lower()) for pattern in self.users)


@frozen
class Desired:
    """What roles files or a call want in all places that they name.

    Attributes:
        places: the places.
        protect: the protected roles and users.
        timezone: the IANA name of the time zone in which the days of `until` begin and end; `None` if none is given.
        warnings: sentences about parts of the files that have no effect.
    """

    places: tuple[DesiredPlace, ...]
    protect: Protection = Protection()
    timezone: str | None = None
    warnings: tuple[str, ...] = field(default=(), eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        arguments.check_several(self.places, "The places of a file")

    @property
    def last_days(self) -> frozenset[datetime.date]:
        """Return the last days of all members who have a role only for a time."""
        return frozenset(
            last for place in self.places for role in (place.roles or Listed()).items for last in role.until.values()
        )

    def on(self, day: datetime.date) -> Desired:
        """Return the desired state for a day, without the members whose last day is before this day.

        `ended` of a role lists these people, so that a plan that prunes removes them.

        >>> ann = Person("username", "0f3ac87806aa7f215a7c0d4cc4d9e799@idir")
        >>> role = DesiredRole("reviewer", members=Listed((ann,)), until={ann: datetime.date(2027, 3, 31)})
        >>> desired = Desired((DesiredPlace("101", "dev", Listed((role,))),), timezone="America/Vancouver")
        >>> [len(desired.on(datetime.date(2027, *day)).places[0].grants) for day in ((3, 31), (4, 1))]
        [1, 0]
        """
        if not self.last_days:
            return self
        places = [
            evolve(place, roles=evolve(place.roles, items=tuple(role.on(day) for role in place.roles.items)))
            if place.roles is not None
            else place
            for place in self.places
        ]
        return evolve(self, places=tuple(places))
