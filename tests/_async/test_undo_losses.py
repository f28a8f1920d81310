"""An undo that is done in part: the remainder can be applied later, and a role keeps its name until then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from css_sdk import AsyncCss, Guards, JournalRead, Settings, plan_as_json, read_plan
from css_sdk.errors import Refused, StalePlan
from css_sdk.journal.entries import Entry
from css_sdk.sandbox import Sandbox
from css_sdk.state import Step, StepResult
from tests.plan_worlds import DEV, everything
from tests.support import at_once

ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
RENAMED_AND_GIVEN = (Step("rename_role", DEV, "reviewer", "examiner"), Step("add_member", DEV, "examiner", ILSE))
COMPOSED = (
    Step("rename_role", DEV, "approver", "signer"),
    Step("create_role", DEV, "sub"),
    Step("add_composite", DEV, "signer", "sub"),
)


def client(sandbox: Sandbox) -> AsyncCss:
    """Return a client that does not wait between attempts."""
    return AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport(), retry=at_once)


def journal_of(css: AsyncCss, steps: Sequence[Step], plan: str | None = None) -> JournalRead:
    """Return the journal that records these steps as done."""
    entries = tuple(Entry(number, (step,), "done") for number, step in enumerate(steps, start=1))
    return JournalRead(css.settings.client_id, css.settings.api_url, entries, plan)


async def done(css: AsyncCss, steps: Iterable[Step]) -> None:
    """Carry out these steps as single calls, as an admin would."""
    dev = (await css.integration(101)).environment("dev")
    for step in steps:
        match step.kind:
            case "create_role":
                await dev.roles.create(step.role)
            case "rename_role":
                await dev.roles.rename(step.role, step.target)
            case "add_composite":
                await dev.roles.composites(step.role).add(step.target)
            case _:
                await dev.users.assign(step.target, step.role)


def outcomes(results: Iterable[StepResult]) -> list[tuple[str, str]]:
    """Return the kind and the outcome of each result."""
    return [(result.step.kind, result.outcome) for result in results]


@pytest.mark.parametrize("steps", [RENAMED_AND_GIVEN, COMPOSED])
async def test_the_remainder_of_an_undo_can_be_applied_later(steps: tuple[Step, ...]) -> None:
    """If an undo fails in part, its remainder can be saved and applied later, and the first state is restored.

    A role gets its old name back, or is deleted, only after the removals that depend on it.
    """
    sandbox = Sandbox()
    before = everything(sandbox)
    async with client(sandbox) as css:
        await done(css, steps)
        plan = await css.undo_plan(journal_of(css, steps))
        sandbox.faults.add("422_before", method="DELETE", path="*/dev/users/*", times=None)
        sandbox.faults.add("422_before", method="DELETE", path="*/composite-roles/*", times=None)
        first = await css.apply_plan(plan)
        assert {outcome for _, outcome in outcomes(first.results)} == {"failed", "skipped"}
        assert first.remainder is not None
        assert first.remainder.steps == plan.steps
        sandbox.faults.clear()
        kept = read_plan(plan_as_json(first.remainder), "undo.remainder.json")
        assert kept.leads_back
        assert (await css.apply_plan(kept)).remainder is None
    assert everything(sandbox) == before


async def test_an_undo_refuses_another_order_and_may_empty_a_role() -> None:
    """An undo refuses remove_first, and can remove the last member of a role that was empty before."""
    sandbox = Sandbox()
    sandbox.create_role(101, "dev", "empty")
    steps = [Step("add_member", DEV, "empty", ILSE), Step("rename_role", DEV, "empty", "named")]
    async with client(sandbox) as css:
        await done(css, steps)
        sent = len(sandbox.requests)
        plan = await css.undo_plan(journal_of(css, steps))
        for made in (plan, read_plan(plan_as_json(plan), "undo.json")):
            with pytest.raises(Refused, match="order of a plan that undoes changes is fixed"):
                await css.apply_plan(made, guards=Guards(remove_first=True))
        assert all(request.method == "GET" for request in sandbox.requests[sent:] if "/api/" in request.path)
        applied = await css.apply_plan(plan, guards=Guards(allow_empty=False))
    assert outcomes(applied.results) == [("rename_role", "done"), ("remove_member", "done")]


async def test_an_undo_refuses_the_journal_of_another_plan() -> None:
    """An undo refuses a journal that names another plan, and resumes with a journal that names this plan or no plan."""
    sandbox = Sandbox()
    async with client(sandbox) as css:
        steps = [Step("rename_role", DEV, "reviewer", "examiner")]
        await done(css, steps)
        plan = await css.undo_plan(journal_of(css, steps))
        with pytest.raises(StalePlan, match="another plan"):
            await css.apply_plan(plan, resume=journal_of(css, [], "of another plan"))
        assert outcomes((await css.apply_plan(plan, resume=journal_of(css, [], plan.id))).results) == [
            ("rename_role", "done")
        ]
        again = await css.apply_plan(plan, resume=journal_of(css, plan.steps))
    assert (again.results, again.remainder) == ((), None)
