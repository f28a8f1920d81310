"""People and their logins: who is meant, who was found where, and what one login has that the other lacks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import ClassVar, Final

from attrs import field, frozen

from .._service import identifiers
from .._text.tables import Tabular
from ..errors import CssError, InvalidRequest
from ..models import EMPLOYEE_PROVIDERS, PROVIDER_FAMILIES, Role, RoleTree, ServiceAccount, User, UserLike
from ..state import Place
from . import searches
from .identities import Person

_FAMILIES: Final = {provider: family for family, among in PROVIDER_FAMILIES.items() for provider in among}
"""Providers whose logins share a person's GUID; in the order in which logins are shown."""

Seen = dict[str, dict[str, User]]
"""By username, the login as each environment knows it."""


@frozen
class PersonLogin(Tabular):
    """One login of a person.

    `environments` are those that know it. `never_in` are those that were searched and do not: nobody ever logged in
    there with it. Where the search was incomplete nothing is concluded, and `never_in` is empty.
    """

    user: User
    environments: tuple[str, ...]
    never_in: tuple[str, ...] = ()

    _renamed: ClassVar = {"user": "username"}


@frozen
class PersonFound(Tabular):
    """One person with all logins that were found; a GUID is a person's identity, a name or an address is not."""

    guid: str
    name: str
    email: str
    logins: tuple[PersonLogin, ...]

    _rows_in: ClassVar = "logins"


@frozen
class PeopleFound(Tabular):
    """People found across providers and environments.

    Attributes:
        people: sorted by name.
        complete: False where the service may have left some out: it stops at 50 in each search.
        providers: those whose logins were searched.
        environments: those that were searched.
    """

    people: tuple[PersonFound, ...]
    complete: bool
    providers: tuple[str, ...] = field(default=(), repr=False)
    environments: tuple[str, ...] = field(default=(), repr=False)

    _rows_in: ClassVar = "people"


@frozen
class HeldRole(Tabular):
    """A role that a login has: held directly, or `through` composite roles that are, or both."""

    place: Place
    project_name: str
    username: str
    role: str
    direct: bool
    through: tuple[str, ...] = ()


@frozen
class UnreadPlace(Tabular):
    """An environment of an integration that could not be read, or not fully, and why."""

    place: Place
    project_name: str
    error: CssError


@frozen
class PersonRoles(Tabular):
    """What a person has in all of a team's integrations.

    Attributes:
        held: the roles.
        never_in: by username, the environments where nobody ever logged in with it. Known only where one login was
            asked for.
        unread: the places that could not be read, or not fully.
        same_address: usernames of other members who have an e-mail address of this person, and another GUID.
    """

    held: tuple[HeldRole, ...]
    never_in: Mapping[str, tuple[str, ...]] = field(factory=dict, hash=False)
    unread: tuple[UnreadPlace, ...] = ()
    same_address: tuple[str, ...] = field(default=(), repr=False)

    _rows_in: ClassVar = "held"
    _below: ClassVar = ("unread",)


@frozen
class LoginDifference(Tabular):
    """Roles that one login of a person holds and the other lacks.

    `user` is the login that holds them, `username` the one that lacks them. Where `exists` is False nobody ever logged
    in with that one in this environment, so that it cannot be given anything.
    """

    user: User
    username: str
    roles: tuple[str, ...]
    exists: bool

    _renamed: ClassVar = {"user": "username", "username": "other_login"}


def person_named(text: str) -> Person:
    """Return the person whom a text names by username, e-mail address or GUID.

    Raises:
        UnusableUser: the text is none of these.

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

    Args:
        person: a username, e-mail address or GUID, a `ServiceAccount`, a `User` or a `Person`.

    Raises:
        UnusableUser: the text is not a username, e-mail address or GUID.
    """
    if isinstance(person, Person):
        return person
    if isinstance(person, ServiceAccount):
        return Person("client_id", person.client_id)
    return Person("username", identifiers.username_of(person)) if isinstance(person, User) else person_named(person)


def name_of(user: User) -> str:
    """A user's name for people to read; GitHub's users have none but in their attributes."""
    told = (user.attributes.get(name, ("",)) for name in ("display_name", "github_username"))
    return " ".join(filter(None, (user.first_name, user.last_name))) or next((v[0] for v in told if v and v[0]), "")


