"""Write a wanted state as a roles file. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar, Union

from .._service import identifiers
from .._text.escaping import is_hidden, shown
from ..people.identities import Person, login_of
from ..plan.desired import Desired, DesiredPlace, DesiredRole, Listed, Protection
from .parser import VERSION
from .yaml_nodes import misread_as

_NEEDS_NO_QUOTES: Final = re.compile(r"\w[\w.@/+*-]*( [\w.@/+*-]+)*")

Item = TypeVar("Item")
Content = Union[str, "list[Content]", "dict[str, Content]"]
"""Content for a YAML file: a text with the quotes that it needs, or a list or a mapping of content."""
Names = Mapping[str, str]
"""The names of people, by username."""


def desired_as_yaml(desired: Desired, *, header: str = "", names: Names | None = None) -> str:
    """Return the roles file for a wanted state. `read_desired` returns an equal wanted state for this file.

    The file has no groups: each role lists its people. The items keep their order, so that equal wanted states have
    equal files.

    Args:
        desired: the wanted state.
        header: the text of a comment at the top of the file. It may have several lines.
        names: the names of people, by username. Each name is written as a comment after the username.

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
    integrations = [_integration(places, names or {}) for places in _by_integration(desired.places)]
    timezone = {"timezone": _text(desired.timezone)} if desired.timezone is not None else {}
    content = {"version": str(VERSION), **timezone, **_protection(desired.protect), "integrations": integrations}
    return "\n".join([*lines, *_lines(content)]) + "\n"


def _by_integration(places: Sequence[DesiredPlace]) -> list[list[DesiredPlace]]:
    """Return the places in groups. Each group becomes one item of `integrations` in the file.

    The places keep their order. A new group begins if the integration changes, or if the group has this environment
    already.
    """
    groups: list[list[DesiredPlace]] = []
    for place in places:
        last = {other.named for other in groups[-1]} if groups else set()
        if {integration for integration, _ in last} != {place.integration} or place.named in last:
            groups.append([])
        groups[-1].append(place)
    return groups


def _protection(protect: Protection) -> dict[str, Content]:
    patterns = {"roles": protect.roles, "users": protect.users}
    listed: dict[str, Content] = {key: [*map(_text, texts)] for key, texts in patterns.items() if texts}
    return {"protect": listed} if listed else {}


def _integration(places: Sequence[DesiredPlace], names: Names) -> Content:
    which = places[0].integration
    number = identifiers.integration_id(which)
    return {
        "integration": _text(which) if number is None else str(number),
        "environments": {place.environment: _place(place, names) for place in places},
    }


def _place(place: DesiredPlace, names: Names) -> Content:
    content: dict[str, Content] = {}
    if place.roles is not None:
        content["roles"] = _listed(place.roles, lambda role: _role(role, names))
    if place.users:
        content["users"] = [_person(user.person, names) | {"roles": _listed(user.roles, _text)} for user in place.users]
    return content


def _role(role: DesiredRole, names: Names) -> Content:
    content: dict[str, Content] = {"name": _text(role.name)}
    if role.was is not None:
        content["was"] = _text(role.was)
    if role.composites is not None:
        content["composites"] = _listed(role.composites, _text)
    if role.members is not None:
        content["members"] = _listed(role.members, lambda person: _member(person, role.until.get(person), names))
    return content if len(content) > 1 else content["name"]


def _member(person: Person, until: datetime.date | None, names: Names) -> Content:
    content = _person(person, names)
    if until is not None:
        return content | {"until": str(until)}
    return content["username"] if person.by == "username" else content


def _person(person: Person, names: Names) -> dict[str, Content]:
    name = _on_one_line(names.get(login_of(person) or "", "")) if names else ""
    content: dict[str, Content] = {person.by: _text(person.value) + (f"  # {name}" if name else "")}
    return content | ({"provider": _text(person.provider)} if person.provider is not None else {})


def _listed(listed: Listed[Item], content_of: Callable[[Item], Content]) -> Content:
    items = [content_of(item) for item in listed.items]
    return {"exact": items} if listed.exact else items


def _lines(content: Content) -> Iterator[str]:
    """Yield the lines of YAML for a text, a list or a mapping."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for item in content:
            first, *others = _lines(item)
            yield f"- {first}"
            yield from _indented(others)
    else:
        for key, inner in content.items():
            if inner and not isinstance(inner, str):
                yield f"{key}:"
                yield from _indented(_lines(inner))
            else:
                yield f"{key}: {inner}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _text(text: str) -> str:
    """Return a text for YAML. The text is in quotes if YAML might misread it without quotes."""
    if _NEEDS_NO_QUOTES.fullmatch(text) and misread_as(text) is None:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() and not is_hidden(character) else f"\\U{ord(character):08x}"


def _on_one_line(text: str) -> str:
    """Return a text on one line, with control and invisible characters replaced by visible codes."""
    return shown(" ".join(text.split()))
