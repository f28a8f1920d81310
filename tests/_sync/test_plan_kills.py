# Written from tests/_async/test_plan_kills.py by `make generate`; edit that one.
"""A program is killed in the middle of a plan: the next program completes the plan and repeats no write."""

from __future__ import annotations

from pathlib import Path

import pytest

from css_sdk import Css, Guards, Plan, Settings, StalePlan, TooManyRemovals
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.plan.serialization import plan_as_json, read_plan
from tests.plan_worlds import (
    DEV,
    MIXED_BEFORE,
    MIXED_WRITES,
    Mortal,
    MortalJournal,
    as_facts,
    death,
    everything,
    mixed,
    outcomes,
    reason,
    seeded,
)
from tests.support import at_once, some


def client(sandbox: Mortal, journal: Journal | None = None) -> Css:
    """Return a client that does not wait between attempts."""
    return Css(Settings(**sandbox.credentials()), transport=sandbox.transport(), retry=at_once, journal=journal)


def planned(css: Css) -> Plan:
    """Return a plan with every kind of step, as a later run reads it from a file."""
    return read_plan(plan_as_json(css.plan(mixed(), prune=True)), "plan.json")


def refused(css: Css, saved: Plan) -> type[Exception]:
    """Return the error that refuses the saved plan without its journal.

    max_removals=0 refuses the plan if it is not stale.
    """
    with pytest.raises((StalePlan, TooManyRemovals)) as caught:
        css.apply_plan(saved, guards=Guards(max_removals=0))
    return caught.type


def finished(sandbox: Mortal, saved: Plan, path: Path, guards: Guards) -> None:
    """Resume the plan with its journal, and check that no confirmed step is repeated."""
    recorded = read_journal(path.read_bytes(), "journal")  # noqa: ASYNC240
    confirmed = {step for entry in recorded.entries if entry.outcome == "done" for step in entry.steps}
    with Journal(path, resume=True) as journal:
        with client(sandbox, journal) as css:
            applied = css.apply_plan(saved, resume=recorded, guards=guards)
    assert not reason(applied.results)
    assert applied.remainder is None
    assert confirmed.isdisjoint(outcomes(applied.results))


def killed_and_finished(sandbox: Mortal, journal: MortalJournal, width: int, guards: Guards, *, resume: bool) -> None:
    """Apply the plan until the program is killed, then complete it with the journal or with a new plan."""
    seeded([MIXED_BEFORE], sandbox)
    with client(sandbox) as css:
        saved = planned(css)
        with death(sandbox):
            with client(sandbox, journal) as mortal:
                mortal.apply_plan(saved, width=width, guards=guards)
        journal.close()
        sandbox.revive()
        done = len(sandbox.done)
        assert refused(css, saved) is (StalePlan if done else TooManyRemovals)
        assert len(sandbox.done) == done
        if resume:
            finished(sandbox, saved, journal.path, guards)
        else:
            applied = css.apply_plan(css.plan(mixed(), prune=True), guards=guards)
            assert not reason(applied.results)
        assert not (css.plan(mixed(), prune=True)).steps
    assert everything(sandbox) == everything(seeded([MIXED_BEFORE])) | {DEV: as_facts(MIXED_BEFORE.after(saved.steps))}
    assert len(sandbox.done) == MIXED_WRITES


WIDTHS_AND_ORDERS = [(1, Guards()), (4, Guards()), (2, Guards(remove_first=True))]


@pytest.mark.parametrize("sent", [False, True], ids=["before it is sent", "before its answer"])
def test_a_plan_is_completed_after_a_kill_at_any_write(tmp_path: Path, sent: bool) -> None:
    """After a kill at any write, the journal or a new plan completes the work without extra writes.

    The old plan is stale.
    """
    for number in some(range(MIXED_WRITES), __name__):
        width, guards = WIDTHS_AND_ORDERS[number % 3]
        for resume in (True, False) if number % 2 == sent else (True,):
            sandbox = Mortal(number, sent=sent)
            journal = MortalJournal(tmp_path / f"{number} {resume}", sandbox)
            killed_and_finished(sandbox, journal, width, guards, resume=resume)


def test_a_plan_is_completed_after_a_kill_at_any_line_of_the_journal(tmp_path: Path) -> None:
    """After a kill between two lines of the journal or within one, resuming completes the plan without extra writes."""
    for number in some(range(1, 2 * MIXED_WRITES), __name__):
        width, guards = WIDTHS_AND_ORDERS[number % 3]
        sandbox = Mortal()
        journal = MortalJournal(tmp_path / str(number), sandbox, number, cut=number % 4 > 1)
        killed_and_finished(sandbox, journal, width, guards, resume=True)
