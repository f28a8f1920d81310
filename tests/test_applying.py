"""What stands between a plan and its first write, and what is left of it afterwards, case by case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pytest
from attrs import evolve

from css_sdk.errors import CssError, InvalidFile, Refused, StalePlan, TooManyRemovals
from css_sdk.journal.entries import Entry, JournalRead
from css_sdk.plan.checks import check_steps
from css_sdk.plan.impact import Impact
from css_sdk.plan.planner import Plan, PlannedPlace
from css_sdk.plan.preconditions import (
    Guards,
    check_whose,
    check_whose_journal,
    remainder,
    roles_to_read,
    state_before,
    unfinished,
)
from css_sdk.settings import Settings
from css_sdk.state import Place, PlaceState, Step, StepKind, StepResult

DEV, TEST = Place(101, "dev"), Place(101, "test")
URL = "https://api.example.org/api/v1"
MANY = [f"{number:03}@idir" for number in range(100)]
ANN, BOB = MANY[:2]


def a_state(members: Mapping[str, Iterable[str]], children: Mapping[str, Iterable[str]] | None = None) -> PlaceState:
    """Return roles with these members, all of them read."""
    below = {name: frozenset(some) for name, some in (children or {}).items()}
    held = {name: frozenset(some) for name, some in members.items()}
    return PlaceState(DEV, "Grants Portal", frozenset(members), below, held)


def step(kind: StepKind, role: str, target: str = "") -> Step:
    """A step in dev."""
    return Step(kind, DEV, role, target)


# Whose


@pytest.mark.parametrize(
    ("url", "team", "told"),
    [
        (URL, 2016, ""),
        (URL, 2017, "team 2016, but the current credentials belong to team 2017"),
        (URL, None, "team 2016, but the current credentials belong to team None"),
        ("https://elsewhere.example", 2016, f"made for {URL}, but the current settings use https://elsewhere.example"),
        (URL + "/", 2016, "made for"),
    ],
)
def test_a_plan_is_for_one_team_and_address(url: str, team: int | None, told: str) -> None:
    """A plan for another one is refused, and the message names both."""
    saved = Plan(api_url=URL, team_id=2016)
    if told:
        with pytest.raises(StalePlan, match=told):
            check_whose(saved, url, team)
    else:
        check_whose(saved, url, team)


@pytest.mark.parametrize(
    ("client_id", "url", "fits"),
    [("account", URL, True), ("other", URL, False), ("account", "https://elsewhere.example", False)],
)
def test_a_journal_is_of_one_account_and_address(client_id: str, url: str, fits: bool) -> None:
    """A journal of another one is refused, and the message does not contain the secret."""
    settings = Settings(client_id="account", client_secret="hush", token_url="https://login.example.org", api_url=URL)
    journal = JournalRead(client_id, url, ())
    if fits:
        check_whose_journal(journal, settings)
    else:
        with pytest.raises(StalePlan, match="Nothing was sent") as told:
            check_whose_journal(journal, settings)
        assert "hush" not in str(told.value)


def test_an_account_without_a_team() -> None:
    """It has number 0 in a plan."""
    check_whose(Plan(api_url=URL), URL, None)


# Going on

BEFORE = a_state({"a": [ANN], "b": [BOB], "c": []}, {"a": ["c"]})
STEPS = (
    step("rename_role", "b", "x"),
    step("rename_role", "a", "b"),
    step("create_role", "a"),
    step("add_composite", "a", "x"),
    step("add_member", "a", ANN),
    step("remove_member", "x", BOB),
    step("delete_role", "c"),
)
TAKEN_ALONG = step("remove_composite", "b", "c")
"""What a journal tells of the deletion of `c` besides: it was a child of the role that is then `b`."""
BEGUN = (*STEPS[:6], TAKEN_ALONG, STEPS[6])
PLANNED = PlannedPlace.of(BEFORE)


def entries(begun: Sequence[Step], *, in_doubt: bool = False) -> list[Entry]:
    """A journal in which these are confirmed, but for the last write where that is in doubt."""
    writes = [(one,) for one in begun if one != TAKEN_ALONG]
    if TAKEN_ALONG in begun:
        writes[-1:] = [(TAKEN_ALONG, *writes[-1])]  # type: ignore[list-item]
    doubtful = len(writes) if in_doubt else None
    return [Entry(n, some, None if n == doubtful else "confirmed") for n, some in enumerate(writes, start=1)]


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
@pytest.mark.parametrize("in_flight", [False, True])
def test_what_was_begun_is_the_only_difference(count: int, in_flight: int) -> None:
    """After any number of steps, with one begun, css-sdk finds the first state and the steps that are left."""
    now = BEFORE.after(STEPS[:count])
    begun = BEGUN[: count + in_flight] if count < 6 else BEGUN
    assert (
        state_before(PLANNED, now, entries(begun, in_doubt=in_flight or count == 6)).fingerprint == BEFORE.fingerprint
    )
    assert unfinished(STEPS, [now], begun) == STEPS[count:]


@pytest.mark.parametrize(
    "other",
    [
        step("create_role", "y"),
        step("delete_role", "b"),
        step("rename_role", "x", "y"),
        step("add_member", "b", BOB),
        step("remove_member", "b", ANN),
        step("add_composite", "x", "b"),
        step("remove_composite", "b", "c"),
    ],
)
def test_anything_else_makes_a_plan_stale(other: Step) -> None:
    """If anything changed that the journal does not record, the plan is refused, after any number of steps."""
    now = BEFORE.after([*STEPS[:5], other])
    changed = r"Grants Portal \(#101 dev\)( has changed|: the journal records).*Nothing was sent"
    with pytest.raises(StalePlan, match=changed):
        state_before(PLANNED, now, entries(BEGUN[:5]))
    with pytest.raises(StalePlan):
        state_before(PLANNED, BEFORE.after(STEPS[:5]), ())


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (step("remove_composite", "a", "x"), "add_composite 'a' x"),
        (step("remove_member", "a", ANN), f"add_member 'a' {ANN}"),
        (step("rename_role", "b", "z"), "rename_role 'a' b"),
        (step("delete_role", "a"), "add_member 'a'"),
    ],
)
def test_what_somebody_took_back_is_not_done_again(other: Step, told: str) -> None:
    """A step that is confirmed and not there any more makes the plan stale; one in doubt may never have been done."""
    now = BEFORE.after([*STEPS[:5], other])
    with pytest.raises(StalePlan, match=rf"the journal records {told}.*Nothing was sent"):
        state_before(PLANNED, now, entries(BEGUN[:5]))


def test_a_step_in_doubt_may_be_there_or_not() -> None:
    """It is done again where it cannot be seen, and not where it can."""
    now = BEFORE.after([*STEPS[:3], STEPS[4]])
    told = [*entries(BEGUN[:3]), Entry(8, (STEPS[3],), "unknown"), Entry(9, (STEPS[4],))]
    assert state_before(PLANNED, now, told).fingerprint == BEFORE.fingerprint
    assert unfinished(STEPS, [now], BEGUN[:5]) == (STEPS[3], *STEPS[5:])


@pytest.mark.parametrize("username", [ANN, BOB])
@pytest.mark.parametrize("in_doubt", [False, True])
def test_others_may_not_use_what_was_just_created(username: str, in_doubt: bool) -> None:
    """If somebody else gave the new role to a person, the plan is stale, even if the plan would give it, too."""
    now = BEFORE.after([*STEPS[:3], step("add_member", "a", username)])
    with pytest.raises(StalePlan, match="has changed after the plan was made"):
        state_before(PLANNED, now, entries(BEGUN[:3], in_doubt=in_doubt))


ALL = a_state({"all": MANY[:40], "leaf": [], "c": MANY[:1]}, {"all": ["leaf"]})


def test_numbers_are_held_against_what_is_there() -> None:
    """A plan with too low counts, or with members that were not read, is refused, and the error names every fault."""
    steps = (evolve(step("remove_composite", "all", "leaf"), people=40), step("delete_role", "leaf"))
    check_steps(steps, Impact.of(steps, [ALL]))
    with pytest.raises(InvalidFile, match="Nothing was sent") as caught:
        check_steps([evolve(one, people=1) for one in steps], Impact.of(steps, [ALL]))
    assert caught.value.faults == (
        "#101 dev: remove_composite of 'all' removes a role from 40 people, not from 1",
        "#101 dev: delete_role of 'leaf' removes a role from 0 people, not from 1",
    )
    blind = evolve(ALL, members={"leaf": frozenset()})
    with pytest.raises(InvalidFile) as caught:
        check_steps([step("delete_role", "leaf")], Impact.of([step("delete_role", "leaf")], [blind]))
    assert caught.value.faults == ("#101 dev: the members of 'all' were not read",)


@pytest.mark.parametrize("kind", ["delete_role", "remove_composite"])
def test_who_loses_a_role_through_composites_counts(kind: StepKind) -> None:
    """40 of 40 who have a role through another are as many as 40 members."""
    taking = step("delete_role", "leaf") if kind == "delete_role" else step("remove_composite", "all", "leaf")
    with pytest.raises(TooManyRemovals, match="40 of 40 people with the role 'leaf' through composites"):
        Guards().check([taking], [ALL])
    Guards(max_removals=40).check([taking], [ALL])
    given = [step("add_member", "leaf", username) for username in MANY[:40]]
    Guards().check([*given, step("remove_composite", "all", "leaf")], [ALL])


def test_what_is_read_again() -> None:
    """The roles that were read, and those that came under way, under all their names; none of another place."""
    planned = evolve(PLANNED, members_read=("a",))
    assert roles_to_read(planned, ()) == {"a"}
    assert roles_to_read(planned, (*BEGUN, Step("create_role", TEST, "z"))) == {"a", "b", "x"}


def test_members_who_were_not_read_make_nothing_stale() -> None:
    """A fingerprint speaks of the members that were read, and of no others."""
    unread = evolve(BEFORE, members={"a": BEFORE.members["a"]})
    planned = PlannedPlace.of(unread)
    assert state_before(planned, unread.after(STEPS[:1]), entries(STEPS[:1])) == unread


# What is left


def a_plan(steps: tuple[Step, ...] = STEPS) -> Plan:
    """The steps as a plan."""
    return Plan(steps, places=(PLANNED,), api_url=URL, team_id=2016)


@pytest.mark.parametrize("ends", ["failed", "unknown", "skipped", None])
def test_a_plan_of_what_is_left(ends: str | None) -> None:
    """What is not confirmed stays, in its order, and fits what is there once the rest is done; None is not tried."""
    saved = a_plan()
    results = [StepResult(one, "confirmed") for one in STEPS[:3]]
    if ends is not None:
        results += [StepResult(one, ends, CssError("no")) for one in STEPS[3:]]  # type: ignore[arg-type]
    left = remainder(saved, results, {DEV: BEFORE})
    assert left is not None
    assert left.steps == STEPS[3:]
    [planned] = left.places
    assert planned.fingerprint == BEFORE.after(STEPS[:3]).fingerprint
    assert evolve(left, steps=saved.steps, places=saved.places) == saved


def test_nothing_is_left_when_all_is_confirmed() -> None:
    """Then there is no plan, and neither is there of a plan without steps."""
    assert remainder(a_plan(), [StepResult(one, "confirmed") for one in STEPS], {DEV: BEFORE}) is None
    assert remainder(a_plan(()), [], {DEV: BEFORE}) is None


def test_what_shall_be_kept_has_to_be_there() -> None:
    """A name that no place has, now or after the plan, protects nothing: it is refused as the mistake that it is."""
    Guards(keep_last=["a"]).check((), [BEFORE])
    Guards(keep_last=["new"]).check([step("create_role", "new")], [BEFORE])
    with pytest.raises(Refused, match="has a role 'adminn'"):
        Guards(keep_last=["a", "adminn"]).check((), [BEFORE])


def test_what_is_left_is_called_what_it_is_by_now() -> None:
    """Whom the service does not know holds no renaming back, and is not lost by it; a new role of that name is new."""
    first, second = step("add_member", "a", ANN), step("add_member", "a", BOB)
    steps = (first, step("rename_role", "a", "b"), step("create_role", "a"), second, step("rename_role", "b", "c"))
    state = a_state({"a": []})
    for done, left in ((steps[1:], ["c"]), (steps[1:3], ["b", "a", "b"]), (steps[:3], ["a", "b"])):
        saved = evolve(a_plan(steps), places=(PlannedPlace.of(state),))
        results = [StepResult(one, "confirmed") for one in done]
        rest = remainder(saved, results, {DEV: state})
        assert rest is not None
        assert [one.role for one in rest.steps] == left