def unseen(seen: Seen, environments: Sequence[str], providers: Sequence[str]) -> list[tuple[str, str, str]]:
    """Where the people found may be known as well, though not by what was searched for, such as an older address.

    Returns:
        Environment, provider and GUID of each look-up that decides it.
    """
    people = {_identity(username) for username in seen}
    return [
        (environment, provider, guid)
        for family, guid in sorted(people)
        for provider in providers
        if _FAMILIES[provider] == family and searches.can_be_looked_up(guid, provider)
        for environment in environments
        if environment not in seen.get(f"{guid}@{provider}", {})
    ]


def people_of(seen: Seen, environments: Sequence[str], *, complete: bool) -> PeopleFound:
    """The logins by person, people sorted by name."""
    logins: dict[tuple[str, str], list[PersonLogin]] = {}
    for username in sorted(seen, key=_place_among_logins):
        known = tuple(environment for environment in environments if environment in seen[username])
        never = tuple(environment for environment in environments if complete and environment not in known)
        login = PersonLogin(seen[username][known[-1]], known, never)
        logins.setdefault(_identity(username), []).append(login)
    people = [
        PersonFound(guid, name_of(held[0].user), held[0].user.email, tuple(held)) for (_, guid), held in logins.items()
    ]
    return PeopleFound(tuple(sorted(people, key=lambda one: (one.name.casefold(), one.guid))), complete)


def _identity(username: str) -> tuple[str, str]:
    guid, _, provider = username.partition("@")
    return _FAMILIES.get(provider, provider), guid


def _place_among_logins(username: str) -> tuple[int, str]:
    provider = username.partition("@")[2]
    return [*_FAMILIES, provider].index(provider), username


def held_roles(
    place: Place, project_name: str, username: str, direct: Iterable[Role], below: RoleTree
) -> list[HeldRole]:
    """All roles that a login has in one place, sorted.

    Args:
        place: integration and environment.
        project_name: of the integration.
        username: the login.
        direct: the roles it holds directly.
        below: what these are composed of.
    """
    names = {role.name for role in direct}
    through: dict[str, list[str]] = {}
    for name in sorted(names):
        for child in below.descendants(name) - {name}:
            through.setdefault(child, []).append(name)
    return [
        HeldRole(place, project_name, username, role, role in names, tuple(through.get(role, ())))
        for role in sorted(names | through.keys())
    ]


def login_differences(
    members: Mapping[str, Collection[str]], users: Mapping[str, User], to: str | None = None
) -> tuple[LoginDifference, ...]:
    """What one login at `idir` or `azureidir` holds directly and the other of the same person lacks.

    Args:
        members: by role, the usernames of those who hold it.
        users: what is known of them. Whoever is not among them is taken not to exist.
        to: the provider whose logins may lack something; both by default.

    Raises:
        InvalidRequest: for another provider.

    >>> ilse = User("d6df@idir", first_name="Ilse")
    >>> [found] = login_differences({"reviewer": ["d6df@idir"], "admin": []}, {"d6df@idir": ilse})
    >>> found.username, found.roles, found.exists
    ('d6df@azureidir', ('reviewer',), False)
    """
    if to is not None and to not in EMPLOYEE_PROVIDERS:
        raise InvalidRequest(f"Logins are compared between {' and '.join(EMPLOYEE_PROVIDERS)}, not with {to!r}.")
    held: dict[str, set[str]] = {}
    for role, usernames in members.items():
        for username in usernames:
            held.setdefault(username, set()).add(role)
    found = []
    for username, roles in sorted(held.items()):
        guid, _, provider = username.partition("@")
        if provider not in EMPLOYEE_PROVIDERS or provider == to:
            continue
        other = f"{guid}@{EMPLOYEE_PROVIDERS[1 - EMPLOYEE_PROVIDERS.index(provider)]}"
        lacking = sorted(roles - held.get(other, set()))
        if lacking:
            found.append(
                LoginDifference(users.get(username) or User(username), other, tuple(lacking), exists=other in users)
            )
    return tuple(found)
