"""A report as CSV that Excel may open and as Markdown that may be pasted anywhere; names in it are hostile. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from .._text.csv_lines import csv_line
from .._text.escaping import shown_name, with_codes
from ..people.logins import UnreadPlace, name_of
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
_MARKDOWN_COLUMNS: Final = (
    "Integration",
    "Id",
    "Environment",
    "Role",
    "Name",
    "Username",
    "E-mail",
    "Provider",
    "Held",
)


def report_as_csv(report: AccessReport) -> Iterator[str]:
    """The lines of a report as CSV, the columns' names first, without line ends.

    A cell that a spreadsheet would take for a formula gets a `'` before it: one that begins with `=`, `+`, `-` or `@`,
    after blanks too, or with a tab or a line end; and so does one that begins with a `'`.

    Args:
        report: what to write.

    >>> report = css.report(integrations=["Grants Portal"], environments=["dev"]).only(roles=["approver"])
    >>> for line in report_as_csv(report):
    ...     line[:60]
    'integration_id,integration,environment,role,username,name,em'
    '101,Grants Portal,dev,approver,d6dff8c2546921b01198b4efd12cb'
    '101,Grants Portal,dev,approver,c48af3232157a5f13dc753a5d3eed'
    """
    yield csv_line(CSV_COLUMNS)
    for row in report.rows():
        record = row.as_record() | {"through": "; ".join(row.through)}
        record |= {name: with_codes(str(record[name])) for name in ("integration", "role", "through")}
        yield csv_line(_cell(record[column]) for column in CSV_COLUMNS)


def report_as_markdown(report: AccessReport) -> Iterator[str]:
    """The lines of a report as a Markdown table, with a heading and what could not be read.

    Whatever Markdown or HTML would make something of is escaped; a name mentions nobody and refers to no issue.

    Args:
        report: what to write.

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
            # A name of its own at the beginning might begin a list, too.
            yield f"- Not read: {_markdown(reason_of(unread))}"
    yield ""
    yield f"| {' | '.join(_MARKDOWN_COLUMNS)} |"
    yield f"|{' --- |' * len(_MARKDOWN_COLUMNS)}"
    for row in report.rows():
        yield f"| {' | '.join(map(_markdown, _markdown_cells(row)))} |"


def heading(report: AccessReport) -> str:
    """What the report is about."""
    return "Who has what" if report.team is None else f"Who has what in team {report.team}"


def in_words(report: AccessReport) -> str:
    """How much it tells, and what it leaves out on purpose."""
    found = report.summary()
    counts = (
        counted(found.places, "place read", "places read"),
        counted(found.roles, "role"),
        counted(found.people, "person", "people"),
        counted(found.service_accounts, "service account"),
    )
    return " ".join([f"{', '.join(counts)}.", *narrowing(report)])


def narrowing(report: AccessReport) -> list[str]:
    """A sentence for each thing that it is confined to."""
    told = []
    if report.roles:
        told.append(f"Only the role{'s' if len(report.roles) > 1 else ''} {', '.join(report.roles)}.")
    if report.person:
        told.append(f"Only people who answer to “{report.person}”.")
    return told


def counted(number: int, one: str, many: str | None = None) -> str:
    """The number with the word for so many."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unread_in_words(report: AccessReport) -> str:
    """That something is missing."""
    return f"{counted(len(report.unread), 'place')} could not be read, or not fully:"


def reason_of(unread: UnreadPlace) -> str:
    """Which place could not be read, and why."""
    return f"{unread.project_name} #{unread.place.integration}, {unread.place.environment}: {unread.error}"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown_name(str(value))


def _markdown_cells(row: AccessRow) -> tuple[str, ...]:
    return (
        with_codes(row.project_name),
        str(row.place.integration),
        row.place.environment,
        with_codes(row.role),
        name_of(row.user),
        row.user.username,
        row.user.email,
        row.user.provider or "service account",
        with_codes(row.held),
    )


def _markdown(text: str) -> str:
    escaped = re.sub(r"([\\`*_{}\[\]()#|!~$^])", r"\\\1", shown_name(text))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Without these a platform makes links, mentions and references of plain words.
    escaped = re.sub(r":(?=//)", r"\\:", re.sub(r"(?i)\b(www)\.", r"\1\\.", escaped))
    return re.sub(r"(?<![A-Za-z0-9_])([@#])(?=\w)", "\\1&#8203;", escaped)
