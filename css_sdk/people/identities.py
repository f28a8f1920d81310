"""Define how lists and callers name people: by username, GUID, e-mail address or client id. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from attrs import frozen

from .._service import identifiers
from .._text.tables import Record
from ..models import ServiceAccount
from .cells import PERSON_COLUMNS, PersonBy, check_guid, cleaned, error_of


@frozen
class Person(Record):
    """A person, or a service account, as a list names them: by `username`, `guid`, `email` or `client_id`.

    `by` is one of these four words, and `value` is the text. If several logins have the GUID or e-mail address,
    `provider` selects one login. A GUID may have dashes. css-sdk stores it without them.
    """

    by: PersonBy
    value: str
    provider: str | None = None

    _renamed: ClassVar = {"value": "person"}

    def __attrs_post_init__(self) -> None:
        if self.by == "guid":
            object.__setattr__(self, "value", identifiers.guid_of(self.value))

    @property
    def user(self) -> str | ServiceAccount | None:
        """Return the username or the service account, or None if a search must find the username first."""
        match self.by:
            case "username":
                return self.value
            case "client_id":
                return ServiceAccount(self.value)
            case _:
                return None

    @property
    def is_service_account(self) -> bool:
        """Return whether this is a service account: a client id, or a username without `@`."""
        return self.by == "client_id" or (self.by == "username" and "@" not in self.value)


def checked_people(named: Mapping[str, Iterable[str]], providers: Sequence[str] = ()) -> list[Person]:
    """Return the person for each text that a caller passes, after checking the texts.

    Usernames come first, then GUIDs, e-mail addresses and client ids.

    >>> [person.by for person in checked_people({"email": ["<mailto:ilse.hargreave@example.com>"], "guid": []})]
    ['email']
    """
    people = []
    for by in PERSON_COLUMNS:
        for text in named.get(by, ()):
            value = cleaned(text) if by in ("guid", "email") else text
            if by == "username":
                identifiers.check_username(text)
            elif by == "guid":
                check_guid(identifiers.guid_of(value), providers)
            elif error := error_of(by, value):
                raise error
            people.append(Person(by, value))
    return people


def login_of(person: Person) -> str | None:
    """Return the username of a person, or None if a search must find it first.

    A username, a client id, and a GUID with its provider need no search.

    >>> login_of(Person("guid", "0F3A", "idir")), login_of(Person("email", "ilse@example.com", "idir"))
    ('0f3a@idir', None)
    """
    if person.by == "guid" and person.provider is not None:
        return identifiers.username_of(f"{person.value}@{person.provider}")
    return None if person.user is None else identifiers.username_of(person.user)


def identity_of(person: Person) -> str:
    """Return a text that identifies a person without a search.

    If two entries of a list have the same text, they name the same person. For example, a username has the same text as
    its GUID with its provider. But an e-mail address has a text of its own, because only a search can find the login.

    >>> identity_of(Person("client_id", "grants-102")) == identity_of(Person("username", "service-account-grants-102"))
    True
    """
    return login_of(person) or f"{person.by}={person.value.lower()}@{person.provider or ''}"
