"""Find the handler of a path; pure."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from ..http import Response
from ..javascript import decode_component
from . import integrations, logs, members, roles, searches
from .service import Call, Service

BASE = "/api/v1"
Handler = Callable[[Service, Call], Response]


@frozen
class Route:
    """One call of the API.

    Attributes:
        method: in upper case.
        segments: of the path. Those in braces are parameters; the others ignore case.
        handler: answers the call.
        failing: how it answers if the login server behind the API fails: as ``create``, ``rename``, ``delete``,
            ``role`` or ``other``.
    """

    method: str
    segments: tuple[str, ...]
    handler: Handler
    failing: str

    def fits(self, segments: list[str]) -> bool:
        """Return whether the raw segments of a path have this shape."""
        return all(
            segment if pattern[0] == "{" else pattern == segment.lower()
            for pattern, segment in zip(self.segments, segments, strict=True)
        )

    def parameters(self, segments: list[str]) -> dict[str, str]:
        """Return the parameters of a path, decoded once.

        Raises:
            MalformedEscape: a parameter cannot be decoded.
        """
        return {
            pattern[1:-1]: decode_component(segment)
            for pattern, segment in zip(self.segments, segments, strict=True)
            if pattern[0] == "{"
        }


def _route(text: str, handler: Handler, failing: str = "other") -> Route:
    method, path = text.split()
    return Route(method, tuple(path.split("/")[1:]), handler, failing)


_I = "/integrations/{integration}"
_E = _I + "/{environment}"
_R = _E + "/roles/{role}"
_U = _E + "/users/{username}/roles"
ROUTES = (
    _route("GET /verify-token", integrations.verify_token),
    _route("GET /integrations", integrations.list_integrations),
    _route(f"GET {_I}", integrations.get_integration),
    _route(f"GET {_E}/logs", logs.get_logs),
    _route(f"GET {_E}/roles", roles.list_roles),
    _route(f"POST {_E}/roles", roles.create_role, "create"),
    _route(f"GET {_R}", roles.get_role, "role"),
    _route(f"PUT {_R}", roles.rename_role, "rename"),
    _route(f"DELETE {_R}", roles.delete_role, "delete"),
    _route(f"GET {_R}/composite-roles", roles.list_composites),
    _route(f"POST {_R}/composite-roles", roles.add_composites),
    _route(f"GET {_R}/composite-roles/{{composite}}", roles.get_composite),
    _route(f"DELETE {_R}/composite-roles/{{composite}}", roles.remove_composite),
    _route(f"GET {_R}/users", members.list_members),
    _route(f"GET {_U}", members.list_user_roles),
    _route(f"POST {_U}", members.assign_roles),
    _route(f"DELETE {_U}/{{role}}", members.unassign_role),
    _route(f"GET {_E}/user-role-mappings", members.list_mappings),
    _route(f"POST {_E}/user-role-mappings", members.change_mapping),
    _route(f"GET {_E}/bceid/users", searches.search_bceid),
    *(
        _route(f"GET /{{environment}}/{word}/users", searches.search(provider, fields))
        for word, provider, fields in (
            ("idir", "idir", searches.PEOPLE),
            ("azure-idir", "azureidir", searches.PEOPLE),
            ("github-bcgov", "githubbcgov", searches.GITHUB),
            ("github-public", "githubpublic", searches.GITHUB),
            ("basic-bceid", "bceidbasic", searches.LEGACY_BCEID),
            ("business-bceid", "bceidbusiness", searches.LEGACY_BCEID),
            ("basic-business-bceid", "bceidboth", searches.LEGACY_BCEID),
        )
    ),
)
_BY_SHAPE: dict[tuple[str, int], list[Route]] = {}
for _found in ROUTES:
    _BY_SHAPE.setdefault((_found.method, len(_found.segments)), []).append(_found)


def segments_of(path: str) -> list[str]:
    """Return the raw segments of a path after the base, ignoring one trailing slash."""
    return (path[:-1] if path.endswith("/") else path).split("/")[1:]


def find(method: str, segments: list[str]) -> Route | None:
    """Return the route of a request; HEAD has the route of GET."""
    candidates = _BY_SHAPE.get(("GET" if method == "HEAD" else method, len(segments)), ())
    return next((route for route in candidates if route.fits(segments)), None)
