"""Read lists of people with a person on each line, and find the logins of each person in search results. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import frozen

from .._service import identifiers
from .._text.tables import Record
from ..errors import CssError, UnusableUser
from ..models import PROVIDERS
from . import cells
from .logins import PeopleFound, PersonFound, PersonLogin, family_and_guid

FOUND: Final = "found"
AMBIGUOUS: Final = "ambiguous"
NOT_FOUND: Final = "not found"
TOO_MANY: Final = "too many found"
_HEADERS: Final = ("email", "e-mail", "mail", "guid", "name", "person", "username")


@frozen
class ListedPerson(Record):
    """A person in a list, and the logins that were found for this person.

    Attributes:
        text: the text that names the person in the list.
        state: `found` (the logins of one person), `ambiguous` (several people), `not found`, `too many found` (the
            service may have left people out), or `failed`.
        logins: the logins that were found.
        error: why the text cannot be searched, or why the search failed.
    """

    text: str
    state: str
    logins: tuple[PersonLogin, ...] = ()
    error: CssError | None = None

    _renamed: ClassVar = {"text": "person"}


def people_in(text: str) -> list[tuple[int, str]]:
    """Return the people of a list, each with the number of the line. A header and empty lines are left out.

    Args:
        text: the list, with a person on each line, or several people on a line, separated by semicolons.

    >>> people_in("email\\nilse@example.com; bo@example.com\\n\\nHargreave, Ilse")
    [(2, 'ilse@example.com'), (2, 'bo@example.com'), (4, 'Hargreave, Ilse')]
    """
    lines = text.splitlines()
    found = [(number, part.strip()) for number, line in enumerate(lines, start=1) for part in line.split(";")]
    listed = [one for one in found if one[1]]
    return listed[1:] if listed and cells.cleaned(listed[0][1]).lower() in _HEADERS else listed


def terms_for(text: str) -> dict[str, str]:
    """Return the search terms for a text: an e-mail address, a GUID, a username, or a first and last name.

    Raises:
        UnusableUser: the text is none of these.

    >>> terms_for("Hargreave, Ilse"), terms_for("Ilse Hargreave"), terms_for("ilse@example.com")
    ({'first_name': 'Ilse', 'last_name': 'Hargreave'}, {'first_name': 'Ilse', 'last_name': 'Hargreave'}, \
{'email': 'ilse@example.com'})
    """
    value = cells.cleaned(text)
    match _kind_of(value):
        case "username":
            return {"guid": identifiers.check_username(value).partition("@")[0]}
        case "guid":
            return {"guid": identifiers.guid_of(value)}
        case "email":
            if fault := cells.fault_of("email", value):
                raise UnusableUser(f"{fault}.")
            return {"email": value}
        case _:
            words = _name_in(value).split()
            if len(words) < 2:
                raise UnusableUser(f"{text!r} is not an e-mail address, a GUID, a username, or a first and last name.")
            return {"first_name": words[0], "last_name": words[-1]}


def _kind_of(value: str) -> str:
    """Return how a cleaned text names a person: by `username`, `email`, `guid` or `name`."""
    if value.rpartition("@")[2].lower() in PROVIDERS:
        return "username"
    if "@" in value:
        return "email"
    return "guid" if identifiers.is_guid(identifiers.guid_of(value)) else "name"


def provider_in(text: str) -> str | None:
    """Return the provider of a username; None for any other text."""
    value = cells.cleaned(text)
    return value.rpartition("@")[2].lower() if _kind_of(value) == "username" else None


def listed_person(text: str, terms: Mapping[str, str], found: PeopleFound) -> ListedPerson:
    """Return the person whom a text means. Addresses and names must be equal, not only similar.

    Args:
        text: the text that names the person in the list.
        terms: the search terms that `terms_for` returned.
        found: the result of the search.
    """
    people = [one for one in found.people if _is_meant(one, text, terms)]
    logins = tuple(login for one in people for login in one.logins)
    families = Counter(family_and_guid(one.logins[0].user.username)[0] for one in people)
    if len(people) > 1 and max(families.values()) > 1:
        return ListedPerson(text, AMBIGUOUS, logins)
    if not found.complete:
        return ListedPerson(text, TOO_MANY, logins)
    return ListedPerson(text, FOUND if logins else NOT_FOUND, logins)


def _is_meant(person: PersonFound, text: str, terms: Mapping[str, str]) -> bool:
    if "guid" in terms:
        return True
    users = [login.user for login in person.logins]
    if "email" in terms:
        return any(user.email.casefold() == terms["email"].casefold() for user in users)
    wanted = _name_in(cells.cleaned(text)).casefold()
    return any(" ".join(user.name.split()).casefold() == wanted for user in users)


def _name_in(text: str) -> str:
    """Return a name with the first name first and one blank between words.

    >>> _name_in("van Dyk,  Anna")
    'Anna van Dyk'
    """
    last, comma, first = text.partition(",")
    return re.sub(r"\s+", " ", f"{first} {last}" if comma else text).strip()
