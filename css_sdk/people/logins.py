"""Describe people, their logins and their roles. Compare the roles of two logins of one person. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, Final

from attrs import field, frozen

from .._service import arguments, identifiers
from .._service.arguments import Names
from .._text.tables import Record, Records
from ..errors import CssError, InvalidRequest
from ..models import EMPLOYEE_PROVIDERS, PROVIDER_FAMILIES, ServiceAccount, User, UserLike
from ..state import Place
from . import cells, searches
from .identities import Person
from .meanings import PeopleSearch

_FAMILIES: Final = {provider: family for family, among in PROVIDER_FAMILIES.items() for provider in among}
"""The family of each provider, in the order in which logins are shown.

All logins of a person in one family have the same GUID.
"""

Seen = dict[str, dict[str, User]]
"""The logins that searches found, by username and environment. Environments may know different addresses."""


@frozen
class PersonLogin(Record):
    """One login of a person.

    Attributes:
        user: the login, as the last environment in `environments` knows it.
        environments: the environments that know the login.
        never_in: the environments that were searched and do not know the login, because the person never logged in
            there. It is empty if the search was incomplete.
    """

    user: User
    environments: tuple[str, ...]
    never_in: tuple[str, ...] = ()

    _renamed: ClassVar = {"user": "username"}


@frozen
class PersonFound(Records):
    """One person with all logins that were found. A GUID identifies a person, but a name or an address does not."""

    guid: str
    name: str
    email: str
    logins: tuple[PersonLogin, ...]

    _rows_in: ClassVar = "logins"


@frozen
class PeopleFound(Records):
    """People found across providers and environments.

    Attributes:
        people: the people, sorted by name.
        complete: False if the service may have left people out, because each search returns at most 50 people.
        searches: the searches that were made.
        environments: the environments that were searched.
    """

    people: tuple[PersonFound, ...]
    complete: bool
    searches: tuple[PeopleSearch, ...] = field(default=(), repr=False)
    environments: tuple[str, ...] = field(default=(), repr=False)

    _rows_in: ClassVar = "people"

    @property
    def providers(self) -> tuple[str, ...]:
        """Return the providers that were searched."""
        return tuple(dict.fromkeys(provider for search in self.searches for provider in search.providers))


@frozen
class NamesFound(Record):
    """The names of people, by username.

    Attributes:
        names: the names, by username. People whose names are not known have no entry.
        left_out: the number of people who were not looked up, because the limit was reached.
    """

    names: Mapping[str, str] = field(factory=dict, hash=False)
    left_out: int = 0


@frozen
class HeldRole(Record):
    """A role that a login has in a place: directly (`direct` is True), through the composites in `through`, or both."""

    place: Place
    project_name: str
    username: str
    role: str
    direct: bool
    through: tuple[str, ...] = ()


@frozen
class UnreadPlace(Record):
    """An environment of an integration that could not be read completely, and the error."""

    place: Place
    project_name: str
    error: CssError


@frozen
class PersonRoles(Records):
    """The roles of a person in all integrations of a team.

    Attributes:
        held: the roles of all logins of the person.
        never_in: the environments where the person never logged in, by username. It has entries only if the caller
            named one login.
        unread: the places that css-sdk could not read completely. Roles in these places may be missing.
        same_address: the usernames of members who have this person's e-mail address, but a different GUID.
    """

    held: tuple[HeldRole, ...]
    never_in: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)
    unread: tuple[UnreadPlace, ...] = ()
    same_address: tuple[str, ...] = field(default=(), repr=False)

    _rows_in: ClassVar = "held"
    _below: ClassVar = ("unread",)


@frozen
class LoginDifference(Record):
    """Roles that one login of a person has and the person's other login lacks.

    Attributes:
        user: the login that has the roles.
        username: the username of the login that lacks the roles.
        roles: the names of these roles.
        exists: False if the person never logged in with `username` in this environment. In this case, `username` cannot
            get roles.
    """

    user: User
    username: str
    roles: tuple[str, ...]
    exists: bool

    _renamed: ClassVar = {"user": "username", "username": "other_login"}


def person_named(text: str) -> Person:
    """Return the person whom a text names by username, e-mail address or GUID.

    A text with a dot after `@` is an e-mail address. A text of only letters, digits, dashes and braces is a GUID. Any
    other text must be a username.

    >>> [person_named(text).by for text in ("583231@githubpublic", "ilse.hargreave@example.com", "0f3a")]
    ['username', 'email', 'guid']
    """
    if "." in text.partition("@")[2]:
        return Person("email", text)
    if identifiers.guid_of(text).isalnum():
        return Person("guid", text)
    return Person("username", identifiers.check_username(text))


def as_person(person: UserLike | Person) -> Person:
    """Return the person whom the caller names.

    A text can be a username, an e-mail address or a GUID. Another text is refused with `UnusableUser`.
    """
    if isinstance(person, Person):
        return person
    if isinstance(person, ServiceAccount):
        return Person("client_id", person.client_id)
    return Person("username", identifiers.username_of(person)) if isinstance(person, User) else person_named(person)


def checked_person(person: UserLike | Person, providers: Names | None = None) -> tuple[Person, tuple[str, ...] | None]:
    """Return the person and the providers that the caller names, after checking both.

    A GUID must be complete. If the caller names no providers, the second value is None, which means all providers.
    """
    among = None if providers is None else arguments.known_providers(providers)
    meant = as_person(person)
    if meant.by == "guid":
        cells.check_guid(meant.value, among or ())
    return meant, among


def family_and_guid(username: str) -> tuple[str, str]:
    """Return the family of the provider in a username, and the GUID.

    All logins of a person in one family have the same GUID. An unknown provider is its own family.

    >>> family_and_guid("0f3a@idir") == family_and_guid("0f3a@azureidir")
    True
    """
    guid, _, provider = username.partition("@")
    return _FAMILIES.get(provider, provider), guid


def unseen(seen: Seen, environments: Sequence[str], providers: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return the searches by GUID that may find more logins of people who were found by name or address.

    A person can have a different name or address in another environment. The first search does not find such a login.
    Each search is an environment, a provider and a GUID.
    """
    people = {family_and_guid(username) for username in seen}
    return [
        (environment, provider, guid)
        for family, guid in sorted(people)
        for provider in providers
        if _FAMILIES[provider] == family and searches.can_be_looked_up(guid, provider)
        for environment in environments
        if environment not in seen.get(f"{guid}@{provider}", {})
    ]


