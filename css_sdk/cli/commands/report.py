"""`css report`: who has what in the whole team."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..support import options
from ..support.files import OutputFile, output_option
from ..support.options import Given, several, takes
from ..support.output import json_line, say, table_lines, text_of

if TYPE_CHECKING:
    from ...report.rows import AccessReport

_FORMATS = ["table", "csv", "jsonl", "markdown", "html"]
_SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".md": "markdown", ".html": "html", ".txt": "table"}
_COLUMNS = ["integration", "environment", "role", "name", "username", "email", "held"]


def _is_report(content: bytes) -> bool:
    """Return whether a file begins as a report does, in any of the formats."""
    from ...report.text import CSV_COLUMNS

    first = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip().partition("\n")[0].rstrip()
    begins = (",".join(CSV_COLUMNS), "# Who has what", '{"integration_id":')
    is_page = first == "<!DOCTYPE html>" and b"<title>Who has what" in content[:5000]
    return is_page or first.split() == [column.upper() for column in _COLUMNS] or first.startswith(begins)


@click.command()
@takes(
    options.places,
    several("-r", "--role", "roles", help="Show only this role.", metavar="NAME"),
    click.option(
        "--person",
        default="",
        metavar="TEXT",
        help="Show only people with this text in username, name or e-mail address.",
    ),
    click.option(
        "--format",
        "kind",
        type=click.Choice(_FORMATS),
        help="Default: by the file name of --output, otherwise table.",
    ),
    output_option(
        "--output",
        "a report",
        _is_report,
        "Write to this file in UTF-8, readable only by you. An older report is replaced.",
    ),
    options.json,
)
def report(given: Given, roles: Sequence[str], person: str, kind: str | None, output: OutputFile) -> int:
    """Show who has which role in the whole team, directly or through composite roles.

    --json is the same as --format jsonl. In CSV, css puts ' before a cell that a spreadsheet would run as a formula.
    The HTML page works without a network: you can search, filter and sort it.

    If css cannot read an environment completely, the exit code is 3. Stderr and the page name the environment. Drafts
    are skipped and named on stderr.

    \b
    Examples:
      css report
      css report -i "Grants Portal" -e prod --role admin --json
      css report --output who-has-what.html
    """
    from ...errors import NotApplied

    output.check()
    kind = _format(kind, output.path, given.as_json)
    with given.client() as css:
        found = css.report(integrations=given.integrations or None, environments=given.environments or None)
    found = found.only(roles=roles, person=person)
    output.write(_ended(_lines(found, kind)), "utf-8-sig" if kind == "csv" else "utf-8")
    known = {role for state in found.places for role in state.roles}
    for role in roles:
        if role not in known:
            say(f"css: No environment that was read has a role {role!r}.")
    skipped = [] if given.integrations else [unread for unread in found.unread if isinstance(unread.error, NotApplied)]
    for unread in found.unread:
        where = f"css: {unread.project_name}, {unread.place.environment}"
        say(f"{where}{' is skipped' if unread in skipped else ''}: {text_of(unread.error)}")
    return 3 if len(found.unread) > len(skipped) else 0


def _format(kind: str | None, output: Path | None, as_json: bool) -> str:
    if as_json and kind not in (None, "jsonl"):
        raise click.UsageError(f"--json and --format {kind} contradict each other: pass one of them.")
    if as_json or kind is not None or output is None:
        return "jsonl" if as_json else kind or "table"
    if output.suffix.lower() not in _SUFFIXES:
        raise click.UsageError(f"The name of {output} does not show the format. Pass --format.")
    return _SUFFIXES[output.suffix.lower()]


def _lines(found: AccessReport, kind: str) -> Iterable[str]:
    """Return the lines of the report in one of the formats."""
    from ...report.page import report_as_html
    from ...report.text import report_as_csv, report_as_markdown

    match kind:
        case "csv":
            return report_as_csv(found)
        case "markdown":
            return report_as_markdown(found)
        case "html":
            return report_as_html(found, datetime.datetime.now(datetime.UTC))
        case "jsonl":
            return (json_line(row.as_record()) for row in found.rows())
        case _:
            return table_lines([row.as_record() | {"held": row.held} for row in found.rows()], _COLUMNS)


def _ended(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"{line}\n"
