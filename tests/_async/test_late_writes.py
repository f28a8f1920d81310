"""Writes that arrive at the service after css-sdk has read the state: the reported outcome stays true."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from css_sdk import AsyncCss, Backoff, CssError, OutcomeUnknown, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.every_write import WRITES, carry_out, is_done, prepared_for_writes
from tests.support import GRANTS_PORTAL, at_once, some, usernames

ONCE = Backoff(tries=1)
ANSWERS = ["lost", "timeout", 502, 503, 504]


async def no_time(_: float) -> None:
    """Return at once, so that a delayed answer costs the test no time."""


@pytest.fixture
def user(sandbox: Sandbox) -> str:
    """Return a user with the role `held`."""
    return prepared_for_writes(sandbox)


def client(sandbox: Sandbox, retry: object = ONCE, **options: object) -> AsyncCss:
    """Return a client that never waits."""
    options |= {"transport": sandbox.async_transport(no_time), "timeout": 0.5, "retry": retry}
    return AsyncCss(Settings(**sandbox.credentials()), **options)  # type: ignore[arg-type]


@pytest.fixture
async def css(sandbox: Sandbox) -> AsyncIterator[AsyncCss]:
    """Return a client that attempts each write once."""
    async with client(sandbox) as css:
        yield css


@pytest.mark.parametrize(("write", "answer"), some(list(product(WRITES, ANSWERS)), __name__))
async def test_a_write_that_arrives_after_the_read_is_unknown(
    dev: AsyncEnvironmentClient, sandbox: Sandbox, user: str, write: str, answer: str | int
) -> None:
    """If the only attempt is not answered and a read does not show it, the outcome is unknown.

    The write may still arrive.
    """
    sandbox.faults.add("late_write", method=WRITES[write], answer=answer)
    with pytest.raises(OutcomeUnknown, match="may still be on its way"):
        await carry_out(dev, write, user)
    assert is_done(sandbox, write, user)


@pytest.mark.parametrize("reads", [1, None])
@pytest.mark.parametrize("write", WRITES)
async def test_a_second_attempt_confirms_a_write_whose_first_attempt_is_late(
    sandbox: Sandbox, user: str, write: str, reads: int | None
) -> None:
    """If a second attempt succeeds, the write is confirmed, whether the first attempt arrives before or after it."""
    async with client(sandbox, at_once) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method=WRITES[write], reads=reads)
        await carry_out(dev, write, user)
        assert is_done(sandbox, write, user)
        sandbox.land_late_writes()
        assert is_done(sandbox, write, user)


@pytest.mark.parametrize(
    ("write", "fault"), some(list(product(WRITES, ["422_before", "500_before", "revoked_token"])), __name__)
)
async def test_a_refused_attempt_does_not_settle_an_earlier_unanswered_one(
    sandbox: Sandbox, user: str, write: str, fault: str
) -> None:
    """If later attempts are refused, the outcome stays unknown, because the first attempt may still arrive."""
    async with client(sandbox, at_once) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method=WRITES[write], reads=None)
        sandbox.faults.add(fault, method=WRITES[write], times=None)
        with pytest.raises(OutcomeUnknown):
            await carry_out(dev, write, user)
        assert not is_done(sandbox, write, user)
        sandbox.land_late_writes()
        assert is_done(sandbox, write, user)


async def test_the_journal_records_a_late_write_as_unknown(sandbox: Sandbox, user: str, tmp_path: Path) -> None:
    """The journal records a late write as unknown, and an undo removes the role if the write has arrived."""
    with Journal(tmp_path / "journal.jsonl") as journal:
        async with client(sandbox, journal=journal) as css:
            dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
            # The journal reads the state before the write is sent, so that read does not count here.
            sandbox.faults.add("late_write", method="POST")
            with pytest.raises(OutcomeUnknown):
                await dev.users.assign(user, "old")
            recorded = read_journal((tmp_path / "journal.jsonl").read_bytes(), "journal")
            assert [entry.outcome for entry in recorded.entries] == ["unknown"]
            plan = await css.undo_plan(recorded)
    assert [(step.kind, step.role, step.target) for step in plan.steps] == [("remove_member", "old", user)]


async def test_an_undo_mentions_an_unknown_write_that_is_not_visible(
    sandbox: Sandbox, user: str, tmp_path: Path
) -> None:
    """An undo has no step for an unknown write that is not visible, and a note of the plan mentions the write."""
    with Journal(tmp_path / "journal.jsonl") as journal:
        async with client(sandbox, journal=journal) as css:
            dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
            sandbox.faults.add("late_write", method="POST", reads=None)
            with pytest.raises(OutcomeUnknown):
                await dev.users.assign(user, "old")
            plan = await css.undo_plan(read_journal((tmp_path / "journal.jsonl").read_bytes(), "journal"))
    assert plan.steps == ()
    assert any("1 write has an unknown outcome and no visible effect" in note for note in plan.notes)


CONTRARY = {
    "assign": "unassign",
    "unassign": "assign",
    "create": "delete",
    "delete": "create",
    "rename": "rename back",
    "add": "remove",
    "remove": "add",
}


async def do_on_old(dev: AsyncEnvironmentClient, write: str, user: str) -> None:
    """Carry out a write on the role `old`."""
    match write:
        case "assign":
            await dev.users.assign(user, "old")
        case "unassign":
            await dev.users.unassign(user, "old")
        case "create":
            await dev.roles.create("old")
        case "delete":
            await dev.roles.delete("old")
        case "rename":
            await dev.roles.rename("old", "newer")
        case "rename back":
            await dev.roles.rename("newer", "old")
        case "add":
            await dev.roles.composites("old").add("held")
        case _:
            await dev.roles.composites("old").remove("held")


@pytest.mark.parametrize("write", CONTRARY)
async def test_a_write_that_a_late_attempt_may_reverse_is_unknown(sandbox: Sandbox, user: str, write: str) -> None:
    """After a confirmed second attempt, the opposite write is unknown.

    The first attempt may still arrive and reverse it.
    """
    async with client(sandbox, at_once) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        if write == "create":
            await dev.roles.delete("old")
        if write == "unassign":
            await dev.users.assign(user, "old")
        if write == "remove":
            await dev.roles.composites("old").add("held")
        method = {"rename": "PUT", "delete": "DELETE", "unassign": "DELETE", "remove": "DELETE"}.get(write, "POST")
        sandbox.faults.add("late_write", method=method, reads=None)
        await do_on_old(dev, write, user)
        with pytest.raises(OutcomeUnknown, match=r"the change was done\. But an earlier request"):
            await do_on_old(dev, CONTRARY[write], user)
        sandbox.land_late_writes()


async def test_writes_that_a_late_attempt_cannot_reverse_are_confirmed(sandbox: Sandbox, user: str) -> None:
    """While an attempt may still arrive, css-sdk confirms its repetition and writes for other users and roles."""
    other = usernames(sandbox, 20)[-2]
    async with client(sandbox, at_once) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method="POST", reads=None)
        await dev.users.assign(user, "old")
        await dev.users.assign(user, "old")
        await dev.users.assign(other, "old")
        await dev.users.unassign(other, "old")
        await dev.users.unassign(user, "held")


async def test_five_minutes_later_an_unanswered_attempt_no_longer_causes_doubt(sandbox: Sandbox, user: str) -> None:
    """Five minutes after an unanswered attempt, by the client's clock, the opposite write is confirmed again."""
    now = [0.0]
    async with client(sandbox, at_once, clock=lambda: now[0]) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method="POST", reads=None)
        await dev.users.assign(user, "old")
        with pytest.raises(OutcomeUnknown):
            await dev.users.unassign(user, "old")
        await dev.users.assign(user, "old")
        now[0] = 301.0
        await dev.users.unassign(user, "old")


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_bulk_result_is_unknown_for_a_write_that_arrives_late(
    sandbox: Sandbox, user: str, answer: str | int
) -> None:
    """In a bulk assignment, only the grant whose write arrives late is unknown, and the others are confirmed."""
    people = usernames(sandbox, 20)[-3:]
    async with client(sandbox) as css:
        dev = (await css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method="POST", path=f"*/users/{people[1]}/*", answer=answer)
        results = await dev.bulk.assign_many([(person, "old") for person in people], width=1)
    assert [result.outcome for result in results] == ["done", "unknown", "done"]
    assert isinstance(results[1].error, CssError)
    assert sandbox.members(GRANTS_PORTAL, "dev", "old") == people