def people_of(seen: Seen, environments: Sequence[str], *, complete: bool) -> tuple[PersonFound, ...]:
    """Return the people to whom the logins belong, sorted by name.

    If `complete` is False, the searches may have left people out. `never_in` of each login is then empty.
    """
    logins: dict[tuple[str, str], list[PersonLogin]] = {}
    for username in sorted(seen, key=_place_among_logins):
        known = tuple(environment for environment in environments if environment in seen[username])
        never = tuple(environment for environment in environments if complete and environment not in known)
        login = PersonLogin(seen[username][known[-1]], known, never)
        logins.setdefault(family_and_guid(username), []).append(login)
    people = [PersonFound(guid, own[0].user.name, own[0].user.email, tuple(own)) for (_, guid), own in logins.items()]
    return tuple(sorted(people, key=lambda one: (one.name.casefold(), one.guid)))


def _place_among_logins(username: str) -> tuple[int, str]:
    """Return a key that sorts usernames by provider, in the order in which logins are shown, and then by GUID."""
    provider = username.partition("@")[2]
    return [*_FAMILIES, provider].index(provider), username


def login_differences(
    members: Mapping[str, Collection[str]], users: Mapping[str, User], to: str | None = None
) -> tuple[LoginDifference, ...]:
    """Return the direct roles that a person's login at `idir` has and the login at `azureidir` lacks, or vice versa.

    Args:
        members: the usernames of the direct members, by role.
        users: the users that exist, by username.
        to: `idir` or `azureidir`, to return only roles that the login at this provider lacks; None for both.

    >>> ilse = User("d6df@idir", first_name="Ilse")
    >>> [found] = login_differences({"reviewer": ["d6df@idir"], "admin": []}, {"d6df@idir": ilse})
    >>> found.username, found.roles, found.exists
    ('d6df@azureidir', ('reviewer',), False)
    """
    if to is not None and to not in EMPLOYEE_PROVIDERS:
        raise InvalidRequest(f"Logins can be compared between {' and '.join(EMPLOYEE_PROVIDERS)}, not with {to!r}.")
    roles_of: dict[str, set[str]] = {}
    for role, usernames in members.items():
        for username in usernames:
            roles_of.setdefault(username, set()).add(role)
    found = []
    for username, roles in sorted(roles_of.items()):
        guid, _, provider = username.partition("@")
        if provider not in EMPLOYEE_PROVIDERS or provider == to:
            continue
        other = f"{guid}@{EMPLOYEE_PROVIDERS[1 - EMPLOYEE_PROVIDERS.index(provider)]}"
        lacking = sorted(roles - roles_of.get(other, set()))
        if lacking:
            found.append(
                LoginDifference(users.get(username) or User(username), other, tuple(lacking), exists=other in users)
            )
    return tuple(found)
