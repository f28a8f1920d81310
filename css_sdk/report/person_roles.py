"""Find one person among the members of roles, by e-mail address and GUID, and the person's roles. Pure.

The service's searches cannot do that: those of BCeID need an integration, all stop at 50 people, and an address may
differ between environments. The lists of members contain everybody who has a role.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..errors import Ambiguous, NotFound, Remedy
from ..models import PROVIDER_FAMILIES, User
from ..people.identities import Person
from ..people.logins import HeldRole, PersonRoles
from .rows import AccessReport, AccessRow

_FAMILIES = {provider: family for family, among in PROVIDER_FAMILIES.items() for provider in among}


def roles_among_members(person: Person, report: AccessReport, providers: Collection[str] | None = None) -> PersonRoles:
    """Return the roles of a person's logins in the places of a report.

    Args:
        person: named by GUID or e-mail address.
        report: a report of all places.
        providers: the providers of the logins; all by default.

    Raises:
        NotFound: no member of any role has the GUID or the address, and every place was read.
        Ambiguous: two people have the address.
    """
    members = [user for place in report.places for user in place.users.values()]
    among = [user for user in members if providers is None or user.provider in providers]
    logins = logins_of(person, among)
    if not logins and not report.unread:
        raise NotFound(
            f"No member of any role has the {_NAMES[person.by]} {person.value}. Check its spelling, and whether the "
            f"person has another one.",
            remedy=Remedy(
                f"Search with css.find_people({person.by}={person.value!r}).",
                f"To search for people, run: css people find --{person.by} {person.value}",
            ),
            what="user",
        )
    addresses = {user.email.lower() for user in members if user.username in logins and user.email}
    others = {user.username for user in members if user.email.lower() in addresses} - logins
    roles = [_held_role(row) for row in report.rows() if row.user.username in logins]
    roles.sort(key=lambda one: (one.place, one.username, one.role))
    return PersonRoles(tuple(roles), unread=report.unread, same_address=tuple(sorted(others)))


def logins_of(person: Person, members: Iterable[User]) -> frozenset[str]:
    """Return the usernames of the members who are this person, by GUID or by e-mail address.

    The logins of one family of providers share the person's GUID. So the GUID of a login with the address leads to the
    person's other logins, also those with another address.

    Args:
        person: named by GUID or e-mail address.
        members: the members, as each environment knows them.

    Raises:
        Ambiguous: logins of one family have the address and different GUIDs, so they belong to two people.

    >>> members = [User("0f@idir", "ann@example.com"), User("0f@azureidir"), User("77@githubpublic", "ann@example.com")]
    >>> sorted(logins_of(Person("email", "Ann@example.com"), members))
    ['0f@azureidir', '0f@idir', '77@githubpublic']
    """
    known = list(members)
    wanted = person.value.lower()
    if person.by == "guid":
        return frozenset(user.username for user in known if user.guid == wanted and _is_meant(person, user))
    named = {user.username: user for user in known if user.email.lower() == wanted and _is_meant(person, user)}
    people: dict[str, dict[str, User]] = {}
    for user in named.values():
        people.setdefault(_family(user), {}).setdefault(user.guid or user.username, user)
    for several in people.values():
        if len(several) > 1:
            names = ", ".join(f"{user.username} ({user.name or 'no name'})" for _, user in sorted(several.items()))
            raise Ambiguous(
                f"{len(several)} people have the e-mail address {person.value}: {names}. Pass the GUID of the right "
                f"person.",
                candidates=list(several.values()),
            )
    identities = {(family, guid) for family, by_guid in people.items() for guid in by_guid}
    return frozenset(
        user.username
        for user in known
        if (_family(user), user.guid or user.username) in identities and _is_meant(person, user)
    )


_NAMES = {"guid": "GUID", "email": "e-mail address"}


def _family(user: User) -> str:
    return _FAMILIES.get(user.provider or "", user.provider or "")


def _is_meant(person: Person, user: User) -> bool:
    return person.provider is None or user.provider == person.provider


def _held_role(row: AccessRow) -> HeldRole:
    through = tuple(sorted(chain[0] for chain in row.chains))
    return HeldRole(row.place, row.project_name, row.user.username, row.role, row.direct, through)
