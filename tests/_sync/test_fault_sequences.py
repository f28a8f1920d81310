# Written from tests/_async/test_fault_sequences.py by `make generate`; edit that one.
"""Sequences of writes and reads under all kinds of faults: each reported outcome agrees with the state."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from css_sdk import Backoff, Css, CssError, GrantResult, NotAllDone, NotFound, OutcomeUnknown, RoleResult, Settings
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.fault_sequences import (
    FIRST,
    HERE,
    LOSING,
    PEOPLE,
    ROLES,
    SECOND,
    THIRD,
    Fact,
    Write,
    elsewhere,
    fact_of,
    facts,
    faults,
    late_faults,
    seeded,
    sent_writes,
    struck_reads,
    truth,
    unanswered_writes,
    wanted,
    writes,
)
from tests.support import GRANTS_PORTAL, asked, examples, some

STEADY = settings(
    derandomize=True, deadline=None, max_examples=examples(30, __name__), suppress_health_check=[HealthCheck.too_slow]
)
"""Draw the same examples in every run."""


def no_time(_: float) -> None:
    """Return at once, so that a delayed answer costs the test no time."""


def client(sandbox: Sandbox) -> Css:
    """Return a client with four attempts that never waits, and treats an answer after more than a second as lost."""
    credentials = Settings(**sandbox.credentials())
    transport = sandbox.transport(no_time)
    return Css(credentials, transport=transport, timeout=1.0, retry=Backoff(first=0.0, budget=0.0))


def carried_out(dev: EnvironmentClient, write: Write) -> Iterable[GrantResult | RoleResult]:
    """Carry out a write, and return the results of a bulk call."""
    match write:
        case "create", name:
            assert (dev.roles.create(name)).name == name
        case "ensure", name:
            assert (dev.roles.ensure(name)).name == name
        case "delete", name:
            dev.roles.delete(name)
        case "rename", name, new:
            assert (dev.roles.rename(name, new)).name == new
        case "assign", user, names:
            dev.users.assign(user, *names)
        case "unassign", user, names:
            dev.users.unassign(user, *names)
        case "add", parent, names:
            dev.roles.composites(parent).add(*names)
        case "remove", parent, names:
            dev.roles.composites(parent).remove(*names)
        case "set children", parent, names:
            dev.roles.composites(parent).set(*names, allow_empty=True)
        case "set roles", user, names:
            dev.users.set_roles(user, *names, allow_empty=True)
        case "set members", name, users:
            dev.roles.set_members(name, users, allow_empty=True, width=1)
        case "assign many", grants, skip, width:
            return dev.bulk.assign_many(grants, skip_existing=skip, width=width)
        case "unassign many", grants, skip, width:
            return dev.bulk.unassign_many(grants, skip_existing=skip, width=width)
        case _, names, skip, width:
            return dev.bulk.create_roles(names, skip_existing=skip, width=width)
    return ()


AT_ONCE = {"create", "ensure", "delete", "rename", "assign", "add"}
"""Writes of a single call, which are never done in part."""

SETS = {"set children", "set roles", "set members"}
BULK = {"assign many", "unassign many", "create many"}


def judged(dev: EnvironmentClient, sandbox: Sandbox, write: Write) -> CssError | None:
    """Carry out a write, compare its reported outcome with the state, and return its error or None.

    Each fault applies to reads or to writes. So a fault that was triggered shows whether a read can have failed.
    """
    before, others, struck, sent = facts(sandbox), elsewhere(sandbox), struck_reads(sandbox), sent_writes(sandbox)
    error: CssError | None = None
    results: Iterable[GrantResult | RoleResult] = ()
    try:
        results = carried_out(dev, write)
    except CssError as raised:
        error = raised
        results = raised.results if isinstance(raised, NotAllDone) else ()
    after, goal = facts(sandbox), wanted(write, before)
    read_failed = struck_reads(sandbox) > struck

    assert elsewhere(sandbox) == others
    if write[0] == "rename" and after != goal:
        assert after == before
    elif write[0] != "rename":
        assert after - before <= goal - before, "more was added than was asked for"
        assert before - after <= before - goal, "more was taken away than was asked for"
    if write[0] in SETS and before - after:
        assert goal <= after, "somebody lost something before everything was given"
    may_be_unknown = read_failed or unanswered_writes(sandbox) > 0
    if isinstance(error, OutcomeUnknown):
        assert may_be_unknown, "a read could have shown it"
        assert sent_writes(sandbox) > sent or write[0] == "set members"
    elif error is None and write[0] not in BULK:
        assert after == goal, "it was said to be done"
    elif write[0] in AT_ONCE:
        assert after == before, "it was said not to be done"
    for result in results:
        fact = fact_of(result)
        match result.outcome:
            case "done":
                assert (fact in after) is (fact in goal)
            case "already":
                assert (fact in before) is (fact in goal) is (fact in after)
            case "failed":
                assert result.error is not None
                assert (fact in after) is (fact in before)
            case "unknown":
                assert isinstance(result.error, OutcomeUnknown)
                assert may_be_unknown, "a read could have shown it"
    return error


@STEADY
@given(
    laid=st.lists(faults(), min_size=1, max_size=4),
    steps=st.lists(st.tuples(st.booleans(), writes()), min_size=1, max_size=4),
)
def test_the_reported_outcome_of_every_write_agrees_with_the_state(
    laid: list[dict[str, Any]], steps: list[tuple[bool, Write]]
) -> None:
    """For every fault, the outcome (done, not done or unknown) agrees with the state, and nothing else changes."""
    sandbox = seeded()
    with client(sandbox) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        for fault in laid:
            sandbox.faults.add(**fault)
        for token_dies, write in steps:
            if token_dies:
                sandbox.revoke_tokens()
            error = judged(dev, sandbox, write)
            event(f"{write[0]}: {'returned' if error is None else type(error).__name__}")
    assert not sandbox.harm


@STEADY
@given(
    laid=st.lists(late_faults() | faults(), min_size=1, max_size=4),
    steps=st.lists(writes(), min_size=1, max_size=6),
)
def test_reported_outcomes_stay_true_when_late_writes_arrive(laid: list[dict[str, Any]], steps: list[Write]) -> None:
    """A late write never reverses a confirmed write, and never carries out a write that was reported as failed."""
    sandbox = seeded()
    reported: dict[Fact, bool] = {}
    with client(sandbox) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        for fault in laid:
            sandbox.faults.add(**fault)
        for write in steps:
            before = facts(sandbox)
            changed = before ^ wanted(write, before)
            try:
                results = carried_out(dev, write)
            except CssError as error:
                for fact in changed:
                    reported.pop(fact, None)
                if write[0] in AT_ONCE and not isinstance(error, OutcomeUnknown):
                    reported |= {fact: fact in before for fact in changed}
                event(f"{write[0]}: {type(error).__name__}")
                continue
            if write[0] not in BULK:
                reported |= {fact: fact not in before for fact in changed}
            for result in results:
                fact = fact_of(result)
                reported.pop(fact, None)
                if result.outcome in ("done", "failed") and fact in changed:
                    reported[fact] = (fact in before) is (result.outcome == "failed")
    sandbox.land_late_writes()
    after = facts(sandbox)
    assert {fact: fact in after for fact in reported} == reported


# Requests of a write whose first, second, third or last attempt fails.

STRUCK: dict[str, tuple[Write, str, str, int, int]] = {
    # the write; method and path of the call that fails; reads and writes without a fault
    "create": (("create", "e"), "POST", "/roles", 0, 1),
    "ensure": (("ensure", "e"), "POST", "/roles", 1, 1),
    "rename": (("rename", "b", "e"), "PUT", "/roles/b", 1, 1),
    "delete": (("delete", "b"), "DELETE", "/roles/b", 1, 1),
    "assign several": (("assign", THIRD, "abd"), "POST", "/users/*", 0, 1),
    "unassign several": (("unassign", FIRST, "bc"), "DELETE", "/users/*/c", 0, 2),
    "add several": (("add", "d", "bc"), "POST", "/roles/d/*", 2, 1),
    "remove several": (("remove", "a", "bc"), "DELETE", "/roles/a/*/c", 0, 2),
    "set children, adding": (("set children", "a", "bd"), "POST", "/roles/a/*", 2, 2),
    "set children, removing": (("set children", "a", "bd"), "DELETE", "/roles/a/*", 2, 2),
    "set roles, giving": (("set roles", FIRST, "bd"), "POST", "/users/*", 1, 2),
    "set roles, taking": (("set roles", FIRST, "bd"), "DELETE", "/users/*", 1, 2),
    "set members, adding": (("set members", "c", (FIRST, THIRD)), "POST", "/users/*", 2, 2),
    "set members, removing": (("set members", "c", (FIRST, THIRD)), "DELETE", "/users/*", 2, 2),
    "assign many": (
        ("assign many", [(FIRST, "a"), (SECOND, "a"), (FIRST, "d")], False, 4),
        "POST",
        f"/users/{FIRST}/*",
        0,
        2,
    ),
    "unassign many": (("unassign many", [(FIRST, "b"), (FIRST, "c"), (SECOND, "c")], False, 4), "DELETE", "*/b", 0, 3),
    "create many": (("create many", ["e", "f"], True, 1), "POST", "/roles", 1, 2),
}


@pytest.mark.parametrize(("name", "tries"), some(list(product(STRUCK, range(5))), __name__))
def test_an_attempt_in_doubt_costs_one_read_and_no_extra_write(name: str, tries: int) -> None:
    """A write that was done is not repeated, one that was not done is repeated, and one read decides which it was."""
    write, method, path, reads, sent = STRUCK[name]
    for fault in [*LOSING, "drop_before", "500_before", "422_before"] if tries else [None]:
        sandbox = seeded()
        with client(sandbox) as css:
            dev = (css.integration(GRANTS_PORTAL)).environment("dev")
            if fault is not None:
                # Attempts refused with 429 are not in doubt. They only precede the attempt that fails.
                sandbox.faults.add("429", method=method, path=HERE + path, times=tries - 1)
                sandbox.faults.add(fault, method=method, path=HERE + path, times=1)
            before = asked(sandbox)
            error = judged(dev, sandbox, write)
            cost = asked(sandbox) - before
        is_done = fault is None or fault in LOSING
        assert all(struck.struck == struck.times for struck in sandbox.faults), "the table names another call"
        if not is_done and tries == 4:
            assert sandbox.count(method, path=HERE + path) >= 4
            assert write[0] in BULK or "not done" in str(error)
            assert write[0] in BULK | SETS or isinstance(error, OutcomeUnknown) is (fault == "drop_before")
            continue
        assert error is None
        doubts = 0 if fault is None else 1
        # css-sdk verifies a deletion by a read in any case.
        proofs = 1 if write[0] == "delete" and fault in LOSING else 0
        assert cost["GET"] == reads + doubts - proofs
        assert cost["POST"] + cost["PUT"] + cost["DELETE"] == sent + max(tries - 1, 0) + (not is_done)


def test_a_grant_that_is_named_twice_has_one_outcome() -> None:
    """If a bulk call names one grant twice, both mentions have the same outcome."""
    sandbox = seeded()
    with client(sandbox) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add("429", method="DELETE", retry_after=1, times=1)
        results = dev.bulk.unassign_many([(FIRST, "b"), (FIRST.upper(), "b"), (FIRST, "c")])
    assert results[0].outcome == results[1].outcome
    is_held = "b" in sandbox.grants(GRANTS_PORTAL, "dev").get(FIRST, ())
    assert results[0].outcome == ("failed" if is_held else "done")
    assert results[2].outcome == "done"


@pytest.mark.parametrize("fault", ["422_before", "lose_after", "500_after"])
def test_create_returns_the_role_that_a_read_found(fault: str) -> None:
    """If a role exists already, create() returns the role as the service has it, including its children."""
    sandbox = seeded()
    with client(sandbox) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        sandbox.faults.add(fault, method="POST")
        assert dev.roles.create("a") == dev.roles.get("a")


# Reads.


def read(dev: EnvironmentClient, what: str, name: str, user: str) -> object:
    """Return the client's answer to a read."""
    match what:
        case "roles":
            return {role.name for role in dev.roles.list()}
        case "role":
            return (dev.roles.get(name)).composite
        case "members":
            return [member.username for member in dev.roles.members(name)]
        case "settled members":
            return [member.username for member in dev.roles.settled_members(name)]
        case "children":
            return {role.name for role in dev.roles.composites(name).list()}
        case "tree":
            return {parent: set(children) for parent, children in (dev.roles.tree()).children.items()}
        case "roles of a user":
            return {role.name for role in dev.users.roles(user)}
        case "effective roles":
            return {role.name for role in dev.users.effective_roles(user)}
        case "search":
            return [found.username for found in (dev.people.search("idir", guid=user.partition("@")[0])).users]
        case _:
            return (dev.people.find_one(guid=user.partition("@")[0], providers="idir")).username


