"""`css show`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..._text.shells import quote
from ..support import options, records
from ..support.files import content_of
from ..support.journals import journal_file
from ..support.options import Given, flag, takes
from ..support.output import json_line, print_lines
from ..support.plans import is_journal, is_saved_plan
from ..support.terminal import painted_plan

markdown_option = flag("--markdown", help="Print Markdown, for a comment on a pull request.")
html_option = flag("--html", "html", help="Print a plan as one HTML page, for a reviewer.")


@click.command()
@takes(options.file, markdown_option, html_option, options.mask, options.json)
def show(given: Given, file: Path, markdown: bool, html: bool) -> int:
    """Show a saved plan, the remainder of a plan, or a journal, without contacting the service.

    FILE is a plan that css plan --out saved, a remainder that css apply wrote, a journal, or - for standard input. You
    can also pass the name of a journal that css journal list shows. With --json, css prints one object for a plan, and
    one for each step of a journal. With --html, it prints a page that can be read without css.

    \b
    Examples:
      css show plan.json
      css show plan.json --html > plan.html
      css show changes.jsonl --markdown
    """
    content, name = content_of(journal_file(file), is_journal=True)
    if sum((given.as_json, markdown, html)) > 1:
        raise click.UsageError("--json, --markdown and --html contradict each other: pass one of them.")
    if is_journal(content):
        if html:
            raise click.UsageError("--html is for a plan, and this is a journal. Pass --markdown.")
        return show_journal(content, name, given, markdown=markdown)
    if is_saved_plan(content):
        return _show_plan(content, name, given, markdown=markdown, html=html)
    from ...errors import InvalidFile, Remedy

    raise InvalidFile(
        f"{name} is neither a plan nor a journal.",
        remedy=Remedy("", f"To check a roles file, run: css validate {quote(name)}"),
    )


def _show_plan(content: bytes, name: str, given: Given, *, markdown: bool, html: bool) -> int:
    from ... import plan_as_html, plan_as_json, plan_as_markdown, plan_as_text, read_plan

    plan = read_plan(content, name, max_bytes=None, allow_masked=True)
    if given.as_json:
        is_to_mask = given.mask and plan.api_url
        print_lines([json_line(json.loads(plan_as_json(plan, mask=True) if is_to_mask else content))])
    elif html:
        print_lines(plan_as_html(plan, mask=given.mask))
    else:
        text = (plan_as_markdown if markdown else plan_as_text)(plan, mask=given.mask)
        print_lines([painted_plan(text, "stdout")])
    return 0


def show_journal(content: bytes, name: str, given: Given, *, markdown: bool) -> int:
    """Print a journal as the options say."""
    from ... import journal_as_markdown, journal_as_text, read_journal, table

    journal = read_journal(content, name)
    if given.as_json:
        rows = table(
            {
                "write": entry.number,
                "at": entry.at,
                **records.of_step(entry.state, step, "", {}),
                "message": entry.message,
            }
            for entry in journal.entries
            for step in entry.steps
        )
        print_lines(map(json_line, table(rows, mask=given.mask)))
    else:
        print_lines([(journal_as_markdown if markdown else journal_as_text)(journal, mask=given.mask)])
    return 0
