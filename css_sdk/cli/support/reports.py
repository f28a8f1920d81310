"""Read who has what, write it in one of several formats, and say what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .files import OutputFile
from .options import Decorator, Given, json, output_option, together
from .output import json_line, say, text_of

if TYPE_CHECKING:
    from ...report.rows import AccessReport

SUFFIXES: Final = {
    ".csv": "csv",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".md": "markdown",
    ".html": "html",
    ".txt": "table",
}
"""The format for each ending of a file name."""
ROSTER_FORMATS: Final = ["csv", "xlsx", "jsonl"]
"""The formats of rosters."""
Cells = Iterator[list[str]]


def access_of(given: Given, roles: Sequence[str], person: str = "") -> AccessReport:
    """Read who has what in the places that the options name."""
    with given.client() as css:
        found = css.report(integrations=given.integrations or None, environments=given.environments or None)
    return found.only(roles=roles, person=person)


def written_as(formats: Sequence[str], kind: str, is_ours: Callable[[bytes], bool]) -> Decorator:
    """Return the options that choose the format and the file of a report.

    Args:
        formats: all formats, the default first.
        kind: what is written, such as "a report".
        is_ours: returns whether css-sdk wrote a content as a file of this kind.
    """
    help_text = f"Default: by the file name of --output, otherwise {formats[0]}."
    older = f"An older {kind.removeprefix('an ').removeprefix('a ')} is replaced."
    return together(
        click.option("--format", "kind", type=click.Choice(formats), help=help_text),
        output_option("--output", kind, is_ours, f"Write to this file, readable only by you. {older}"),
        json,
    )


def format_of(kind: str | None, output: Path | None, as_json: bool, formats: Sequence[str]) -> str:
    """Return the format that the options mean; by default the first one.

    Raises:
        UsageError: the options contradict each other, or the name of the file does not show the format.
    """
    if as_json and kind not in (None, "jsonl"):
        raise click.UsageError(f"--json and --format {kind} contradict each other: pass one of them.")
    if kind == "xlsx" and output is None:
        raise click.UsageError("A workbook cannot be printed: name a file with --output.")
    if as_json or kind is not None or output is None:
        return "jsonl" if as_json else kind or formats[0]
    meant = SUFFIXES.get(output.suffix.lower(), "")
    if meant not in formats:
        raise click.UsageError(f"The name of {output} does not show the format. Pass --format.")
    return meant


def write_table(output: OutputFile, kind: str, cells: Callable[[], Cells], title: str) -> None:
    """Write cells as CSV or as a workbook."""
    from ..._text.csv_lines import csv_line
    from ..._text.workbooks import workbook_of

    if kind == "xlsx":
        output.write(workbook_of(cells(), title))
    else:
        output.write(ended(map(csv_line, cells())), "utf-8-sig")


def json_lines(records: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Yield records as lines of JSON, each with a line break at its end."""
    return ended(map(json_line, records))


def ended(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines, each with a line break at its end."""
    return (f"{line}\n" for line in lines)


def begins_with(content: bytes, columns: Sequence[str]) -> bool:
    """Return whether a file is CSV or a workbook whose header begins with these columns."""
    if content.startswith(b"PK\x03\x04"):
        from ...errors import ConfigurationError
        from ...roster.workbooks import header_of

        try:
            return header_of(content)[: len(columns)] == list(columns)
        except ConfigurationError:
            return False
    first = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").partition("\n")[0]
    cells = first.replace(";", ",").replace("\t", ",").split(",")
    return [cell.strip().strip('"') for cell in cells][: len(columns)] == list(columns)


def is_roster(content: bytes) -> bool:
    """Return whether a file begins as a roster that css-sdk wrote from what it read."""
    from ...report.text import CSV_COLUMNS, ROSTER_COLUMNS

    is_report = begins_with(content, CSV_COLUMNS)
    return (begins_with(content, ROSTER_COLUMNS) and not is_report) or content.startswith(b'{"integration_id":')


def say_unread(found: AccessReport, given: Given, roles: Sequence[str]) -> int:
    """Say which roles do not exist, and which places could not be read. Return the exit code."""
    from ...errors import NotApplied

    known = {role for state in found.places for role in state.roles}
    for role in roles:
        if role not in known:
            say(f"css: No environment that was read has a role {role!r}.")
    skipped = [] if given.integrations else [unread for unread in found.unread if isinstance(unread.error, NotApplied)]
    for unread in found.unread:
        where = f"css: {unread.place}"
        say(f"{where}{' is skipped' if unread in skipped else ''}: {text_of(unread.error)}")
    return 3 if len(found.unread) > len(skipped) else 0
