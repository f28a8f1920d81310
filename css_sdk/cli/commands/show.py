"""`css show`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from ..support import options, records
from ..support.client import opened
from ..support.file_kinds import check_kind, is_journal, is_saved_plan
from ..support.files import content_of
from ..support.journals import journal_file, newest_journal
from ..support.options import Given, check_one_format, flag, takes
from ..support.output import json_line, print_lines, say
from ..support.plans import print_plan_as

names_option = flag("--names", "look_up", help="Look up the names of people: at most 20, with one request each.")


@click.command()
@takes(
    click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path)),
    options.markdown,
    options.html,
    names_option,
    options.mask,
    options.json,
)
def show(given: Given, file: Path | None, markdown: bool, html: bool, look_up: bool) -> None:
    """Show a saved plan, the remainder of a plan, or a journal, without contacting the service.

    FILE is a saved plan, a remainder, a journal, or - for standard input. css plan --out saves a plan. A remainder has
    the steps that css apply did not carry out. You can also pass the name of a journal that css journal list shows. If
    you leave out FILE, css shows the newest journal.

    With --json, css prints one object for a plan, or one object for each step of a journal. With --html, css prints a
    page that people can read without css. With --names, css contacts the service to look up the names of people.

    \b
    Examples:
      css show
      css show plan.json
      css show plan.json --html > plan.html
      css show changes.jsonl --markdown --names
    """
    from ... import read_plan
    from ...errors import InvalidFile

    check_one_format(json=given.as_json, markdown=markdown, html=html)
    content, name = content_of(newest_journal() if file is None else journal_file(file), is_journal=True)
    if is_journal(content):
        if html:
            raise click.UsageError("--html is for a plan, but FILE is a journal. Pass --markdown instead.")
        return show_journal(content, name, given, markdown=markdown, look_up=look_up)
    if not is_saved_plan(content):
        check_kind(content, name, "plan", "journal")
        raise InvalidFile(f"{name} is neither a plan nor a journal. css plan --out saves a plan.")
    plan = read_plan(content, name, max_bytes=None, allow_masked=True)
    # A masked plan has no usernames to look up, and css cannot write the plan again.
    names = _names(given, plan.people, look_up=look_up, known=plan.names) if plan.api_url else {}
    return print_plan_as(plan, names, given, markdown=markdown, html=html, content=None if plan.api_url else content)


def show_journal(content: bytes, name: str, given: Given, *, markdown: bool, look_up: bool) -> None:
    """Print a journal on stdout as text, as Markdown or as JSON. With `look_up`, look up the names of people."""
    from ... import journal_as_markdown, journal_as_text, read_journal, table

    journal = read_journal(content, name)
    names = _names(given, journal.people, look_up=look_up, known={})
    if given.as_json:
        rows = (
            {
                "write": entry.number,
                "at": entry.at,
                **records.of_step(entry.state, step, names),
                "message": entry.message,
            }
            for entry in journal.entries
            for step in entry.steps
        )
        print_lines(map(json_line, table(rows, mask=given.mask)))
    else:
        print_lines([(journal_as_markdown if markdown else journal_as_text)(journal, names, mask=given.mask)])


def _names(given: Given, people: Mapping[str, str], *, look_up: bool, known: Mapping[str, str]) -> Mapping[str, str]:
    """Return the names of people by username. If `look_up` is false, return only the known names.

    `people` has an environment for each username, because css looks up a person in one environment.
    """
    if look_up and people and not given.mask:
        with opened() as css:
            return given.names_of(css, people)
    if people.keys() - known.keys() and not (given.mask or given.as_json):
        say("To see the names of people, add --names")
    return known
