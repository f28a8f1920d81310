"""`css plan`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..support import options
from ..support.files import OutputFile
from ..support.options import Given, flag, takes
from ..support.output import json_line, print_lines
from ..support.plans import (
    CHANGES,
    UNIDENTIFIED,
    desired_in,
    plan_option,
    print_prune_hint,
    print_unidentified,
    unidentified_in,
    write_plan,
)
from ..support.terminal import painted_plan


@click.command()
@takes(
    options.file,
    flag("--prune", help="Plan the removals of exact sets. By default, they are only shown."),
    options.identification,
    options.provider,
    plan_option("Save the plan in this file, for css apply. Only you can read it. An older plan is replaced."),
    flag("--markdown", help="Print Markdown, for a comment on a pull request."),
    flag("--detailed-exitcode", help="Exit with code 2 if there are changes."),
    options.mask,
    options.no_names,
    options.width,
    options.json,
)
def plan(given: Given, file: Path, prune: bool, out: OutputFile, markdown: bool, detailed_exitcode: bool) -> int:
    """Show what css apply would change to make the service match a roles file.

    FILE is a roles file, or - for standard input. To carry out exactly this plan, save it with --out, and pass the file
    to css apply. If a person in the file could not be identified, the exit code is 3.

    \b
    Examples:
      css plan roles.yaml
      css plan roles.yaml --prune --out plan.json --detailed-exitcode
    """
    from ... import plan_as_json
    from ...plan.text import plan_as_markdown, plan_as_text

    if given.as_json and markdown:
        raise click.UsageError("--json and --markdown contradict each other: pass one of them.")
    desired = desired_in(file)
    out.check(source=file)
    with given.client() as css:
        made = css.plan(desired, prune=prune, providers=given.employees, width=given.width)
        names = given.names_of(css, made.people, made.known)
    unidentified = unidentified_in(made, allow_missing=given.allow_missing)
    is_refused = given.strict and bool(unidentified)
    if out.path is not None and not is_refused:
        write_plan(made, out, mask=given.mask)
    if given.as_json:
        print_lines([json_line(json.loads(plan_as_json(made, given.mask)) | {"names": names})])
    else:
        as_text = plan_as_markdown if markdown else plan_as_text
        print_lines([painted_plan(as_text(made, names, given.mask), "stdout")])
    print_prune_hint(made)
    print_unidentified(unidentified, " Because of --strict, no plan was written." if is_refused and out.path else "")
    if detailed_exitcode and made.steps and not is_refused:
        return CHANGES
    return UNIDENTIFIED if unidentified else 0
