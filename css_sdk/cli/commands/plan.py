"""`css plan`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from ..support.client import opened
from ..support.files import force_option
from ..support.options import json_line, json_option, print_lines, provider_option, width_option
from ..support.plans import (
    CHANGES,
    UNIDENTIFIED,
    desired_in,
    file_argument,
    identification_options,
    mask_option,
    names_in,
    plan_file,
    print_prune_hint,
    print_unidentified,
    unidentified_in,
    write_plan,
)


@click.command()
@file_argument
@click.option("--prune", is_flag=True, help="Plan the removals of exact sets. By default, they are only shown.")
@identification_options
@provider_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PLAN.json",
    help="Save the plan in this file, for css apply. Only you can read it. An older plan is replaced.",
)
@force_option
@click.option("--markdown", is_flag=True, help="Print Markdown, for a comment on a pull request.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with code 2 if there are changes.")
@mask_option
@width_option
@json_option
def plan(
    file: Path,
    prune: bool,
    strict: bool,
    allow_missing: bool,
    providers: Sequence[str],
    out: Path | None,
    force: bool,
    markdown: bool,
    detailed_exitcode: bool,
    mask: bool,
    width: int,
    as_json: bool,
) -> int:
    """Show what css apply would change to make the service match a roles file.

    FILE is a roles file, or - for standard input. To carry out exactly this plan, save it with --out, and pass the file
    to css apply. If a person in the file could not be identified, the exit code is 3.

    \b
    Examples:
      css plan roles.yaml
      css plan roles.yaml --prune --out plan.json --detailed-exitcode
    """
    from ... import plan_as_json
    from ...models import EMPLOYEE_PROVIDERS
    from ...plan.text import plan_as_markdown, plan_as_text

    if as_json and markdown:
        raise click.UsageError("--json and --markdown contradict each other: pass one of them.")
    desired = desired_in(file)
    kept = None if out is None else plan_file(out, force=force, source=file)
    with opened() as css:
        made = css.plan(desired, prune=prune, providers=providers or EMPLOYEE_PROVIDERS, width=width)
    unidentified = unidentified_in(made, allow_missing=allow_missing)
    is_refused = strict and bool(unidentified)
    if kept is not None and not is_refused:
        write_plan(made, kept, mask=mask)
    names = names_in(made.states)
    if as_json:
        print_lines([json_line(json.loads(plan_as_json(made, mask)))])
    else:
        print_lines([plan_as_markdown(made, names, mask) if markdown else plan_as_text(made, names, mask)])
    print_prune_hint(made)
    print_unidentified(unidentified, " Because of --strict, no plan was written." if is_refused and out else "")
    if detailed_exitcode and made.steps and not is_refused:
        return CHANGES
    return UNIDENTIFIED if unidentified else 0
