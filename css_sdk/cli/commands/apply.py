"""`css apply`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from ..._text.shells import quote
from ..support import options
from ..support.applying import Origin, preview_and_carry_out
from ..support.client import opened
from ..support.file_kinds import is_saved_plan
from ..support.journals import journal_file
from ..support.options import Given, flag, takes
from ..support.output import say
from ..support.plans import contents_of, desired_of


def _checked_plan_id(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is not None and re.fullmatch("[0-9a-fA-F]{64}", given.strip()) is None:
        raise click.BadParameter(
            "A plan id has 64 hex digits. css plan prints it. In css plan --json, its key is plan_id."
        )
    return given.strip().lower() if given is not None else None


@click.command()
@takes(
    options.roles_files,
    options.places,
    flag(
        "--prune",
        help="For roles files: remove what exact sets do not list, and members whose last day is over. Members who may "
        "be one of the unidentified people stay.",
    ),
    options.missing,
    flag("--strict", help="If a person could not be identified, change nothing. By default, css carries out the rest."),
    options.provider,
    options.plan_removals,
    options.keep_last,
    flag("--allow-empty", help="Allow removing all roles of an environment, or all members of a role."),
    flag("--remove-first", help="Remove before adding. By default, css adds first."),
    click.option(
        "--resume",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="JOURNAL",
        help="Continue a saved plan whose run was interrupted. JOURNAL is the journal of that run.",
    ),
    click.option(
        "--plan-id",
        metavar="ID",
        callback=_checked_plan_id,
        help="Carry out the plan only if it has this id. css plan prints the id. If the plan has another id, the exit "
        "code is 5. If roles files need no change, and no removal is withheld, css ignores the id.",
    ),
    options.carrying_out,
)
def apply(given: Given, files: Sequence[Path], prune: bool, resume: Path | None, plan_id: str | None) -> int:
    """Carry out a saved plan, or make the service match roles files.

    FILE is a plan that css plan --out saved, a roles file, a folder with roles files, or - for standard input.

    css carries out a saved plan exactly as it is. If the state has changed after the plan was made, css changes nothing
    and fails with exit code 5. css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod
    --allow-prod too.

    css records each change in a journal. To see the journals, run: css journal list

    If steps fail, css prints them and saves them as a new plan, NAME.remainder.json. If the outcome of a step is
    unknown, or if css was interrupted, continue a saved plan with --resume. To continue with a roles file, apply the
    file again.

    If a step fails or has an unknown outcome, the exit code is 3. The exit code is also 3 if a person in the file could
    not be identified.

    \b
    Examples:
      css apply plan.json --yes
      css apply roles.yaml --prune --yes
      css apply access/ -e test --yes
      css apply roles.yaml --plan-id 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --yes
      css apply plan.json --resume 20261121T120000.000000Z-apply --yes
    """
    from ...plan.preconditions import check_plan_id

    contents = contents_of(files)
    [(name, content), *others] = contents.items()
    if not others and is_saved_plan(content):
        from ... import read_plan

        if prune or given.providers or given.integrations or given.environments:
            raise click.UsageError("--prune, --provider, -i and -e are only for roles files, not for a saved plan.")
        if resume and given.journal:
            raise click.UsageError("--resume already names the journal. Leave out --journal.")
        saved = read_plan(content, name, max_bytes=None)
        if plan_id is not None:
            check_plan_id(saved, plan_id, f"css show {quote(str(files[0]))}")
        with opened() as css:
            origin = Origin.of_file(files[0], saved.id, resume and journal_file(resume))
            return preview_and_carry_out(css, saved, given, origin)
    if resume:
        raise click.UsageError("--resume is for a saved plan. To continue with a roles file, apply it again.")
    desired = desired_of(contents)
    with opened() as css:
        made = css.plan(desired, prune=prune, **given.planning)
        # A plan made from the current state that neither has steps nor withholds any does not need to be approved.
        is_empty = not made.steps and not made.withheld
        if plan_id is not None and not is_empty:
            check_plan_id(made, plan_id, _plan_command(given, files, prune))
        code = preview_and_carry_out(css, made, given, Origin(Path(name if not others else files[0].absolute()).stem))
        if plan_id is not None and is_empty:
            say("There is nothing to change, so css did not need the approved plan (--plan-id).")
        return code


def _plan_command(given: Given, files: Sequence[Path], prune: bool) -> str:
    """Return the `css plan` command that makes the same plan."""
    named = {"-i": given.integrations, "-e": given.environments, "--provider": given.providers}
    options = [each for option, values in named.items() for value in values for each in (option, quote(value))]
    return " ".join(["css plan", *(quote(str(file)) for file in files), *(["--prune"] if prune else []), *options])
