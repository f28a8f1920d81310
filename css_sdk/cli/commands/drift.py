"""`css drift`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..support import options
from ..support.client import delayed_log
from ..support.options import Given, takes
from ..support.output import print_rows
from ..support.plans import CHANGES, UNIDENTIFIED, desired_in, print_unresolved, unidentified_in

if TYPE_CHECKING:
    from ...state import Step, StepKind

_WORDS: Final[Mapping[StepKind, tuple[str, str]]] = {
    "create_role": ("missing", "role"),
    "rename_role": ("old name", "role"),
    "add_composite": ("missing", "composite"),
    "add_member": ("missing", "member"),
    "remove_member": ("not in the file", "member"),
    "remove_composite": ("not in the file", "composite"),
    "delete_role": ("not in the file", "role"),
}


@click.command()
@takes(
    options.file,
    options.provider,
    options.missing,
    options.mask,
    options.width,
    options.json,
)
def drift(given: Given, file: Path) -> int:
    """Show where the service differs from a roles file.

    css shows what is missing in the service. For exact sets, it also shows what the file does not list. Protected roles
    and users are not drift. css names people who could not be identified or have never logged in on stderr.

    css drift changes nothing. If there is no drift, it prints nothing, so that you can run it from cron.

    Exit codes: 0 no drift; 2 drift; 3 unknown, because a person in the file could not be identified.

    \b
    Examples:
      css drift roles.yaml
      css drift roles.yaml --json --mask
    """
    from ...plan.text import masked

    desired = desired_in(file)
    with delayed_log() as log:
        with given.client() as css:
            made = css.plan(desired, prune=True, providers=given.employees, width=given.width)
        if not made.steps and not unidentified_in(made, allow_missing=given.allow_missing):
            log.clear()
            return 0
    print_unresolved(made.unresolved, mask=given.mask)
    if made.steps:
        print_rows(map(_row, (masked(made) if given.mask else made).steps), given.as_json)
    return CHANGES if made.steps else UNIDENTIFIED


def _row(step: Step) -> dict[str, Any]:
    drift, what = _WORDS[step.kind]
    return {
        "drift": drift,
        "what": what,
        "role": step.role,
        "target": step.target,
        "integration": step.place.integration,
        "environment": step.place.environment,
    }
