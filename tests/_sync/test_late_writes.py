# Written from tests/_async/test_late_writes.py by `make generate`; edit that one.
"""Writes whose request was still on its way when a read was made: what is reported stays true when they land."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from css_sdk import Backoff, Css, CssError, OutcomeUnknown, Settings
from css_sdk._http.journal_writer import Journal
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, at_once, usernames

ONCE = Backoff(tries=1)
ANSWERS = ["lost", "timeout", 502, 503, 504]
WRITES = {
    "create": "POST",
    "rename": "PUT",
    "delete": "DELETE",
    "assign": "POST",
    "unassign": "DELETE",
    "add composites": "POST",
    "remove composite": "DELETE",
}


def no_time(_: float) -> None:
    """A late answer is late without anybody waiting for it."""


@pytest.fixture
def user(sandbox: Sandbox) -> str:
    """Somebody who holds the role `held`; `old` is there to be given, renamed or deleted."""
    user = usernames(sandbox, 20)[-1]
    for name in ("old", "held"):
        sandbox.create_role(GRANTS_PORTAL, "dev", name)
    sandbox.grant(GRANTS_PORTAL, "dev", "held", user)
    return user


def client(sandbox: Sandbox, retry: object = ONCE, **options: object) -> Css:
    """A client that never waits."""
    options |= {"transport": sandbox.transport(no_time), "timeout": 0.5, "retry": retry}
    return Css(Settings(**sandbox.credentials()), **options)  # type: ignore[arg-type]


@pytest.fixture
def css(sandbox: Sandbox) -> Iterator[Css]:
    """One that makes one attempt only."""
    with client(sandbox) as css:
        yield css


def do(dev: EnvironmentClient, write: str, user: str) -> None:
    """Carry out a write."""
    match write:
        case "create":
            dev.roles.create("fresh")
        case "rename":
            dev.roles.rename("old", "newer")
        case "delete":
            dev.roles.delete("old")
        case "assign":
            dev.users.assign(user, "old", "reviewer")
        case "unassign":
            dev.users.unassign(user, "held")
        case "add composites":
            dev.roles.composites("old").add("held", "reviewer")
        case _:
            dev.roles.composites("admin").remove("reviewer")


def is_done(sandbox: Sandbox, write: str, user: str) -> bool:
    """Return whether the state shows it."""
    roles = sandbox.roles(GRANTS_PORTAL, "dev")
    composites = sandbox.composites(GRANTS_PORTAL, "dev")
    held = sandbox.grants(GRANTS_PORTAL, "dev").get(user, set())
    return {
        "create": "fresh" in roles,
        "rename": "newer" in roles and "old" not in roles,
        "delete": "old" not in roles,
        "assign": {"old", "reviewer"} <= held,
        "unassign": "held" not in held,
        "add composites": composites.get("old") == {"held", "reviewer"},
        "remove composite": "reviewer" not in composites["admin"],
    }[write]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_lands_after_the_read_is_unknown(
    dev: EnvironmentClient, sandbox: Sandbox, user: str, write: str, answer: str | int
) -> None:
    """The only attempt is not answered and a read does not show it: nobody may say that it failed, for it lands."""
    sandbox.faults.add("late_write", method=WRITES[write], answer=answer)
    with pytest.raises(OutcomeUnknown, match="may still be on its way"):
        do(dev, write, user)
    assert is_done(sandbox, write, user)


@pytest.mark.parametrize("reads", [1, None])
@pytest.mark.parametrize("write", WRITES)
def test_a_later_attempt_settles_it(sandbox: Sandbox, user: str, write: str, reads: int | None) -> None:
    """The second attempt is confirmed, whether the first one lands before it or after it."""
    with client(sandbox, at_once) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method=WRITES[write], reads=reads)
        do(dev, write, user)
        assert is_done(sandbox, write, user)
        sandbox.land_late_writes()
        assert is_done(sandbox, write, user)


@pytest.mark.parametrize("fault", ["422_before", "500_before", "revoked_token"])
@pytest.mark.parametrize("write", WRITES)
def test_a_refused_attempt_settles_nothing(sandbox: Sandbox, user: str, write: str, fault: str) -> None:
    """The first attempt is still on its way; that later ones were refused does not stop it."""
    with client(sandbox, at_once) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method=WRITES[write], reads=None)
        sandbox.faults.add(fault, method=WRITES[write], times=None)
        with pytest.raises(OutcomeUnknown):
            do(dev, write, user)
        assert not is_done(sandbox, write, user)
        sandbox.land_late_writes()
        assert is_done(sandbox, write, user)


def test_the_journal_says_that_it_is_unknown(sandbox: Sandbox, user: str, tmp_path: Path) -> None:
    """And so an undo treats it as perhaps done."""
    with Journal(tmp_path / "journal.jsonl") as journal:
        with client(sandbox, journal=journal) as css:
            dev = (css.integration(GRANTS_PORTAL)).environment("dev")
            # The journal reads before the write, and the write is not on its way by then.
            sandbox.faults.add("late_write", method="POST")
            with pytest.raises(OutcomeUnknown):
                dev.users.assign(user, "old")
            told = read_journal((tmp_path / "journal.jsonl").read_bytes(), "journal")
            assert [entry.outcome for entry in told.entries] == ["unknown"]
            plan = css.undo_plan(told)
    assert [(step.kind, step.role, step.target) for step in plan.steps] == [("remove_member", "old", user)]


def test_an_undo_notes_what_may_still_be_done(sandbox: Sandbox, user: str, tmp_path: Path) -> None:
    """A write with an unknown outcome that does not show is not taken back, and the plan says so."""
    with Journal(tmp_path / "journal.jsonl") as journal:
        with client(sandbox, journal=journal) as css:
            dev = (css.integration(GRANTS_PORTAL)).environment("dev")
            sandbox.faults.add("late_write", method="POST", reads=None)
            with pytest.raises(OutcomeUnknown):
                dev.users.assign(user, "old")
            plan = css.undo_plan(read_journal((tmp_path / "journal.jsonl").read_bytes(), "journal"))
    assert plan.steps == ()
    assert any("1 write with an unknown outcome is not visible" in note for note in plan.notes)


CONTRARY = {
    "assign": "unassign",
    "unassign": "assign",
    "create": "delete",
    "delete": "create",
    "rename": "rename back",
    "add": "remove",
    "remove": "add",
}


def do_on_old(dev: EnvironmentClient, write: str, user: str) -> None:
    """Carry out a write that is about the role `old`."""
    match write:
        case "assign":
            dev.users.assign(user, "old")
        case "unassign":
            dev.users.unassign(user, "old")
        case "create":
            dev.roles.create("old")
        case "delete":
            dev.roles.delete("old")
        case "rename":
            dev.roles.rename("old", "newer")
        case "rename back":
            dev.roles.rename("newer", "old")
        case "add":
            dev.roles.composites("old").add("held")
        case _:
            dev.roles.composites("old").remove("held")


@pytest.mark.parametrize("write", CONTRARY)
def test_a_write_that_a_late_attempt_may_reverse_is_not_called_confirmed(
    sandbox: Sandbox, user: str, write: str
) -> None:
    """Two attempts were sent, the second is confirmed, and the first lands after a contrary write of the client."""
    with client(sandbox, at_once) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        if write == "create":
            dev.roles.delete("old")
        if write == "unassign":
            dev.users.assign(user, "old")
        if write == "remove":
            dev.roles.composites("old").add("held")
        method = {"rename": "PUT", "delete": "DELETE", "unassign": "DELETE", "remove": "DELETE"}.get(write, "POST")
        sandbox.faults.add("late_write", method=method, reads=None)
        do_on_old(dev, write, user)
        with pytest.raises(OutcomeUnknown, match=r"this was done\. But an earlier request"):
            do_on_old(dev, CONTRARY[write], user)
        sandbox.land_late_writes()


def test_another_change_of_the_same_role_is_confirmed(sandbox: Sandbox, user: str) -> None:
    """Only what a late attempt could reverse is in doubt: not the same write once more, nor one for somebody else."""
    other = usernames(sandbox, 20)[-2]
    with client(sandbox, at_once) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method="POST", reads=None)
        dev.users.assign(user, "old")
        dev.users.assign(user, "old")
        dev.users.assign(other, "old")
        dev.users.unassign(other, "old")
        dev.users.unassign(user, "held")


def test_after_five_minutes_nothing_is_expected_to_land(sandbox: Sandbox, user: str) -> None:
    """By the client's own clock: then a contrary write is confirmed again."""
    now = [0.0]
    with client(sandbox, at_once, clock=lambda: now[0]) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method="POST", reads=None)
        dev.users.assign(user, "old")
        with pytest.raises(OutcomeUnknown):
            dev.users.unassign(user, "old")
        dev.users.assign(user, "old")
        now[0] = 301.0
        dev.users.unassign(user, "old")


@pytest.mark.parametrize("answer", ANSWERS)
def test_bulk_results_say_unknown(sandbox: Sandbox, user: str, answer: str | int) -> None:
    """Those whose write landed late; the others are confirmed."""
    people = usernames(sandbox, 20)[-3:]
    with client(sandbox) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("late_write", method="POST", path=f"*/users/{people[1]}/*", answer=answer)
        results = dev.bulk.assign_many([(person, "old") for person in people], width=1)
    assert [result.outcome for result in results] == ["confirmed", "unknown", "confirmed"]
    assert isinstance(results[1].error, CssError)
    assert sandbox.members(GRANTS_PORTAL, "dev", "old") == people
