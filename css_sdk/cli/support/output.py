"""Print the results of commands: tables, JSON lines, and the number of results in each state."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import click

from ..._text.escaping import is_hidden
from .layout import table_lines
from .next_steps import message_of, print_next_steps, remedy_for
from .request_options import is_quiet
from .terminal import painted_cell, print_on_stderr, terminal_width

if TYPE_CHECKING:
    from ...errors import CssError

UNPRINTED: Final = "css_sdk.cli.unprinted"
"""A key in the `meta` of a click context. css sets it if css sent writes, but could not print the results."""
_WRITTEN: Final = frozenset(("done", "unknown"))
"""If a result has one of these states, css has sent a write."""

_COLUMNS: Final = (
    "line",
    "state",
    "kind",
    "action",
    "role",
    "target",
    "integration",
    "environment",
    "name",
    "username",
    "person",
    "message",
)
_REQUEST: Final = re.compile(r" \([A-Z]+ /[^)]*\)")
_NAMED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|[\w.+-]+@[\w.-]*\w")
_MANY: Final = 5
"""The number of failures with the same message for which css repeats the message below the table."""
_ALWAYS: Final = ("state", "kind", "action", "role", "integration", "environment", "message")

Records = Iterable[Mapping[str, Any]]


def print_rows(
    rows: Records,
    as_json: bool,
    columns: Sequence[str] | None = None,
    *,
    empty: str | None = None,
    written: bool = False,
) -> None:
    """Print rows on stdout as JSON lines with all keys, or as a table.

    css prints each JSON line as soon as its row is known.

    Args:
        columns: the columns of the table; by default all keys of the first row.
        written: whether the command has sent writes. If true, a failure to print raises no error, but the exit code
            is 3.

    Raises:
        click.ClickException: when the rows cannot be printed, and `written` is false.
    """
    first = next(remaining := iter(rows), None)
    if first is None and empty is not None:
        return say(empty)
    every = remaining if first is None else chain([first], remaining)
    try:
        if as_json:
            print_lines(map(json_line, every))
        else:
            most = terminal_width("stdout")
            print_lines(table_lines(list(every), columns or list(first or ()), most, painted_cell))
    except click.ClickException as error:
        if not written:
            raise
        click.get_current_context().meta[UNPRINTED] = True
        say(f"css: The writes were sent. {error.message} To see the current state, run: css export")
    return None


def print_results(
    rows: Sequence[Mapping[str, Any]],
    as_json: bool,
    *,
    states: Iterable[str],
    errors: Iterable[CssError | None],
) -> None:
    """Print the results of changes. On stderr, print how many are in each state, and the commands to run next.

    Args:
        states: the states of all results, even if `rows` has only some of the results.
    """
    counts = Counter(states)
    if rows:
        print_rows(rows, as_json, columns_for(rows), written=not _WRITTEN.isdisjoint(counts))
    say(", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do")
    for group in grouped_failures(rows):
        say(group)
    print_next_steps(errors)


def grouped_failures(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each message that at least five failures have in common, the most frequent first.

    Messages that differ only in names count as the same message. The line shows "…" instead of the names. Fewer
    failures are easy to see in the table.

    >>> rows = [{"error": "NotFound", "message": f"There is no role {name!r}."} for name in "abcde"]
    >>> grouped_failures(rows), grouped_failures(rows[1:])
    (['This error occurred 5 times: There is no role ….'], [])
    """
    messages = (_REQUEST.sub("", row["message"]) for row in rows if row.get("error"))
    counts = Counter(_NAMED.sub("…", message) for message in messages)
    return [
        f"This error occurred {count} times: {message}" for message, count in counts.most_common() if count >= _MANY
    ]


def columns_for(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns for a table of changes. Leave out an empty column, unless it is in `_ALWAYS`."""
    keys = next(iter(rows), {}).keys()
    return [each for each in _COLUMNS if each in keys and (each in _ALWAYS or any(row[each] for row in rows))]


def say(sentence: str) -> None:
    """Print a sentence on stderr. With `--quiet`, print only sentences that begin with `css: `, as errors do."""
    if is_quiet() and not sentence.startswith("css: "):
        return
    print_on_stderr(sentence)


def text_of(error: CssError | None) -> str:
    """Return what happened and what to do, as one line. Without an error, return ""."""
    return "" if error is None else f"{message_of(error)} {remedy_for(error)}".rstrip()


def columns_of(error: CssError | None) -> dict[str, str]:
    """Return the class and the text of an error as columns of a result. Without an error, both are ""."""
    return {"error": "" if error is None else type(error).__name__, "message": text_of(error)}


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout, each as soon as it is known.

    A reader that stops early, such as `head`, is not an error.

    Raises:
        click.ClickException: when stdout cannot be written for another reason, such as a full disk.
    """
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        # Changes may have been made, so the exit code must show that their results were not printed.
        raise click.ClickException(f"The results could not be printed: {error.strerror}.") from None


def _silence_stdout() -> None:
    """Discard all later output on stdout.

    Python flushes stdout when it ends. Without this function, the flush would raise a second error.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as one line of JSON. Escape control characters and invisible characters.

    If the encoding of stdout is not a Unicode encoding, escape all characters outside of ASCII.
    """
    is_unicode = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    text = json.dumps(row, ensure_ascii=not is_unicode)
    if text.isascii() and text.isprintable():
        return text
    return "".join(json.dumps(each)[1:-1] if is_hidden(each) or not each.isprintable() else each for each in text)
