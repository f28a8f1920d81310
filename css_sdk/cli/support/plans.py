"""Plans in the command line: read roles files and places, print plans, and save them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..._text.escaping import shown
from .files import STDIN, OutputFile, content_of
from .options import text_of

if TYPE_CHECKING:
    from ... import Css, EnvironmentClient, Plan
    from ...people.identification import Unresolved
    from ...plan.desired import Desired
    from ...state import PlaceState

Function = TypeVar("Function", bound=Callable[..., Any])

CHANGES = 2
"""Exit code for changes, if the command is asked for it."""
ENVIRONMENTS = ["dev", "test", "prod"]
UNIDENTIFIED = 3
"""Exit code for people of the file who could not be identified."""


def file_argument(function: Function) -> Function:
    """Add the argument that names a file; `-` is stdin."""
    return click.argument("file", type=click.Path(path_type=Path))(function)


def identification_options(function: Function) -> Function:
    """Add the options `--allow-missing` and `--strict`, which say what becomes of people who are not identified."""
    strict = click.option(
        "--strict",
        is_flag=True,
        help="If a person could not be identified, change nothing. By default, css carries out the rest.",
    )
    return missing_option(strict(function))


def missing_option(function: Function) -> Function:
    """Add the option `--allow-missing`."""
    return click.option(
        "--allow-missing", is_flag=True, help="Do not fail because of people who have never logged in."
    )(function)


def unidentified_in(plan: Plan, *, allow_missing: bool) -> Sequence[Unresolved]:
    """Return the people of a file who could not be identified, without those who are allowed to be missing."""
    from ...people.identification import NEVER_LOGGED_IN

    return [one for one in plan.unresolved if not (allow_missing and one.state == NEVER_LOGGED_IN)]


def print_unidentified(people: Sequence[Unresolved], what_then: str = "") -> None:
    """Print on stderr how many people could not be identified, and what to do about it."""
    if not people:
        return
    from ...people.identification import NEVER_LOGGED_IN

    who = "1 person of the file" if len(people) == 1 else f"{len(people)} people of the file"
    missing = sum(one.state == NEVER_LOGGED_IN for one in people)
    allowed = " To accept those who never logged in, pass --allow-missing." if missing else ""
    click.echo(f"css: {who} could not be identified (marked ? above).{what_then}{allowed}", err=True)
    click.echo("To search for people, run: css people find --email ADDRESS", err=True)


def plan_id_option(function: Function) -> Function:
    """Add the option `--plan-id`."""
    return click.option(
        "--plan-id",
        metavar="ID",
        callback=_checked_plan_id,
        help="Carry out only the plan with this id, which css plan prints. For any other plan, the exit code is 5.",
    )(function)


def _checked_plan_id(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    if given is not None and re.fullmatch("[0-9a-fA-F]{64}", given.strip()) is None:
        raise click.BadParameter("A plan id has 64 hex digits; css plan prints it, and css plan --json as plan_id.")
    return given.strip().lower() if given is not None else None


def mask_option(function: Function) -> Function:
    """Add the option `--mask`."""
    return click.option("--mask", is_flag=True, help="Shorten usernames and addresses.")(function)


def states_of(
    css: Css, integrations: Sequence[str], environments: Sequence[str], read: Callable[[EnvironmentClient], PlaceState]
) -> list[PlaceState]:
    """Return the states of the environments that the options name, or of all of the team.

    An integration that was named must have each environment, and be applied. If none was named, drafts are named on
    stderr and skipped.

    Args:
        css: the client.
        integrations: as the options name them.
        environments: as the options name them.
        read: returns the state of one.
    """
    from ...errors import NotApplied

    if integrations:
        chosen = [css.integration(which) for which in integrations]
        return [read(one.environment(name)) for one in chosen for name in environments or one.info.environments]
    states = []
    for one in css.integrations():
        for name in one.environments:
            if environments and name not in environments:
                continue
            try:
                states.append(read(css.integration(one.id).environment(name)))
            except NotApplied as error:
                click.echo(shown(f"css: {one.project_name}, {name} is skipped: {text_of(error)}"), err=True)
    return states


def desired_in(file: Path) -> Desired:
    """Read a roles file, or one from stdin.

    Raises:
        InvalidFile: when it cannot be read, has faults, or is something else.
    """
    return desired_of(*content_of(file))


def desired_of(content: bytes, name: str) -> Desired:
    """Read the content of a roles file.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        InvalidFile: when it has faults, or is something else.
    """
    from ...errors import InvalidFile, Remedy
    from ...roles_file.parser import read_desired

    if is_saved_plan(content):
        raise InvalidFile(
            f"{name} is a plan, not a roles file.", remedy=Remedy("", f"To carry it out, run: css apply {quote(name)}")
        )
    if name.lower().endswith((".csv", ".tsv")):
        raise InvalidFile(
            f"{name} is a roster, not a roles file.",
            remedy=Remedy("", f"To apply it, run: css roster apply {quote(name)}"),
        )
    if is_journal(content):
        raise InvalidFile(
            f"{name} is a journal, not a roles file.", remedy=Remedy("", f"To undo it, run: css undo {quote(name)}")
        )
    return read_desired(content, name, max_bytes=None)


def is_journal(content: bytes) -> bool:
    """Return whether the content begins like a journal."""
    return "journal" in _object_in(content.partition(b"\n")[0])


def is_saved_plan(content: bytes) -> bool:
    """Return whether the content is a plan, and not a roles file, which may be JSON too."""
    return "steps" in _object_in(content)


def _object_in(content: bytes) -> Mapping[str, Any]:
    """Return the JSON object in the content; an empty one if it is something else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def plan_file(path: Path, *, force: bool, source: Path = STDIN) -> OutputFile:
    """Return the file in which a plan is saved.

    Raises:
        InvalidFile: when it cannot be written or must not be replaced.
    """
    file = OutputFile(path=path, option="--out", kind="a plan", is_ours=is_plan_of_ours, force=force, source=source)
    file.check()
    return file


