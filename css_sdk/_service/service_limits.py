"""The service's limits: the lengths of requests and lists, and the useful number of calls at once. Pure."""

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
"""The most characters of path and query, without the base address. A longer request stops the service."""

PAGE_SIZE: Final = 50
"""The most members on one page. A shorter page is the last one."""

MOST_ROLES_LISTED: Final = 5000
"""The service may cut a list of roles at this length. So a role that is missing in such a list may still exist."""

MOST_PAGES: Final = 5000
"""The most pages of a role's members: 250,000 people. After that, css-sdk stops reading: the list may have no end."""

MOST_READINGS: Final = 3
"""How often a list is read at most before a removal that depends on it. Two readings in a row must agree."""

SHORTEST_TERM: Final = 2
"""The fewest characters of a search term."""

MOST_AT_ONCE: Final = 8
"""The most calls at once. More calls at once are not faster, and only load the service."""

MOST_FOUND: Final = 50
"""The most people that a search can find. If more match, the service sends more rows, which repeat these people."""

_LONGEST_USERNAME_PROVIDED_FOR: Final = 64


def check_search_term(name: str, term: object) -> str:
    """Return the term if the service can search by it.

    Raises:
        InvalidRequest: the term is not text, has fewer than 2 characters, or has control characters or lone surrogates.
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
    """Refuse a request that would stop the service.

    Args:
        target: path and query after the base address, as they will be sent.
        request: method and path, for the message.

    Raises:
        RequestTooLong: path and query have more than 255 characters, counting percent-encoding.
    """
    if len(target) > LONGEST_REQUEST:
        raise RequestTooLong(
            f"{request}: path and query have {len(target)} characters, and the service accepts {LONGEST_REQUEST}. "
            f"Percent-encoding counts, and a role name is encoded twice. Choose a shorter name.",
            request=request,
        )


def check_removable(integration_id: int | str, environment: str, roles: Iterable[str], username: str = "") -> None:
    """Refuse roles that could be created or assigned but not removed again, because the request would be too long.

    The request that is measured is the one that removes the role from a user; it is the longest that contains a single
    role name. Without a username, 64 characters are assumed for it.

    Raises:
        UnusableName: `check_role_name` refuses a name.
        RequestTooLong: the path of the removal request would be longer than 255 characters.
    """
    user = quote(username, safe="") if username else "u" * _LONGEST_USERNAME_PROVIDED_FOR
    for role in roles:
        what = f"The request that removes the role {role!r} from {username}"
        if not username:
            what = f"The role name {role!r} is too long for requests about its members"
        check_length(f"/integrations/{integration_id}/{environment}/users/{user}/roles/{role_in_path(role)}", what)


def check_new_role(integration_id: int | str, environment: str, name: str) -> None:
    """Refuse a name for a new or renamed role if it has invisible characters, or no later request could contain it.

    Raises:
        UnusableName: `check_new_role_name` refuses the name.
        RequestTooLong: the request that removes the role from a user would be too long: see `check_removable`.
    """
    check_new_role_name(name)
    check_removable(integration_id, environment, [name])


def check_separable(integration_id: int | str, environment: str, parent: str, children: Iterable[str]) -> None:
    """Refuse children that could be added to a composite role but never removed again.

    Raises:
        UnusableName: `check_role_name` refuses a name.
        RequestTooLong: the request that removes the child would have more than 255 characters.
    """
    start = f"/integrations/{integration_id}/{environment}/roles/{role_in_path(parent)}/composite-roles"
    for child in children:
        check_length(f"{start}/{role_in_path(child)}", f"The request that removes {child!r} from {parent!r}")


def check_not_emptied(wanted: Collection[object], allow_empty: bool, what: str) -> None:
    """Refuse an empty set of wanted items, because everything would be removed, unless `allow_empty` is True.

    Args:
        wanted: the items that will remain.
        allow_empty: whether the set may be empty.
        what: what would be removed, for the error message.

    Raises:
        EmptySet: the set is empty, and `allow_empty` is False.
    """
    if not wanted and not allow_empty:
        raise EmptySet(
            f"All {what} would be removed. Nothing was sent.",
            remedy=Remedy("If you want this, pass allow_empty=True.", "If you want this, pass --allow-empty."),
        )


def check_width(width: int) -> None:
    """Refuse a number of calls at once that is not 1 to 8.

    Raises:
        ConfigurationError: the width is not a whole number from 1 to 8.
    """
    is_whole = isinstance(width, SupportsIndex) and not isinstance(width, bool)
    if not is_whole or not 1 <= width <= MOST_AT_ONCE:
        raise ConfigurationError(f"The width must be 1 to {MOST_AT_ONCE} calls at once, not {width!r}.")


def list_is_complete(roles: Sequence[Role]) -> bool:
    """Return whether a list of all roles is complete: only then, a role that is missing in it does not exist."""
    return len(roles) < MOST_ROLES_LISTED


def search_is_complete(rows: int) -> bool:
    """Return whether a search that returned this number of rows has found everybody."""
    return rows <= MOST_FOUND
