"""Write a wanted state as a roles file. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, TypeVar

from .._service import identifiers
from .._text.escaping import is_hidden, shown
from ..people.identities import Person, login_of
from ..plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from .parser import VERSION
from .yaml_nodes import misread_as

_NEEDS_NO_QUOTES: Final = re.compile(r"\w[\w.@/+*-]*( [\w.@/+*-]+)*")
_STEP: Final = "  "

Item = TypeVar("Item")
Lines = Iterator[str]
Names = Mapping[str, str]


def desired_as_yaml(desired: Desired, *, header: str = "", names: Names | None = None) -> str:
    """Return the roles file for a wanted state; `read_desired` makes an equal value of it.

    Everything keeps the order in which it is given, so that equal values are equal files.

    Args:
        desired: the wanted state.
        header: a comment at the top of the file, line by line.
        names: the names of people by username; each becomes a comment behind the username.

    >>> from css_sdk import read_desired
    >>> text = '{"version": 1, "integrations": [{"integration": 101, "environments": {"dev": {"roles": ["no"]}}}]}'
    >>> print(desired_as_yaml(read_desired(text, "roles.json"), header="The portal"))
    # The portal
    version: 1
    integrations:
      - integration: 101
        environments:
          dev:
            roles:
              - "no"
    <BLANKLINE>
    """
    lines = [f"# {_on_one_line(line)}".rstrip() for line in header.splitlines()]
    lines += [f"version: {VERSION}", *_protection(desired.protect)]
    groups = _by_integration(desired.places)
    lines += ["integrations:"] if groups else ["integrations: []"]
    for group in groups:
        lines += _items([group], lambda places: _integration(places, names or {}))
    return "\n".join(lines) + "\n"


def _by_integration(places: Sequence[DesiredPlace]) -> list[list[DesiredPlace]]:
    """Group neighbours of the same integration, without the same environment twice in one group."""
    groups: list[list[DesiredPlace]] = []
    for _, neighbours in groupby(places, key=lambda place: place.integration):
        groups.append([])
        for place in neighbours:
            if any(place.environment == other.environment for other in groups[-1]):
                groups.append([])
            groups[-1].append(place)
    return groups


def _protection(protect: Protection) -> Lines:
    if protect == Protection():
        return
    yield "protect:"
    for key, patterns in (("roles", protect.roles), ("users", protect.users)):
        if patterns:
            yield f"{_STEP}{key}:"
            yield from _indented(_indented(f"- {_text(pattern)}" for pattern in patterns))


def _integration(places: Sequence[DesiredPlace], names: Names) -> Lines:
    which = places[0].integration
    number = identifiers.integration_id(which)
    yield f"integration: {_text(which) if number is None else number}"
    yield "environments:"
    for place in places:
        inner = list(_place(place, names))
        yield f"{_STEP}{place.environment}:" if inner else f"{_STEP}{place.environment}: {{}}"
        yield from _indented(_indented(inner))


def _place(place: DesiredPlace, names: Names) -> Lines:
    if place.roles is not None:
        yield from _listed("roles", place.roles, lambda role: _role(role, names))
    if place.users:
        yield "users:"
        yield from _items(place.users, lambda user: _user(user, names))


def _role(role: DesiredRole, names: Names) -> Lines:
    if role.was is None and role.composites is None and role.members is None:
        yield _text(role.name)
        return
    yield f"name: {_text(role.name)}"
    if role.was is not None:
        yield f"was: {_text(role.was)}"
    if role.composites is not None:
        yield from _listed("composites", role.composites, lambda name: iter([_text(name)]))
    if role.members is not None:
        yield from _listed("members", role.members, lambda person: _member(person, names))


def _member(person: Person, names: Names) -> Lines:
    if person.by == "username":
        yield _text(person.value) + _comment(person, names)
    else:
        yield from _person(person, names)


def _user(user: DesiredUser, names: Names) -> Lines:
    yield from _person(user.person, names)
    yield from _listed("roles", user.roles, lambda name: iter([_text(name)]))


def _person(person: Person, names: Names) -> Lines:
    yield f"{person.by}: {_text(person.value)}{_comment(person, names)}"
    if person.provider is not None:
        yield f"provider: {_text(person.provider)}"


def _comment(person: Person, names: Names) -> str:
    name = _on_one_line(names.get(login_of(person) or "", "")) if names else ""
    return f"  # {name}" if name else ""


def _listed(key: str, listed: Listed[Item], lines_of: Callable[[Item], Lines]) -> Lines:
    inner = list(_items(listed.items, lines_of))
    if not listed.exact:
        yield f"{key}:" if inner else f"{key}: []"
        yield from inner
        return
    yield f"{key}:"
    yield f"{_STEP}exact:" if inner else f"{_STEP}exact: []"
    yield from _indented(inner)


def _items(items: Sequence[Item], lines_of: Callable[[Item], Lines]) -> Lines:
    """Yield each item after a dash, indented by one more level."""
    for item in items:
        first, *others = lines_of(item)
        yield f"{_STEP}- {first}"
        yield from _indented(_indented(others))


def _indented(lines: Sequence[str] | Lines) -> Lines:
    return (f"{_STEP}{line}" for line in lines)


def _text(text: str) -> str:
    """Return the text as every YAML reader reads it, in quotes if one of them might take it for something else."""
    if _NEEDS_NO_QUOTES.fullmatch(text) and misread_as(text) is None:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() and not is_hidden(character) else f"\\U{ord(character):08x}"


def _on_one_line(text: str) -> str:
    """Return the text on one line, with nothing in it that an editor would obey."""
    return shown(" ".join(text.split()))
