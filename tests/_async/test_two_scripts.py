"""Two scripts that change the same roles at once: both reports are true, and a later run completes the changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from css_sdk import AsyncCss, CssError, OutcomeUnknown, Row, RowResult, Settings, StalePlan, StepResult
from css_sdk._http.concurrency import async_each
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.entries import read_journal
from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.roster.rows import Action
from tests.fault_sequences import elsewhere, facts
from tests.plan_worlds import MIXED_BEFORE, USERS, reason, seeded
from tests.support import GRANTS_PORTAL, at_once, usernames
from tests.two_scripts import Script, Witness, claims_of_rows, claims_of_steps


def client(sandbox: Witness, name: str, seed: int, journal: Journal | None = None) -> AsyncCss:
    """Return the client of one script."""
    script = Script(sandbox, name, seed)
    return AsyncCss(
        Settings(**sandbox.credentials()), transport=script.async_transport(), retry=at_once, journal=journal
    )


def rows(people: list[str], action: Action = "grant") -> list[Row]:
    """Return a roster for the role `a`."""
    return [Row(2 + n, Person("username", user), "a", "101", "dev", action) for n, user in enumerate(people)]


PEOPLE = usernames(Witness(), 24)
ROSTERS: dict[str, tuple[list[Row], list[Row], bool]] = {
    "the same": (rows(PEOPLE[:16]), rows(PEOPLE[:16]), False),
    "overlapping": (rows(PEOPLE[:16]), rows(PEOPLE[8:]), False),
    "one grants and one revokes": (rows(PEOPLE[:16]), rows(PEOPLE[8:], "revoke"), False),
    "both exact": (rows(PEOPLE[:16]), rows(PEOPLE[8:]), True),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ROSTERS)
async def test_two_rosters_at_once_have_true_reports(name: str, seed: int) -> None:
    """Two scripts apply rosters at once: each report is true, and applying one roster again alone completes it."""
    first, second, exact = ROSTERS[name]
    sandbox = Witness()
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    sandbox.grant(GRANTS_PORTAL, "dev", "a", *PEOPLE[4:12], *PEOPLE[20:])
    others = elsewhere(sandbox)
    options: dict[str, Any] = {"exact": True, "max_removals": 24} if exact else {}
    ended: dict[str, list[RowResult]] = {}

    async def apply(script: tuple[str, list[Row]]) -> None:
        async with client(sandbox, script[0], seed) as css:
            try:
                ended[script[0]] = await css.apply_roster(script[1], width=1 + seed % 4, **options)
            except (StalePlan, OutcomeUnknown):  # its reads found a concurrent change, so it sent nothing
                ended[script[0]] = []

    await async_each(apply, [("one", first), ("other", second)], 2)
    assert {change.script for change in sandbox.changes} <= {"one", "other"}
    for script, results in ended.items():
        sandbox.check(script, claims_of_rows(results))
    assert elsewhere(sandbox) == others
    async with client(sandbox, "one", seed) as css:
        assert all(result.is_done for result in await css.apply_roster(first, **options))
    members = set(sandbox.members(GRANTS_PORTAL, "dev", "a"))
    assert {str(row.person.value) for row in first} <= members
    assert not exact or len(members) == len(first)


def wanted(*roles: DesiredRole) -> Desired:
    """Return a roles file for dev."""
    return Desired((DesiredPlace("101", "dev", Listed(roles)),))


def people(*names: str) -> Listed[Person]:
    """Return an exact list of these members."""
    return Listed(tuple(Person("username", name) for name in names), exact=True)


X, Y, Z, W = USERS
DONE_BEFORE = wanted(
    DesiredRole("n", members=people(X, W)),
    DesiredRole("a", members=people(X, Y, Z), composites=Listed(("n",))),
    DesiredRole("b", members=people(W)),
    DesiredRole("d", members=people(Z, W)),
)
"""The changes that one script undoes."""

WANTED_NOW = wanted(
    DesiredRole("n", members=people(X, Y, Z)),
    DesiredRole("a", members=people(W, Z), composites=Listed(("b", "n"))),
    DesiredRole("b", members=people(W, X)),
    DesiredRole("d", members=people(X, Y)),
    DesiredRole("o", members=people(X, Y)),
)
"""The roles file that another script applies at the same time."""


@pytest.mark.parametrize("seed", range(8))
async def test_a_plan_and_an_undo_at_once_have_true_reports(tmp_path: Path, seed: int) -> None:
    """If an undo and a plan run at once, both reports are true, and a new plan reaches its state.

    A script that finds a changed state sends nothing.
    """
    sandbox = Witness()
    seeded([MIXED_BEFORE], sandbox)
    others, seen = elsewhere(sandbox), set(facts(sandbox))
    with Journal(tmp_path / "journal") as journal:
        async with client(sandbox, "before", seed, journal) as css:
            assert not reason((await css.apply_plan(await css.plan(DONE_BEFORE, prune=True))).results)
    recorded = read_journal((tmp_path / "journal").read_bytes(), "journal")
    sandbox.changes.clear()
    ended: dict[str, list[StepResult]] = {}
    async with client(sandbox, "undo", seed) as undoing, client(sandbox, "apply", seed) as applying:
        plans = {"undo": await undoing.undo_plan(recorded), "apply": await applying.plan(WANTED_NOW, prune=True)}

        async def apply(script: tuple[str, AsyncCss]) -> None:
            try:
                applied = await script[1].apply_plan(plans[script[0]], width=1 + seed % 4)
                ended[script[0]] = list(applied.results)
            except (StalePlan, OutcomeUnknown):  # its reads found a concurrent change, so it sent nothing
                ended[script[0]] = []

        await async_each(apply, [("undo", undoing), ("apply", applying)], 2)
        seen |= {fact for change in sandbox.changes for fact in change.before | change.after}
        assert any(ended.values())
        for script, results in ended.items():
            sandbox.check(script, claims_of_steps(results, seen))
        left = await applying.plan(WANTED_NOW, prune=True)
        assert not reason((await applying.apply_plan(left)).results)
        assert not (await applying.plan(WANTED_NOW, prune=True)).steps
    assert sandbox.members(GRANTS_PORTAL, "dev", "n") == sorted([X, Y, Z])
    assert elsewhere(sandbox) == others


async def test_the_check_of_these_tests_detects_a_false_report() -> None:
    """The check of this file rejects a report that omits, denies or invents a change."""
    sandbox = Witness()
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    async with client(sandbox, "one", 0) as css:
        results = await css.apply_roster(rows(PEOPLE[:2]))
    sandbox.check("one", claims_of_rows(results))
    failed = RowResult(results[0].row, "failed", CssError("made up"))
    never = RowResult(rows([PEOPLE[3]])[0], "done")
    for made_up in ([results[0]], [failed, results[1]], [*results, never]):
        with pytest.raises(AssertionError):
            sandbox.check("one", claims_of_rows(made_up))
