"""Read who has which role, and write a report in one of several formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..._text.words import joined
from .exit_codes import ExitCode
from .files import OutputFile
from .options import Decorator, Given, json, output_option, together
from .output import json_line, say, text_of

if TYPE_CHECKING:
    from ...people.logins import UnreadPlace
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
    """Read who has which role in the environments that the options name.

    Args:
        roles: the roles to report; all if it is empty.
        person: a part of a username, name or e-mail address; everybody if it is empty.

    Raises:
        NotFound: when a role does not exist in any of these environments.
    """
    with given.client() as css:
        found = css.report(integrations=given.integrations or None, environments=given.environments or None)
    _check_roles(found, given, roles)
    return found.only(roles=roles, person=person)


def _check_roles(found: AccessReport, given: Given, roles: Sequence[str]) -> None:
    """Raise an error if a role does not exist, because it is probably mistyped.

    If css could not read an environment, the role may exist there. Then only print which roles were not found.
    """
    from ..._text.suggestions import suggest
    from ...errors import NotFound

    known = dict.fromkeys(role for state in found.places for role in state.roles)
    missing = [role for role in roles if role not in known]
    if not missing:
        return
    sentence = f"No environment that was read has a role {joined(map(repr, missing), 'or')}."
    if not _failed(found, given):
        raise suggest(NotFound(sentence, what="role", name=", ".join(missing)), known)
    say(f"css: {sentence}")


def written_as(formats: Sequence[str], kind: str, is_ours: Callable[[bytes], bool]) -> Decorator:
    """Return the options that choose the format and the file of a report.

    Args:
        formats: all formats, the default first.
        kind: what the command writes, such as "a report".
        is_ours: returns whether css-sdk wrote a content as a file of this kind.
    """
    help_text = f"Format. By default, the ending of the --output file decides; without --output, it is {formats[0]}."
    older = f"An older {kind.removeprefix('an ').removeprefix('a ')} is replaced, even if somebody changed its rows."
    return together(
        click.option("--format", "kind", type=click.Choice(formats), help=help_text),
        output_option("--output", kind, is_ours, f"Write to this file, readable only by you. {older}"),
        json,
    )


def format_of(kind: str | None, output: Path | None, as_json: bool, formats: Sequence[str]) -> str:
    """Return the format that the options or the ending of the file name choose. The default is the first format.

    `kind` is the value of `--format`. `as_json` says whether `--json` is given, which means the format "jsonl".

    Raises:
        UsageError: when the options cannot be used together, or the file name does not show the format.
    """
    if as_json and kind not in (None, "jsonl"):
        raise click.UsageError(f"--json and --format {kind} cannot be used together: pass one of them.")
    if kind == "xlsx" and output is None:
        raise click.UsageError("A workbook cannot be printed: name a file with --output.")
    if as_json or kind is not None or output is None:
        return "jsonl" if as_json else kind or formats[0]
    meant = SUFFIXES.get(output.suffix.lower(), "")
    if meant not in formats:
        raise click.UsageError(f"The ending of the file name '{output.name}' does not show the format. Pass --format.")
    return meant


def write_table(output: OutputFile, kind: str, cells: Callable[[], Cells], title: str) -> None:
    """Write a table as a workbook if `kind` is "xlsx", otherwise as CSV. `title` is the name of the sheet."""
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


def header_of(content: bytes) -> list[str]:
    """Return the names of the columns of CSV or of a workbook.

    Without the library for workbooks, return no names for a workbook.
    """
    if content.startswith(b"PK\x03\x04"):
        from ...errors import ConfigurationError
        from ...roster import workbooks

        try:
            return workbooks.header_of(content)
        except ConfigurationError:
            return []
    first = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").partition("\n")[0]
    cells = first.replace(";", ",").replace("\t", ",").split(",")
    return [cell.strip().strip('"') for cell in cells]


def is_roster(content: bytes) -> bool:
    """Return whether a content begins like a roster or a list of members that css-sdk exported."""
    from ...report.text import ROSTER_COLUMNS

    return header_of(content) == list(ROSTER_COLUMNS) or content.startswith(b'{"integration_id":')


def say_unread(found: AccessReport, given: Given) -> int:
    """Print which environments css could not read. Return the exit code: 3 if reading one of them failed."""
    failed = _failed(found, given)
    for unread in found.unread:
        where = f"css: {unread.place}"
        say(f"{where}{'' if unread in failed else ' is skipped'}: {text_of(unread.error)}")
    return ExitCode.INCOMPLETE if failed else ExitCode.DONE


def _failed(found: AccessReport, given: Given) -> list[UnreadPlace]:
    """Return the environments that css could not read. Without `--integration`, leave out draft integrations."""
    from ...errors import NotApplied

    return [unread for unread in found.unread if given.integrations or not isinstance(unread.error, NotApplied)]
