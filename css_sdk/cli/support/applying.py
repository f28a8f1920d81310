"""What the commands that carry out plans share: options, asking, and doing it with a journal."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .client import ended_as_by_an_interrupt, journal_option, opened
from .files import STDIN, content_of, may_be_replaced, why_not_writable
from .options import json_option, width_option
from .outcomes import (
    after_an_interrupt,
    earlier_try,
    is_settled,
    keep_the_rest,
    left_of,
    report,
    say_how_to_go_on,
    tell_the_way_back,
)
from .plans import is_plan_of_ours, tell, tell_withheld
from .progress import bar_on_terminal, without_display
from .questions import Answers, Changes, confirm, consent_options

if TYPE_CHECKING:
    from ... import JournalRead, Plan
    from ...state import PlaceState, Step, StepResult

Function = TypeVar("Function", bound=Callable[..., Any])

_REMAINDER = re.compile(r"\.remainder(?:\.([0-9]{1,9}))?$")


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
    allow_empty: bool = True
    allow_missing: bool = False


def manner_options(function: Function) -> Function:
    """The options of everything that carries out a plan."""
    return consent_options(journal_option(width_option(json_option(function))))


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
        name: the beginning of the names of its journal and of what is left.
        folder: in which these are put.
        file: of the plan, where it was saved before.
        plan_id: of the plan in that file.
        resume: the journal of an earlier try.
    """

    name: str
    folder: Path = Path()
    file: Path | None = None
    plan_id: str | None = None
    resume: Path | None = None

    @classmethod
    def of_file(cls, file: Path, plan_id: str, resume: Path | None) -> Origin:
        """A plan that was saved."""
        if file == STDIN:
            return cls("stdin", plan_id=plan_id, resume=resume)
        return cls(_REMAINDER.sub("", file.stem), file.parent, file, plan_id, resume)

    @property
    def remainder(self) -> Path:
        """The file for what is left; what is left of a remainder has the next number, so that both stay."""
        found = _REMAINDER.search(self.file.stem) if self.file else None
        number = f".{int(found[1] or 1) + 1}" if found else ""
        return self.folder / f"{self.name}.remainder{number}.json"

    def journal(self, named: Path | None) -> Path:
        """The file for the journal."""
        if self.resume or named:
            return self.resume or named or Path()
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return self.folder / f"{self.name}.{now}.journal.jsonl"


def read_resumed(plan: Plan, origin: Origin) -> JournalRead | None:
    """The journal with which a saved plan goes on, checked before a line is added to it.

    Raises:
        StalePlan: when it is that of another plan, account or address.
        InvalidFile: when it cannot be read, or is no journal.
    """
    from ...errors import StalePlan
    from ...journal.entries import read_journal
    from ...plan.preconditions import check_whose_journal
    from ...settings import settings_from_env

    if origin.resume is None:
        return None
    journal = read_journal(*content_of(origin.resume, is_journal=True))
    check_whose_journal(journal, settings_from_env(), plan)
    if journal.plan is None:
        raise StalePlan(f"The journal {origin.resume} is not that of a saved plan. Nothing was sent.")
    return journal


def _check_journal(file: Path) -> None:
    """Refuses a journal that cannot be kept; better known before anybody is asked.

    Raises:
        InvalidFile: when it exists already, or cannot be written.
    """
    from ...errors import InvalidFile

    if file.exists():
        raise InvalidFile(
            f"The journal {file} exists already, and a journal is never replaced: it leads back. Nothing was changed; "
            f"name another file with --journal."
        )
    if why := why_not_writable(file):
        raise InvalidFile(
            f"The journal {file} cannot be written: {why}. Nothing was changed; name another file with --journal."
        )


def _check_remainder(file: Path) -> None:
    """Refuses to begin where what is left could not be kept without destroying something else.

    Raises:
        InvalidFile: when the file for it holds what is no plan.
    """
    from ...errors import InvalidFile

    if file.exists() and not (file.is_file() and may_be_replaced(file, is_plan_of_ours)):
        raise InvalidFile(
            f"{file} exists, and is not a plan that css-sdk wrote; what is left undone would be kept there. Nothing "
            f"was changed; move it away."
        )


def _confirm(plan: Plan, left: Sequence[Step], manner: Manner) -> None:
    """Ask what the table of questions demands before what is left of a plan, which was shown before, is carried out.

    Raises:
        NotConfirmed: when it is not wanted. Nothing was changed.
        click.Abort: when a question is not answered.
    """
    changes = Changes(
        adds=any(not step.takes_away for step in left),
        removes=any(step.takes_away for step in left),
        is_plan=True,
        prod=tuple(plan.project_names.get(step.place, "") for step in left if step.place.environment == "prod"),
    )
    confirm(changes, Answers(yes=manner.yes, allow_prod=manner.allow_prod))


def shown_and_carried_out(plan: Plan, manner: Manner, name: str, states: Sequence[PlaceState] | None = None) -> int:
    """Shows a plan that was just made, asks, carries it out, and returns the exit code.

    Args:
        plan: as it was made.
        manner: as the options say.
        name: the beginning of the names of its journal and of what is left.
        states: from which people's names are known; those of the plan by default.
    """
    tell(plan, states if states is not None else plan.states)
    tell_withheld(plan)
    if not plan.steps:
        return 0
    return carry_out(plan, manner, Origin(name))


def carry_out(
    plan: Plan,
    manner: Manner,
    origin: Origin,
    resumed: JournalRead | None = None,
) -> int:
    """Asks, carries out a plan with a journal, reports what was not done, and returns the exit code.

    An interrupt lets the calls in flight finish; then the same is reported.

    Args:
        plan: as it was shown.
        manner: as the options say.
        origin: where the plan comes from.
        resumed: the journal of an earlier try.
    """
    from ... import Guards
    from ...errors import StalePlan
    from ...settings import settings_from_env

    # That credentials are missing is best known before anybody is asked.
    settings_from_env()
    guards = Guards(
        max_removals=manner.max_removals,
        keep_last=manner.keep_last,
        remove_first=manner.remove_first,
        allow_empty=manner.allow_empty,
    )
    journal = origin.journal(manner.journal)
    if origin.resume is None:
        _check_journal(journal)
        _check_remainder(origin.remainder)
    left = left_of(plan, resumed)
    _confirm(plan, left, manner)
    settled: dict[Step, StepResult] = {}
    with ended_as_by_an_interrupt(), bar_on_terminal(len(left)) as tick:

        def note(result: StepResult) -> None:
            settled[result.step] = result
            tick(result)

        try:
            with opened(journal, plan=origin.plan_id, resume=origin.resume is not None) as css:
                try:
                    applied = without_display(
                        lambda: css.apply_plan(plan, guards=guards, resume=resumed, width=manner.width, progress=note)
                    )
                finally:
                    tell_the_way_back(journal, resumed)
        except KeyboardInterrupt:
            report(after_an_interrupt(plan.steps, settled, journal), manner.as_json)
            say_how_to_go_on(origin, journal)
            raise
        except StalePlan as error:
            raise StalePlan(f"{error}{earlier_try(origin, plan)}") from None
    is_done = all(is_settled(result, manner.allow_missing) for result in applied.results)
    # Written first: printing may take long, or end in a pipe that nobody reads.
    if not is_done:
        keep_the_rest(applied, origin, journal)
    report(applied.results, manner.as_json)
    return 0 if is_done else 3
