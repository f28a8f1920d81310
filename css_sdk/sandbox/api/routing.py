"""Find the handler of a path; pure."""

from __future__ import annotations

from typing import Final

from . import integrations, logs, members, roles, searches
from .route import Route

BASE: Final = "/api/v1"
_BY_SHAPE: Final[dict[tuple[str, int], list[Route]]] = {}
for _module in (integrations, logs, members, roles, searches):
    for _route in _module.ROUTES:
        _BY_SHAPE.setdefault((_route.method, len(_route.segments)), []).append(_route)


def segments_of(path: str) -> list[str]:
    """Return the raw segments of a path after the base, ignoring one trailing slash."""
    return (path[:-1] if path.endswith("/") else path).split("/")[1:]


def find(method: str, segments: list[str]) -> Route | None:
    """Return the route of a request, or None if the API has no such call. HEAD uses the route of GET."""
    candidates = _BY_SHAPE.get(("GET" if method == "HEAD" else method, len(segments)), ())
    return next((route for route in candidates if route.fits(segments)), None)
