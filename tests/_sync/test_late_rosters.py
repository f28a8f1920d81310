# Written from tests/_async/test_late_rosters.py by `make generate`; edit that one.
"""Rosters while writes arrive late and while the service is down: every reported outcome agrees with the state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from css_sdk import Backoff, Css, CssError, Row, RowResult, Settings, read_roster
from css_sdk.people.identities import Person
from css_sdk.roster.results import results_as_csv
from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request, Response, plain
from tests.fault_sequences import FIRST, PEOPLE, SECOND, THIRD, facts, faults, late_faults
from tests.support import GRANTS_PORTAL, examples, usernames

STEADY = settings(
    derandomize=True, deadline=None, max_examples=examples(12, __name__), suppress_health_check=list(HealthCheck)
)
"""Draw the same examples in every run."""


def no_time(_: float) -> None:
    """Return at once, so that a delayed answer costs the test no time."""


def client(sandbox: Sandbox, **options: Any) -> Css:
    """Return a client with two attempts that never waits, and treats an answer after more than a second as lost."""
    given = {"retry": Backoff(tries=2, first=0.0, budget=0.0), "timeout": 1.0, **options}
    return Css(Settings(**sandbox.credentials()), transport=sandbox.transport(no_time), **given)


def row(number: int, user: str, role: str, action: Any = "grant") -> Row:
    """Return a row of a roster for the environment dev."""
    return Row(number, Person("username", user), role, "101", "dev", action)


ROSTERS = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from("ab"), st.sampled_from(["grant", "grant", "revoke"])),
    min_size=1,
    max_size=6,
    unique_by=lambda drawn: drawn[:2],
).map(lambda drawn: [row(number, *each) for number, each in enumerate(drawn, start=2)])


def check_reports(sandbox: Sandbox, before: frozenset[tuple[str, ...]], results: list[RowResult]) -> None:
    """Check that each row's reported outcome agrees with the state, and that nothing else has changed."""
    after = facts(sandbox)
    reported = {("grant", str(result.row.person.value), result.row.role): result for result in results}
    assert before ^ after <= reported.keys(), "something was changed that is not reported"
    for fact, result in reported.items():
        match result.outcome:
            case "done" | "already":
                assert (fact in after) is (result.row.action == "grant")
            case "failed":
                assert (fact in after) is (fact in before)
            case _:
                assert result.state == "unknown"


@STEADY
@given(
    st.tuples(late_faults(), st.lists(late_faults() | faults(), max_size=3)),
    ROSTERS,
    st.booleans(),
    st.sampled_from([1, 4]),
)
def test_the_reported_outcomes_of_a_roster_stay_true_when_late_writes_arrive(
    laid: tuple[dict[str, Any], list[dict[str, Any]]], rows: list[Row], exact: bool, width: int
) -> None:
    """After late writes, each row with a known outcome is as reported.

    A second run completes the roster or is refused.
    """
    sandbox = Sandbox()
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    sandbox.create_role(GRANTS_PORTAL, "dev", "b")
    sandbox.grant(GRANTS_PORTAL, "dev", "a", FIRST, SECOND)
    sandbox.grant(GRANTS_PORTAL, "dev", "b", THIRD)
    rows = [each for each in rows if not exact or each.action == "grant"]
    before = facts(sandbox)
    for fault in [laid[0], *laid[1]]:
        sandbox.faults.add(**fault)
    options: dict[str, Any] = {"exact": exact, "max_removals": 9} if exact else {}
    with client(sandbox) as css:
        try:
            results = css.apply_roster(rows, width=width, **options)
        except CssError as error:
            event(f"refused: {type(error).__name__}")
            results = []
    sandbox.faults.clear()
    sandbox.land_late_writes()
    event(" ".join(sorted({result.state for result in results})))
    check_reports(sandbox, before, results)
    with client(sandbox) as css:
        try:
            again = css.apply_roster(rows, **options)
        except CssError as error:
            event(f"refused again: {type(error).__name__}")
            return
    assert all(result.is_done for result in again)
    check_reports(sandbox, facts(sandbox), again)


class Outage(Sandbox):
    """A sandbox whose service goes down for ten minutes at a chosen write.

    Attributes:
        time: the time of the sandbox's clock, in seconds.
        until: the time at which the service is back; None before it goes down.
    """

    def __init__(self, after: int, kind: str) -> None:
        self.time, self.until = 1_800_000_000.0, None
        self._after, self._kind = after, kind
        super().__init__(clock=lambda: self.time)

    @property
    def is_down(self) -> bool:
        """Return whether the service is down."""
        return self.until is not None and self.time < self.until

    def answer(self, request: Request) -> Response:
        with self._lock:
            is_write = request.method != "GET" and "/users/" in request.path
            if is_write and self.until is None:
                if self._after == 0:
                    self.until = self.time + 600.0
                self._after -= 1
            if not self.is_down:
                return super().answer(request)
            if self._kind == "late" and is_write:
                self.faults.add("late_write", reads=None)
                return super().answer(request)
            return Response(0, dropped=True) if self._kind != "503" else plain(503, "Service Unavailable")


@pytest.mark.parametrize("kind", ["lost", "late", "503"])
@pytest.mark.parametrize("exact", [False, True])
def test_a_roster_is_completed_after_an_outage_of_ten_minutes(kind: str, exact: bool) -> None:
    """Only the rows that an outage prevented are done by the next run, and the reports of both runs are true."""
    sandbox = Outage(after=7, kind=kind)
    people = usernames(sandbox, 30)
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    sandbox.grant(GRANTS_PORTAL, "dev", "a", *people[18:])
    before = facts(sandbox)
    rows = [row(2 + number, user, "a") for number, user in enumerate(people[:20])]
    options: dict[str, Any] = {"exact": True, "max_removals": 10} if exact else {}
    if not exact:
        rows += [row(22 + number, user, "a", "revoke") for number, user in enumerate(people[20:])]
    with client(sandbox, clock=lambda: sandbox.time) as css:
        first = css.apply_roster(rows, width=2, **options)
        assert sandbox.is_down
        states = [result.state for result in first]
        assert states.count("done") == 7
        assert states.count("unknown") >= 1
        sandbox.time += 600.0
        sandbox.land_late_writes()
        check_reports(sandbox, before, first)
        assert not sandbox.is_down
        # The result file contains the rows that are not done yet. An exact roster is applied as a whole.
        left = rows if exact else read_roster(results_as_csv(first), "r.result.csv")
        assert exact or len(left) == len(rows) - states.count("done") - states.count("already has it")
        done = facts(sandbox)
        second = css.apply_roster(left, **options)
    assert all(result.is_done for result in second)
    check_reports(sandbox, done, second)
    assert sandbox.members(GRANTS_PORTAL, "dev", "a") == people[:20]