READS = [
    "roles", "role", "members", "settled members", "children", "tree", "roles of a user", "effective roles", "search",
    "person",
]  # fmt: skip


@STEADY
@given(
    laid=st.lists(faults(), min_size=1, max_size=4),
    asked_for=st.lists(
        st.tuples(st.booleans(), st.sampled_from(READS), ROLES, st.sampled_from(PEOPLE)), min_size=1, max_size=5
    ),
)
def test_every_read_returns_the_truth_or_raises(
    laid: list[dict[str, Any]], asked_for: list[tuple[bool, str, str, str]]
) -> None:
    """If a fault affects a read, css-sdk returns the complete answer or raises an error.

    It never reports something that exists as missing.
    """
    sandbox = seeded()
    with client(sandbox) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        before = facts(sandbox)
        for fault in laid:
            sandbox.faults.add(**fault)
        for token_dies, what, name, user in asked_for:
            if token_dies:
                sandbox.revoke_tokens()
            struck, expected = struck_reads(sandbox), truth(sandbox, what, name, user)
            try:
                assert read(dev, what, name, user) == expected
            except NotFound:
                assert expected is None
            except CssError as error:
                event(f"{what}: {type(error).__name__}")
                assert struck_reads(sandbox) > struck, "nothing was in the way"
        assert facts(sandbox) == before
