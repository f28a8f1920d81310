"""Refuse requests that would stop the service, or that would change something that the caller did not mean. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ..errors import HarmfulRequest, UnusableName
from .identifiers import without_blanks
from .service_limits import check_length, check_new_role, check_removable, check_separable


def check_path(path: str, request: str) -> None:
    """Refuse a path that would stop the service, or that the service would read as another path.

    Args:
        path: the path after the base address, as the caller built it.
        request: method and path, for the message.

    Raises:
        HarmfulRequest: the path is that of the two deprecated calls `user-role-mappings`. One of them stops the
            service.
        UnusableName: the path is not percent-encoded, or a part of it is empty, blank, `.` or `..` when it is decoded
            once or twice.
        RequestTooLong: the path has more than 255 characters, counting percent-encoding.
    """
    check_length(path, request)
    if not (path.startswith("/") and path.isascii() and path.isprintable()):
        raise UnusableName(
            f"{request}: the path does not begin with /, or is not percent-encoded. Nothing was sent.", request=request
        )
    _, *parts = path.split("/")
    if len(parts) > 3 and unquote(parts[3]).lower() == "user-role-mappings":
        raise HarmfulRequest(
            f"{request}: this deprecated call stops the service, or answers wrongly. Nothing was sent. Use the calls "
            f"under users/{{username}}/roles.",
            request=request,
        )
    for part in parts:
        if (read := _empty_reading(part)) is not None:
            raise UnusableName(f"{request}: a part of the path is empty or only dots ({read!r}).", request=request)


@lru_cache  # the parts of most paths are the same
def _empty_reading(part: str) -> str | None:
    """Decode a part of a path once and twice. Return a result that is blank, `.` or `..`; None if neither is."""
    once = unquote(part)
    return next((read for read in (once, unquote(once)) if without_blanks(read) in ("", ".", "..")), None)


def check_target(path: str, target: str, request: str) -> None:
    """Refuse a request if the HTTP library changed its path, or if it is longer than the service accepts.

    Args:
        path: a path that `check_path` has accepted.
        target: path and query after the base address, as they will be sent.
        request: method and path, for the message.

    Raises:
        UnusableName: the library changed the path.
        RequestTooLong: path and query have more than 255 characters, counting percent-encoding.
    """
    if target.partition("?")[0] != path:
        raise UnusableName(f"{request}: the HTTP library would send another path. Nothing was sent.", request=request)
    check_length(target, request)


def check_body(path: str, body: Any) -> None:
    """Refuse a body with a role name that the service cannot store, or that a later request could not address.

    Args:
        path: a path that `check_path` has accepted.
        body: the JSON that will be sent; None if there is none.

    Raises:
        UnusableName: `check_role_name` refuses a role name in the body, or `check_new_role_name` refuses the new name
            of a role that the request creates or renames.
        RequestTooLong: the request that removes the role from a user, or from a composite role, would be too long.
    """
    match path.split("/")[2:], body:
        case [integration_id, environment, *_], {"name": name}:
            check_new_role(integration_id, environment, name)
        case [integration_id, environment, "users", user, _], [*roles]:
            check_removable(integration_id, environment, _names(roles), unquote(user))
        case [integration_id, environment, "roles", parent, _], [*roles]:
            check_separable(integration_id, environment, unquote(unquote(parent)), _names(roles))


def _names(roles: list[Any]) -> list[Any]:
    return [role.get("name") for role in roles if isinstance(role, dict)]
