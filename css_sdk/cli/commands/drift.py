"""`css drift`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..support import options, records
from ..support.client import delayed_log
from ..support.exit_codes import ExitCode
from ..support.options import Given, flag, takes
from ..support.output import columns_for, print_rows, say
from ..support.plans import contents_of, desired_of, print_unresolved, unidentified_in

if TYPE_CHECKING:
    from ...state import Step, StepKind

_NOT_SHOWN: Final = ("action", "error", "message")
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
    options.roles_files,
    options.places,
    options.provider,
    flag(
        "--allow-missing",
        help="Do not fail because of people who have never logged in. This applies only to people named by whole GUID "
        "and provider. css does not look up usernames, and shows such a username as a missing member.",
    ),
    options.mask,
    options.no_names,
    options.width,
    options.json,
)
def drift(given: Given, files: Sequence[Path]) -> int:
    """Show where the service differs from roles files.

    FILE is a roles file, a folder with roles files, or - for standard input. css drift changes nothing.

    css shows what is missing in the service, and members whose last day is over. For exact sets, css also shows what
    the files do not list. css does not show roles and users that the files protect. On stderr, css names people who
    could not be identified or have never logged in.

    If there is no drift, css prints a message on stderr. To suppress this message, for example in cron, pass -q.

    Exit codes: 0 no drift; 2 drift; 3 unknown, because a person in the file could not be identified.

    \b
    Examples:
      css drift roles.yaml
      css drift access/ -e prod --json --mask
    """
    from ...plan.text import masked

    contents = contents_of(files)
    desired = desired_of(contents)
    with delayed_log() as log:
        with given.client() as css:
            made = css.plan(desired, prune=True, **given.planning)
            people = {step.target: step.place.environment for step in made.steps if step.changes_member}
            names = given.names_of(css, people, made.known)
        if not made.steps and not unidentified_in(made, allow_missing=given.allow_missing):
            log.clear()
            say("No drift.")
            return ExitCode.DONE
    print_unresolved(made.unresolved, names, mask=given.mask)
    for place in made.left_out:
        say(f"Left out because of -i or -e: {place}")
    if made.steps:
        made = masked(made) if given.mask else made
        ended = {(one.place, one.role, one.username) for one in (made.dates.ended if made.dates else ())}
        rows = [
            _row(step, names) | ({"state": "ended"} if (step.place, step.role, step.target) in ended else {})
            for step in made.steps
        ]
        print_rows(rows, given.as_json, columns_for(rows))
    return ExitCode.CHANGES if made.steps else ExitCode.INCOMPLETE


def _row(step: Step, names: Mapping[str, str]) -> dict[str, Any]:
    state, kind = _WORDS[step.kind]
    record = records.of_step(state, step, names)
    return {"state": state, "kind": kind, **{key: value for key, value in record.items() if key not in _NOT_SHOWN}}
