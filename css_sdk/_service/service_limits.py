"""Check the service's limits: the lengths of requests and lists, and the useful number of calls at once. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Final, SupportsIndex
from urllib.parse import quote

from ..errors import ConfigurationError, EmptySet, InvalidRequest, Remedy, RequestTooLong
from ..models import Role
from . import arguments
from .identifiers import check_new_role_name, role_in_path

LONGEST_REQUEST: Final = 255
"""The most characters of path and query together. A longer request stops the service."""

PAGE_SIZE: Final = 50
"""The most members on one page. A page with fewer members is the last page."""

MOST_ROLES_LISTED: Final = 5000
"""The service may cut a list of roles at this length. A role that is missing in a list of this length may exist."""

MOST_PAGES: Final = 5000
"""The most pages of a role's members that css-sdk reads: 250,000 people. A longer list may have no end."""

MOST_READINGS: Final = 3
"""The most readings of a list before a removal that depends on it. Two readings in a row must agree."""

SHORTEST_TERM: Final = 2
"""The fewest characters of a search term."""

MOST_AT_ONCE: Final = 8
"""The most calls at once. More calls are not faster, but load the service."""

MOST_FOUND: Final = 50
"""The most people that a search finds. If more people match, the service repeats these 50 in further rows."""

_LONGEST_USERNAME_PROVIDED_FOR: Final = 64


def check_search_term(name: str, term: object) -> str:
    """Return a search term, if the service can search by it.

    `name` is the field to search by, such as `email`.
    """
    if not isinstance(term, str):
        raise InvalidRequest(
            f"The {name} to search by must be text, not {arguments.described(term)}. If you do not know it, leave it "
            f"out."
        )
    if len(term) < SHORTEST_TERM:
        raise InvalidRequest(f"The {name} to search by is {term!r}; it needs {SHORTEST_TERM} characters or more.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in term):
        raise InvalidRequest(f"The {name} to search by holds characters that cannot be sent: {term!r}.")
    return term


def check_length(target: str, request: str) -> None:
    """Refuse a request that is so long that it would stop the service.

    `target` is path and query. The characters of percent-encoding count.
    """
    if len(target) > LONGEST_REQUEST:
        raise RequestTooLong(
            f"{request}: path and query have {len(target)} characters, and the service accepts {LONGEST_REQUEST}. "
            f"Percent-encoding counts, and a role name is encoded twice. Choose a shorter name.",
            request=request,
        )


def check_removable(integration_id: int | str, environment: str, roles: Iterable[str], username: str = "") -> None:
    """Refuse roles that css-sdk could create or assign, but could not remove later.

    The longest request with one role name is the request that removes the role from a user. css-sdk measures this
    request. Without a username, it assumes 64 characters.
    """
    user = quote(username, safe="") if username else "u" * _LONGEST_USERNAME_PROVIDED_FOR
    for role in roles:
        what = f"The request that removes the role {role!r} from {username} would be too long"
        if not username:
            what = f"The role name {role!r} is too long for requests about its members"
        check_length(f"/integrations/{integration_id}/{environment}/users/{user}/roles/{role_in_path(role)}", what)


def check_new_role(integration_id: int | str, environment: str, name: str) -> None:
    """Refuse a new role name that has invisible characters, or that would make a later request too long."""
    check_new_role_name(name)
    check_removable(integration_id, environment, [name])


def check_separable(integration_id: int | str, environment: str, parent: str, children: Iterable[str]) -> None:
    """Refuse children that css-sdk could add to a composite role, but could not remove later.

    The path of the removal has two role names, so it can be too long.
    """
    start = f"/integrations/{integration_id}/{environment}/roles/{role_in_path(parent)}/composite-roles"
    for child in children:
        check_length(
            f"{start}/{role_in_path(child)}", f"The request that removes {child!r} from {parent!r} would be too long"
        )


def check_not_emptied(wanted: Collection[object], allow_empty: bool, what: str) -> None:
    """Refuse to remove everything, unless `allow_empty` is True.

    `wanted` are the items that will remain. `what` names the items that would be removed.
    """
    if not wanted and not allow_empty:
        raise EmptySet(
            f"All {what} would be removed. Nothing was sent.",
            remedy=Remedy("If you want this, pass allow_empty=True.", "If you want this, pass --allow-empty."),
        )


def check_width(width: int) -> None:
    """Refuse a width, which is a number of calls at once, other than a whole number from 1 to 8."""
    is_whole = isinstance(width, SupportsIndex) and not isinstance(width, bool)
    if not is_whole or not 1 <= width <= MOST_AT_ONCE:
        raise ConfigurationError(f"The width must be 1 to {MOST_AT_ONCE} calls at once, not {width!r}.")


def list_is_complete(roles: Sequence[Role]) -> bool:
    """Return whether a list of roles is complete. The service cuts a list only at 5,000 roles."""
    return len(roles) < MOST_ROLES_LISTED


def search_is_complete(rows: int) -> bool:
    """Return whether a search has found everybody who matches. With more than 50 rows, people can be missing."""
    return rows <= MOST_FOUND
