"""Name people by username, GUID, e-mail address or client id. Pure."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from .._service import identifiers
from .._text.tables import Record
from ..models import ServiceAccount
from .cells import PersonBy


@frozen
class Person(Record):
    """A person as a roster names the person: by `username`, `guid`, `email` or `client_id`.

    `provider` selects the login if a GUID or an e-mail address has several. A GUID may be written with dashes, and is
    stored without them.
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
        """Return the user for the facade, or None if a search must find the username first."""
        match self.by:
            case "username":
                return self.value
            case "client_id":
                return ServiceAccount(self.value)
            case _:
                return None

    @property
    def is_service_account(self) -> bool:
        """Return whether this names a service account, not a person."""
        return self.by == "client_id" or (self.by == "username" and "@" not in self.value)


def login_of(person: Person) -> str | None:
    """Return the username of a person, or None if a search must find it first.

    Raises:
        UnusableUser: the person is named by a text that is not a username.

    >>> login_of(Person("guid", "0F3A", "idir")), login_of(Person("email", "ilse@example.com", "idir"))
    ('0f3a@idir', None)
    """
    if person.by == "guid" and person.provider is not None:
        return identifiers.username_of(f"{person.value}@{person.provider}")
    return None if person.user is None else identifiers.username_of(person.user)


def identity_of(person: Person) -> str:
    """Return a text that is the same for every way of naming the same login.

    Raises:
        UnusableUser: the person is named by a text that is not a username.

    >>> identity_of(Person("client_id", "grants-102")) == identity_of(Person("username", "service-account-grants-102"))
    True
    """
    return login_of(person) or f"{person.by}={person.value.lower()}@{person.provider or ''}"
