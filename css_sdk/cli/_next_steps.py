"""What to do next after an error, as a command to run: by what was missing, or refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..errors import CssError


def next_step(error: CssError | None) -> str:
    """Return a sentence with the command that leads on, or "" where the error's own text says what to do.

    >>> from css_sdk.errors import NotFound
    >>> next_step(NotFound("role reviwer not found.", what="role"))
    'To see which roles there are, run: css roles list'
    """
    from .. import errors

    if error is None or error.remedy is not None:
        return ""
    match error:
        case errors.NotFound(what="user") if "service-account-" in str(error):
            return "To see the integrations and their environments, run: css integrations"
        case errors.InvalidRequest(status=None):
            return "To see how the command is used, add --help"
        case errors.StalePlan():
            return "To make the plan anew, run: css plan FILE --out PLAN.json"
        case errors.UnusableName() | errors.RequestTooLong() | errors.NotFound(what="role") | errors.Conflict():
            return "To see which roles there are, run: css roles list"
        case errors.NotFound(what="user") | errors.Ambiguous() | errors.UnusableUser():
            return "To search for people, run: css people find"
        case errors.NotFound(what="integration") | errors.NotGold() | errors.EnvironmentMissing() | errors.NotApplied():
            return "To see the integrations and their environments, run: css integrations"
        case errors.CompositeCycle():
            return "To see what each role leads to, run: css roles tree"
        case _:
            return ""


def print_next_steps(found: Iterable[CssError | None]) -> None:
    """Print on stderr, each once, the commands that lead on after these errors."""
    for sentence in dict.fromkeys(map(next_step, found)):
        if sentence:
            click.echo(sentence, err=True)
