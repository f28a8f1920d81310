"""Refuse requests that would stop the service, or would change something else than the caller meant. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from ..errors import HarmfulRequest, UnusableName
from .identifiers import without_blanks
from .service_limits import check_length, check_new_role, check_removable, check_separable


def check_path(path: str, request: str) -> None:
    """Refuse a path that would stop the service, or that the service would read as another path.

    Also refuse the two deprecated calls of a path with `user-role-mappings`: the POST call stops the service, and the
    GET call answers wrongly. The service decodes a part of a path once or twice, so both results are checked.
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
            raise UnusableName(
                f"{request}: a part of the path is empty or only dots ({read!r}). Nothing was sent. Pass another name.",
                request=request,
            )


@lru_cache  # the parts of most paths are the same
def _empty_reading(part: str) -> str | None:
    """Decode a part of a path once and twice. Return a result that is blank, `.` or `..`; otherwise None."""
    once = unquote(part)
    return next((read for read in (once, unquote(once)) if without_blanks(read) in ("", ".", "..")), None)


def check_target(path: str, target: str, request: str) -> None:
    """Refuse a request if the HTTP library changed its path, or if it is too long.

    `target` is path and query as the library will send them. `path` is the path that `check_path` accepted.
    """
    if target.partition("?")[0] != path:
        raise UnusableName(f"{request}: the HTTP library would send another path. Nothing was sent.", request=request)
    check_length(target, request)


def check_body(path: str, body: Any) -> None:
    """Refuse a body with a role name that the service cannot store, or that a later request could not address.

    For example, the request that removes the role from a user or a composite role must not be too long.
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
