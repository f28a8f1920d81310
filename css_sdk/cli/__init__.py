"""The command line. Each command parses its arguments, calls the facade, and prints text or JSON.

`css --help` must start fast, so it loads only click. css imports the module of a command when the command is called.
The functions of this module import the facade.

This package may import every other package, but leaves all decisions to them. Start reading at `commands`. The
package `support` holds what several commands share.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from .._version import __version__
from .command_table import COMMANDS
from .support.exit_codes import ExitCode
from .support.request_options import add_request_options, request_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMPLETE_VARIABLE: Final = "_CSS_COMPLETE"
"""The environment variable that a completion script sets to ask css for completions."""


class _LazyGroup(click.Group):
    """The group of all commands. It imports the module of a command only when click looks the command up."""

    def invoke(self, ctx: click.Context) -> Any:
        from .support.output import UNPRINTED

        try:
            result = super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            # Handled here, because the context with the command's integration and environment still exists.
            return _code_of(error)
        return 3 if ctx.meta.get(UNPRINTED) else result

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.commands.{COMMANDS[cmd_name][0]}")
        return add_request_options(getattr(module, cmd_name.replace("-", "_")))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            meant = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        items = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, params=request_options())
@click.version_option(__version__, prog_name="css")
def css() -> None:
    """Manage roles in the CSS API (Common hosted Single Sign-on, British Columbia).

    Set CSS_CREDENTIALS_FILE to the account file that you downloaded from the CSS web app, or set CSS_CLIENT_ID and
    CSS_CLIENT_SECRET. To try css without an account, run: css sandbox

    \b
    Exit codes:
      0    done, or nothing to do
      1    the action failed and nothing changed; or nobody was found
      2    there are changes (css drift, css plan --detailed-exitcode)
      3    some items failed, or the outcome of a write is unknown
      4    a guard refused the change, or you answered no
      5    the plan is stale: the state has changed since it was made
      64   usage or file error
      130  interrupted
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code. The arguments are the same as for `exit_code`."""
    # Imports create thousands of objects that stay. To search them for garbage takes a tenth of a short command's time.
    gc.set_threshold(50_000)
    code = exit_code(arguments)
    gc.freeze()  # else Python searches these objects again when it ends, which takes another tenth
    sys.exit(code)


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Print errors instead of raising them.

    The arguments are the words after `css`; None stands for those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        # After a write, css must not fail only because the terminal cannot encode a name.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        result: Any = css.main(arguments, prog_name="css", complete_var=COMPLETE_VARIABLE, standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        message = _unknown_option(error) if isinstance(error, click.NoSuchOption) else error.format_message()
        if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):
            click.echo(message, err=True)  # the help of a group; before version 8.2, click itself prints it
            return ExitCode.USAGE
        _print_error(message.replace("\n\t", " "))  # click writes each value of a choice on its own line
        if isinstance(error, click.UsageError) and error.ctx is not None:
            from .support.next_steps import how_to_use
            from .support.terminal import print_on_stderr

            print_on_stderr(how_to_use(error.ctx.command_path))
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt) as interrupt:
        _print_error(" ".join(["Interrupted.", *map(str, interrupt.args)]))
        return ExitCode.INTERRUPTED
    except Exception as error:
        return _code_of(error)
    return result if isinstance(result, int) else ExitCode.DONE


def _unknown_option(error: click.NoSuchOption) -> str:
    """Return the message about an option that does not exist.

    click itself would suggest --reason for --yes: it compares the names with their hyphens.
    """
    from .._text.suggestions import similar

    options = error.ctx.command.params if error.ctx else []
    names = [name.removeprefix("--") for option in options for name in option.opts if name.startswith("--")]
    given = error.option_name.removeprefix("--")
    begun = [name for name in names if name.startswith(given)]
    close = begun if len(begun) == 1 else similar(given, names)
    return f"{error.message} Did you mean '--{close[0]}'?" if close else error.message


def _code_of(error: Exception) -> int:
    from .._text.words import exception_in_words
    from ..errors import CssError
    from .support.exit_codes import code_of_error
    from .support.next_steps import print_error, print_next_steps

    if not isinstance(error, CssError):
        if os.environ.get("CSS_DEBUG"):
            raise error
        _print_error(
            f"Unexpected {exception_in_words(error)}. Some changes may have been made. Check the current state. To "
            f"get a traceback for your error report, set CSS_DEBUG=1 and run the command again."
        )
        return ExitCode.INCOMPLETE
    print_error(error)
    print_next_steps([error])
    return code_of_error(error)


def _print_error(message: str) -> None:
    from .support.terminal import print_on_stderr

    print_on_stderr(f"css: {message}")
