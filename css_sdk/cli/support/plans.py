"""Read roles files and the state of environments. Print and save plans."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._text.shells import quote
from ..._text.words import counted
from .file_kinds import check_kind, is_plan_of_ours
from .files import OutputFile, content_of, limit
from .options import Decorator, Given, output_option
from .output import json_line, print_lines, say, text_of
from .terminal import painted_plan

if TYPE_CHECKING:
    from ... import Css, EnvironmentClient, Plan
    from ...people.identification import Unresolved
    from ...plan.desired import Desired
    from ...state import PlaceState


def unidentified_in(plan: Plan, *, allow_missing: bool) -> Sequence[Unresolved]:
    """Return the people whom a plan could not identify.

    With `allow_missing`, leave out people who have never logged in.
    """
    from ...people.identification import NEVER_LOGGED_IN

    return [one for one in plan.unresolved if not (allow_missing and one.state == NEVER_LOGGED_IN)]


def print_unidentified(people: Sequence[Unresolved], what_then: str = "", *, mask: bool = False) -> None:
    """Print on stderr how many people could not be identified, and what to do.

    Args:
        what_then: a sentence about the consequence. It must begin with a blank.
        mask: whether the command to search for a person must not contain the person's GUID or address.
    """
    if not people:
        return
    from ..._service.identifiers import how_to_search
    from ...people.identification import NEVER_LOGGED_IN, NOT_FOUND

    missing = sum(one.state == NEVER_LOGGED_IN for one in people)
    allowed = " To accept people who have never logged in, pass --allow-missing." if missing else ""
    say(f"css: {counted(len(people), 'person', 'people')} could not be identified.{what_then}{allowed}")
    # The plan shows the usernames of the others.
    sought = {one.person.value for one in people if one.state in (NEVER_LOGGED_IN, NOT_FOUND)}
    if sought:
        say(how_to_search(*([""] if mask and len(sought) == 1 else sought)))


def states_of(css: Css, given: Given, *, members: bool = True) -> list[PlaceState]:
    """Return the states of the environments that the options name, or of all environments of the team.

    If `--integration` names a draft, raise an error. Without `--integration`, skip drafts, and name them on stderr.
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
    """Return the contents of roles files by file name. A path can name a file, a folder with roles files, or stdin.

    Raises:
        InvalidFile: when a file cannot be read, or a folder has no roles files.
    """
    from ...folders import files_in

    return {name: content for content, name in map(content_of, files_in(files))}


def desired_of(contents: Mapping[str, bytes]) -> Desired:
    """Return the wanted state that roles files describe together. `contents` has the contents by file name.

    Raises:
        InvalidFile: when a file has faults, or is not a roles file.
    """
    from ...roles_file.parser import read_together

    for name, content in contents.items():
        check_kind(content, name, "roles file")
    return read_together(contents, max_bytes=limit())


def plan_option(help_text: str) -> Decorator:
    """Return the option `--out` for the file of a plan, and `--force`."""
    return output_option("--out", "a plan", is_plan_of_ours, help_text, metavar="PLAN.json")


def write_plan(plan: Plan, file: OutputFile, given: Given, names: Mapping[str, str]) -> None:
    """Write a plan into a file, and print how to carry the plan out.

    With `--mask`, usernames in the plan are shortened, and css cannot carry it out.

    Raises:
        InvalidFile: when the file cannot be written.
    """
    file.write([saved_plan(plan, given, names)])
    command = f"css apply {quote(str(file.path))}"
    say(f"The plan is in {file.path}. {_how_to_carry_out(plan, command, is_masked=given.mask)}")


def _how_to_carry_out(plan: Plan, command: str, *, is_masked: bool) -> str:
    """Return a sentence that says how and when a saved plan can be carried out. `command` carries it out."""
    from ...plan.dates import day_in

    if is_masked:
        return "Its usernames are shortened, so css cannot carry it out."
    if plan.dates is not None:
        dates, today = plan.dates, day_in(plan.dates.timezone, datetime.datetime.now(datetime.UTC))
        if today < dates.day:
            return f"{dates.validity.capitalize()}, you can carry it out with: {command}"
        if dates.last_day is not None and today > dates.last_day:
            return f"A grant has ended since {dates.day}, so css cannot carry the plan out."
    return f"To carry it out, run: {command}"


def saved_plan(plan: Plan, given: Given, names: Mapping[str, str]) -> str:
    """Return a plan as JSON. It has people's names, unless `--no-names` or `--mask` is given."""
    from ... import plan_as_json

    return plan_as_json(plan, given.mask, {} if given.no_names else names)


def print_plan_as(
    plan: Plan, names: Mapping[str, str], given: Given, *, markdown: bool, html: bool, content: bytes | None = None
) -> None:
    """Print a plan on stdout in the format that the options choose.

    `content` is the JSON of a masked plan that was read from a file. With `--json`, css prints this JSON unchanged.
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
    """Print a plan on stderr, with people's names.

    If `plan` has only the steps that are not done yet, `whole` is the plan with all steps.
    """
    from ...plan.text import plan_as_text

    click.echo(painted_plan(plan_as_text(plan, names, whole=whole), "stderr"), err=True)


def print_prune_hint(plan: Plan) -> None:
    """If a plan left out removals because `--prune` is not given, print how to carry them out.

    Removals of members who may be one of the unidentified people stay withheld with `--prune`, too.
    """
    if plan.prunable == 0:
        return
    if plan.prunable < len(plan.withheld):
        say(
            f"css removes nothing without --prune. To carry out {plan.prunable:,} of the {len(plan.withheld):,} "
            f"withheld removals, pass --prune. The other members stay until css can identify the people in the file."
        )
    elif plan.dates is not None and len(plan.dates.ended) == len(plan.withheld):
        say("css does not remove members whose last day is over. To remove them, pass --prune.")
    else:
        say("css removes nothing without --prune. To carry out the withheld removals, pass --prune.")


def print_unresolved(unresolved: Sequence[Unresolved], names: Mapping[str, str], *, mask: bool = False) -> None:
    """Print on stderr each person in a file who could not be identified, with the environment and the reason."""
    from ..._text.masking import mask_name

    for one in unresolved:
        value = one.person.value
        who = mask_name(value) if mask else f"{names.get(value, '')} {value}".strip()
        say(f"css: {one.place}: {one.state}: {who}")
