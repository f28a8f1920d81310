"""Concurrent changes: two programs apply one plan, and roles or members change while css-sdk reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from css_sdk import Applied, AsyncCss, Guards, NotFound, Settings, StalePlan
from css_sdk._http.concurrency import async_each
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request, Response
from tests.fault_sequences import sent_writes
from tests.plan_worlds import DEV, MIXED_BEFORE, USERS, Busy, as_facts, everything, mixed, reason, seeded
from tests.support import at_once


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("guards", [Guards(), Guards(remove_first=True)], ids=["adding first", "removing first"])
async def test_two_programs_that_apply_one_plan_report_what_they_did(width: int, guards: Guards) -> None:
    """If two programs apply one plan at once, exactly the confirmed steps are done. A third run completes the plan."""
    sandbox = seeded([MIXED_BEFORE])
    first, busy = everything(sandbox), Busy(sandbox)
    settings = Settings(**sandbox.credentials())
    ended: list[Applied | StalePlan] = []
    async with (
        AsyncCss(settings, transport=busy.async_transport(), retry=at_once) as one,
        AsyncCss(settings, transport=busy.async_transport(), retry=at_once) as other,
    ):
        plan = await one.plan(mixed(), prune=True)

        async def apply(css: AsyncCss) -> None:
            try:
                ended.append(await css.apply_plan(plan, guards=guards, width=width))
            except StalePlan as stale:
                ended.append(stale)

        await async_each(apply, [one, other], 2)
        results = [result for end in ended if isinstance(end, Applied) for result in end.results]
        assert results
        done = {result.step for result in results if result.outcome == "done"}
        steps = guards.order(plan.steps, plan.states)
        reached = MIXED_BEFORE.after([step for step in steps if step in done])
        assert everything(sandbox) == first | {DEV: as_facts(reached)}
        for end in ended:
            assert isinstance(end, StalePlan) or bool(reason(end.results)) is (end.remainder is not None)
            assert isinstance(end, StalePlan) or all(reason(end.results))
        left = await one.plan(mixed(), prune=True)
        assert bool(left.steps) <= any(isinstance(end, Applied) and end.remainder is not None for end in ended)
        assert not reason((await one.apply_plan(left)).results)
    assert everything(sandbox) == first | {DEV: as_facts(MIXED_BEFORE.after(plan.steps))}


class Rival(Sandbox):
    """A sandbox in which somebody else creates each role right before it is created."""

    def answer(self, request: Request) -> Response:
        if request.method == "POST" and request.path.endswith("/dev/roles"):
            self.create_role(DEV.integration, DEV.environment, json.loads(request.body)["name"])
        return super().answer(request)


@pytest.mark.parametrize("is_journaled", [False, True])
async def test_a_role_that_somebody_else_just_created_counts_as_created(tmp_path: Path, is_journaled: bool) -> None:
    """If somebody else creates a planned role first, its creation is confirmed, and an undo keeps the role."""
    sandbox = Rival()
    settings, path = Settings(**sandbox.credentials()), tmp_path / "journal.jsonl"
    newcomer = f"{32 * 'f'}@idir"
    held = Listed(tuple(Person("username", username) for username in (USERS[0], newcomer)))
    desired = Desired((DesiredPlace("101", "dev", Listed((DesiredRole("clerk", members=held),))),))
    journal = Journal(path) if is_journaled else None
    with nullcontext() if journal is None else journal:
        async with AsyncCss(settings, transport=sandbox.async_transport(), retry=at_once, journal=journal) as css:
            applied = await css.apply_plan(await css.plan(desired))
            assert [result.outcome for result in applied.results] == ["done", "done", "failed"]
            assert sandbox.members(101, "dev", "clerk") == [USERS[0]]
            assert applied.remainder is not None
            assert [step.target for step in applied.remainder.steps] == [newcomer]
            left = await css.apply_plan(applied.remainder)
            assert [type(result.error) for result in left.results] == [NotFound]
            if is_journaled:
                back = await css.undo_plan(read_journal(path.read_bytes(), path.name))
                assert [(step.kind, step.target) for step in back.steps] == [("remove_member", USERS[0])]


class Hasty(Sandbox):
    """A sandbox that calls `at_once`, if it is set, right after it has listed the roles of dev."""

    at_once: Callable[[], object] | None = None

    def answer(self, request: Request) -> Response:
        response = super().answer(request)
        if self.at_once is not None and request.method == "GET" and request.path.endswith("/dev/roles"):
            self.at_once()
        return response


_PLACE = (DEV.integration, DEV.environment)


@pytest.mark.parametrize("name", ["a", "d", "p"])
async def test_a_role_deleted_while_it_is_read_makes_the_plan_stale(name: str) -> None:
    """If somebody deletes a role while css-sdk reads it, the plan is stale and nothing is sent."""
    sandbox = Hasty()
    seeded([MIXED_BEFORE], sandbox)
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport(), retry=at_once) as css:
        plan = await css.plan(mixed(), prune=True)
        sandbox.at_once = lambda: sandbox.delete_role(*_PLACE, name)
        with pytest.raises(StalePlan, match=r"has changed after the plan was made.*Nothing was sent"):
            await css.apply_plan(plan)
    assert sent_writes(sandbox) == 0


async def test_a_role_deleted_while_a_plan_is_made_is_reported() -> None:
    """If somebody deletes a role while a plan is made, the error says so and suggests to try again."""
    sandbox = Hasty()
    seeded([MIXED_BEFORE], sandbox)
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport(), retry=at_once) as css:
        sandbox.at_once = lambda: sandbox.delete_role(*_PLACE, "a")
        with pytest.raises(NotFound, match=r"Somebody else .* Grants Portal \(#101\) dev.*try again"):
            await css.plan(mixed(), prune=True)
        sandbox.at_once = None
        assert (await css.plan(mixed(), prune=True)).steps


class Restless(Sandbox):
    """A sandbox in which one user gains or loses the role `a` at each reading, if `is_restless` is set."""

    is_restless = False

    def answer(self, request: Request) -> Response:
        response = super().answer(request)
        if self.is_restless and request.path.endswith("/dev/roles/a/users"):
            change = self.revoke if USERS[3] in self.members(*_PLACE, "a") else self.grant
            change(*_PLACE, "a", USERS[3])
        return response


async def test_members_who_keep_changing_make_a_plan_stale() -> None:
    """If the members of a role differ at each of three readings, the plan is stale and nothing is sent."""
    sandbox = Restless()
    seeded([MIXED_BEFORE], sandbox)
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport(), retry=at_once) as css:
        plan = await css.plan(mixed(), prune=True)
        sandbox.is_restless = True
        with pytest.raises(StalePlan, match=r"while css-sdk read them.*Nothing was sent"):
            await css.apply_plan(plan)
    assert sent_writes(sandbox) == 0
