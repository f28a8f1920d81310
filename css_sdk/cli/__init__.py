"""The command line: arguments in, one call on the facade, text or JSON out.

Each command's module is imported when the command is looked up, and what the command works with inside it, so that
`css --help` loads click and nothing else.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from .._version import __version__

USAGE: Final = 64
INTERRUPTED: Final = 130

_COMMANDS: Final = {
    "assign": "assign",
    "integrations": "integrations",
    "roles": "roles",
    "sandbox": "sandbox",
    "unassign": "assign",
    "whoami": "whoami",
}


class _LazyGroup(click.Group):
    """Commands by name, each imported from its module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="css")
def css() -> None:
    """Hand out roles through the CSS API, and prove every write.

    Credentials come from CSS_CLIENT_ID and CSS_CLIENT_SECRET, or from the downloaded file that
    CSS_CREDENTIALS_FILE names. `css sandbox` starts a service to try things on.

    Exit codes: 0 done; 1 nothing was changed, the one action failed; 3 some of several items failed, or the
    outcome is unknown; 4 refused by a guard; 64 usage or file error; 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process with its exit code."""
    sys.exit(exit_code(arguments))


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and gives its exit code; whatever went wrong is told in a line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is no reason to fail after a write.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        result: Any = css.main(arguments, prog_name="css", standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted.")
        return INTERRUPTED
    except Exception as error:
        return _code_of(error)
    return result if isinstance(result, int) else 0


def _code_of(error: Exception) -> int:
    from ..errors import ConfigurationError, CssError, InvalidFile, OutcomeUnknown, Refused

    if not isinstance(error, CssError):
        if os.environ.get("CSS_DEBUG"):
            raise error
        _tell(
            f"unexpected {type(error).__name__}: {error}. What was changed before is not known. "
            f"Set CSS_DEBUG=1 for the traceback, and report it."
        )
        return 3
    _tell(str(error))
    for fault in getattr(error, "faults", ()):
        click.echo(f"  {fault}", err=True)
    match error:
        case ConfigurationError() | InvalidFile():
            return USAGE
        case Refused():
            return 4
        case OutcomeUnknown():
            return 3
        case _:
            return 1


def _tell(message: str) -> None:
    click.echo(f"css: {message}", err=True)
