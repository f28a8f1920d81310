"""`css undo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._text.shells import quote
from ..support import options
from ..support.applying import Origin, preview_and_carry_out
from ..support.client import opened
from ..support.file_kinds import check_kind
from ..support.files import content_of
from ..support.journals import folder, journal_file
from ..support.options import Given, takes
from ..support.output import say
from ..support.terminal import is_terminal

if TYPE_CHECKING:
    from ... import Css, JournalRead


@click.command()
@click.argument("file", metavar="[JOURNAL]", required=False, type=click.Path(path_type=Path))
@takes(options.plan_removals, options.carrying_out)
def undo(given: Given, file: Path | None) -> int:
    """Undo the changes that a journal holds.

    JOURNAL is a file, or a name that css journal list shows. If you leave it out, css undoes the newest journal of this
    account. css skips incomplete journals, journals that were already undone, and journals of an undo. In scripts,
    JOURNAL is required.

    css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. If somebody
    has changed the same thing again, css does not undo this change, and prints a note. The undo has its own journal.

    \b
    Examples:
      css undo
      css undo changes.jsonl
      css undo changes.jsonl --yes --max-removals 60
    """
    from ...journal.choice import undone_by

    if file is None and not is_terminal("stdin"):
        raise click.UsageError("A script must name the journal. To see the journals, run: css journal list")
    named = None if file is None else _read(journal_file(file))
    with opened() as css:
        name, journal = named or _newest(css)
        plan = css.undo_plan(journal, width=given.width)
        code = preview_and_carry_out(css, plan, given, Origin("undo", undoes=name))
    if not plan.steps and (earlier := undone_by({**folder().journals(), name: journal}).get(name)):
        say(f"The journal {name} was undone already. To see this undo, run: css show {quote(earlier)}")
    return code


def _read(file: Path) -> tuple[str, JournalRead]:
    """Return the name of a journal, and the journal."""
    from ... import read_journal

    content, name = content_of(file, is_journal=True)
    check_kind(content, name, "journal")
    return file.stem, read_journal(content, name)


def _newest(css: Css) -> tuple[str, JournalRead]:
    """Return the name and the content of the newest journal that this account can undo. Print the name."""
    from ...errors import InvalidFile
    from ...journal.choice import newest_to_undo
    from ...journal.entries import NAME_A_JOURNAL

    there = folder()
    journals = there.journals()
    choice = newest_to_undo(journals, css.settings.client_id, css.settings.api_url, there.in_use())
    for name in choice.unfinished:
        say(
            f"css: The journal {name} is not complete, so css does not choose this journal. To undo the changes of "
            f"this journal, run: css undo {quote(name)}"
        )
    if choice.name is None:
        raise InvalidFile(
            f"No journal of the account {css.settings.client_id} in {there.path} can be undone.", remedy=NAME_A_JOURNAL
        )
    journal = journals[choice.name]
    reason = f" ({journal.reason})" if journal.reason else ""
    say(f"css chose the journal {choice.name}: {journal.command}{reason}")
    return choice.name, journal
