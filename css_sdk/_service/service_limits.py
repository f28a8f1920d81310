"""The service's limits: the lengths of requests and lists, and and the useful number of calls at once. Pure."""

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
"""Characters of path and query, after the base address, beyond which the service goes down."""

PAGE_SIZE: Final = 50
"""Members on one page at the most; a shorter page is the last."""

MOST_ROLES_LISTED: Final = 5000
"""A list of roles of this length may be cut, so that a role that is not in it may exist."""

MOST_PAGES: Final = 5000
"""Pages of a role's members at the most: 250,000 people. A list with more of them has no end."""

MOST_READINGS: Final = 3
"""Readings of a list on which a removal depends. Two in a row have to agree."""

SHORTEST_TERM: Final = 2
"""Characters of a search term at the least."""

MOST_AT_ONCE: Final = 8
"""Calls at once at the most: more are no faster, and only a burden to the service."""

MOST_FOUND: Final = 50
"""People a search finds at the most; more rows than this are repetitions."""

_LONGEST_USERNAME_PROVIDED_FOR: Final = 64


def check_search_term(name: str, term: object) -> str:
    """Return the term if the service can search by it.

    Raises:
        InvalidRequest: for what is not text, fewer than 2 characters, control characters and lone surrogates.
    """
    if not isinstance(term, str):
        raise InvalidRequest(
            f"The {name} to search by must be text, not {arguments.described(term)}. Leave the term out where it is "
            f"not known."
        )
    if len(term) < SHORTEST_TERM:
        raise InvalidRequest(f"The {name} to search by is {term!r}; it needs {SHORTEST_TERM} characters or more.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in term):
        raise InvalidRequest(f"The {name} to search by holds characters that cannot be sent: {term!r}.")
    return term


def check_length(target: str, request: str) -> None:
    """Refuse a request that would stop the service.

    Args:
        target: path and query as they will be sent, after the base address.
        request: method and path, for the message.

    Raises:
        RequestTooLong: beyond 255 characters, percent-encoding counted.
    """
    if len(target) > LONGEST_REQUEST:
        raise RequestTooLong(
            f"{request}: path and query have {len(target)} characters, and the service accepts {LONGEST_REQUEST}. "
            f"Percent-encoding counts, and a role name is encoded twice. Choose a shorter name.",
            request=request,
        )


def check_removable(integration_id: int | str, environment: str, roles: Iterable[str], username: str = "") -> None:
    """Refuse roles that could be assigned, or created, but never addressed again.

    The longest request that contains a role name removes the role from a user. A role to be created has to leave room
    for usernames of 64 characters.

    Raises:
        UnusableName: for a name that `check_role_name` refuses.
        RequestTooLong: when that request would pass 255 characters.
    """
    user = quote(username, safe="") if username else "u" * _LONGEST_USERNAME_PROVIDED_FOR
    for role in roles:
        path = f"/integrations/{integration_id}/{environment}/users/{user}/roles/{role_in_path(role)}"
        if len(path) > LONGEST_REQUEST:
            if username:
                what = f"The request that removes the role {role!r} from {username} would have {len(path)} characters"
            else:
                what = f"The role name {role!r} is too long: requests about its members have {len(path)} characters"
            raise RequestTooLong(
                f"{what}, and the service accepts {LONGEST_REQUEST}. Percent-encoding counts, and a role name is "
                f"encoded twice. Choose a shorter name."
            )


def check_new_role(integration_id: int | str, environment: str, name: str) -> None:
    """Refuse a name for a new or renamed role if it has invisible characters, or no later request could contain it.

    Raises:
        UnusableName: for a name that `check_new_role_name` refuses.
        RequestTooLong: as `check_removable`.
    """
    check_new_role_name(name)
    check_removable(integration_id, environment, [name])


def check_separable(integration_id: int | str, environment: str, parent: str, children: Iterable[str]) -> None:
    """Refuse children that could be added to a composite role but never removed again.

    Raises:
        UnusableName: for a name that `check_role_name` refuses.
        RequestTooLong: when the request that removes the child would have more than 255 characters.
    """
    start = f"/integrations/{integration_id}/{environment}/roles/{role_in_path(parent)}/composite-roles"
    for child in children:
        check_length(f"{start}/{role_in_path(child)}", f"The request that removes {child!r} from {parent!r}")


def check_not_emptied(wanted: Collection[object], allow_empty: bool, what: str) -> None:
    """Refuse to remove everything unless that is allowed.

    Raises:
        EmptySet: for nothing wanted, unless that is allowed.
    """
    if not wanted and not allow_empty:
        raise EmptySet(
            f"All {what} would be removed. Nothing was sent.",
            remedy=Remedy("If you want this, pass allow_empty=True.", "If you want this, pass --allow-empty."),
        )


def check_width(width: int) -> None:
    """Refuse a number of calls at once that is not 1 to 8.

    Raises:
        ConfigurationError: for anything but 1 to 8.
    """
    is_whole = isinstance(width, SupportsIndex) and not isinstance(width, bool)
    if not is_whole or not 1 <= width <= MOST_AT_ONCE:
        raise ConfigurationError(f"The width must be 1 to {MOST_AT_ONCE} calls at once, not {width!r}.")


def list_is_complete(roles: Sequence[Role]) -> bool:
    """Return whether a role that is missing in this list does not exist. The list may have been cut."""
    return len(roles) < MOST_ROLES_LISTED


def search_is_complete(rows: int) -> bool:
    """Return whether a search with so many rows left nobody out."""
    return rows <= MOST_FOUND
