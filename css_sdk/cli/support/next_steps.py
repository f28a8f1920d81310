"""Print errors, what to do about them, and the command to run next."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from ..._text.shells import quote
from ..._text.suggestions import suggest
from .request_options import is_quiet
from .terminal import print_on_stderr

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...errors import CssError


CALLED: Final = "css_sdk.cli.called"
"""A key in the `meta` of a click context. Its value is the context of the command that the user called."""
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_FEW: Final = 8
"""The largest number of names that a sentence lists."""
_INTEGRATIONS: Final = "To see the integrations and their environments, run: css integrations"
_IN_A_REQUEST: Final = re.compile("/integrations/([0-9]+)/(dev|test|prod)/")


def _called() -> click.Context | None:
    """Return the context of the command that the user called, even after the command has ended."""
    context = click.get_current_context(silent=True)
    return context.meta.get(CALLED) if context else None


def remedy_for(error: CssError) -> str:
    """Return the sentences of an error that say what to do. If the error has none, return "".

    Commands with different options raise the same error. Leave out sentences about options that the user's command does
    not have.
    """
    called = _called()
    text = "" if error.remedy is None else error.remedy.command_line
    if called is None:
        return text
    known = {name for option in called.command.params for name in option.opts}
    sentences = re.split(r"(?<=[.?!]) (?=[A-Z])", text)
    # After `css ` comes another command, which has its own options.
    return " ".join(each for each in sentences if known.issuperset(_OPTION.findall(each.partition("css ")[0])))


def message_of(error: CssError) -> str:
    """Return what happened: the text of an error without the sentences that say what to do."""
    remedy = error.remedy.command_line if error.remedy else ""
    return error.text_for("command_line").removesuffix(remedy).rstrip()


def next_step(error: CssError) -> str:
    """Return a sentence with the command to run next, or with all names to choose from.

    If the error itself says what to do, or no command helps, return "".

    >>> from css_sdk.errors import NotFound
    >>> next_step(NotFound("role reviwer not found.", what="role"))
    'To see which roles there are, run: css roles list -i INTEGRATION -e ENVIRONMENT'
    """
    from ... import errors
    from ..._service.error_answers import UNKNOWN_SERVICE_ACCOUNT
    from ..._service.identifiers import how_to_search

    if remedy_for(error):
        return ""
    match error:
        case errors.WrongProvider() | errors.Ambiguous() if error.candidates:
            return ""  # the message names all logins that may be meant
        case errors.NotFound(what="user") if UNKNOWN_SERVICE_ACCOUNT in str(error):
            return _INTEGRATIONS
        case errors.InvalidRequest(status=None):
            called = _called()
            return how_to_use(called.command_path if called else "css")
        case errors.NotFound(what="role") | errors.Conflict():
            command = f"To see which roles there are, run: css roles list {_place_of(error)}"
            # If the user's command can be about several environments, a list of roles would not say where they are.
            return _what_there_is(error, "role", command) if _given_place() else command
        case errors.NotFound(what="user") | errors.Ambiguous() | errors.UnusableUser():
            return how_to_search(str(error))
        case errors.NotFound(what="integration") | errors.NotGold() | errors.NotApplied():
            return _what_there_is(error, "integration", _INTEGRATIONS)
        case errors.CompositeCycle():
            return f"To see what each role contains, run: css roles tree {_place_of(error)}"
        case errors.AuthenticationError() | errors.ConnectionFailed() | errors.MalformedAnswer():
            called = _called()
            # `css token` may be about CERN or the BSS, which `css doctor` does not examine.
            is_token = called is not None and called.find_root().invoked_subcommand == "token"
            return "" if is_token else "To find the cause, run: css doctor"
        case _:
            return ""


def how_to_use(command: str) -> str:
    """Return a sentence with the command that prints the help of a command, such as `css people find`."""
    return f"To see how to use the command, run: {command} --help"


def _what_there_is(error: CssError, what: str, command: str) -> str:
    """Return a sentence with all known names. `what` is the word for the things with these names, such as "role".

    If a name is similar, or css knows no names or more than eight, return `command`. This is a sentence about a command
    that lists the names.
    """
    known = getattr(error, "known", ())
    if getattr(error, "guess", "") or not 0 < len(known) <= _FEW:
        return command
    names = ", ".join(map(repr, known))
    return f"The {what}s are: {names}." if len(known) > 1 else f"The only {what} is {names}."


def _place_of(error: CssError) -> str:
    """Return the options `-i` and `-e` with the values of the user's command.

    If the command does not have both values, take them from the failed request. If there is no request, return
    placeholders.
    """
    asked = _IN_A_REQUEST.search(error.request or "")
    integration, environment = _given_place() or (asked.groups() if asked else ("INTEGRATION", "ENVIRONMENT"))
    return f"-i {quote(integration)} -e {quote(environment)}"


def _given_place() -> tuple[str, str] | None:
    """Return the values of `-i` and `-e` in the user's command; None if the command does not have both values."""
    called = _called()
    integration, environment = (called.params.get(name) if called else None for name in ("integration", "environment"))
    return (integration, environment) if integration and environment else None


def suggest_roles(found: Iterable[CssError | None], environment: Callable[[], EnvironmentClient]) -> None:
    """Add the names of existing roles to errors about missing roles.

    css reads the roles once, and only for such errors. All errors must be about the same environment.
    """
    from ...errors import CssError, NotFound

    errors = [error for error in found if isinstance(error, NotFound) and error.what == "role" and not error.known]
    # If the list cannot be read, the result is printed without a suggestion.
    with suppress(CssError):
        names = [role.name for role in environment().roles.list()] if errors else []
        for error in errors:
            suggest(error, names)


def print_error(error: CssError) -> None:
    """Print an error on stderr: its message and class, what to do, and its notes, such as faults of a file."""
    lines = [f"css: {message_of(error)} [{type(error).__name__}]", *filter(None, [remedy_for(error)])]
    for line in (*lines, *(f"  {note}" for note in getattr(error, "__notes__", ()))):
        print_on_stderr(line)


def print_next_steps(found: Iterable[CssError | None]) -> None:
    """Print on stderr the commands to run after these errors, each command once.

    If there are several errors, first print the similar names of each name that does not exist. If several people were
    not found, print one command for all of them. With `--quiet`, print nothing.
    """
    if is_quiet():
        return
    from ..._service.identifiers import how_to_search
    from ...errors import NotFound

    errors = [error for error in found if error is not None]
    mistyped = [error for error in errors if isinstance(error, NotFound) and error.guess]
    steps = [next_step(error) for error in errors]
    if len(mistyped) == len(errors) == 1:
        steps = [f"{mistyped[0].guess} {steps[0]}"]
    else:
        steps = [*(f"{error.what} {error.name!r}: {error.guess}" for error in mistyped), *steps]
    searches = {how_to_search(str(error)) for error in errors}.intersection(steps)
    if len(searches) > 1:
        steps = [how_to_search(*searches) if step in searches else step for step in steps]
    for sentence in dict.fromkeys(filter(None, steps)):
        print_on_stderr(sentence)
