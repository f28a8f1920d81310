"""Find the logins of one person among the members of roles, by comparing usernames, GUIDs and e-mail addresses. Pure.

The lists of members contain everybody who has a role. But searches by the service can miss logins:

- A search for people of BCeID needs an integration.
- Each search returns at most 50 people.
- A person may have different addresses in different environments.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import frozen

from .._service import identifiers
from .._text.words import joined
from ..errors import Ambiguous, NotFound, Remedy, WrongProvider
from ..models import PROVIDER_FAMILIES, User
from .cells import PERSON_NAMES
from .identities import Person, login_of
from .logins import family_and_guid
from .searches import named


@frozen
class MemberLogins:
    """The logins of one person among the members of roles.

    Attributes:
        usernames: the usernames of the person's logins.
        same_address: the usernames of members with this person's e-mail address, but a different GUID. These members
            may be different people.
    """

    usernames: frozenset[str]
    same_address: tuple[str, ...] = ()


def find_logins(person: Person, members: Collection[User], providers: Collection[str] | None = None) -> MemberLogins:
    """Return the logins of a person among the members of all roles. `usernames` is empty if no member is this person.

    Raises:
        Ambiguous: two people have the e-mail address that names the person.
    """
    logins = logins_of(person, [user for user in members if providers is None or user.provider in providers])
    addresses = {user.email.lower() for user in members if user.username in logins and user.email}
    the_person = {family_and_guid(username) for username in logins}
    others = {user.username for user in members if user.email.lower() in addresses}
    return MemberLogins(logins, tuple(sorted(name for name in others if family_and_guid(name) not in the_person)))


def not_among_members(person: Person, members: Iterable[User], providers: Collection[str] | None = None) -> NotFound:
    """Return the error for a person who is not a member of any role, and whom a search did not find.

    Args:
        members: the members of all roles. If some of them are the person, but with a login of a provider that is not in
            `providers`, the error names these logins.
        providers: the providers whose logins were considered; None for all.
    """
    name = PERSON_NAMES[person.by]
    login = f"a login of {joined(providers, 'or')} with " if providers else ""
    nobody = f"No member of any role has {login}the {name} {person.value}"
    others = {user.username: user for user in members if person.value.lower() in (user.guid, user.email.lower())}
    if others:
        users = tuple(others[username] for username in sorted(others))
        return WrongProvider(
            f"{nobody}. These logins of other providers have it: {named(users)}.",
            candidates=users,
            remedy=Remedy("Use the username, or leave out providers=.", "Use the username, or leave out --provider."),
        )
    is_address = person.by == "email"
    of_bceid = is_address and providers and set(PROVIDER_FAMILIES["bceid"]).issuperset(providers)
    search = "css-sdk cannot search BCeID by e-mail address" if of_bceid else "a search for people does not find it"
    message = f"{nobody}, and {search}. Check the spelling, and whether the person has another {name}."
    if person.by not in ("guid", "email"):
        return NotFound(message, what="user")
    if of_bceid:
        python, command = "Search with css.find_people(guid=…).", identifiers.HOW_TO_SEARCH_BCEID
    else:
        python = "Search by name, or by a part of the address, with css.find_people(…)."
        command = identifiers.how_to_search(person.value if is_address else "")
    if providers:
        python = f"To search all providers, leave out providers=. {python}"
        command = f"To search all providers, leave out --provider. {command}"
    return NotFound(message, remedy=Remedy(python, command), what="user")


def logins_of(person: Person, members: Iterable[User]) -> frozenset[str]:
    """Return the usernames of the members who are this person.

    All logins of a person in one family of providers have the same GUID. If one login is found, the other logins in
    this family are found, too. They can have a different address. If the person has a provider, only logins at this
    provider are found.

    Raises:
        Ambiguous: two people in one family have the e-mail address that names the person.

    >>> members = [User("0f@idir", "ann@example.com"), User("0f@azureidir"), User("77@githubpublic", "ann@example.com")]
    >>> sorted(logins_of(Person("email", "Ann@example.com"), members))
    ['0f@azureidir', '0f@idir', '77@githubpublic']
    >>> sorted(logins_of(Person("username", "0f@azureidir"), members))
    ['0f@azureidir', '0f@idir']
    """
    known = [user for user in members if person.provider in (None, user.provider)]
    wanted = person.value.lower()
    if person.by == "guid":
        return frozenset(user.username for user in known if user.guid == wanted)
    if person.by == "email":
        identities = _identities_with(person.value, known)
    else:
        identities = {family_and_guid(login_of(person) or wanted)}
    return frozenset(user.username for user in known if family_and_guid(user.username) in identities)


def _identities_with(address: str, members: Iterable[User]) -> set[tuple[str, str]]:
    """Return the family of the provider, and the GUID, of each login with this address.

    Raise `Ambiguous` if two people in one family have this address.
    """
    people: dict[str, dict[str, User]] = {}
    for user in members:
        if user.email.lower() == address.lower():
            family, guid = family_and_guid(user.username)
            people.setdefault(family, {}).setdefault(guid, user)
    for several in people.values():
        if len(several) > 1:
            names = ", ".join(f"{user.username} ({user.name or 'no name'})" for _, user in sorted(several.items()))
            raise Ambiguous(
                f"{len(several)} people have the e-mail address {address}: {names}. Pass the GUID of the right person.",
                candidates=list(several.values()),
            )
    return {(family, guid) for family, by_guid in people.items() for guid in by_guid}
