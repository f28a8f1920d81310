"""Where the listed roles, members and users of one environment contradict each other. Pure.

Only what is certain without asking the service is a contradiction: whether an e-mail address and a username belong to
the same person is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Final, Generic, TypeVar

from attrs import frozen

from ..people.identities import Person, identity_of, login_of
from ..plan.desired import DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from .yaml_nodes import Node

Item = TypeVar("Item")
Contradiction = tuple[Node, str]

_MOST_CIRCLES: Final = 20
"""Circles that are told at the most; nobody repairs more at a time."""


@frozen
class Found(Generic[Item]):
    """A collection of a file, with the node of the whole and of each item."""

    node: Node
    items: tuple[Item, ...]
    nodes: tuple[Node, ...]
    exact: bool

    @property
    def placed(self) -> Iterator[tuple[Item, Node]]:
        """The items, each with its node."""
        return zip(self.items, self.nodes, strict=True)

    @property
    def listed(self) -> Listed[Item]:
        """The collection without its nodes."""
        return Listed(self.items, self.exact)


@frozen
class FoundRole:
    """A role of a file, with its nodes."""

    name: str
    was: str | None
    was_node: Node | None
    composites: Found[str] | None
    members: Found[Person] | None

    @property
    def role(self) -> DesiredRole:
        """The role without its nodes."""
        composites = self.composites.listed if self.composites is not None else None
        return DesiredRole(self.name, self.was, composites, self.members.listed if self.members is not None else None)


@frozen
class FoundUser:
    """Somebody of a file's `users`, with their nodes."""

    person: Person
    node: Node
    roles: Found[str]


@frozen
class FoundPlace:
    """An environment of a file."""

    integration: str
    environment: str
    roles: Found[FoundRole] | None
    users: tuple[FoundUser, ...]

    @property
    def place(self) -> DesiredPlace:
        """The environment without its nodes."""
        roles = None
        if self.roles is not None:
            roles = Listed(tuple(found.role for found in self.roles.items), self.roles.exact)
        users = tuple(DesiredUser(user.person, user.roles.listed) for user in self.users)
        return DesiredPlace(self.integration, self.environment, roles, users)


def contradictions(place: FoundPlace, protect: Protection) -> Iterator[Contradiction]:
    """What cannot all be so, each told at one node with the line of the other."""
    lines = {role.name: node.line for role, node in place.roles.placed} if place.roles is not None else {}
    yield from _renames(place, lines)
    yield from _roles_that_will_not_be(place, lines, protect)
    yield from _circles(place)
    yield from _users_and_members(place)


def _listed_roles(place: FoundPlace) -> tuple[FoundRole, ...]:
    return place.roles.items if place.roles is not None else ()


def _renames(place: FoundPlace, lines: dict[str, int]) -> Iterator[Contradiction]:
    seen: dict[str, int] = {}
    for role in _listed_roles(place):
        if role.was is None or role.was_node is None:
            continue
        if role.was == role.name:
            yield role.was_node, f"the role {role.name!r} was named so already: leave `was` out"
        elif role.was in lines:
            yield role.was_node, f"the role {role.was!r} is listed itself on line {lines[role.was]}, and cannot be both"
        elif role.was in seen:
            yield role.was_node, f"line {seen[role.was]} renames the role {role.was!r} already"
        seen.setdefault(role.was, role.was_node.line)


def _roles_that_will_not_be(place: FoundPlace, lines: dict[str, int], protect: Protection) -> Iterator[Contradiction]:
    """Roles that are named, and renamed or deleted at the same time."""
    renamed = {role.was: role.name for role in _listed_roles(place) if role.was is not None}
    collections = [role.composites for role in _listed_roles(place)] + [user.roles for user in place.users]
    for name, node in (each for found in collections if found is not None for each in found.placed):
        if name in lines:
            continue
        if name in renamed:
            yield node, f"line {lines[renamed[name]]} renames the role {name!r}: write {renamed[name]!r}"
        elif place.roles is not None and place.roles.exact and not protect.covers_role(name):
            yield node, f"the role {name!r} is not among the exact roles of the environment, which would delete it"


def _circles(place: FoundPlace) -> Iterator[Contradiction]:
    below: dict[str, dict[str, Node]] = {}
    for role in _listed_roles(place):
        below[role.name] = dict(role.composites.placed) if role.composites is not None else {}
        if role.name in below[role.name]:
            yield below[role.name].pop(role.name), f"the role {role.name!r} cannot be a child of itself"
    for _ in range(_MOST_CIRCLES):
        circle = _circle(below)
        if circle is None:
            return
        # Without its last link it is none, and the next can be found.
        yield below[circle[-2]].pop(circle[-1]), f"the composites close a circle: {' -> '.join(map(repr, circle))}"


def _circle(below: dict[str, dict[str, Node]]) -> list[str] | None:
    """A role, its child, its child's child and so on to the role itself; None where none leads back."""
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return None


def _users_and_members(place: FoundPlace) -> Iterator[Contradiction]:
    """Those to whom the list of a role's members says one thing, and their own list of roles another."""
    if not place.users:
        return
    members = {role.name: role.members for role in _listed_roles(place) if role.members is not None}
    lines = {name: {identity_of(who): node.line for who, node in found.placed} for name, found in members.items()}
    # Who else is meant by an e-mail address is not known before a search.
    closed = {name for name, found in members.items() if found.exact and all(map(login_of, found.items))}
    held: dict[str, list[str]] = {}
    for name, identities in lines.items():
        for identity in identities:
            held.setdefault(identity, []).append(name)
    for user in place.users:
        identity, own = identity_of(user.person), set(user.roles.items)
        if user.roles.exact:
            for name in held.get(identity, ()):
                if name not in own:
                    told = (
                        f"the exact roles leave out {name!r}, of which line {lines[name][identity]} makes them a member"
                    )
                    yield user.node, told
        for name, node in user.roles.placed:
            if name in closed and identity not in lines[name] and login_of(user.person) is not None:
                yield node, f"the exact members of {name!r} on line {members[name].node.line} leave them out"
