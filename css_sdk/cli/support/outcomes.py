"""Print the results of a plan, save the steps that are left, and print how to continue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from glob import escape
from itertools import chain
from typing import TYPE_CHECKING, Final

from ..._text.shells import quote
from . import records
from .files import content_of, write_whole
from .journals import folder
from .output import print_results, say
from .plans import saved_plan

if TYPE_CHECKING:
    from ... import Applied, Journal, JournalRead, Plan
    from ...errors import StalePlan
    from ...journal.entries import Entry
    from ...state import Step, StepKind, StepResult
    from .applying import Origin
    from .options import Given

_ALREADY: Final[Mapping[StepKind, str]] = {
    "add_composite": "already a child",
    "remove_composite": "is not a child",
    "create_role": "already exists",
}
"""The state that css prints for a step that needed no change, by the kind of the step."""


def steps_left(plan: Plan, journal: JournalRead | None) -> tuple[Step, ...]:
    """Return the steps of a plan that a journal does not record as done. Without a journal, return all steps."""
    from ...plan.preconditions import without

    entries = journal.entries if journal is not None else ()
    return without(plan.steps, [step for entry in entries if entry.outcome == "done" for step in entry.steps])


def add_earlier_run(error: StalePlan, origin: Origin, plan: Plan) -> None:
    """If an earlier run has carried out this plan or a part of it, replace the remedy of an error.

    The new remedy names the journal of the earlier run. If steps are left, it says how to continue that run.
    """
    from attrs import evolve

    if origin.file is None or origin.resume is not None or error.remedy is None:
        return
    for name, journal in chain(_beside(origin), folder().journals().items()):
        if journal.plan != origin.plan_id or not journal.entries:
            continue
        if not steps_left(plan, journal):
            done = f"The plan was carried out already (journal {name}). {error.remedy.command_line}"
            error.remedy = evolve(error.remedy, command_line=done)
        else:
            command = f"css apply {quote(str(origin.file))} --resume {quote(name)}"
            left = f"An earlier run did not finish. To continue it, run: {command}"
            error.remedy = evolve(error.remedy, command_line=left)
        return


def _beside(origin: Origin) -> Iterator[tuple[str, JournalRead]]:
    """Yield the path and content of each journal that is in the folder of a saved plan, and named after the plan.

    Yield the newest journal first.
    """
    from ... import read_journal
    from ...errors import InvalidFile

    for path in sorted(origin.folder.glob(f"{escape(origin.name)}.*.journal.jsonl"), reverse=True):
        with suppress(InvalidFile):
            yield str(path), read_journal(*content_of(path, is_journal=True))


def after_an_interrupt(
    steps: Sequence[Step], settled: Mapping[Step, StepResult], entries: Iterable[Entry]
) -> Sequence[StepResult]:
    """Return a result for each step after an interrupt.

    For a step without a reported result, use the outcome in the journal. If the journal has no outcome yet, the result
    is "unknown". If the journal has no entry, css did not send the step, and the result is "skipped".
    """
    from ...errors import Skipped
    from ...state import StepResult

    noted = {step: entry.outcome or "unknown" for entry in entries for step in entry.steps}
    skipped = Skipped("css-sdk was interrupted before it sent this change.")
    return [
        settled.get(step) or (StepResult(step, noted[step]) if step in noted else StepResult(step, "skipped", skipped))
        for step in steps
    ]


def write_remainder(
    applied: Applied, origin: Origin, journal: Journal | None, given: Given, names: Mapping[str, str]
) -> None:
    """Save the steps that are left as a new plan, and print how to continue.

    If the outcome of a step is unknown, css saves no new plan. The step can still take effect later, and then the new
    plan would no longer fit the state. If this run continues a journal, css saves no new plan either. In both cases,
    css only prints how to continue.
    """
    from ...errors import InvalidFile

    is_unknown = any(result.outcome == "unknown" for result in applied.results)
    if applied.remainder is None or origin.resume is not None or is_unknown:
        return print_how_to_continue(origin, journal)
    try:
        write_whole(origin.remainder, [saved_plan(applied.remainder, given, names).encode()])
    except InvalidFile as error:
        say(f"css: {error}")
        return print_how_to_continue(origin, journal)
    advice = "First correct the cause of each failure. Then" if _has_lasting_cause(applied) else "To carry them out,"
    return say(f"The steps that are left are saved. {advice} run: css apply {quote(str(origin.remainder))}")


def _has_lasting_cause(applied: Applied) -> bool:
    """Return whether a step would fail again if it is sent again without a correction."""
    from ... import errors

    passing = errors.RateLimited | errors.ServiceUnavailable | errors.ConnectionFailed | errors.MalformedAnswer
    return any(result.outcome == "failed" and not isinstance(result.error, passing) for result in applied.results)


def print_how_to_continue(origin: Origin, journal: Journal | None) -> None:
    """Print how to carry out the steps that are left, if css did not save them as a new plan.

    With a saved plan and a journal, the user can continue with `--resume`. Otherwise, the user must run the command
    again.
    """
    again = (
        f"run: css apply {quote(str(origin.file))} --resume {quote(folder().name_of(journal.path))}"
        if origin.file and journal is not None and (journal.entries or origin.resume)
        else "run the same command again."
    )
    say(f"To carry out the steps that are left, {again}")


def is_settled(result: StepResult, allow_missing: bool) -> bool:
    """Return whether a step is done. With `allow_missing`, steps for users who have never logged in count as done."""
    from ...people.identification import NEVER_LOGGED_IN

    return result.outcome == "done" or (allow_missing and _state_of(result) == NEVER_LOGGED_IN)


def print_step_results(
    results: Sequence[StepResult], names: Mapping[str, str], as_json: bool, *, with_done: bool = False
) -> None:
    """Print the results of all steps as JSON, or a table of the steps that were not done.

    On stderr, print how many steps are in each state. If `with_done` is true, the table has all steps.
    """
    print_results(
        [
            records.of_step(_state_of(result), result.step, names, result.error)
            for result in results
            if as_json or with_done or result.outcome != "done"
        ],
        as_json,
        states=map(_state_of, results),
        errors=[result.error for result in results],
    )


def _state_of(result: StepResult) -> str:
    from ...people.identification import state_of
    from ...people.identities import Person

    if result.outcome == "failed":
        return state_of(Person("username", result.step.target), result.error)
    return _ALREADY[result.step.kind] if result.outcome == "already" else result.outcome
