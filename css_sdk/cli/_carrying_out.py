"""What the commands that carry out plans share: asking, writing a journal, and reporting what was not done."""

from __future__ import annotations

import datetime
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ._common import json_option, print_rows, shown, width_option
from ._files import STDIN, content_of, write_whole
from ._opening import ended_as_by_an_interrupt, journal_option, opened
from ._plans import tell
from ._progress import bar_on_terminal

if TYPE_CHECKING:
    from .. import JournalRead, Plan, SavedPlan
    from ..state import PlaceState, Step, StepResult

Function = TypeVar("Function", bound=Callable[..., Any])

_COLUMNS = ["state", "step", "role", "target", "integration", "environment", "message"]


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a plan is carried out, as the options say."""

    yes: bool
    allow_prod: bool
    width: int
    as_json: bool
    journal: Path | None = None
    max_removals: int | None = None
    keep_last: Sequence[str] = ()
    remove_first: bool = False


def manner_options(function: Function) -> Function:
    """The options of everything that carries out a plan."""
    prod = click.option("--allow-prod", is_flag=True, help="Change prod, too.")
    yes = click.option("--yes", is_flag=True, help="Carry it out without asking.")
    return yes(prod(journal_option(width_option(json_option(function)))))


def most_option(function: Function) -> Function:
    """The option `--max-removals`."""
    return click.option(
        "--max-removals",
        type=click.IntRange(0),
        metavar="N",
        help="Take up to N from each set. Default: 10 or a fifth of it, whichever is less; 4 always.",
    )(function)


@dataclass(frozen=True)
class Origin:
    """Where a plan comes from.

    Attributes:
        name: stands at the beginning of the names of its journal and of what is left.
        folder: in which these are put.
        file: of the plan, where it was saved before.
        fingerprint: of that file.
        resume: the journal of an earlier try.
    """

    name: str
    folder: Path = Path()
    file: Path | None = None
    fingerprint: str | None = None
    resume: Path | None = None

    @classmethod
    def of_file(cls, file: Path, content: bytes, resume: Path | None) -> Origin:
        """A plan that was saved."""
        fingerprint = hashlib.sha256(content).hexdigest()
        if file == STDIN:
            return cls("stdin", fingerprint=fingerprint, resume=resume)
        return cls(file.stem.removesuffix(".remainder"), file.parent, file, fingerprint, resume)

    @property
    def remainder(self) -> Path:
        """The file for what is left."""
        return self.folder / f"{self.name}.remainder.json"

    def journal(self, named: Path | None) -> Path:
        """The file for the journal."""
        if self.resume or named:
            return self.resume or named or Path()
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return self.folder / f"{self.name}.{now}.journal.jsonl"


def read_resumed(origin: Origin) -> JournalRead | None:
    """The journal with which a saved plan goes on, checked before a line is added to it.

    Raises:
        StalePlan: when it is that of another plan, account or address.
        InvalidFile: when it cannot be read, or is no journal.
    """
    from .._applying import check_whose_journal
    from ..errors import StalePlan
    from ..journal import read_journal
    from ..settings import settings_from_env

    if origin.resume is None:
        return None
    journal = read_journal(*content_of(origin.resume))
    if journal.plan != origin.fingerprint:
        raise StalePlan(f"The journal {origin.resume} is not that of the plan {origin.file}. Nothing was sent.")
    check_whose_journal(journal, settings_from_env())
    return journal


def confirm_plan(plan: SavedPlan, manner: Manner, *, is_reviewed: bool = False) -> None:
    """Goes on only when the plan is wanted; a change of prod has to be allowed in any case.

    Args:
        plan: as it was shown.
        manner: what was confirmed beforehand.
        is_reviewed: whether it was saved, so that only what takes away is asked for again.

    Raises:
        NotConfirmed: when it is not wanted. Nothing was changed then.
    """
    from ..errors import NotConfirmed

    names = {plan.project_names.get(step.place, "") for step in plan.steps if step.place.environment == "prod"}
    if names and not manner.allow_prod:
        if not sys.stdin.isatty():
            raise NotConfirmed("Prod would be changed. Nothing was changed; say --allow-prod if you mean it.")
        for name in sorted(names):
            typed = click.prompt(f"Prod of {shown(name)!r} is changed. To go on, type the project's name", err=True)
            if typed.strip() != name.strip():
                raise NotConfirmed("That is not its name. Nothing was changed.")
        return
    if manner.yes or (is_reviewed and not any(step.takes_away for step in plan.steps)):
        return
    if not sys.stdin.isatty():
        raise NotConfirmed("Roles would be changed, and there is no terminal to ask. Nothing was changed; say --yes.")
    if not click.confirm("Carry it out?", err=True):
        raise NotConfirmed("Not confirmed. Nothing was changed.")


def shown_and_carried_out(
    plan: Plan, saved: SavedPlan, manner: Manner, name: str, states: Sequence[PlaceState] | None = None
) -> int:
    """Shows a plan that was just made, asks, carries it out, and gives the exit code.

    Args:
        plan: as it was made.
        saved: the same, with all that a later run has to know.
        manner: as the options say.
        name: stands at the beginning of the names of its journal and of what is left.
        states: from which people's names are known; those of the plan by default.
    """
    tell(plan, states if states is not None else plan.states)
    if not saved.steps:
        return 0
    confirm_plan(saved, manner)
    return carry_out(saved, manner, Origin(name))


def carry_out(plan: SavedPlan, manner: Manner, origin: Origin, resumed: JournalRead | None = None) -> int:
    """Carries out a plan with a journal, reports what was not done, and gives the exit code.

    An interrupt lets the calls in flight finish; then the same is reported.
    """
    from .. import Guards

    guards = Guards(max_removals=manner.max_removals, keep_last=manner.keep_last, remove_first=manner.remove_first)
    journal = origin.journal(manner.journal)
    settled: dict[Step, StepResult] = {}
    click.echo(f"Each change is written down in {journal}; css undo takes them back.", err=True)
    with ended_as_by_an_interrupt(), bar_on_terminal(len(plan.steps)) as tick:

        def note(result: StepResult) -> None:
            settled[result.step] = result
            tick(result)

        try:
            with opened(journal, plan=origin.fingerprint, resume=origin.resume is not None) as css:
                applied = css.apply_plan(plan, guards=guards, resume=resumed, width=manner.width, progress=note)
        except KeyboardInterrupt:
            _report(_after_an_interrupt(plan.steps, settled, journal), manner.as_json)
            _say_how_to_go_on(origin, journal)
            raise
    is_done = all(result.outcome == "confirmed" for result in applied.results)
    # Written first: printing may take long, or end in a pipe that nobody reads.
    if not is_done:
        _keep_the_rest(applied.remainder, origin, journal)
    _report(applied.results, manner.as_json)
    return 0 if is_done else 3


def _after_an_interrupt(
    steps: Sequence[Step], settled: Mapping[Step, StepResult], journal: Path
) -> Sequence[StepResult]:
    """How each step ended: as it was told, else as the journal says; the others were not tried."""
    from ..errors import CssError
    from ..journal import read_journal
    from ..state import StepResult

    entries = read_journal(*content_of(journal)).entries if journal.exists() else ()
    noted = {step: entry.outcome or "unknown" for entry in entries for step in entry.steps}
    untried = CssError("Interrupted before this was tried.")
    return [
        settled.get(step) or (StepResult(step, noted[step]) if step in noted else StepResult(step, "skipped", untried))
        for step in steps
    ]


def _keep_the_rest(left: SavedPlan | None, origin: Origin, journal: Path) -> None:
    """Writes down what is left, unless it stands there already, and says how to go on."""
    from .. import plan_as_json
    from ..errors import InvalidFile

    if left is None or origin.resume is not None:
        return _say_how_to_go_on(origin, journal)
    try:
        write_whole(origin.remainder, [plan_as_json(left)])
    except InvalidFile as error:
        return click.echo(f"css: {error}", err=True)
    return click.echo(
        f"What is left to do stands in {origin.remainder}; go on by: css apply {quote(str(origin.remainder))}", err=True
    )


def _say_how_to_go_on(origin: Origin, journal: Path) -> None:
    """After an interrupt, or where a journal was gone on with."""
    again = (
        f"css apply {quote(str(origin.file))} --resume {quote(str(journal))}"
        if origin.file and journal.exists()
        else "the same again"
    )
    click.echo(f"What is left to do is done by: {again}", err=True)


def _report(results: Sequence[StepResult], as_json: bool) -> None:
    """Prints each result as JSON, or those that were not done as a table; and on stderr how many ended how."""
    rows = [_row(result) for result in results]
    left = [row for row, result in zip(rows, results, strict=True) if result.outcome != "confirmed"]
    if as_json or left:
        print_rows(rows if as_json else left, _COLUMNS, as_json)
    counts = Counter(str(row["state"]) for row in rows)
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()) or "nothing to do", err=True)


def _row(result: StepResult) -> dict[str, Any]:
    step = result.step
    return {
        "state": _state_of(result),
        "step": step.kind,
        "role": step.role,
        "target": step.target,
        "integration": step.place.integration,
        "environment": step.place.environment,
        "message": str(result.error or ""),
    }


def _state_of(result: StepResult) -> str:
    from ..errors import NotFound

    if isinstance(result.error, NotFound) and result.error.what == "user":
        return "never logged in"
    return "done" if result.outcome == "confirmed" else result.outcome
