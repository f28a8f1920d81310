"""Show plans, ask for confirmation, carry plans out with a journal, and report the results."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from .exit_codes import ExitCode
from .file_kinds import is_plan_of_ours
from .files import STDIN, content_of, may_be_replaced
from .journals import folder, journaled
from .options import Given
from .outcomes import (
    add_earlier_run,
    after_an_interrupt,
    is_settled,
    print_how_to_continue,
    print_step_results,
    steps_left,
    write_remainder,
)
from .output import say
from .plans import (
    print_plan,
    print_prune_hint,
    print_unidentified,
    unidentified_in,
)
from .progress import bar_on_terminal
from .questions import Changes, confirm, open_questions

if TYPE_CHECKING:
    from ... import Css, Journal, JournalRead, Plan
    from ...models import User
    from ...state import Step, StepResult

_REMAINDER = re.compile(r"\.remainder(?:\.([0-9]{1,9}))?$")


@dataclass(frozen=True)
class Origin:
    """Where a plan comes from.

    Attributes:
        name: the beginning of the name of the remainder file. css saves the steps that are left in this file.
        folder: the folder of the remainder file.
        file: the file of a saved plan; None for a new plan, and for a plan from stdin.
        plan_id: the id of a saved plan; None for a new plan.
        resume: the journal of the earlier run that this run continues.
        undoes: the name of the journal that the plan undoes; "" if the plan undoes none.
    """

    name: str
    folder: Path = Path()
    file: Path | None = None
    plan_id: str | None = None
    resume: Path | None = None
    undoes: str = ""

    @classmethod
    def of_file(cls, file: Path, plan_id: str, resume: Path | None) -> Origin:
        """Return the origin of a saved plan that was read from this file, or from stdin."""
        if file == STDIN:
            return cls("stdin", plan_id=plan_id, resume=resume)
        return cls(_REMAINDER.sub("", file.stem), file.parent, file, plan_id, resume)

    @property
    def remainder(self) -> Path:
        """Return the path of the remainder file.

        If the plan was read from a remainder file, the new file gets the next number, because css keeps both files.
        """
        found = _REMAINDER.search(self.file.stem) if self.file else None
        number = f".{int(found[1] or 1) + 1}" if found else ""
        return self.folder / f"{self.name}.remainder{number}.json"


def read_resumed(css: Css, plan: Plan, origin: Origin) -> JournalRead | None:
    """Return the journal that `--resume` names, or None without `--resume`.

    Raises:
        StalePlan: when the journal does not belong to this saved plan, account and address.
    """
    from ...errors import Remedy, StalePlan
    from ...journal.entries import read_journal
    from ...plan.preconditions import check_whose_journal

    if origin.resume is None:
        return None
    journal = read_journal(*content_of(origin.resume, is_journal=True))
    check_whose_journal(journal, css.settings, plan)
    if journal.plan is None:
        name = folder().name_of(origin.resume)
        hint = "Pass --resume with the journal of the interrupted run. To see the journals, run: css journal list"
        if journal.command:
            hint = f"It belongs to a run of: {journal.command}. {hint}"
        raise StalePlan(
            f"The journal {name} does not belong to a saved plan. Nothing was sent.", remedy=Remedy("", hint)
        )
    return journal


def _check_remainder(file: Path) -> None:
    """Raise an error if the remainder file exists, and is not a plan of css-sdk."""
    from ...errors import InvalidFile

    if file.exists() and not (file.is_file() and may_be_replaced(file, is_plan_of_ours)):
        raise InvalidFile(
            f"{file} exists, and is not a plan that css-sdk wrote. If steps fail, css saves them under this name. "
            f"Nothing was changed. Move the file."
        )


def preview_and_carry_out(css: Css, plan: Plan, given: Given, origin: Origin, known: Sequence[User] = ()) -> int:
    """Show a plan, ask for confirmation, carry the plan out with a journal, and return the exit code.

    After an interrupt, css finishes the calls that have begun, and prints which steps were not done.

    Args:
        origin: where the plan comes from.
        known: more users whose names css can show without a request.

    Raises:
        NotConfirmed: when the answer is no, or there is no terminal. Nothing was changed.
        StalePlan: when the state has changed, or the journal to resume belongs to a different plan.
        Refused: when a guard refuses the plan. Nothing was changed.
        InvalidFile: when a journal cannot be read or written, or an existing remainder file is not a plan of css-sdk.
    """
    from ...errors import StalePlan

    resumed = read_resumed(css, plan, origin)
    if origin.resume is None and plan.steps:
        _check_remainder(origin.remainder)
    with journaled(
        css, given, is_needed=bool(plan.steps), plan_id=origin.plan_id, resume=origin.resume, undoes=origin.undoes
    ) as (writing, journal):
        left = steps_left(plan, resumed)
        names = given.names_of(css, plan.people, (*plan.known, *known))
        print_plan(evolve(plan, steps=left), names, whole=plan)
        if origin.plan_id is None:
            print_prune_hint(plan)
        if resumed is not None and origin.resume is not None:
            done = len(plan.steps) - len(left)
            say(f"The journal {folder().name_of(origin.resume)} records {done} of {len(plan.steps)} steps as done.")
        people = unidentified_in(plan, allow_missing=given.allow_missing)
        if given.strict and people:
            print_unidentified(people, " Because of --strict, nothing was changed.")
            return ExitCode.INCOMPLETE
        try:
            code = _carry_out(writing, journal, plan, left, given, origin, resumed, names) if plan.steps else 0
        except StalePlan as error:
            add_earlier_run(error, origin, plan)
            raise
        print_unidentified(people)
        return ExitCode.INCOMPLETE if people and code == ExitCode.DONE else code


def _carry_out(
    css: Css,
    journal: Journal | None,
    plan: Plan,
    left: Sequence[Step],
    given: Given,
    origin: Origin,
    resumed: JournalRead | None,
    names: Mapping[str, str],
) -> int:
    prod = tuple(plan.project_names.get(step.place, "") for step in left if step.place.environment == "prod")
    changes = Changes.of(left, prod, is_plan=True)
    _check_before_a_question(css, plan, changes, given, resumed)
    confirm(changes, given)
    settled: dict[Step, StepResult] = {}
    with bar_on_terminal(len(left)) as tick:

        def note(result: StepResult) -> None:
            settled[result.step] = result
            tick(result)

        try:
            applied = css.apply_plan(plan, guards=given.guards, resume=resumed, width=given.width, progress=note)
        except KeyboardInterrupt:
            written = (*(resumed.entries if resumed else ()), *(journal.entries if journal else ()))
            print_step_results(after_an_interrupt(plan.steps, settled, written), names, given.as_json)
            print_how_to_continue(origin, journal)
            raise
    is_done = all(is_settled(result, given.allow_missing) for result in applied.results)
    # The remainder is written before the results are printed: printing may take long, or fail in a closed pipe.
    if not is_done:
        write_remainder(applied, origin, journal, given, names)
    print_step_results(applied.results, names, given.as_json)
    return ExitCode.DONE if is_done else ExitCode.INCOMPLETE


def _check_before_a_question(css: Css, plan: Plan, changes: Changes, given: Given, resumed: JournalRead | None) -> None:
    """Do not ask about a plan that css would refuse after the answer.

    A new plan has the states from which it was made. For a plan from a file, css reads the states, but only if css asks
    a question: before the first write, css reads them anyway.
    """
    from ..._sync.plans import check_plan

    if plan.states:
        given.guards.check(plan.steps, plan.states, leads_back=plan.leads_back, impact=plan.impact)
    elif open_questions(changes, yes=given.yes, allow_prod=given.allow_prod).options:
        check_plan(css, plan, given.guards, resumed, width=given.width)
