"""Choose the exit code of an error."""

from __future__ import annotations

from ...errors import (
    ConfigurationError,
    CssError,
    InvalidFile,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    Refused,
    StalePlan,
)
from .. import USAGE


def code_of(error: CssError | None) -> int:
    """Return the exit code for the error of a command, or of the one item that it was about.

    An integration that does not exist and an environment that does not exist have the same code: no request is sent
    about a place that is not the team's.

    >>> code_of(NotFound("no role", what="role")), code_of(NotFound("no integration", what="integration"))
    (1, 4)
    """
    match error:
        case ConfigurationError() | InvalidFile() | InvalidRequest(status=None):
            return USAGE
        case Refused() | NotFound(what="integration"):
            return 4
        case StalePlan():
            return 5
        case OutcomeUnknown():
            return 3
        case _:
            return 1
