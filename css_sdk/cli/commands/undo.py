"""`css undo`."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from ..support import options
from ..support.applying import Origin, preview_and_carry_out
from ..support.client import opened
from ..support.files import content_of
from ..support.options import Given, takes
from ..support.plans import is_saved_plan


@click.command()
@click.argument("file", metavar="JOURNAL", type=click.Path(path_type=Path))
@takes(options.plan_removals, options.carrying_out)
def undo(given: Given, file: Path) -> int:
    """Undo the changes that a journal holds.

    css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. If somebody else
    has changed something since, css does not change it, and lists it. The undo has its own journal: by default
    undo.TIME.journal.jsonl in the current folder.

    \b
    Examples:
      css undo changes.jsonl
      css undo changes.jsonl --yes --max-removals 60
    """
    from ... import read_journal
    from ...errors import InvalidFile, Remedy

    content, name = content_of(file, is_journal=True)
    if is_saved_plan(content):
        raise InvalidFile(
            f"{name} is a plan, not a journal.", remedy=Remedy("", f"To carry it out, run: css apply {quote(name)}")
        )
    journal = read_journal(content, name)
    with opened() as css:
        plan = css.undo_plan(journal, width=given.width)
        return preview_and_carry_out(css, plan, given, Origin("undo"))
