"""If a step fails, css-sdk skips the steps that depend on it, so that nobody loses a role whose replacement failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from css_sdk.errors import CssError, InvalidRequest, NotFound, OutcomeUnknown, UnusableUser
from css_sdk.plan.dependencies import Dependencies
from css_sdk.plan.step_words import in_words
from css_sdk.state import Place, PlaceState, Step, StepKind, StepResult
from tests.support import examples

DEV, TEST = Place(101, "dev"), Place(101, "test")
NO = InvalidRequest("The service said no.")
NEVER = NotFound("User not found.", what="user")
ANN, BOB, CAT, DAN = (f"{name}@idir" for name in ("ann", "bob", "cat", "dan"))


def step(kind: StepKind, role: str, target: str = "", place: Place = DEV) -> Step:
    """Return a step, in dev by default."""
    return Step(kind, place, role, target)


def ended(
    steps: Sequence[Step], errors: dict[int, CssError], states: Iterable[PlaceState] = ()
) -> tuple[list[StepResult], Dependencies]:
    """Return the outcome of each step if the steps with these numbers fail."""
    dependencies = Dependencies(steps, states)
    results = []
    for number, one in enumerate(steps):
        if (lacking := dependencies.why_skipped(one)) is not None:
            results.append(StepResult(one, "skipped", lacking))
        elif (error := errors.get(number)) is not None:
            results.append(StepResult(one, "unknown" if isinstance(error, OutcomeUnknown) else "failed", error))
        else:
            results.append(StepResult(one, "done"))
        dependencies.note(results[-1])
    return results, dependencies


def not_tried(steps: Sequence[Step], failing: int, states: Iterable[PlaceState] = ()) -> set[int]:
    """Return the numbers of the steps that are skipped if one step fails."""
    results, _ = ended(steps, {failing: NO}, states)
    return {number for number, result in enumerate(results) if result.outcome == "skipped"}


ADD = step("add_member", "a", ANN)


@pytest.mark.parametrize(
    ("failing", "taking", "is_kept"),
    [
        # Members of the role, and roles of the user.
        (ADD, step("remove_member", "a", CAT), True),
        (ADD, step("remove_member", "b", ANN), True),
        (ADD, step("remove_member", "b", CAT), False),
        (ADD, step("remove_member", "a", CAT, TEST), False),
        (ADD, step("remove_composite", "a", "b"), False),
        # Children.
        (step("add_composite", "a", "b"), step("remove_composite", "a", "c"), True),
        (step("add_composite", "a", "b"), step("remove_composite", "b", "c"), False),
        (step("add_composite", "a", "b"), step("remove_member", "a", CAT), False),
        # Roles.
        (ADD, step("delete_role", "c"), True),
        (step("create_role", "a"), step("delete_role", "c"), True),
        (step("rename_role", "a", "b"), step("delete_role", "c"), True),
        (step("add_composite", "a", "b"), step("delete_role", "c"), True),
        (step("create_role", "a"), step("delete_role", "c", place=TEST), False),
        (step("create_role", "a"), step("remove_member", "c", CAT), False),
        # A removal that fails prevents no other removal.
        (step("remove_member", "a", ANN), step("remove_member", "a", CAT), False),
        (step("remove_member", "a", ANN), step("delete_role", "c"), False),
    ],
)
@pytest.mark.parametrize("error", [NO, OutcomeUnknown("Nobody knows.")])
def test_a_failed_addition_skips_the_removals_that_depend_on_it(
    failing: Step, taking: Step, is_kept: bool, error: CssError
) -> None:
    """If an addition fails, the removals that depend on it are skipped. The result names the failed step."""
    [_, result], _ = ended([failing, taking], {0: error})
    assert (result.outcome == "skipped") is is_kept
    if is_kept:
        assert f": {in_words(failing)}. {error}" in str(result.error)
        assert ("may have failed" in str(result.error)) is isinstance(error, OutcomeUnknown)


def test_a_skipped_addition_skips_removals_like_a_failed_one() -> None:
    """If a role could not be created, its members keep their other roles, and the result names the reason."""
    steps = [step("create_role", "new"), step("add_member", "new", ANN), step("remove_member", "a", ANN)]
    results, _ = ended(steps, {0: NO})
    assert [result.outcome for result in results] == ["failed", "skipped", "skipped"]
    assert "an earlier step, which failed: create role new. " in str(results[2].error)


def test_a_failed_addition_skips_removals_from_the_renamed_role() -> None:
    """If an addition to a role fails and the role is then renamed, removals from it under its new name are skipped."""
    steps = [ADD, step("rename_role", "a", "b"), step("remove_member", "b", CAT)]
    state = PlaceState(DEV, "", frozenset("a"), members={"a": frozenset([CAT])})
    for error in (UnusableUser("No roles for them."), NEVER):
        assert [one.outcome for one in ended(steps, {0: error}, [state])[0]] == ["failed", "done", "skipped"]


@pytest.mark.parametrize(
    "failing",
    [
        step("remove_member", "a", ANN),
        step("add_member", "a", ANN),
        step("remove_composite", "a", "b"),
        step("remove_composite", "b", "a"),
        step("add_composite", "a", "b"),
        step("add_composite", "b", "a"),
    ],
)
@pytest.mark.parametrize("last", [step("rename_role", "a", "c"), step("delete_role", "a")])
def test_a_failed_step_skips_the_rename_or_deletion_of_its_role(failing: Step, last: Step) -> None:
    """If a step of a role fails, the rename or deletion of that role is skipped; the rename of another role is not."""
    assert 1 in not_tried([failing, last], 0)
    assert not_tried([failing, step("rename_role", "x", "y")], 0) == set()
    [_, result], _ = ended([failing, last], {0: NO})
    assert str(result.error).endswith(f": {in_words(failing)}.")


@pytest.mark.parametrize(
    ("held", "added", "never", "taken", "skipped"),
    [
        ([CAT], [ANN], [ANN], [CAT], [CAT]),
        ([CAT, DAN], [ANN], [ANN], [CAT, DAN], [CAT, DAN]),
        ([CAT, DAN], [ANN], [ANN], [CAT], []),
        ([CAT], [ANN, BOB], [ANN], [CAT], []),
        ([CAT], [ANN, BOB], [ANN, BOB], [CAT], [CAT]),
    ],
)
def test_a_member_who_never_logged_in_blocks_removals_only_if_the_role_would_be_empty(
    held: list[str], added: list[str], never: list[str], taken: list[str], skipped: list[str]
) -> None:
    """If a new member never logged in, the removals of others are done, unless the role would end up empty."""
    state = PlaceState(DEV, "", frozenset("ab"), members={"a": frozenset(held)})
    steps = [
        *(step("add_member", "a", username) for username in added),
        *(step("remove_member", "a", username) for username in taken),
        step("delete_role", "b"),
    ]
    errors: dict[int, CssError] = {added.index(username): NEVER for username in never}
    results, _ = ended(steps, errors, [state])
    assert [result.step.target for result in results if result.outcome == "skipped"] == skipped
    assert results[-1].outcome == "done"


USERS = [ANN, BOB, CAT, DAN]
SETS = st.fixed_dictionaries({name: st.frozensets(st.sampled_from(USERS)) for name in "abc"})


@settings(max_examples=examples(60), deadline=None)
@given(SETS, SETS, st.dictionaries(st.integers(0, 11), st.sampled_from([NO, NEVER, OutcomeUnknown("?")])))
def test_failed_steps_never_empty_a_role_or_remove_all_roles_of_a_user(
    before: dict[str, frozenset[str]], wanted: dict[str, frozenset[str]], errors: dict[int, CssError]
) -> None:
    """If any step fails, no role with desired members becomes empty, and no user with desired roles loses all roles."""
    steps = [step("add_member", name, who) for name in "abc" for who in sorted(wanted[name] - before[name])]
    errors = {number: error for number, error in errors.items() if number < len(steps)}
    steps += [step("remove_member", name, who) for name in "abc" for who in sorted(before[name] - wanted[name])]
    state = PlaceState(DEV, "", frozenset("abc"), members=before)
    results, _ = ended(steps, errors, [state])
    after = state.after([result.step for result in results if result.outcome == "done"]).members
    for name in "abc":
        assert after[name] or not before[name] or not wanted[name]
        if any(e is not NEVER and steps[n].role == name for n, e in errors.items()):
            assert before[name] <= after[name]
    never = {steps[number].target for number, error in errors.items() if error is NEVER}
    for who in set(USERS) - never:
        had, shall, has = ({name for name in "abc" if who in some[name]} for some in (before, wanted, after))
        assert has or not had or not shall
    if not errors:
        assert after == wanted


def test_ten_thousand_failed_additions_need_little_memory() -> None:
    """If 10,000 additions fail, css-sdk skips 10,000 removals without storing each pair of steps."""
    people = [f"{number:05}@idir" for number in range(10_000)]
    steps = [step("add_member", "a", f"n{who}") for who in people] + [step("remove_member", "a", who) for who in people]
    state = PlaceState(DEV, "", frozenset("a"), members={"a": frozenset(people)})
    results, dependencies = ended(steps, dict.fromkeys(range(10_000), NO), [state])
    assert sum(result.outcome == "skipped" for result in results) == 10_000
    assert len(dependencies._marks) == 2 * 10_000 + 3


@pytest.mark.parametrize(
    ("later", "is_skipped"),
    [
        (step("create_role", "c"), True),
        (step("rename_role", "a", "c"), True),
        (step("add_member", "c", ANN), True),
        (step("add_composite", "a", "c"), True),
        (step("add_composite", "a", "b"), True),
        (step("add_composite", "a", "b", TEST), False),
        (step("create_role", "c", place=TEST), False),
        (step("create_role", "d"), False),
        (step("add_member", "a", ANN), False),
    ],
)
def test_a_failed_deletion_skips_steps_that_need_it(later: Step, is_skipped: bool) -> None:
    """If a role could not be deleted, steps that use its name are skipped, and so are additions of children in its
    environment.
    """
    assert bool(not_tried([step("delete_role", "c"), later], 0)) is is_skipped


def test_who_never_logged_in_blocks_no_removal_that_leaves_a_member() -> None:
    """A failed addition of a newcomer keeps only the last members of the role, also after the role was renamed."""
    steps = [ADD, step("rename_role", "a", "b"), step("remove_member", "b", CAT)]
    state = PlaceState(DEV, "", frozenset("a"), members={"a": frozenset([CAT, DAN])})
    assert [one.outcome for one in ended(steps, {0: NEVER}, [state])[0]] == ["failed", "done", "done"]


def test_members_of_a_role_that_was_created_and_renamed_are_counted() -> None:
    """A role that did not exist before the plan starts without members, also under its new name."""
    steps = [step("create_role", "a"), step("rename_role", "a", "b"), step("add_member", "b", ANN)]
    assert [one.outcome for one in ended(steps, {})[0]] == ["done"] * 3


@pytest.mark.parametrize(
    "later", [step("add_member", "b", ANN), step("add_composite", "c", "b"), step("create_role", "b")]
)
def test_a_failed_rename_skips_steps_with_the_new_name(later: Step) -> None:
    """If a role could not be renamed, no later step uses the name that it should have."""
    assert not_tried([step("rename_role", "a", "b"), later], 0) == {1}
