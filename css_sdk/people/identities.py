"""How a list names a person: by username, GUID, e-mail address or client id. Pure."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from .._service import identifiers
from .._text.tables import Tabular
from ..models import ServiceAccount
from .cells import PersonBy


@frozen
class Person(Tabular):
    """Somebody as a roster names them: by `username`, `guid`, `email` or `client_id`.

    `provider` says whose login a GUID or an e-mail address means, where several may have it. A GUID may be written
    with dashes, and is held without them.
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
        """What the facade takes as a user, or None where a search has to find the username first."""
        match self.by:
            case "username":
                return self.value
            case "client_id":
                return ServiceAccount(self.value)
            case _:
                return None

    @property
    def is_service_account(self) -> bool:
        """Whether a program is named, not somebody."""
        return self.by == "client_id" or (self.by == "username" and "@" not in self.value)


def login_of(person: Person) -> str | None:
    """The username of a person, or None where a search has to find it first.

    Raises:
        UnusableUser: when they are named by what is no username.

    >>> login_of(Person("guid", "0F3A", "idir")), login_of(Person("email", "ilse@example.com", "idir"))
    ('0f3a@idir', None)
    """
    if person.by == "guid" and person.provider is not None:
        return identifiers.username_of(f"{person.value}@{person.provider}")
    return None if person.user is None else identifiers.username_of(person.user)


def identity_of(person: Person) -> str:
    """The same text for the same login, in whichever of these ways it is written.

    Raises:
        UnusableUser: when they are named by what is no username.

    >>> identity_of(Person("client_id", "grants-102")) == identity_of(Person("username", "service-account-grants-102"))
    True
    """
    return login_of(person) or f"{person.by}={person.value.lower()}@{person.provider or ''}"
