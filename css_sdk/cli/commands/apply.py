"""`css apply`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..support.applying import Manner, Origin, manner_options, most_option, preview_and_carry_out
from ..support.client import opened
from ..support.files import content_of
from ..support.options import provider_option
from ..support.plans import desired_of, file_argument, identification_options, is_saved_plan, plan_id_option


@click.command()
@file_argument
@click.option("--prune", is_flag=True, help="Remove what exact sets do not list. Only for a roles file.")
@identification_options
@provider_option
@most_option
@click.option(
    "--keep-last",
    multiple=True,
    metavar="ROLE",
    help="Never leave ROLE without a member. Can be given several times.",
)
@click.option("--allow-empty", is_flag=True, help="Allow removing all roles of a place, or all members of a role.")
@click.option("--remove-first", is_flag=True, help="Carry out removals first. By default, css adds first.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="JOURNAL",
    help="Continue a saved plan that was interrupted, with its journal.",
)
@plan_id_option
@manner_options
def apply(
    file: Path,
    prune: bool,
    providers: Sequence[str],
    resume: Path | None,
    plan_id: str | None,
    **options: Any,
) -> int:
    """Carry out a plan: one that css plan --out saved, or a new plan of a roles file.

    css carries out a saved plan exactly as it is. If the state has changed after the plan was made, css changes nothing
    and fails with exit code 5. css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod
    --allow-prod too.

    css records each change in a journal: by default NAME.TIME.journal.jsonl, beside the saved plan or in the current
    folder. If steps fail, css prints them and saves them as a new plan, NAME.remainder.json. If the outcome of a step
    is unknown, or css was interrupted, continue with --resume. The exit code is 3 if steps failed or are unknown, or if
    a person in the file could not be identified.

    \b
    Examples:
      css apply plan.json --yes
      css apply roles.yaml --prune --yes
      css apply roles.yaml --plan-id 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --yes
      css apply plan.json --resume plan.20261121T120000.000000Z.journal.jsonl --yes
    """
    manner = Manner(**options)
    content, name = content_of(file)
    if is_saved_plan(content):
        if prune or providers:
            raise click.UsageError("--prune and --provider are for a roles file. A saved plan is complete.")
        if resume and manner.journal:
            raise click.UsageError("--resume continues the journal that it names. Leave out --journal.")
        return _apply_saved(content, name, file, resume, manner, plan_id)
    if resume:
        raise click.UsageError("--resume is for a saved plan. To continue with a roles file, apply it again.")
    return _apply_new(content, name, prune, providers, manner, plan_id)


def _apply_saved(
    content: bytes, name: str, file: Path, resume: Path | None, manner: Manner, plan_id: str | None
) -> int:
    from ... import read_plan
    from ...plan.preconditions import check_plan_id

    plan = read_plan(content, name, max_bytes=None)
    if plan_id is not None:
        check_plan_id(plan, plan_id)
    with opened() as css:
        return preview_and_carry_out(css, plan, manner, Origin.of_file(file, plan.id, resume))


def _apply_new(
    content: bytes, name: str, prune: bool, providers: Sequence[str], manner: Manner, plan_id: str | None
) -> int:
    from ...models import EMPLOYEE_PROVIDERS
    from ...plan.preconditions import check_plan_id

    desired = desired_of(content, name)
    with opened() as css:
        plan = css.plan(desired, prune=prune, providers=providers or EMPLOYEE_PROVIDERS, width=manner.width)
        if plan_id is not None:
            check_plan_id(plan, plan_id)
        return preview_and_carry_out(css, plan, manner, Origin(Path(name).stem))
