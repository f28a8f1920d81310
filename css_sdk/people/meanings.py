"""Decide which searches to make for a text, which can be an e-mail address, a GUID, a username or a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from attrs import field, frozen

from .._service import arguments, identifiers
from .._text.words import joined
from ..errors import InvalidRequest, Remedy, UnusableUser
from ..models import PROVIDER_FAMILIES, PROVIDERS
from . import cells, searches

Terms = Mapping[str, str]
"""Search terms by name, such as `last_name`."""


@frozen
class PeopleSearch:
    """One search for people: the terms and the providers to search. A person must match all terms."""

    terms: Terms = field(hash=False)
    providers: tuple[str, ...]

    def __str__(self) -> str:
        """Return the terms in words.

        >>> str(PeopleSearch({"first_name": "Ilse", "last_name": "Hargreave"}, ("idir",)))
        'first name Ilse and last name Hargreave'
        """
        return searches.in_words(self.terms)


def searches_for(
    text: str | None, terms: Mapping[str, object], named: str | Iterable[str] | None
) -> tuple[PeopleSearch, ...]:
    """Return the searches that find everybody whom a text and terms may mean.

    A single word may be a last name, a first name, or a name at GitHub. Each meaning needs its own search. In each
    search, a person must match all terms.

    Args:
        text: an e-mail address or a part of an address, a GUID, a username, or a name.
        terms: the search terms, by name. The term `name` is a name at any provider.
        named: the providers to search; None for all that can be searched by the terms.

    >>> for search in searches_for("Hargreave", {}, ["idir", "githubpublic"]):
    ...     print(search, search.providers)
    last name Hargreave ('idir',)
    first name Hargreave ('idir',)
    name Hargreave ('githubpublic',)
    """
    name = terms.get("name")
    meanings = [searches.terms_given({key: term for key, term in terms.items() if key != "name"})]
    if name is not None:
        meanings = _combined(meanings, _meanings_of_name(searches.terms_given({"name": name})["name"]))
    if text is not None:
        meanings = _combined(meanings, _meanings_of(searches.terms_given({"name": text})["name"]))
        named = _family_of(text) if named is None else named
    if len(meanings) == 1:
        return (PeopleSearch(meanings[0], searches.providers_for(meanings[0], named, searches.TERMS_ANYWHERE)),)
    asked = PROVIDERS if named is None else arguments.known_providers(named)
    found = []
    for each in meanings:
        fitting = tuple(one for one in asked if each.keys() <= set(searches.TERMS_ANYWHERE[one]))
        found += [PeopleSearch(each, fitting)] if fitting else []
    if not found:
        given = [term for term in (text, *terms.values()) if term is not None]
        what, then = ("all these terms together", "Leave out a term, or pass") if given[1:] else ("name", "Pass")
        raise InvalidRequest(
            f"{joined(asked)} cannot be searched by {what}.",
            remedy=Remedy(f"{then} another provider with providers=.", f"{then} another provider with --provider."),
        )
    return tuple(found)


def _combined(first: Iterable[Terms], second: Iterable[Terms]) -> list[dict[str, str]]:
    """Join each mapping in `first` with each mapping in `second`, and return the joined mappings.

    Do not join two mappings that both have a term of the same name.
    """
    return [{**one, **other} for one in first for other in second if not one.keys() & other.keys()]


def _meanings_of(text: str) -> Sequence[Terms]:
    value = cells.cleaned(text)
    match kind_of(value):
        case "username":
            return [{"guid": identifiers.check_username(value).partition("@")[0]}]
        case "guid":
            return [{"guid": identifiers.guid_of(value)}]
        case "email":
            return [{"email": value}]
        case _:
            # `ilse.hargreave` is the beginning of an address, which is often made of the name.
            if name := re.fullmatch(r"([^\W\d_]{2,})\.([^\W\d_]{2,})", value):
                return [{"email": value}, {"first_name": name[1], "last_name": name[2]}]
            return [{"email": value}] if re.fullmatch(r"\S+[.0-9_]\S*", value) else _meanings_of_name(value)


def _meanings_of_name(text: str) -> Sequence[Terms]:
    name = name_in(cells.cleaned(text))
    first, *others = name.split() or [name]
    if not others:
        return [searches.terms_given({by: first}) for by in ("last_name", "first_name", "name")]
    return [searches.terms_given({"first_name": first, "last_name": others[-1]}), {"name": name}]


def _family_of(text: str) -> tuple[str, ...] | None:
    """Return all providers in the family of a username's provider; None if the text is not a username.

    A person has the same GUID at all providers of a family.
    """
    provider = provider_in(text)
    return next((family for family in PROVIDER_FAMILIES.values() if provider in family), None)


def terms_for(text: str) -> dict[str, str]:
    """Return the search terms for a text that names one person: an address, a GUID, a username, or a full name.

    >>> terms_for("Hargreave, Ilse"), terms_for("Ilse Hargreave"), terms_for("ilse@example.com")
    ({'first_name': 'Ilse', 'last_name': 'Hargreave'}, {'first_name': 'Ilse', 'last_name': 'Hargreave'}, \
{'email': 'ilse@example.com'})
    """
    value = cells.cleaned(text)
    kind = kind_of(value)
    error = cells.error_of("email", value) if kind == "email" else identifiers.windows_login_error(value)
    if error:
        raise error
    if kind != "name":
        [terms] = _meanings_of(text)
        return dict(terms)
    words = name_in(value).split()
    if len(words) < 2:
        raise UnusableUser(f"{text!r} is not an e-mail address, a GUID, a username, or a first and last name.")
    return {"first_name": words[0], "last_name": words[-1]}


def kind_of(value: str) -> Literal["username", "email", "guid", "name"]:
    """Return what a text is, from its form. Any text that is not a username, an address or a GUID is a name.

    A complete GUID with a mistyped provider is a username, too. The text must be as `cleaned` returns it.
    """
    name, _, provider = value.rpartition("@")
    if provider.lower() in PROVIDERS or (identifiers.is_guid(name) and "." not in provider):
        return "username"
    if "@" in value:
        return "email"
    return "guid" if identifiers.is_guid(identifiers.guid_of(value)) else "name"


def provider_in(text: str) -> str | None:
    """Return the provider of a username; None for any other text."""
    value = cells.cleaned(text)
    return value.rpartition("@")[2].lower() if kind_of(value) == "username" else None


def name_in(text: str) -> str:
    """Return a name with one blank between words. The form `Last, First` becomes `First Last`.

    >>> name_in("van Dyk,  Anna")
    'Anna van Dyk'
    """
    last, comma, first = text.partition(",")
    return re.sub(r"\s+", " ", f"{first} {last}" if comma else text).strip()
