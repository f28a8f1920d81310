"""Show the roles of one person, whose logins are found among the members of roles. Pure."""

from __future__ import annotations

from collections.abc import Collection

from ..people.identities import Person
from ..people.logins import HeldRole, PersonRoles
from ..people.member_logins import find_logins, not_among_members
from .rows import AccessReport, AccessRow


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
    logins = find_logins(person, report.users, providers)
    if not logins.usernames and not report.unread:
        raise not_among_members(person)
    return PersonRoles(held_roles(report, logins.usernames), unread=report.unread, same_address=logins.same_address)


def held_roles(report: AccessReport, usernames: Collection[str]) -> tuple[HeldRole, ...]:
    """Return all roles of these logins in the places of a report, sorted."""
    roles = [_held_role(row) for row in report.rows() if row.user.username in usernames]
    return tuple(sorted(roles, key=lambda one: (one.place, one.username, one.role)))


def _held_role(row: AccessRow) -> HeldRole:
    through = tuple(sorted(chain[0] for chain in row.chains))
    return HeldRole(row.place, row.project_name, row.user.username, row.role, row.direct, through)
