"""Applying plans while requests fail: the results agree with the state, and the remainder completes the plan."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from css_sdk import Applied, AsyncCss, AuthenticationError, Backoff, CssError, Guards, Settings, StalePlan
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.plan.dependencies import Dependencies
from css_sdk.plan.serialization import plan_as_json, read_plan
from css_sdk.sandbox import Sandbox
from css_sdk.state import Step, StepResult
from tests.fault_sequences import elsewhere, faults, sent_writes
from tests.plan_worlds import MIXED_BEFORE, as_facts, everything, mixed, outcomes, reason, reported_truly, seeded
from tests.states import secrets
from tests.support import asked, examples

STEADY = settings(
    derandomize=True, deadline=None, max_examples=examples(10, __name__), suppress_health_check=list(HealthCheck)
)
"""Draw the same examples in every run."""


async def no_time(_: float) -> None:
    """Return at once, so that a delayed answer costs the test no time."""


def client(sandbox: Sandbox, journal: Journal | None = None) -> AsyncCss:
    """Return a client with three attempts that never waits, and treats an answer after more than a second as lost."""
    credentials = Settings(**sandbox.credentials())
    retry = Backoff(tries=3, first=0.0, budget=0.0)
    transport = sandbox.async_transport(no_time)
    return AsyncCss(credentials, transport=transport, timeout=1.0, retry=retry, journal=journal)


def judged(sandbox: Sandbox, steps: tuple[Step, ...], applied: Applied) -> None:
    """Check that each step has one true result, and that exactly the steps with an undone dependency were skipped.

    The remainder must contain all steps that were not confirmed.
    """
    assert [result.step for result in applied.results] == [*steps]
    assert reported_truly(MIXED_BEFORE, applied.results, sandbox)
    dependencies = Dependencies(steps, [MIXED_BEFORE])
    for result in applied.results:
        assert (dependencies.why_skipped(result.step) is not None) is (result.outcome == "skipped")
        dependencies.note(result)
    left = tuple(result.step for result in applied.results if result.outcome != "done")
    assert (applied.remainder.steps if applied.remainder else ()) == left


@STEADY
@given(
    st.lists(faults(), min_size=1, max_size=4),
    st.sampled_from([0, 1, 1, 3, 8, 12]),
    st.booleans(),
    st.sampled_from([1, 1, 4]),
    st.sampled_from([Guards(), Guards(remove_first=True)]),
)
async def test_failed_steps_are_reported_truly_and_can_be_applied_later(
    laid: list[dict[str, Any]], begins: int, token_dies: bool, width: int, guards: Guards
) -> None:
    """For every fault, the results are true, and the remainder or a new plan reaches the desired state."""
    sandbox = seeded([MIXED_BEFORE])
    others = elsewhere(sandbox)
    async with client(sandbox) as css:
        plan = await css.plan(mixed(), prune=True)
        reported: list[StepResult] = []

        def strike(result: StepResult | None) -> None:
            reported.extend([result] if result else [])
            if len(reported) == begins and not sandbox.faults:
                for fault in laid:
                    sandbox.faults.add(**fault)
                if token_dies:
                    sandbox.revoke_tokens()

        strike(None)
        try:
            applied = await css.apply_plan(plan, guards=guards, width=width, progress=strike)
        except CssError as error:
            event(f"refused: {type(error).__name__}")
            assert sent_writes(sandbox) == begins == 0
            applied = None
        sandbox.faults.clear()
        if applied is not None:
            event(" ".join(sorted({result.outcome for result in applied.results})))
            assert sorted(map(str, reported)) == sorted(map(str, applied.results))
            judged(sandbox, guards.order(plan.steps, plan.states), applied)
            if applied.remainder is not None:
                left = read_plan(plan_as_json(applied.remainder), "left.json")
                try:
                    second = await css.apply_plan(left)
                    assert not reason(second.results)
                    assert second.remainder is None
                except StalePlan:
                    assert "unknown" in outcomes(applied.results).values()
        third = await css.apply_plan(await css.plan(mixed(), prune=True))
        assert not reason(third.results)
        assert applied is None or not third.results or "unknown" in outcomes(applied.results).values()
    assert everything(sandbox)[MIXED_BEFORE.place] == as_facts(MIXED_BEFORE.after(plan.steps))
    assert elsewhere(sandbox) == others


@STEADY
@given(
    st.lists(faults(), min_size=1, max_size=4),
    st.sampled_from([1, 1, 4]),
    st.sampled_from([Guards(), Guards(remove_first=True)]),
)
async def test_a_plan_that_faults_interrupted_is_completed_with_its_journal(
    laid: list[dict[str, Any]], width: int, guards: Guards
) -> None:
    """For every fault, the saved plan and its journal reach the desired state, and no text contains a secret."""
    sandbox = seeded([MIXED_BEFORE])
    with TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        with Journal(path) as journal:
            async with client(sandbox, journal) as css:
                plan = await css.plan(mixed(), prune=True)
                for fault in laid:
                    sandbox.faults.add(**{**fault, "after": fault["after"] + 2})
                try:
                    outcome: object = await css.apply_plan(plan, guards=guards, width=width)
                except CssError as error:
                    event(f"refused: {type(error).__name__}")
                    outcome = error
        sandbox.faults.clear()
        written = path.read_text(encoding="utf-8")  # noqa: ASYNC240
        with Journal(path, resume=True) as journal:
            async with client(sandbox, journal) as css:
                applied = await css.apply_plan(plan, resume=read_journal(written, "journal"), guards=guards)
        assert not reason(applied.results)
        assert applied.remainder is None
        event("went on" if applied.results else "all was done")
    assert everything(sandbox)[MIXED_BEFORE.place] == as_facts(MIXED_BEFORE.after(plan.steps))
    texts = plan_as_json(plan), written, str(outcome), repr(outcome), "".join(plan.notes)
    assert not [secret for secret in secrets(sandbox) for text in texts if secret in text]


@pytest.mark.parametrize("kind", ["500_before", "422_after", "lose_after", "empty_success", "login_server"])
@pytest.mark.parametrize("passes", range(0, 13, 3))
async def test_a_plan_overcomes_a_fault_that_passes(kind: str, passes: int) -> None:
    """If an attempt of a write fails, css-sdk reads the state and repeats only what is missing.

    All steps are confirmed.
    """
    sandbox = seeded([MIXED_BEFORE])
    async with client(sandbox) as css:
        plan = await css.plan(mixed(), prune=True)
        for method in ("POST", "PUT", "DELETE"):
            path = "*/roles/?" if (kind, method) == ("empty_success", "DELETE") else "*"
            sandbox.faults.add(kind, method=method, path=path, after=passes // 3, times=1)
        applied = await css.apply_plan(plan)
    assert not reason(applied.results)
    assert applied.remainder is None


async def test_a_plan_sends_nothing_more_after_its_credentials_are_refused() -> None:
    """If the token cannot be renewed, the remaining steps are failed or skipped, and nothing more is sent."""
    sandbox = seeded([MIXED_BEFORE])
    async with client(sandbox) as css:
        plan = await css.plan(mixed(), prune=True)
        sandbox.faults.add("revoked_token", method="POST", path="*/composite-roles", times=None)
        applied = await css.apply_plan(plan, width=1)
        judged(sandbox, plan.steps, applied)
        first = next(number for number, step in enumerate(plan.steps) if step.kind == "add_composite")
        for number, result in enumerate(applied.results):
            if number < first:
                assert result.outcome == "done"
            elif result.outcome != "skipped":
                assert isinstance(result.error, AuthenticationError)
        # css-sdk tried the write once more with a second token and then stopped.
        assert asked(sandbox)["POST"] == 2 + 2
        assert asked(sandbox)["DELETE"] == 0
        sandbox.faults.clear()
        assert applied.remainder is not None
        assert not reason((await css.apply_plan(applied.remainder)).results)