def is_plan_of_ours(content: bytes) -> bool:
    """Return whether css-sdk wrote the content as a plan, of any version."""
    return {"css_sdk", "places", "steps"} <= _object_in(content).keys()


def write_plan(plan: Plan, file: OutputFile, *, mask: bool = False) -> None:
    """Write a plan into a file that only its owner may read, and print how to carry it out.

    Raises:
        InvalidFile: when it cannot be written.
    """
    from ... import plan_as_json

    file.write([plan_as_json(plan, mask)])
    how = (
        "contains no usernames, and cannot be carried out"
        if mask
        else f"is carried out by: css apply {quote(str(file.path))}"
    )
    click.echo(f"The plan is in {file.path}; it {how}", err=True)


def names_in(states: Sequence[PlaceState]) -> Mapping[str, str]:
    """Return the names of people by username, as far as they were read."""
    from ...people.logins import name_of

    return {username: name_of(user) for state in states for username, user in state.users.items()}


def print_plan(plan: Plan, states: Sequence[PlaceState] = (), whole: Plan | None = None) -> None:
    """Print a plan on stderr. If it is the rest of a plan, `whole` is the complete plan."""
    from ...plan.text import plan_as_text

    click.echo(plan_as_text(plan, names_in(states), whole=whole), err=True)


def print_prune_hint(plan: Plan) -> None:
    """Print on stderr how to remove what exact sets do not list."""
    if plan.withheld and not plan.prune:
        click.echo("What exact sets do not list stays; --prune removes it.", err=True)


def print_unresolved(unresolved: Sequence[Unresolved], *, mask: bool = False) -> None:
    """Print on stderr which people of a file could not be identified."""
    from ..._text.masking import mask_name

    for one in unresolved:
        who = mask_name(one.person.value) if mask else one.person.value
        click.echo(f"css: {one.place}: {shown(one.state)}: {shown(who)}", err=True)
