"""`css plan`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

import click

from ..support import options
from ..support.exit_codes import ExitCode
from ..support.files import OutputFile
from ..support.options import Given, check_one_format, flag, takes
from ..support.plans import (
    contents_of,
    desired_of,
    plan_option,
    print_plan_as,
    print_prune_hint,
    print_unidentified,
    unidentified_in,
    write_plan,
)


@click.command()
@takes(
    options.roles_files,
    options.places,
    flag(
        "--prune",
        help="Also plan two kinds of removals: everything that an exact set does not list, and members whose last day "
        "is over. Members who may be one of the unidentified people stay. Without --prune, css only shows these "
        "removals.",
    ),
    options.day,
    options.missing,
    flag(
        "--strict",
        help="If a person could not be identified, save no plan, and exit with code 3. By default, css plans the rest.",
    ),
    options.provider,
    plan_option("Save the plan in this file, for css apply. Only you can read it. An older plan is replaced."),
    options.markdown,
    options.html,
    flag("--detailed-exitcode", help="Exit with code 2 if there are changes."),
    options.mask,
    options.no_names,
    options.width,
    options.json,
)
def plan(
    given: Given,
    files: Sequence[Path],
    day: datetime.date | None,
    prune: bool,
    out: OutputFile,
    markdown: bool,
    html: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what css apply would change to make the service match roles files.

    FILE is a roles file, a folder with roles files, or - for standard input. To carry out exactly this plan, save it
    with --out, and pass that file to css apply. If a person in the files could not be identified, the exit code is 3.

    The plan names grants that end within 14 days. Without --prune, css does not remove a grant after its last day.

    \b
    Example of a roles file:
      version: 1
      integrations:
        - integration: Grants Portal
          environments:
            dev:
              roles:
                - name: reviewer
                  composites: [auditor]
                  members: [0f3ac87806aa7f215a7c0d4cc4d9e799@idir]

    \b
    Examples:
      css plan roles.yaml
      css plan access/ -i "Grants Portal" -e dev
      css plan roles.yaml --prune --out plan.json --detailed-exitcode
    """
    check_one_format(json=given.as_json, markdown=markdown, html=html)
    contents = contents_of(files)
    desired = desired_of(contents)
    for file in files:
        out.check(source=file)
    with given.client() as css:
        made = css.plan(desired, prune=prune, day=day, **given.planning)
        names = given.names_of(css, made.people, made.known)
    unidentified = unidentified_in(made, allow_missing=given.allow_missing)
    is_refused = given.strict and bool(unidentified)
    if out.path is not None and not is_refused:
        write_plan(made, out, given, names)
    print_plan_as(made, names, given, markdown=markdown, html=html)
    print_prune_hint(made)
    because = " Because of --strict, no plan was written." if is_refused and out.path else ""
    print_unidentified(unidentified, because, mask=given.mask)
    if detailed_exitcode and made.steps and not is_refused:
        return ExitCode.CHANGES
    return ExitCode.INCOMPLETE if unidentified else ExitCode.DONE
