"""Choose the exit code of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ...errors import CssError

USAGE: Final = 64


def code_of(error: CssError | None) -> int:
    """Return the exit code for the error of a command, or of its only change. Without an error, return 1.

    The code is 4 if a guard refuses a change, or an integration or environment does not exist.

    >>> from css_sdk.errors import NotFound
    >>> code_of(NotFound("no role", what="role")), code_of(NotFound("no integration", what="integration"))
    (1, 4)
    """
    from ... import errors

    match error:
        case errors.ConfigurationError() | errors.InvalidFile() | errors.InvalidRequest(status=None):
            return USAGE
        case errors.UnusableUser(provider=""):  # a mistyped argument; but a guard refuses a wrong provider
            return USAGE
        case errors.Refused() | errors.NotFound(what="integration"):
            return 4
        case errors.StalePlan():
            return 5
        case errors.OutcomeUnknown():
            return 3
        case _:
            return 1
