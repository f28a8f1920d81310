"""Describe one call of the API: its method, its path and its handler; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from ..http import Response
from ..javascript import decode_component
from .service import Call, Service

Handler = Callable[[Service, Call], Response]


@frozen
class Route:
    """One call of the API.

    Attributes:
        segments: the parts of the path. A part in braces is a parameter. The other parts ignore case.
        failing: `create`, `rename`, `delete`, `role` or `other`. The word decides what the call answers if the login
            server fails (see `PreparedCall.login_server_failure`).
        takes_query: whether the handler reads the query. If not, any query is refused.
    """

    method: str
    segments: tuple[str, ...]
    handler: Handler
    failing: str
    takes_query: bool

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


def route(text: str, handler: Handler, failing: str = "other", takes_query: bool = False) -> Route:
    """Return the route of a method and a path, such as `GET /integrations`."""
    method, path = text.split()
    return Route(method, tuple(path.split("/")[1:]), handler, failing, takes_query)


INTEGRATION: Final = "/integrations/{integration}"
PLACE: Final = INTEGRATION + "/{environment}"
ROLE: Final = PLACE + "/roles/{role}"
