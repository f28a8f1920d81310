"""The checks between a plan and its first write, and the plan of the steps that remain afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pytest
from attrs import evolve

from css_sdk.errors import CssError, InvalidFile, Refused, StalePlan, TooManyRemovals
from css_sdk.journal.entries import Entry, JournalRead
from css_sdk.plan.diff import Unmanaged
from css_sdk.plan.impact import Impact
from css_sdk.plan.planner import Plan, PlannedPlace
from css_sdk.plan.preconditions import (
    Guards,
    changed_since,
    check_steps,
    check_whose,
    check_whose_journal,
    reconstruct,
    remainder,
    roles_to_read,
    without,
)
from css_sdk.settings import Settings
from css_sdk.state import Place, PlaceState, Step, StepKind, StepResult

DEV, TEST = Place(101, "dev"), Place(101, "test")
URL = "https://api.example.org/api/v1"
MANY = [f"{number:03}@idir" for number in range(100)]
ANN, BOB = MANY[:2]


def a_state(members: Mapping[str, Iterable[str]], children: Mapping[str, Iterable[str]] | None = None) -> PlaceState:
    """Return the state of an environment with these members, all of them read."""
    below = {name: frozenset(some) for name, some in (children or {}).items()}
    held = {name: frozenset(some) for name, some in members.items()}
    return PlaceState(DEV, "Grants Portal", frozenset(members), below, held)


def step(kind: StepKind, role: str, target: str = "") -> Step:
    """Return a step in dev."""
    return Step(kind, DEV, role, target)


# The team and the address of a plan


@pytest.mark.parametrize(
    ("url", "team", "expected"),
    [
        (URL, 2016, ""),
        (URL, 2017, "team 2016, but the current credentials belong to team 2017"),
        (URL, None, "team 2016, but the current credentials belong to no team"),
        ("https://elsewhere.example", 2016, f"made for {URL}, but the current settings use https://elsewhere.example"),
        (URL + "/", 2016, "made for"),
    ],
)
def test_a_plan_is_for_one_team_and_address(url: str, team: int | None, expected: str) -> None:
    """A plan that was made for another team or address is refused, and the message names both."""
    saved = Plan(api_url=URL, team_id=2016)
    if expected:
        with pytest.raises(StalePlan, match=expected):
            check_whose(saved, url, team)
    else:
        check_whose(saved, url, team)


@pytest.mark.parametrize(
    ("client_id", "url", "fits"),
    [("account", URL, True), ("other", URL, False), ("account", "https://elsewhere.example", False)],
)
def test_a_journal_is_of_one_account_and_address(client_id: str, url: str, fits: bool) -> None:
    """A journal of another account or address is refused, and the message does not contain the secret."""
    settings = Settings(client_id="account", client_secret="hush", token_url="https://login.example.org", api_url=URL)
    journal = JournalRead(client_id, url, ())
    if fits:
        check_whose_journal(journal, settings)
    else:
        with pytest.raises(StalePlan, match="Nothing was sent") as caught:
            check_whose_journal(journal, settings)
        assert "hush" not in str(caught.value)


def test_a_plan_of_an_account_without_a_team_is_accepted() -> None:
    """A plan of an account without a team has team number 0, and an account without a team may apply it."""
    check_whose(Plan(api_url=URL), URL, None)


# Continuing with a journal

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
"""A second effect of deleting `c`, which the journal records: `c` was a child of the role that is now `b`."""
BEGUN = (*STEPS[:6], TAKEN_ALONG, STEPS[6])
PLANNED = PlannedPlace.of(BEFORE)


def entries(begun: Sequence[Step], *, in_doubt: bool = False) -> list[Entry]:
    """Return the entries of a journal in which these steps are confirmed; with `in_doubt`, the last write is not."""
    writes = [(one,) for one in begun if one != TAKEN_ALONG]
    if TAKEN_ALONG in begun:
        writes[-1:] = [(TAKEN_ALONG, *writes[-1])]  # type: ignore[list-item]
    doubtful = len(writes) if in_doubt else None
    return [Entry(n, some, None if n == doubtful else "done") for n, some in enumerate(writes, start=1)]


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
@pytest.mark.parametrize("in_flight", [False, True])
def test_a_journal_restores_the_first_state_and_the_steps_that_are_left(count: int, in_flight: int) -> None:
    """After any number of steps, with one begun, css-sdk finds the first state and the steps that are left."""
    now = BEFORE.after(STEPS[:count])
    begun = BEGUN[: count + in_flight] if count < 6 else BEGUN
    before, done = reconstruct(PLANNED, now, entries(begun, in_doubt=in_flight or count == 6))
    assert before.fingerprint == BEFORE.fingerprint
    assert without(STEPS, done) == STEPS[count:]


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
def test_a_change_that_the_journal_does_not_record_makes_a_plan_stale(other: Step) -> None:
    """If anything changed that the journal does not record, the plan is refused as stale."""
    now = BEFORE.after([*STEPS[:5], other])
    changed = r"#101 dev( has changed|: somebody has undone).*Nothing was sent"
    with pytest.raises(StalePlan, match=changed):
        reconstruct(PLANNED, now, entries(BEGUN[:5]))
    with pytest.raises(StalePlan):
        reconstruct(PLANNED, BEFORE.after(STEPS[:5]), ())


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (step("remove_composite", "a", "x"), "add x to composite a"),
        (step("remove_member", "a", ANN), f"add {ANN} to a"),
        (step("rename_role", "b", "z"), "rename role a to b"),
        (step("delete_role", "a"), f"add {ANN} to a"),
    ],
)
def test_a_confirmed_step_that_somebody_reverted_makes_the_plan_stale(other: Step, expected: str) -> None:
    """If somebody reverted a step that the journal confirms, the plan is stale and the step is not done again."""
    now = BEFORE.after([*STEPS[:5], other])
    with pytest.raises(StalePlan, match=rf"the journal records as done: {expected}\. Nothing was sent"):
        reconstruct(PLANNED, now, entries(BEGUN[:5]))


def test_a_step_with_an_unknown_outcome_is_repeated_only_if_it_is_missing() -> None:
    """A step whose outcome is unknown is done again if the state does not show it, and skipped if the state does."""
    now = BEFORE.after([*STEPS[:3], STEPS[4]])
    found = [*entries(BEGUN[:3]), Entry(8, (STEPS[3],), "unknown"), Entry(9, (STEPS[4],))]
    before, done = reconstruct(PLANNED, now, found)
    assert before.fingerprint == BEFORE.fingerprint
    assert without(STEPS, done) == (STEPS[3], *STEPS[5:])


@pytest.mark.parametrize("username", [ANN, BOB])
@pytest.mark.parametrize("in_doubt", [False, True])
def test_a_plan_is_stale_if_somebody_else_granted_the_new_role(username: str, in_doubt: bool) -> None:
    """If somebody else gave the new role to a person, the plan is stale, even if the plan would give it, too."""
    now = BEFORE.after([*STEPS[:3], step("add_member", "a", username)])
    with pytest.raises(StalePlan, match="has changed after the plan was made"):
        reconstruct(PLANNED, now, entries(BEGUN[:3], in_doubt=in_doubt))


ALL = a_state({"all": MANY[:40], "leaf": [], "c": MANY[:1]}, {"all": ["leaf"]})


def test_a_plan_with_wrong_counts_or_unread_members_is_refused() -> None:
    """A plan with too low counts, or with members that were not read, is refused, and the error names every fault."""
    steps = (evolve(step("remove_composite", "all", "leaf"), people=40), step("delete_role", "leaf"))
    check_steps(steps, Impact.of(steps, [ALL]))
    with pytest.raises(InvalidFile, match="Nothing was sent") as caught:
        check_steps([evolve(one, people=1) for one in steps], Impact.of(steps, [ALL]))
    assert caught.value.faults == (
        "#101 dev: remove leaf from composite all: 40 people lose a role, but the plan says 1",
        "#101 dev: delete role leaf: 0 people lose a role, but the plan says 1",
    )
    blind = evolve(ALL, members={"leaf": frozenset()})
    with pytest.raises(InvalidFile) as caught:
        check_steps([step("delete_role", "leaf")], Impact.of([step("delete_role", "leaf")], [blind]))
    assert caught.value.faults == ("#101 dev: the members of 'all' were not read",)


@pytest.mark.parametrize("kind", ["delete_role", "remove_composite"])
def test_people_who_lose_a_role_through_a_composite_count_as_removals(kind: StepKind) -> None:
    """People who lose a role through a composite role count as removals, unless an earlier step makes them members."""
    taking = step("delete_role", "leaf") if kind == "delete_role" else step("remove_composite", "all", "leaf")
    with pytest.raises(TooManyRemovals, match="40 of 40 memberships of the role 'leaf' through composites"):
        Guards().check([taking], [ALL])
    Guards(max_removals=40).check([taking], [ALL])
    given = [step("add_member", "leaf", username) for username in MANY[:40]]
    Guards().check([*given, step("remove_composite", "all", "leaf")], [ALL])


def test_the_roles_to_read_again_include_new_and_renamed_ones() -> None:
    """css-sdk reads again the planned roles and those that the journal created or renamed, but no role of another
    environment.
    """
    planned = evolve(PLANNED, members_read=("a",))
    assert roles_to_read(planned, ()) == {"a"}
    assert roles_to_read(planned, (*BEGUN, Step("create_role", TEST, "z"))) == {"a", "b", "x"}


def test_members_who_were_not_read_make_nothing_stale() -> None:
    """Members of roles that the plan did not read do not affect its fingerprint, so they cannot make it stale."""
    unread = evolve(BEFORE, members={"a": BEFORE.members["a"]})
    planned = PlannedPlace.of(unread)
    before, _ = reconstruct(planned, unread.after(STEPS[:1]), entries(STEPS[:1]))
    assert before == unread


# The remainder


def a_plan(steps: tuple[Step, ...] = STEPS) -> Plan:
    """Return the steps as a plan."""
    return Plan(steps, places=(PLANNED,), api_url=URL, team_id=2016)


@pytest.mark.parametrize("ends", ["failed", "unknown", "skipped", None])
def test_the_remainder_holds_all_steps_that_are_not_confirmed(ends: str | None) -> None:
    """The remainder holds all steps that are not confirmed, in their order, and expects the state after the confirmed
    ones.
    """
    saved = a_plan()
    results = [StepResult(one, "done") for one in STEPS[:3]]
    if ends is not None:
        results += [StepResult(one, ends, CssError("no")) for one in STEPS[3:]]  # type: ignore[arg-type]
    left = remainder(saved, results, {DEV: BEFORE})
    assert left is not None
    assert left.steps == STEPS[3:]
    [planned] = left.places
    assert planned.fingerprint == BEFORE.after(STEPS[:3]).fingerprint
    assert evolve(left, steps=saved.steps, places=saved.places) == saved


def test_there_is_no_remainder_if_all_steps_are_confirmed() -> None:
    """If all steps are confirmed, or the plan has none, there is no remainder."""
    assert remainder(a_plan(), [StepResult(one, "done") for one in STEPS], {DEV: BEFORE}) is None
    assert remainder(a_plan(()), [], {DEV: BEFORE}) is None


def test_keep_last_refuses_a_role_that_does_not_exist() -> None:
    """If `keep_last` names a role that exists neither now nor after the plan, css-sdk refuses it as a
    typing mistake.
    """
    Guards(keep_last=["a"]).check((), [BEFORE])
    Guards(keep_last=["new"]).check([step("create_role", "new")], [BEFORE])
    with pytest.raises(Refused, match="has a role 'adminn'"):
        Guards(keep_last=["a", "adminn"]).check((), [BEFORE])


def test_the_remainder_uses_the_current_names_of_renamed_roles() -> None:
    """If a member could not be added before a rename, the remainder adds the member under the role's current name."""
    first, second = step("add_member", "a", ANN), step("add_member", "a", BOB)
    steps = (first, step("rename_role", "a", "b"), step("create_role", "a"), second, step("rename_role", "b", "c"))
    state = a_state({"a": []})
    for done, left in ((steps[1:], ["c"]), (steps[1:3], ["b", "a", "b"]), (steps[:3], ["a", "b"])):
        saved = evolve(a_plan(steps), places=(PlannedPlace.of(state),))
        results = [StepResult(one, "done") for one in done]
        rest = remainder(saved, results, {DEV: state})
        assert rest is not None
        assert [one.role for one in rest.steps] == left


