"""Roles files for tests: random valid files, and the faults that css-sdk reports for a file."""

from __future__ import annotations

import unicodedata
from typing import Final, TypeVar

import pytest
from hypothesis import strategies as st

from css_sdk import InvalidFile, read_desired
from css_sdk._text.escaping import hidden_in
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection

Item = TypeVar("Item")

NAME: Final = "roles.yaml"

HOSTILE: Final = (
    *("no", "on", "y", "~", "null", "012", "0o17", "0x1F", "1e3", "1_000", "1:30", ".5", ".inf", "2024-01-01", "="),
    *("<<", "#", "a #b", ": ", "a: b", "a:", "- a", "-", "---", "...", "? a", "*", "*admin", "&a", "!a", "!!str", "@a"),
    *("%YAML", "`a", "'", '"', "it's", 'say "so"', "\\", "\\n", "a\\", "[a]", "{a}", "a, b", "|", ">", "Prüfer 🦫"),
    *("a\u2028b", "a\xa0b", "e\u0301", "None", "True", "{{ role }}", "a%2Fb"),
)  # fmt: skip
"""Names that YAML, a URL or a template could misread."""


def is_name(text: str) -> bool:
    """Return whether a roles file can hold the name: no surrounding blanks, no hidden characters, and
    not `.` or `..`.
    """
    return (
        bool(text.strip())
        and text == text.strip()
        and text not in (".", "..")
        and all(unicodedata.category(each) not in ("Cc", "Cs") for each in text)
        and not hidden_in(text)
    )


NAMES: Final = st.one_of(
    st.sampled_from([name for name in HOSTILE if is_name(name)]), st.text(max_size=8).filter(is_name)
)


@st.composite
def places(draw: st.DrawFn, integration: str, environment: str) -> DesiredPlace:
    """Draw an environment of a roles file in which nothing contradicts."""
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    former = draw(st.lists(NAMES.filter(lambda name: name not in names), max_size=len(names), unique=True))
    roles = []
    for number, name in enumerate(names):
        below = st.none() if not names[number + 1 :] else st.none() | _listed(st.sampled_from(names[number + 1 :]))
        was = former[number] if number < len(former) else None
        roles.append(DesiredRole(name, was, draw(below), draw(st.none() | _listed(_people("member")))))
    closed = {role.name for role in roles if role.members is not None and role.members.exact}
    open_names = [name for name in names if name not in closed]
    none: st.SearchStrategy[Listed[str]] = st.booleans().map(lambda exact: Listed((), exact))
    held = _listed(st.sampled_from(open_names)) if open_names else none
    users = [DesiredUser(person, draw(held)) for person in draw(_several(_people("user")))]
    speaks = bool(roles) or draw(st.booleans())
    return DesiredPlace(
        integration, environment, Listed(tuple(roles), draw(st.booleans())) if speaks else None, tuple(users)
    )


@st.composite
def whole(draw: st.DrawFn) -> Desired:
    """Draw a roles file without faults."""
    where = st.tuples(NAMES | st.sampled_from(["101", "#101", "#102"]), st.sampled_from(["dev", "test", "prod"]))
    named = draw(st.lists(where, max_size=3, unique=True))
    patterns = st.lists(NAMES, max_size=2)
    protected = draw(patterns), [f"{name}*" for name in draw(patterns)]
    return Desired(tuple(draw(places(*each)) for each in named), Protection(*map(tuple, protected)))


def _listed(items: st.SearchStrategy[Item]) -> st.SearchStrategy[Listed[Item]]:
    return st.tuples(_several(items), st.booleans()).map(lambda each: Listed(*each))


def _several(items: st.SearchStrategy[Item]) -> st.SearchStrategy[tuple[Item, ...]]:
    return st.lists(items, max_size=3, unique=True).map(tuple)


def _people(of: str) -> st.SearchStrategy[Person]:
    """Draw people who are named in every way that a file allows; no two calls for different kinds draw
    the same person.
    """
    number = st.integers(0, 9).map(lambda each: f"{of}{each}")
    guid = st.integers(0, 9).map(lambda each: f"{of[:1].encode().hex()}{each}".ljust(32, "f"))
    provider = st.sampled_from([None, "idir", "githubpublic"])
    return st.one_of(
        st.builds(Person, st.just("username"), guid.map(lambda each: f"{each}@azureidir")),
        st.builds(Person, st.just("guid"), guid, provider),
        st.builds(Person, st.just("email"), number.map(lambda each: f"{each}@example.com"), provider),
        st.builds(Person, st.just("client_id"), number),
    )


def faults_of(content: str | bytes) -> list[str]:
    """Return the faults that css-sdk reports for a file, without its name."""
    with pytest.raises(InvalidFile, match=NAME) as caught:
        read_desired(content, NAME)
    return [fault.removeprefix(f"{NAME}:") for fault in caught.value.faults]


def in_dev(inner: str, above: str = "") -> str:
    """Return a file with one environment, which begins on line 5, or later by the number of lines in `above`."""
    head = f"version: 1\n{above}integrations:\n  - integration: 101\n    environments:\n      dev:\n"
    return head + "".join(f"        {line}\n" for line in inner.splitlines())
