"""The exit codes of `css`, and which code an error or the results of changes have."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...errors import CssError
    from ...roster.rows import RowResult
    from ...state import StepResult


class ExitCode(IntEnum):
    """The exit codes of all commands.

    `DONE`: everything that was asked for is done, or was so before.
    `FAILED`: the only change failed, a read failed, or nobody was found.
    `CHANGES`: a plan has changes, and a command was asked whether it has.
    `INCOMPLETE`: at least one of several items failed or could not be identified, or an outcome is unknown.
    `REFUSED`: a guard refused the change, or the user did not confirm it.
    `STALE`: the plan does not match the current state.
    `USAGE`: the command, or a file that it reads, has a fault.
    `INTERRUPTED`: the user interrupted the command.
    """

    DONE = 0
    FAILED = 1
    CHANGES = 2
    INCOMPLETE = 3
    REFUSED = 4
    STALE = 5
    USAGE = 64
    INTERRUPTED = 130


def code_of_error(error: CssError | None) -> ExitCode:
    """Return the exit code for the error of a command, or of its only change. Without an error, return `FAILED`.

    The code is 4 if a guard refuses a change, or an integration or environment does not exist.

    >>> from css_sdk.errors import NotFound
    >>> int(code_of_error(NotFound("no role", what="role"))), int(code_of_error(NotFound("", what="integration")))
    (1, 4)
    """
    from ... import errors

    match error:
        case errors.ConfigurationError() | errors.InvalidFile() | errors.InvalidRequest(status=None):
            return ExitCode.USAGE
        case errors.UnusableUser(provider=""):  # a mistyped argument; but a guard refuses a wrong provider
            return ExitCode.USAGE
        case errors.Refused() | errors.NotFound(what="integration"):
            return ExitCode.REFUSED
        case errors.StalePlan():
            return ExitCode.STALE
        case errors.OutcomeUnknown():
            return ExitCode.INCOMPLETE
        case _:
            return ExitCode.FAILED


def code_of_results(results: Collection[RowResult | StepResult]) -> ExitCode:
    """Return the exit code of a command with these results.

    | results | code |
    | --- | --- |
    | all changes are done, or were not needed | `DONE` |
    | the only change failed | `FAILED` |
    | a guard refused the only change | `REFUSED` |
    | at least one of several changes failed, or an outcome is unknown | `INCOMPLETE` |
    """
    left = [result for result in results if result.outcome not in ("done", "already")]
    if not left:
        return ExitCode.DONE
    if len(results) > 1 or left[0].outcome == "unknown":
        return ExitCode.INCOMPLETE
    return ExitCode.REFUSED if code_of_error(left[0].error) is ExitCode.REFUSED else ExitCode.FAILED