def test_steps_of_other_places_and_failed_writes_are_not_reverted() -> None:
    """The state before a plan follows from the confirmed writes in the same environment, at any position in the
    journal.
    """
    elsewhere = Step("create_role", TEST, "q")
    failed = Entry(9, (step("create_role", "q"),), "failed")
    found = [entry for one in entries(BEGUN[:5]) for entry in (Entry(8, (elsewhere,), "done"), one, failed)]
    both = [evolve(entries([STEPS[0]])[0], steps=(elsewhere, STEPS[0], elsewhere))]
    assert reconstruct(PLANNED, BEFORE.after(STEPS[:5]), found)[0] == BEFORE
    assert reconstruct(PLANNED, BEFORE.after(STEPS[:1]), both)[0] == BEFORE


@pytest.mark.parametrize("while_reading", [False, True])
@pytest.mark.parametrize("is_resumed", [False, True])
def test_the_error_of_a_stale_plan_fits_the_call(is_resumed: bool, while_reading: bool) -> None:
    """The error advises to continue the plan only if the caller has not done this, and says when the place changed."""
    error = changed_since(PLANNED, is_resumed=is_resumed, while_reading=while_reading)
    assert ("while css-sdk read them" in str(error)) is while_reading
    assert ("resume=" in str(error)) is not is_resumed


