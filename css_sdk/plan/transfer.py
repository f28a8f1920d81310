"""Convert a state to a wanted state for a file or another environment, and compare several states. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Literal

from attrs import frozen

from .._service import identifiers
from .._text.escaping import hidden_in
from ..errors import InvalidRequest, Remedy, refusal_of
from ..models import Integration
from ..people.identities import Person
from ..state import PlaceState
from .desired import Desired, DesiredPlace, DesiredRole, Listed


def export(
    states: Iterable[PlaceState], *, exact: bool = True, by_name: bool = False, team: Iterable[Integration] = ()
) -> Desired:
    """Return observed states as a wanted state. A plan from this wanted state has no steps until something changes.

    Roles and members whose names no request can contain are left out. Roles whose names a roles file cannot contain are
    left out, too.

    With `exact`, plans from this wanted state remove what is not listed. With `by_name`, integrations have their
    project names. But an integration has its id if a file cannot contain the name, or if its name is not unique in
    `team`.

    >>> from css_sdk.state import Place
    >>> held = {"a": frozenset({"0f3a@idir"})}
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}), members=held)
    >>> export([state]).places[0].roles.items[0].members
    Listed(items=(Person(by='username', value='0f3a@idir', provider=None),), exact=True)
    """
    read = list(states)
    known = {one.id: one.project_name for one in team} | {one.place.integration: one.project_name for one in read}
    counts = Counter(known.values())
    named = {number for number, name in known.items() if by_name and counts[name] == 1 and _can_be_named(name)}
    return Desired(tuple(_place(state, exact, state.place.integration in named) for state in read))


def _can_be_named(project_name: str) -> bool:
    """Return whether a file can contain the name, and the name does not look like an id."""
    return (
        re.fullmatch("#?[0-9]+", project_name) is None
        and project_name == project_name.strip() != ""
        and not any(unicodedata.category(character) in ("Cc", "Cs") for character in project_name)
        and not hidden_in(project_name)
    )


def _place(state: PlaceState, exact: bool, by_name: bool) -> DesiredPlace:
    integration = state.project_name if by_name else f"#{state.place.integration}"
    names = {name: name for name in sorted(_within_reach(state))}
    return DesiredPlace(integration, state.place.environment, Listed(_roles(state, names, state.members, exact), exact))


def _roles(
    state: PlaceState, names: Mapping[str, str], members: Container[str], exact: bool
) -> tuple[DesiredRole, ...]:
    """Return roles of a state as wanted roles.

    `names` has the new name of each role. Roles without a new name are left out. Only the roles in `members` get a list
    of members.
    """
    return tuple(
        DesiredRole(
            new_name,
            composites=Listed(
                tuple(sorted(names[child] for child in names.keys() & state.children.get(name, ()))), exact
            ),
            members=_people(state.members[name], exact) if name in members else None,
        )
        for name, new_name in names.items()
    )


def _people(usernames: Iterable[str], exact: bool) -> Listed[Person]:
    # The API does not accept the usernames of some members, so no request can name them.
    sendable = [name for name in sorted(usernames) if refusal_of(identifiers.username_of, name) is None]
    return Listed(tuple(Person("username", name) for name in sendable), exact)


def _within_reach(state: PlaceState) -> frozenset[str]:
    return state.roles - state.out_of_reach.keys()


def promoted(
    source: PlaceState,
    integration: str,
    environment: str,
    *,
    members: bool = False,
    names: Mapping[str, str] | None = None,
) -> DesiredPlace:
    """Return the roles of a source environment as the wanted state of a target environment.

    A plan from this wanted state only adds. Roles and members whose names no request can contain are
    left out. Roles whose names a roles file cannot contain are left out, too.

    `names` has new names for roles of the source. Other roles keep their names.

    Raises:
        InvalidRequest: the source lacks a role of `names`, two roles would get the same name, or the members of a role
            were not read.

    >>> from css_sdk.state import Place
    >>> state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a"}))
    >>> promoted(state, "101", "test", names={"a": "b"}).roles.items
    (DesiredRole(name='b', was=None, composites=Listed(items=(), exact=False), members=None, until={}),)
    """
    renamed = names or {}
    within_reach = _within_reach(source)
    if unknown := sorted(renamed.keys() - within_reach):
        raise InvalidRequest(
            f"{source.place} has no role {' or '.join(map(repr, unknown))} that can be renamed. Nothing was sent.",
            remedy=Remedy("Correct names.", "Correct --rename."),
        )
    called = {name: renamed.get(name, name) for name in sorted(within_reach)}
    if twice := sorted(new for new, count in Counter(called.values()).items() if count > 1):
        raise InvalidRequest(
            f"Several roles of {source.place} would become {' and '.join(map(repr, twice))}. Nothing was sent.",
            remedy=Remedy(
                "In names, give each of these roles a different name.",
                "With --rename, give each of these roles a different name.",
            ),
        )
    if members and (unread := sorted(within_reach - source.members.keys())):
        raise InvalidRequest(f"{source.place}: the members of {', '.join(map(repr, unread))} were not read.")
    wanted = _roles(source, called, source.members if members else (), exact=False)
    return DesiredPlace(integration, environment, Listed(wanted))


@frozen
class Presence:
    """A role, a child of a role or a member of a role, and the environments that have it.

    `target` is the child or the username. It is empty for a role. `present` says for each compared state whether the
    state has the role, child or member. `None` means that the members of the role were not read.
    """

    kind: Literal["role", "composite", "member"]
    role: str
    target: str
    present: tuple[bool | None, ...]

    @property
    def differs(self) -> bool:
        """Return whether at least one environment has the role, child or member, and at least one does not."""
        return True in self.present and False in self.present


def side_by_side(states: Sequence[PlaceState]) -> tuple[Presence, ...]:
    """Return a row for each role, child and member of several environments, with the environments that have it.

    The roles are sorted by name. After each role come its children, then its members.

    >>> from css_sdk.state import Place
    >>> dev = PlaceState(Place(101, "dev"), "Grants Portal", frozenset({"a", "b"}))
    >>> test = PlaceState(Place(101, "test"), "Grants Portal", frozenset({"a"}))
    >>> [row.role for row in side_by_side([dev, test]) if row.differs]
    ['b']
    """
    rows = []
    for name in sorted(frozenset().union(*(state.roles for state in states))):
        rows.append(Presence("role", name, "", tuple(name in state.roles for state in states)))
        below = [state.children.get(name, frozenset()) for state in states]
        for child in sorted(frozenset().union(*below)):
            rows.append(Presence("composite", name, child, tuple(child in children for children in below)))
        # If an environment does not have the role, it has no members. If its members were not read, they are unknown.
        held = [state.members.get(name) if name in state.roles else frozenset[str]() for state in states]
        for username in sorted(frozenset().union(*(known for known in held if known is not None))):
            present = tuple(None if known is None else username in known for known in held)
            rows.append(Presence("member", name, username, present))
    return tuple(rows)
