"""What shall be: roles, composites and members of integrations' environments, as a file of roles says it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

from attrs import field, frozen

from .._service import arguments
from ..people.identities import Person

Item_co = TypeVar("Item_co", covariant=True)


@frozen
class Listed(Generic[Item_co]):
    """A collection as the file lists it: what is missing is added, and where `exact` what is not listed is removed."""

    items: tuple[Item_co, ...] = ()
    exact: bool = False

    def __attrs_post_init__(self) -> None:
        arguments.check_several(self.items, "What is listed")


@frozen
class DesiredRole:
    """A role that shall exist.

    `was` is the name it may still have. `composites` and `members` are None where the file does not speak of them:
    they are then neither read nor touched.
    """

    name: str
    was: str | None = None
    composites: Listed[str] | None = None
    members: Listed[Person] | None = None


@frozen
class DesiredUser:
    """The roles that somebody shall hold directly."""

    person: Person
    roles: Listed[str]


@frozen
class DesiredPlace:
    """One environment of one integration, the integration by exact project name, or by id as in `#101`.

    `roles` is None where the file does not speak of the environment's roles; the roles of its `users` are then
    expected to exist. With `only_existing` all roles that it names exist, and every name was checked: no role is
    created, and nothing that is to be removed is left out because a file or a request could not name it.
    """

    integration: str
    environment: str
    roles: Listed[DesiredRole] | None = None
    users: tuple[DesiredUser, ...] = ()
    only_existing: bool = False

    def __attrs_post_init__(self) -> None:
        arguments.check_several(self.users, "The users of a place")

    @property
    def named(self) -> tuple[str, str]:
        """Integration and environment, as the file names them."""
        return self.integration, self.environment

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody whom it names, nobody twice, in order."""
        listed = [person for role in self._listed_roles for person in (role.members.items if role.members else ())]
        return tuple(dict.fromkeys([*listed, *(user.person for user in self.users)]))

    def members_to_read(self, existing: frozenset[str]) -> frozenset[str]:
        """The roles whose members a plan has to know, of the `existing` ones: nothing is read that it does not need."""
        if any(user.roles.exact for user in self.users):
            return existing
        listed = self._listed_roles
        names = {name for role in listed if role.members is not None for name in (role.name, role.was)}
        names |= {role.was for role in listed}
        names |= {name for user in self.users for name in user.roles.items}
        if self.roles is not None and self.roles.exact:
            # Those that are not listed would be deleted, and somebody may hold them.
            names |= existing - {role.name for role in listed}
        return existing & names

    @property
    def grants(self) -> tuple[tuple[Person, str], ...]:
        """Who shall hold which role directly, nothing twice, in order."""
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
    """What no plan may take away, rename or delete: patterns such as `admin*`, matched with case for roles.

    It covers what depends on them: the members and composites of a protected role, the grants of a protected user.
    """

    roles: tuple[str, ...] = field(default=(), converter=_patterns)
    users: tuple[str, ...] = field(default=(), converter=_patterns)

    def covers_role(self, name: str) -> bool:
        """Whether the role of this `name` is protected."""
        return any(fnmatchcase(name, pattern) for pattern in self.roles)

    def covers_user(self, username: str) -> bool:
        """Whether the user is protected; `username` is lower case."""
        return any(fnmatchcase(username, pattern.lower()) for pattern in self.users)


@frozen
class Desired:
    """A whole file."""

    places: tuple[DesiredPlace, ...]
    protect: Protection = Protection()

    def __attrs_post_init__(self) -> None:
        arguments.check_several(self.places, "The places of a file")