def test_the_remainder_uses_the_current_name_of_a_child() -> None:
    """If the remainder adds a child that was renamed, it uses the child's current name, and leaves
    members unchanged.
    """
    steps = (step("add_composite", "a", "b"), step("add_member", "a", "b"), step("rename_role", "b", "c"))
    state = a_state({"a": [], "b": []})
    saved = evolve(a_plan(steps), places=(PlannedPlace.of(state),))
    rest = remainder(saved, [StepResult(steps[2], "done")], {DEV: state})
    assert rest is not None
    assert [one.target for one in rest.steps] == ["c", "b"]


def test_the_remainder_keeps_environments_without_done_steps() -> None:
    """The remainder keeps each environment, also one without done steps, with its counts of unmanaged entries."""
    other = PlannedPlace(TEST, "Grants Portal", (), "", Unmanaged(1, 2, 3))
    here = PlannedPlace.of(BEFORE, Unmanaged(4, 5, 6))
    rest = remainder(evolve(a_plan(), places=(here, other)), [StepResult(STEPS[0], "done")], {DEV: BEFORE})
    assert rest is not None
    assert rest.places == (PlannedPlace.of(BEFORE.after(STEPS[:1]), Unmanaged(4, 5, 6)), other)


def test_an_impact_belongs_to_one_sequence_of_steps_and_states() -> None:
    """A simulation of losses is reused only if both the steps and the states are the same."""
    impact = Impact.of(STEPS, [BEFORE])
    [loss] = impact.losses
    assert Impact.of(STEPS, [BEFORE], impact).losses[0] is loss
    for steps, state in ((STEPS[:3], BEFORE), (STEPS[1:], BEFORE), (STEPS, ALL)):
        assert Impact.of(steps, [state], impact) == Impact.of(steps, [state])
