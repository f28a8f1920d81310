"""Options, tables and JSON lines that several commands share."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ..._text.escaping import is_hidden, shown
from .next_steps import keep_place
from .questions import consent_options

if TYPE_CHECKING:
    from ...errors import CssError

Function = TypeVar("Function", bound=Callable[..., Any])

PROVIDERS: Final = ["idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"]
"""All login providers, in the order of the help."""


UNPRINTED: Final = "css_sdk.cli.unprinted"
"""Set in the context's `meta` where writes were carried out whose results could not be printed."""
_WRITTEN: Final = frozenset(("done", "unknown"))
"""States of rows for which something was sent to be written."""


def json_option(function: Function) -> Function:
    """Add the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")(function)


def provider_option(function: Function) -> Function:
    """Add the option `--provider`, which can be given several times."""
    return click.option(
        "--provider",
        "providers",
        multiple=True,
        type=click.Choice(PROVIDERS),
        help="Login provider of a GUID or e-mail address. Can be given several times. Default: idir and azureidir.",
    )(function)


def width_option(function: Function) -> Function:
    """Add the option `--width`."""
    return click.option(
        "--width",
        type=click.IntRange(1, 8),
        default=4,
        show_default=True,
        metavar="N",
        help="Number of concurrent requests.",
    )(function)


def place_options(*, required: bool) -> Callable[[Function], Function]:
    """Add the options that name an integration and one of its environments."""

    def decorate(function: Function) -> Function:
        environment = click.option(
            "-e",
            "--environment",
            required=required,
            metavar="ENV",
            callback=keep_place,
            help="Environment: dev, test or prod.",
        )
        integration = click.option(
            "-i",
            "--integration",
            required=required,
            metavar="ID|NAME",
            callback=keep_place,
            help="Integration, by id or exact project name.",
        )
        return integration(environment(function))

    return decorate


def places_options(function: Function) -> Function:
    """Add the options that name several integrations and environments."""
    environments = click.option(
        "-e",
        "--environment",
        "environments",
        multiple=True,
        type=click.Choice(["dev", "test", "prod"]),
        help="Environment. Can be given several times. Default: all.",
    )
    integrations = click.option(
        "-i",
        "--integration",
        "integrations",
        multiple=True,
        metavar="ID|NAME",
        help="Integration, by id or exact project name. Can be given several times. Default: all.",
    )
    return integrations(environments(function))


def exact_options(function: Function) -> Function:
    """Add the options of commands that make a set exactly what is named."""
    empty = click.option(
        "--allow-empty", is_flag=True, help="Allow an empty set: remove everything if no name is given."
    )
    most = click.option(
        "--max-removals",
        type=click.IntRange(0),
        metavar="N",
        help="Allow up to N removals. Default: a fifth of the set, but at least 4 and at most 10.",
    )
    return empty(most(consent_options(function)))


def usernames_argument(function: Function) -> Function:
    """Add an argument for any number of usernames. Service accounts have an option of their own."""
    return click.argument("users", nargs=-1, metavar="[USERNAME]...")(function)


def print_rows(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    as_json: bool,
    *,
    empty: str | None = None,
    written: bool | None = None,
) -> None:
    """Print rows on stdout: JSON lines with everything, or a table of these columns for people.

    JSON lines are printed as the rows come; a table has to see them all first. After writes, output that cannot be
    printed does not end the command: what was done is still counted on stderr, and the exit code is 3.

    Args:
        rows: to print.
        columns: of the table.
        as_json: whether to print JSON lines.
        empty: a sentence to print on stderr where there are no rows.
        written: whether anything was written; by default where a row says so.
    """
    first = next(remaining := iter(rows), None)
    if first is None and empty is not None:
        click.echo(shown(empty), err=True)
        return
    every: Iterable[Mapping[str, Any]] = remaining if first is None else chain([first], remaining)
    if written is None and first is not None and "state" in first:
        every = list(every)
        written = not _WRITTEN.isdisjoint(row["state"] for row in every)
    try:
        print_lines(map(json_line, every) if as_json else table_lines(list(every), columns))
    except click.ClickException as error:
        if not written:
            raise
        click.get_current_context().meta[UNPRINTED] = True
        click.echo(
            f"css: The writes were carried out. {error.message} To see the current state, run css again with working "
            f"output.",
            err=True,
        )


def text_of(error: CssError | None) -> str:
    """Return the text of an error in words of the command line; "" for none."""
    return "" if error is None else error.text_for("command_line")


def columns_of(error: CssError | None) -> dict[str, str]:
    """Return the class and the text of an error as columns of a result; both are empty for none."""
    return {"error": "" if error is None else type(error).__name__, "message": text_of(error)}


def print_counts(states: Iterable[str]) -> None:
    """Print on stderr how many results are in each state."""
    counts = Counter(states)
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do", err=True)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout, each as it comes. A reader that stops early, such as `head`, is not an error."""
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        # The exit code must show this: the changes were made.
        raise click.ClickException(f"The results could not be printed: {error.strerror}.") from None


def _silence_stdout() -> None:
    """Discard what is printed from now on, so that the end of the program does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as JSON. Control characters and invisible characters are escaped."""
    is_unicode = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    text = json.dumps(row, ensure_ascii=not is_unicode)
    if text.isascii() and text.isprintable():
        return text
    return "".join(json.dumps(each)[1:-1] if is_hidden(each) or not each.isprintable() else each for each in text)


def table_lines(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    """Return the lines of a table with these columns."""
    cells = [[column.upper() for column in columns]] + [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cell(value: object) -> str:
    return shown(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))
