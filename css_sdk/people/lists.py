"""Read lists that name a person on each line, and find the logins of each person in search results. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, Final

from attrs import frozen

from .._text.tables import Record
from ..errors import CssError
from . import cells
from .identification import AMBIGUOUS, NOT_FOUND
from .logins import PeopleFound, PersonFound, PersonLogin, family_and_guid
from .meanings import name_in

FOUND: Final = "found"
TOO_MANY: Final = "too many found"
_HEADERS: Final = ("email", "e-mail", "mail", "guid", "name", "person", "username")


@frozen
class ListedPerson(Record):
    """A person in a list, and the logins that were found for this person.

    Attributes:
        text: the text that names the person in the list.
        state: `found`, `ambiguous`, `not found`, `too many found` or `failed`. `ambiguous` means that the text may mean
            several people. `too many found` means that the service may have left people out. Logins of different
            provider families, such as IDIR and GitHub, count as one person.
        logins: the logins that were found. If the state is `ambiguous`, they belong to several people.
        error: why the text cannot be searched, or why the search failed; None for all states except `failed`.
    """

    text: str
    state: str
    logins: tuple[PersonLogin, ...] = ()
    error: CssError | None = None

    _renamed: ClassVar = {"text": "person"}


def people_in(text: str) -> list[tuple[int, str]]:
    """Return the line number and the text of each person in a list. A header and empty lines are left out.

    A line can name several people, separated by semicolons.

    >>> people_in("email\\nilse@example.com; bo@example.com\\n\\nHargreave, Ilse")
    [(2, 'ilse@example.com'), (2, 'bo@example.com'), (4, 'Hargreave, Ilse')]
    """
    lines = text.splitlines()
    found = [(number, part.strip()) for number, line in enumerate(lines, start=1) for part in line.split(";")]
    listed = [one for one in found if one[1]]
    return listed[1:] if listed and cells.cleaned(listed[0][1]).lower() in _HEADERS else listed


def listed_person(text: str, terms: Mapping[str, str], found: PeopleFound) -> ListedPerson:
    """Return a person of a list, with the logins that the text in the list means.

    A search also finds people whose address or name only contains the text. A login counts only if its whole address or
    name equals the text. Upper and lower case count as equal.
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
    wanted = name_in(cells.cleaned(text)).casefold()
    return any(" ".join(user.name.split()).casefold() == wanted for user in users)
