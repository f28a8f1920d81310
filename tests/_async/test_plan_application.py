"""Applying plans: the desired state is reached, and the changes can be undone."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from css_sdk import AsyncCss, Guards, Settings, desired_as_yaml, read_desired
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
from css_sdk.plan.diff import Unmanaged
from css_sdk.plan.serialization import plan_as_json, read_plan
from css_sdk.plan.transfer import export, promoted
from css_sdk.sandbox import Sandbox
from css_sdk.state import PlaceState, StepResult
from tests.fault_sequences import facts, sent_writes
from tests.plan_worlds import (
    DEV,
    GHOST,
    MIXED_BEFORE,
    PLACES,
    USERS,
    as_facts,
    cases,
    everything,
    reason,
    seeded,
    states,
)
from tests.support import asked, at_once, examples

STEADY = settings(
    derandomize=True, deadline=None, max_examples=examples(6, __name__), suppress_health_check=list(HealthCheck)
)
"""Draw the same examples in every run."""

ANY_NUMBER = Guards(max_removals=100)


def client(sandbox: Sandbox, journal: Journal | None = None) -> AsyncCss:
    """Return a client that does not wait between attempts."""
    return AsyncCss(
        Settings(**sandbox.credentials()), transport=sandbox.async_transport(), retry=at_once, journal=journal
    )


async def undone(sandbox: Sandbox, journal: bytes, path: Path) -> list[StepResult]:
    """Undo the changes that a journal records."""
    with Journal(path) as back:
        async with client(sandbox, back) as css:
            plan = await css.undo_plan(read_journal(journal, "journal"))
            return [*(await css.apply_plan(plan, guards=ANY_NUMBER)).results]


@STEADY
@given(cases(), st.booleans(), st.booleans(), st.sampled_from([1, 4]))
async def test_an_applied_plan_reaches_its_state_and_can_be_undone(
    case: tuple[list[PlaceState], Desired], is_saved: bool, remove_first: bool, width: int
) -> None:
    """Planning sends no write, applying reaches the predicted state, and undoing restores the first state."""
    found, desired = case
    sandbox = seeded(found)
    first = everything(sandbox)
    guards = Guards(max_removals=100, remove_first=remove_first)
    with TemporaryDirectory() as folder, Journal(Path(folder, "journal")) as journal:
        async with client(sandbox, journal) as css:
            plan = await css.plan(desired, prune=True, width=width)
            assert asked(sandbox).keys() <= {"GET", "token"}
            saved = read_plan(plan_as_json(plan), "plan.json")
            applied = await css.apply_plan(saved if is_saved else plan, guards=guards, width=width)
            possible = [step for step in plan.steps if step.target != GHOST]
            assert {result.step: result.outcome for result in applied.results} == {
                step: "done" if step in possible else "failed" for step in plan.steps
            }
            assert (applied.remainder is None) is (len(possible) == len(plan.steps))
            assert everything(sandbox) == first | {state.place: as_facts(state.after(possible)) for state in found}
            again = await css.plan(desired, prune=True)
            assert [step for step in again.steps if step.target != GHOST] == []
        written = journal.path.read_bytes()
        assert {result.outcome for result in await undone(sandbox, written, Path(folder, "back"))} <= {"done"}
    assert everything(sandbox) == first


@STEADY
@given(cases(st.just(False)))
async def test_a_file_without_exact_lists_deletes_nothing(case: tuple[list[PlaceState], Desired]) -> None:
    """If a roles file has no exact lists, css-sdk sends no DELETE, even with prune."""
    found, desired = case
    sandbox = seeded(found)
    async with client(sandbox) as css:
        applied = await css.apply_plan(await css.plan(desired, prune=True), guards=ANY_NUMBER)
    assert {result.outcome for result in applied.results if result.step.target != GHOST} <= {"done"}
    assert asked(sandbox)["DELETE"] == 0


@STEADY
@given(*(states(place) for place in PLACES), st.booleans(), st.booleans())
async def test_the_plan_of_an_exported_file_is_empty(
    one: PlaceState, other: PlaceState, exact: bool, by_name: bool
) -> None:
    """A roles file that was exported from the current state gives an empty plan, and applying it sends no write."""
    sandbox = seeded([one, other])
    async with client(sandbox) as css:
        found = [
            await (await css.integration(place.integration)).environment(place.environment).state() for place in PLACES
        ]
        plan = await css.plan(export(found, exact=exact, by_name=by_name), prune=True)
        assert (plan.steps, plan.withheld, plan.protected, plan.notes) == ((), (), (), ())
        applied = await css.apply_plan(plan)
    assert (applied.results, applied.remainder) == ((), None)
    assert sent_writes(sandbox) == 0


@pytest.mark.parametrize("composite", [False, True])
@pytest.mark.parametrize("name", ["boss\x9b2J", "..", ".", "x" * 240])
async def test_a_role_that_no_request_can_name_stays_unchanged(
    name: str, composite: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A role that no request can name stays unchanged, hides no other role, and is named in the log and the notes."""
    sandbox = seeded([MIXED_BEFORE])
    where = DEV.integration, DEV.environment
    sandbox.create_role(*where, name, ["a"] if composite else [])
    sandbox.create_role(*where, "g", [name])
    sandbox.grant(*where, name, USERS[0], USERS[3])
    kept = {("role", name), ("grant", USERS[0], name), ("grant", USERS[3], name)}
    kept |= {("child", name, "a")} if composite else set()
    roles = tuple(DesiredRole(role) for role in "abdp")
    nothing = tuple(DesiredUser(Person("username", user), Listed((), exact=True)) for user in USERS)
    with_children = DesiredRole("g", composites=Listed((), exact=True))
    async with client(sandbox) as css:
        dev = (await css.integration(DEV.integration)).environment(DEV.environment)
        state = await dev.state()
        assert state.roles == {*"abdgp", name}
        assert state.members.keys() == {*"abdgp"}
        assert (await dev.roles.tree()).children.keys() == {*"agp"}
        assert await dev.users.effective_roles(USERS[3])
        found = await css.report(environments=["dev"])
        assert state in found.places
        file = export([state])
        plan = await css.plan(file, prune=True)
        assert (plan.steps, plan.withheld, plan.protected) == ((), (), ())
        assert [f"{name!r} stays as it is" in note for note in plan.notes] == [True]
        assert plan.unmanaged == {DEV: Unmanaged(roles=1, composites=1)}
        assert name not in str(promoted(state, "101", "test", members=True))
        there = await css.plan(Desired((promoted(state, "101", "test", members=True),)))
        assert {step.role for step in there.steps if step.kind == "create_role"} == {*"abdgp"}
        assert read_desired(desired_as_yaml(file), "file.yaml") == file
        for listed, protect in ((roles, Protection(users=USERS[:1])), ((*roles, with_children), Protection())):
            place = DesiredPlace("101", "dev", Listed(listed, exact=True), nothing if not protect.users else ())
            plan = await css.plan(Desired((place,), protect), prune=True)
            assert name not in {each for step in plan.steps for each in (step.role, step.target)}
            assert [f"{name!r} stays as it is" in note for note in plan.notes] == [True]
            assert not reason((await css.apply_plan(plan, guards=ANY_NUMBER)).results)
            assert facts(sandbox, *where) >= kept
    assert f"{name!r}" in caplog.text
    assert not sandbox.count(path=f"*{name}*")
