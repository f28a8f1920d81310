"""Plans in the command line: read roles files and places, print plans, and save them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..._text.json_text import parsed_json
from ..._text.shells import quote
from ..._text.words import counted
from .files import OutputFile, content_of, limit
from .options import Decorator, Given, output_option
from .output import json_line, print_lines, say, text_of
from .terminal import painted_plan

if TYPE_CHECKING:
    from ... import Css, EnvironmentClient, Plan
    from ...errors import InvalidFile
    from ...people.identification import Unresolved
    from ...plan.desired import Desired
    from ...state import PlaceState

CHANGES = 2
"""Exit code if there are changes: of `css drift`, and of `css plan --detailed-exitcode`."""
_PURPOSES: Final = {
    "plan": ("carry it out", "apply"),
    "roster": ("apply it", "roster apply"),
    "journal": ("undo it", "undo"),
}
"""What to do with a file of each kind, and the command for it."""
UNIDENTIFIED = 3
"""Exit code for people of the file who could not be identified."""


def unidentified_in(plan: Plan, *, allow_missing: bool) -> Sequence[Unresolved]:
    """Return the people of a file who could not be identified, without those who are allowed to be missing."""
    from ...people.identification import NEVER_LOGGED_IN

    return [one for one in plan.unresolved if not (allow_missing and one.state == NEVER_LOGGED_IN)]


def print_unidentified(people: Sequence[Unresolved], what_then: str = "") -> None:
    """Print on stderr how many people could not be identified, and what to do about it."""
    if not people:
        return
    from ...people.identification import NEVER_LOGGED_IN

    missing = sum(one.state == NEVER_LOGGED_IN for one in people)
    allowed = " To accept those who never logged in, pass --allow-missing." if missing else ""
    say(
        f"css: {counted(len(people), 'person', 'people')} could not be identified (marked ? above).{what_then}{allowed}"
    )
    say("To search for people, run: css people find --email ADDRESS")


def states_of(css: Css, given: Given, *, members: bool = True) -> list[PlaceState]:
    """Return the states of the environments that the options name, or of all environments of the team.

    If `--integration` is given, each of these integrations must be applied and have the environments. Otherwise, drafts
    are skipped, and stderr names them.

    Args:
        css: the client.
        given: the options.
        members: whether the members of roles are read.
    """
    from ...errors import NotApplied
    from ...state import Place

    def read(dev: EnvironmentClient) -> PlaceState:
        return dev.state(None if members else (), width=given.width)

    if given.integrations:
        chosen = [css.integration(which) for which in given.integrations]
        return [read(one.environment(name)) for one in chosen for name in given.environments or one.info.environments]
    states = []
    for one in css.integrations():
        for name in one.environments:
            if given.environments and name not in given.environments:
                continue
            try:
                states.append(read(css.integration(one.id).environment(name)))
            except NotApplied as error:
                say(f"css: {Place(one.id, name, one.project_name)} is skipped: {text_of(error)}")
    return states


def contents_of(files: Sequence[Path]) -> dict[str, bytes]:
    """Return the content of files, of the roles files in folders, and of stdin, by name.

    Raises:
        InvalidFile: when a file cannot be read, or a folder has no roles files.
    """
    from ...folders import files_in

    return {name: content for content, name in map(content_of, files_in(files))}


def desired_of(contents: Mapping[str, bytes]) -> Desired:
    """Return the wanted state that roles files describe together.

    Args:
        contents: of the files, by name.

    Raises:
        InvalidFile: when a file has faults, or is not a roles file.
    """
    from ...roles_file.parser import read_together

    for name, content in contents.items():
        check_roles_file(content, name)
    return read_together(contents, max_bytes=limit())


def wrong_file(name: str, kind: str, wanted: str) -> InvalidFile:
    """Return the error for a file of another kind than a command needs. It names the command for the file.

    Args:
        name: of the file.
        kind: what the file is: "plan", "roster" or "journal".
        wanted: what the command needs.
    """
    from ...errors import InvalidFile, Remedy

    purpose, command = _PURPOSES[kind]
    remedy = Remedy("", f"To {purpose}, run: css {command} {quote(name)}")
    return InvalidFile(f"{name} is a {kind}, not a {wanted}.", remedy=remedy)


def check_roles_file(content: bytes, name: str) -> None:
    """Refuse another file of css-sdk, and name the command for it.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        InvalidFile: when the content is a plan, a roster or a journal.
    """
    is_roster = name.lower().endswith((".csv", ".tsv"))
    kinds = {"plan": is_saved_plan(content), "roster": is_roster, "journal": is_journal(content)}
    for kind in (kind for kind, is_kind in kinds.items() if is_kind):
        raise wrong_file(name, kind, "roles file")


def is_journal(content: bytes) -> bool:
    """Return whether the content begins like a journal."""
    return "journal" in _object_in(content.partition(b"\n")[0])


def is_saved_plan(content: bytes) -> bool:
    """Return whether the content is a plan, and not a roles file, which may be JSON too."""
    return "steps" in _object_in(content)


def _object_in(content: bytes) -> Mapping[str, Any]:
    """Return the JSON object in the content; an empty one if it is something else."""
    found = parsed_json(content)
    return found if isinstance(found, dict) else {}


def is_plan_of_ours(content: bytes) -> bool:
    """Return whether css-sdk wrote the content as a plan, of any version."""
    return {"css_sdk", "places", "steps"} <= _object_in(content).keys()


def plan_option(help_text: str) -> Decorator:
    """Return the option `--out` for the file in which a plan is saved, with `--force`."""
    return output_option("--out", "a plan", is_plan_of_ours, help_text, metavar="PLAN.json")


def write_plan(plan: Plan, file: OutputFile, given: Given, names: Mapping[str, str]) -> None:
    """Write a plan into a file that only its owner may read, and print how to carry it out.

    Raises:
        InvalidFile: when it cannot be written.
    """
    file.write([saved_plan(plan, given, names)])
    next_step = (
        "It contains no usernames, so it cannot be carried out."
        if given.mask
        else f"To carry it out, run: css apply {quote(str(file.path))}"
    )
    say(f"The plan is in {file.path}. {next_step}")


def saved_plan(plan: Plan, given: Given, names: Mapping[str, str]) -> str:
    """Return a plan as JSON, with the names of the people in it, unless `--no-names` or `--mask` is given."""
    from ... import plan_as_json

    return plan_as_json(plan, given.mask, {} if given.no_names else names)


def print_plan_as(
    plan: Plan, names: Mapping[str, str], given: Given, *, markdown: bool, html: bool, content: bytes | None = None
) -> None:
    """Print a plan on stdout in the format that the options choose.

    Args:
        plan: the plan.
        names: of people, by username.
        given: the options.
        markdown: whether `--markdown` is given.
        html: whether `--html` is given.
        content: the JSON of a plan that was masked when it was saved, because css cannot write it again.
    """
    if given.as_json:
        print_lines([json_line(json.loads(content or saved_plan(plan, given, names)))])
    elif html:
        from ...report.plan_page import plan_as_html

        print_lines(plan_as_html(plan, names, given.mask))
    else:
        from ...plan.text import plan_as_markdown, plan_as_text

        as_text = plan_as_markdown if markdown else plan_as_text
        print_lines([painted_plan(as_text(plan, names, given.mask), "stdout")])


def print_plan(plan: Plan, names: Mapping[str, str], whole: Plan | None = None) -> None:
    """Print a plan on stderr, with people's names. If it is the rest of a plan, `whole` is the complete plan."""
    from ...plan.text import plan_as_text

    click.echo(painted_plan(plan_as_text(plan, names, whole=whole), "stderr"), err=True)


def print_prune_hint(plan: Plan) -> None:
    """Print on stderr how to remove what exact sets do not list."""
    if plan.withheld and not plan.prune:
        if plan.dates is not None and len(plan.dates.ended) == len(plan.withheld):
            say("css does not remove members whose last day is over. To remove them, pass --prune.")
        else:
            say("css does not remove what exact sets do not list. To remove it, pass --prune.")


def print_unresolved(unresolved: Sequence[Unresolved], names: Mapping[str, str], *, mask: bool = False) -> None:
    """Print on stderr which people of a file could not be identified."""
    from ..._text.masking import mask_name

    for one in unresolved:
        value = one.person.value
        who = mask_name(value) if mask else f"{names.get(value, '')} {value}".strip()
        say(f"css: {one.place}: {one.state}: {who}")
