"""`css report`: who has what in the whole team."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final

import click

from ..support import options
from ..support.files import OutputFile
from ..support.layout import table_lines
from ..support.options import Given, takes
from ..support.output import say
from ..support.reports import access_of, ended, format_of, header_of, json_lines, say_unread, write_table, written_as
from ..support.terminal import terminal_width

_FORMATS: Final = ["table", "csv", "xlsx", "jsonl", "markdown", "html"]
_COLUMNS = ["integration", "environment", "role", "name", "username", "email", "held"]


def _is_report(content: bytes) -> bool:
    """Return whether a file begins like a report of css-sdk, in any of the formats."""
    from ...report.text import CSV_COLUMNS

    first = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip().partition("\n")[0].rstrip()
    is_page = first == "<!DOCTYPE html>" and b"<title>Who has what" in content[:5000]
    is_table = first.split() == [column.upper() for column in _COLUMNS] or header_of(content) == list(CSV_COLUMNS)
    return is_page or is_table or first.startswith(("# Who has what", '{"integration_id":'))


@click.command()
@takes(
    options.places,
    options.roles("Show only this role."),
    click.option(
        "--person",
        default="",
        metavar="TEXT",
        help="Show only people with this text in username, name or e-mail address.",
    ),
    written_as(_FORMATS, "a report", _is_report),
)
def report(given: Given, roles: Sequence[str], person: str, kind: str | None, output: OutputFile) -> int:
    """Show who has which role in the whole team, directly or through composite roles.

    --json is the same as --format jsonl. In CSV, css puts an apostrophe (') before a cell that a spreadsheet would run
    as a formula. The HTML page works without a network: you can search, filter and sort it. You can edit a file in CSV,
    Excel or JSON, and apply it with css roster apply.

    If css cannot read an environment completely, the exit code is 3. css names the environment on stderr and on the
    HTML page. Without -i, css skips integrations that are still drafts, and names them on stderr. If a role does not
    exist in any environment, css writes no report, and the exit code is 1.

    \b
    Examples:
      css report
      css report -i "Grants Portal" -e prod --role admin --json
      css report --output who-has-what.html
    """
    from ...report.page import report_as_html
    from ...report.text import report_as_cells, report_as_markdown

    output.check()
    kind = format_of(kind, output.path, given.as_json, _FORMATS)
    found = access_of(given, roles, person)
    match kind:
        case "csv" | "xlsx":
            write_table(output, kind, lambda: report_as_cells(found), "Who has what")
        case "markdown":
            output.write(ended(report_as_markdown(found)))
        case "html":
            output.write(ended(report_as_html(found, datetime.datetime.now(datetime.UTC))))
        case "jsonl":
            output.write(json_lines(row.as_record() for row in found.rows()))
        case _:
            records = [row.as_record() | {"held": row.held} for row in found.rows()]
            most = terminal_width("stdout") if output.path is None else None
            output.write(ended(table_lines(records, _COLUMNS, most)))
    if not any(True for _ in found.rows()):
        say("The report is empty: nobody has a role that you asked for.")
    return say_unread(found, given)
