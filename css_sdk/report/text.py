"""Write a report as CSV and as Markdown, safe even if names contain formulas or markup. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from .._text.csv_lines import csv_line
from .._text.escaping import shown_name, with_codes
from .._text.words import counted
from ..people.logins import UnreadPlace
from .rows import AccessReport, AccessRow

CSV_COLUMNS: Final = (
    "integration_id",
    "integration",
    "environment",
    "role",
    "username",
    "name",
    "email",
    "provider",
    "service_account",
    "direct",
    "through",
)
_MARKDOWN_COLUMNS: Final = {
    "Integration": "integration",
    "Id": "integration_id",
    "Environment": "environment",
    "Role": "role",
    "Name": "name",
    "Username": "username",
    "E-mail": "email",
    "Provider": "provider",
    "Held": "held",
}
"""The titles of the columns of the Markdown table, each with its key in a record."""

ROSTER_COLUMNS: Final = CSV_COLUMNS[:7]
"""The columns of a report from which css-sdk can read a roster. `name` and `email` are only for human readers."""


def report_as_cells(report: AccessReport) -> Iterator[list[str]]:
    """Yield the cells of each row of a report. The first row has the names of the columns."""
    return _cells(map(_record, report.rows()), CSV_COLUMNS)


def grants_as_cells(report: AccessReport) -> Iterator[list[str]]:
    """Yield the cells of each row of a roster with the direct roles in a report. The first row names the columns."""
    return _cells((_record(row) for row in report.rows() if row.direct), ROSTER_COLUMNS)


def members_as_cells(members: Iterable[Mapping[str, object]]) -> Iterator[list[str]]:
    """Yield the cells of each row of a roster with the members of a role. The first row names the columns.

    Each record has the columns of `ROSTER_COLUMNS`.
    """
    return _cells(map(_with_codes, members), ROSTER_COLUMNS)


def _cells(records: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[list[str]]:
    yield list(columns)
    for record in records:
        yield [_cell(record[column]) for column in columns]


def _record(row: AccessRow) -> dict[str, Any]:
    """Return a row as a record for CSV and Markdown, with a code for each hidden character in a name."""
    record = row.as_record() | {"through": "; ".join(row.through), "held": row.held}
    return _with_codes(record)


def _with_codes(record: Mapping[str, object]) -> dict[str, Any]:
    """Return a record with a code, such as `<U+200B>`, for each hidden character in names of integrations and roles."""
    names = {"integration", "role", "through", "held"} & record.keys()
    return {**record, **{name: with_codes(str(record[name])) for name in names}}


def report_as_csv(report: AccessReport) -> Iterator[str]:
    """Yield the lines of a report as CSV without line ends. The first line names the columns.

    A spreadsheet could read a part of a cell as a formula, such as `=1+1`. A `'` stands before each such part. A cell
    that begins with a `'` gets a second `'`, so that the cell can be read back.

    Args:
        report: the report.

    >>> report = css.report(integrations=["Grants Portal"], environments=["dev"]).only(roles=["approver"])
    >>> for line in report_as_csv(report):
    ...     line[:60]
    'integration_id,integration,environment,role,username,name,em'
    '101,Grants Portal,dev,approver,d6dff8c2546921b01198b4efd12cb'
    '101,Grants Portal,dev,approver,c48af3232157a5f13dc753a5d3eed'
    """
    return map(csv_line, report_as_cells(report))


def report_as_markdown(report: AccessReport) -> Iterator[str]:
    """Yield the lines of a report as a Markdown table, with a heading and the places that could not be read.

    Markup in names is escaped, so that no name becomes a link, a mention or a reference to an issue.

    Args:
        report: the report.

    >>> report = css.report(integrations=["Grants Portal"], environments=["dev"]).only(roles=["admin"])
    >>> lines = list(report_as_markdown(report))
    >>> lines[2]
    '1 place read, 1 role, 1 person, 0 service accounts. Only the role admin.'
    >>> lines[-1][:54]
    '| Grants Portal | 101 | dev | admin | Ilse Hargreave |'
    """
    yield f"# {heading(report)}"
    yield ""
    yield _markdown(in_words(report))
    if report.unread:
        yield ""
        yield f"**{unread_in_words(report)}**"
        yield ""
        for unread in report.unread:
            # If a name stood at the beginning of a line, it could begin a new list.
            yield f"- Not read: {_markdown(reason_of(unread))}"
    yield ""
    yield f"| {' | '.join(_MARKDOWN_COLUMNS)} |"
    yield f"|{' --- |' * len(_MARKDOWN_COLUMNS)}"
    for row in report.rows():
        record = _record(row)
        record["provider"] = record["provider"] or "service account"
        yield f"| {' | '.join(_markdown(str(record[name])) for name in _MARKDOWN_COLUMNS.values())} |"


def heading(report: AccessReport) -> str:
    """Return the title of the report."""
    return "Who has what" if report.team is None else f"Who has what in team {report.team}"


def in_words(report: AccessReport) -> str:
    """Return sentences with the numbers of the report, and with its filters."""
    found = report.summary()
    counts = (
        counted(found.places, "place read", "places read"),
        counted(found.roles, "role"),
        counted(found.people, "person", "people"),
        counted(found.service_accounts, "service account"),
    )
    return " ".join([f"{', '.join(counts)}.", *narrowing(report)])


def narrowing(report: AccessReport) -> list[str]:
    """Return a sentence for each filter of the report: for the roles, and for the person."""
    sentences = []
    if report.roles:
        sentences.append(f"Only the role{'s' if len(report.roles) > 1 else ''} {', '.join(report.roles)}.")
    if report.person:
        sentences.append(f"Only people who match “{report.person}”.")
    return sentences


def unread_in_words(report: AccessReport) -> str:
    """Return a heading that says how many places could not be read completely."""
    return f"{counted(len(report.unread), 'place')} could not be read completely:"


def reason_of(unread: UnreadPlace) -> str:
    """Return a text with the place that could not be read, and the error."""
    return f"{unread.place}: {unread.error}"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown_name(str(value))


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]#|!~$^])", r"\\\1", shown_name(text))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Otherwise platforms make links, mentions and references out of plain words.
    escaped = re.sub(r":(?=//)", r"\\:", re.sub(r"(?i)\b(www)\.", r"\1\\.", escaped))
    return re.sub(r"(?<![A-Za-z0-9_])([@#])(?=\w)", "\\1&#8203;", escaped)
