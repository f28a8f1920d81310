"""`css journal`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..support import options
from ..support.file_kinds import check_kind
from ..support.files import content_of
from ..support.groups import Group
from ..support.journals import folder, journal_file, newest_journal
from ..support.options import Given, check_one_format, takes
from ..support.output import print_rows
from .show import names_option, show_journal

if TYPE_CHECKING:
    from ...journal.entries import JournalRead

_COLUMNS = ["journal", "command", "client_id", "user", "reason", "changes", "undone_by"]


@click.group(cls=Group)
def journal() -> None:
    """List and show the journals that commands keep by default.

    Every command that writes keeps a journal in a folder that only you can read. css removes a journal after 90 days.
    To set another number of days, set CSS_JOURNAL_DAYS. With CSS_JOURNAL=off, css keeps no journals.

    \b
    Examples:
      css journal list
      css journal show 20261121T120000.000000Z-assign
    """


@journal.command(name="list")
@takes(options.json)
def list_journals(given: Given) -> None:
    """List the journals, the newest first.

    \b
    Example:
      css journal list
    """
    from ...journal.choice import undone_by

    there = folder()
    found = there.journals()
    undone = undone_by(found)
    rows = [_row(name, each, undone.get(name, "")) for name, each in found.items()]
    print_rows(rows, given.as_json, _COLUMNS, empty=f"There are no journals in {there.path}.")


def _row(name: str, read: JournalRead, undone: str) -> dict[str, Any]:
    return {
        "journal": name,
        "at": read.at,
        "command": read.command,
        "client_id": read.client_id,
        "api_url": read.api_url,
        "user": read.user,
        "reason": read.reason,
        "changes": ", ".join(f"{count} {state}" for state, count in read.counts.items()) or "none",
        "undoes": read.undoes,
        "undone_by": undone,
    }


@journal.command(name="show")
@click.argument("name", metavar="[NAME]", required=False, type=click.Path(path_type=Path))
@takes(options.markdown, names_option, options.mask, options.json)
def show_one(given: Given, name: Path | None, markdown: bool, look_up: bool) -> None:
    """Show one of the journals, by default the newest.

    \b
    Examples:
      css journal show
      css journal show 20261121T120000.000000Z-assign --markdown
    """
    check_one_format(json=given.as_json, markdown=markdown)
    file = newest_journal() if name is None else journal_file(name)
    content, journal_name = content_of(file, is_journal=True)
    check_kind(content, journal_name, "journal")
    return show_journal(content, journal_name, given, markdown=markdown, look_up=look_up)
