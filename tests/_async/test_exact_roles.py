"""`users.set_roles` and `composites.set`: limits, confirmation, and additions that fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from css_sdk import AsyncCss, NotConfirmed, NotFound, Plan, Settings, StalePlan, StepResult, TooManyRemovals
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

NAMES = [f"r{number}" for number in range(6)]
Set = Callable[..., Awaitable[None]]


@pytest.fixture(params=["roles of a user", "children of a role"])
def held(
    request: pytest.FixtureRequest, sandbox: Sandbox, dev: AsyncEnvironmentClient
) -> tuple[Set, Callable[[], object]]:
    """Return a function that sets the roles of a user or the children of a role, and a function that reads them.

    There are six of them at the beginning.
    """
    for name in NAMES:
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.create_role(GRANTS_PORTAL, "dev", "parent", NAMES)
    user = usernames(sandbox, 20)[-1]
    for name in NAMES:
        sandbox.grant(GRANTS_PORTAL, "dev", name, user)
    if request.param == "roles of a user":

        async def set_roles(*names: str, **how: object) -> None:
            await dev.users.set_roles(user, *names, **how)  # type: ignore[arg-type]

        return set_roles, lambda: sandbox.grants(GRANTS_PORTAL, "dev").get(user, set())
    return dev.roles.composites("parent").set, lambda: sandbox.composites(GRANTS_PORTAL, "dev").get("parent", set())


async def test_removals_are_limited(held: tuple[Set, Callable[[], object]], sandbox: Sandbox) -> None:
    """Removing more than a fifth of the roles or children is refused before a write, unless max_removals= allows it."""
    make, now = held
    with pytest.raises(TooManyRemovals, match=r"5 of 6 .*max_removals=5"):
        await make(NAMES[0], "reviewer")
    assert now() == set(NAMES)
    assert asked(sandbox)["POST"] == 0
    await make(NAMES[0], "reviewer", max_removals=5)
    assert now() == {NAMES[0], "reviewer"}


async def test_confirm_decides_about_the_plan(held: tuple[Set, Callable[[], object]]) -> None:
    """confirm= gets the plan. If it returns False, nothing changes. If it returns True, the plan is carried out."""
    make, now = held
    plans: list[Plan] = []

    def refuse(plan: Plan) -> bool:
        plans.append(plan)
        return False

    with pytest.raises(NotConfirmed):
        await make(*NAMES[1:], "reviewer", confirm=refuse)
    assert now() == set(NAMES)
    assert [step.removes for step in plans[0].steps] == [False, True]
    results: list[StepResult] = []
    await make(*NAMES[1:], "reviewer", confirm=lambda _: True, progress=results.append)
    assert now() == {*NAMES[1:], "reviewer"}
    assert [result.outcome for result in results] == ["done", "done"]


async def test_a_change_during_confirm_makes_the_call_stale(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """If somebody else changes the roles while confirm= runs, set_roles() is stale and changes nothing."""
    user = usernames(sandbox, 20)[-1]
    with pytest.raises(StalePlan, match="Somebody else changed"):
        await dev.users.set_roles(
            user, "reviewer", confirm=lambda _: sandbox.grant(GRANTS_PORTAL, "dev", "approver", user)
        )
    assert sandbox.grants(GRANTS_PORTAL, "dev")[user] == {"approver"}


async def test_a_missing_role_prevents_removals(dev: AsyncEnvironmentClient, sandbox: Sandbox) -> None:
    """If a given role does not exist, set_roles() adds the existing ones and removes none. The error names the role."""
    user = usernames(sandbox, 20)[-1]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", user)
    with pytest.raises(NotFound, match="nope"):
        await dev.users.set_roles(user, "nope", "reviewer")
    assert sandbox.grants(GRANTS_PORTAL, "dev")[user] == {"approver", "reviewer"}


async def test_with_journal_returns_a_client_whose_writes_are_recorded(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """with_journal() returns a client that shares token and integrations, and only its writes are recorded."""
    path = tmp_path / "journal.jsonl"
    async with AsyncCss(settings, transport=sandbox.async_transport()) as css:
        await (await css.integration(GRANTS_PORTAL)).environment("dev").roles.create("first")
        with Journal(path) as journal:
            writing = css.with_journal(journal)
            await (await writing.integration(GRANTS_PORTAL)).environment("dev").roles.create("second")
            await (await css.integration(GRANTS_PORTAL)).environment("dev").roles.create("third")
            written = journal.entries
    assert asked(sandbox)["token"] == 1
    assert sum(entry.path.endswith("/integrations") for entry in sandbox.requests) == 1
    assert read_journal(path.read_bytes(), path.name).entries == written
    assert [(entry.steps[0].role, entry.outcome) for entry in written] == [("second", "done")]
