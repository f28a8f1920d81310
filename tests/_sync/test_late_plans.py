# Written from tests/_async/test_late_plans.py by `make generate`; edit that one.
"""Plans, undo and resumption while writes arrive late: every reported outcome agrees with the final state."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from css_sdk import Applied, Backoff, Css, CssError, Guards, NotFound, Plan, Settings, StalePlan
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import JournalRead, read_journal
from css_sdk.sandbox import Sandbox
from tests.fault_sequences import elsewhere, faults, late_faults
from tests.plan_worlds import (
    DEV,
    MIXED_BEFORE,
    MIXED_WRITES,
    Mortal,
    as_facts,
    death,
    everything,
    mixed,
    reason,
    reported_truly,
    seeded,
)
from tests.support import examples, some

STEADY = settings(
    derandomize=True, deadline=None, max_examples=examples(8, __name__), suppress_health_check=list(HealthCheck)
)
"""Draw the same examples in every run."""

LAID = st.tuples(late_faults(), st.lists(late_faults() | faults(), max_size=3)).map(lambda drawn: [drawn[0], *drawn[1]])
"""Draw lists of faults in which at least one fault makes writes arrive late."""

ORDERS = st.sampled_from([Guards(), Guards(remove_first=True)])


def no_time(_: float) -> None:
    """Return at once, so that a delayed answer costs the test no time."""


def client(sandbox: Sandbox, journal: Journal | None = None) -> Css:
    """Return a client with two attempts that never waits, and treats an answer after more than a second as lost."""
    retry = Backoff(tries=2, first=0.0, budget=0.0)
    transport = sandbox.transport(no_time)
    return Css(Settings(**sandbox.credentials()), transport=transport, timeout=1.0, retry=retry, journal=journal)


def led_to_the_end(sandbox: Sandbox) -> None:
    """Let a second program reach the desired state with a new plan."""
    with client(sandbox) as css:
        applied = css.apply_plan(css.plan(mixed(), prune=True))
        assert not reason(applied.results)
        assert not (css.plan(mixed(), prune=True)).steps


@STEADY
@given(LAID, st.sampled_from([1, 4]), ORDERS)
def test_the_reported_outcomes_of_a_plan_stay_true_when_late_writes_arrive(
    laid: list[dict[str, Any]], width: int, guards: Guards
) -> None:
    """Confirmed steps are in the state after all late writes have arrived, and failed or skipped steps are not."""
    sandbox = seeded([MIXED_BEFORE])
    others = elsewhere(sandbox)
    with client(sandbox) as css:
        plan = css.plan(mixed(), prune=True)
        wanted = as_facts(MIXED_BEFORE.after(plan.steps))
        for fault in laid:
            sandbox.faults.add(**{**fault, "after": fault["after"] + 2})
        try:
            results = (css.apply_plan(plan, guards=guards, width=width)).results
        except CssError as error:
            event(f"refused: {type(error).__name__}")
            results = ()
    sandbox.faults.clear()
    sandbox.land_late_writes()
    event(" ".join(sorted({result.outcome for result in results})))
    assert reported_truly(MIXED_BEFORE, results, sandbox)
    led_to_the_end(sandbox)
    assert everything(sandbox)[DEV] == wanted
    assert elsewhere(sandbox) == others


@STEADY
@given(LAID, ORDERS, st.booleans())
def test_a_journal_with_late_writes_can_be_resumed_or_undone(
    laid: list[dict[str, Any]], guards: Guards, back: bool
) -> None:
    """After late writes, the plan and its journal reach the desired state, and an undo restores the first state."""
    sandbox = seeded([MIXED_BEFORE])
    first = everything(sandbox)
    with TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        with Journal(path) as journal:
            with client(sandbox, journal) as css:
                plan = css.plan(mixed(), prune=True)
                for fault in laid:
                    sandbox.faults.add(**{**fault, "after": fault["after"] + 2})
                try:
                    css.apply_plan(plan, guards=guards)
                except CssError as error:
                    event(f"refused: {type(error).__name__}")
        sandbox.faults.clear()
        sandbox.land_late_writes()
        recorded = read_journal(path.read_bytes(), "journal")  # noqa: ASYNC240
        event(" ".join(sorted({entry.outcome for entry in recorded.entries})))
        if back:
            with client(sandbox) as css:
                applied = css.apply_plan(css.undo_plan(recorded))
        else:
            with Journal(path, resume=True) as journal:
                with client(sandbox, journal) as css:
                    applied = css.apply_plan(plan, resume=recorded, guards=guards)
        assert not reason(applied.results)
        assert applied.remainder is None
    assert everything(sandbox) == first if back else first | {DEV: as_facts(MIXED_BEFORE.after(plan.steps))}


def gone_on(css: Css, plan: Plan, recorded: JournalRead | None) -> Applied:
    """Resume the plan with the journal if one is given, otherwise apply a new plan."""
    if recorded is not None:
        return css.apply_plan(plan, resume=recorded)
    return css.apply_plan(css.plan(mixed(), prune=True))


@pytest.mark.parametrize("reads", [1, 4, None])
def test_a_kill_while_a_write_is_on_its_way_does_not_prevent_the_desired_state(
    tmp_path: Path, reads: int | None
) -> None:
    """A program is killed while one of its writes is on its way, and the next program still reaches the desired state.

    The write arrives while the next program works, or after it has finished. The next program resumes with the journal
    or makes a new plan.
    """
    for number in some(range(MIXED_WRITES), __name__):
        resume = (number + (reads or 0)) % 2 == 0
        sandbox = Mortal(number, sent=True)
        seeded([MIXED_BEFORE], sandbox)
        path = tmp_path / str(number)
        with client(sandbox) as css:
            plan = css.plan(mixed(), prune=True)
        sandbox.faults.add("late_write", after=number, reads=reads)
        with Journal(path) as journal:
            with client(sandbox, journal) as css:
                with death(sandbox):
                    css.apply_plan(plan, width=1)
        assert len(sandbox.late_writes) == 1
        sandbox.revive()
        recorded = read_journal(path.read_bytes(), "journal")
        with Journal(path, resume=True) as journal:
            with client(sandbox, journal) as css:
                sent = len(sandbox.done)
                try:
                    applied = gone_on(css, plan, recorded if resume else None)
                except (NotFound, StalePlan):
                    # The late write arrived between two reads. Nothing was sent, and the second try succeeds.
                    assert len(sandbox.done) == sent
                    applied = gone_on(css, plan, recorded if resume else None)
        assert not reason(applied.results), number
        sandbox.land_late_writes()
        assert everything(sandbox)[DEV] == as_facts(MIXED_BEFORE.after(plan.steps))
