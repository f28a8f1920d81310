"""The guards of a plan, case by case: limits of removals, roles that must keep a member, and empty lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import pytest

from css_sdk.errors import EmptySet, LastMember, Refused, TooManyRemovals
from css_sdk.plan.impact import Impact, find_losses
from css_sdk.plan.planner import count_removals, emptied_roles
from css_sdk.plan.preconditions import Guards
from css_sdk.state import Place, PlaceState, Step, StepKind
from tests.support import traced

DEV = Place(101, "dev")
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


def taken(role: str, count: int) -> list[Step]:
    """Return steps that remove this many members from a role."""
    return [step("remove_member", role, username) for username in MANY[:count]]


FULL = a_state(
    {"big": MANY, "small": MANY[:5], "one": [ANN], "none": [], **{f"r{n}": [] for n in range(36)}},
    {"big": [f"r{n}" for n in range(20)]},
)
"""40 roles. One of them has 20 children."""


@pytest.mark.parametrize(
    ("steps", "most", "expected"),
    [
        ([], None, ""),
        (taken("big", 10), None, ""),
        (taken("big", 11), None, "11 of 100 members of the role 'big'"),
        (taken("big", 11), 11, ""),
        (taken("big", 11), 10, "11 of 100 members"),
        (taken("big", 1), 0, "1 of 100 members"),
        (taken("small", 1), None, ""),
        (taken("small", 5), None, "5 of 5 members of the role 'small'"),
        (taken("small", 5), 5, ""),
        ([*taken("big", 10), *taken("small", 1)], None, ""),
        ([step("delete_role", f"r{n}") for n in range(20, 28)], None, ""),
        ([step("delete_role", f"r{n}") for n in range(11)], None, "11 of 40 roles of #101 dev"),
        ([step("delete_role", "r1")], None, "100 of 100 memberships of the role 'r1' through composites"),
        ([step("delete_role", "big")], None, "100 of 100 members of the role 'big'"),
        ([step("delete_role", "big")], 99, "100 of 100 members of the role 'big'"),
        ([step("remove_composite", "big", f"r{n}") for n in range(11)], None, "11 of 20 children of the role 'big'"),
        ([step("rename_role", "big", "grand"), *taken("grand", 11)], None, "11 of 100 members of the role 'grand'"),
        (
            [*taken("big", 10), step("rename_role", "big", "grand"), step("remove_member", "grand", MANY[10])],
            None,
            "11 of 100 members of the role 'grand'",
        ),
        (
            [*taken("small", 2), step("rename_role", "small", "x"), *taken("one", 1), step("rename_role", "x", "y")]
            + [step("remove_member", "y", username) for username in MANY[2:5]],
            None,
            "5 of 5 members of the role 'y'",
        ),
        (
            [*taken("big", 10), step("rename_role", "big", "x"), step("rename_role", "small", "big"), *taken("big", 4)],
            None,
            "",
        ),
        (
            [*taken("small", 4), step("rename_role", "small", "x"), step("delete_role", "x")],
            None,
            "5 of 5 members of the role 'x'",
        ),
        (
            [step("remove_composite", "big", f"r{n}") for n in range(10)]
            + [step("rename_role", "big", "grand"), step("remove_composite", "grand", "r10")],
            None,
            "11 of 20 children of the role 'grand'",
        ),
    ],
)
def test_removals_are_limited_for_each_role_list_and_environment(
    steps: list[Step], most: int | None, expected: str
) -> None:
    """The removals from each list are compared with the default limit, or with the limit that the caller set."""
    guards = Guards(max_removals=most)
    if expected:
        with pytest.raises(TooManyRemovals, match=expected):
            guards.check(steps, [FULL])
    else:
        guards.check(steps, [FULL])


@pytest.mark.parametrize(
    ("steps", "role", "is_refused"),
    [
        (taken("one", 1), "one", True),
        (taken("one", 1), "small", False),
        (taken("small", 4), "small", False),
        ([step("delete_role", "one")], "one", True),
        ([step("delete_role", "none")], "none", False),
        ([step("add_member", "one", BOB), *taken("one", 1)], "one", False),
        ([*taken("one", 1), step("add_member", "one", BOB)], "one", True),
        ([step("rename_role", "one", "only"), *taken("only", 1)], "only", True),
        ([step("rename_role", "one", "only"), step("create_role", "one")], "one", False),
        ([step("rename_role", "one", "only")], "only", False),
    ],
)
def test_keep_last_refuses_to_remove_the_last_member_of_a_role(steps: list[Step], role: str, is_refused: bool) -> None:
    """`keep_last` refuses removals that leave the role empty. It counts additions, and follows the role through
    renames.
    """
    guards = Guards(max_removals=100, keep_last=[role])
    if is_refused:
        with pytest.raises(LastMember, match=f"'{role}'"):
            guards.check(steps, [FULL])
    else:
        guards.check(steps, [FULL])


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([*taken("one", 1), step("rename_role", "one", "only")], "the only member of the role 'only'"),
        ([*taken("small", 5), step("rename_role", "small", "x")], "all 5 members of the role 'x'"),
        ([*taken("small", 4), step("rename_role", "small", "x"), step("remove_member", "x", MANY[4])], "all 5 members"),
        ([*taken("one", 1), step("rename_role", "one", "x"), step("rename_role", "small", "one")], "role 'x'"),
        ([*taken("one", 1), step("rename_role", "one", "x"), step("add_member", "x", BOB)], ""),
        ([*taken("one", 1), step("rename_role", "one", "x"), step("delete_role", "x")], ""),
    ],
)
def test_the_guard_against_empty_roles_follows_renames(steps: list[Step], expected: str) -> None:
    """The guard against empty roles follows a role through its renames, even if the removals come before them."""
    guards = Guards(allow_empty=False, max_removals=100)
    if expected:
        with pytest.raises(EmptySet, match=expected):
            guards.check(steps, [FULL])
    else:
        guards.check(steps, [FULL])


def test_removals_from_a_new_role_are_counted_apart_from_an_older_one() -> None:
    """Removals from a role that the plan creates are counted apart from those of an older role of that name."""
    steps = [*taken("small", 3), step("rename_role", "small", "x"), step("create_role", "small")]
    steps += [step("add_member", "small", ANN), step("remove_member", "small", ANN)]
    assert count_removals(Impact.of(steps, [FULL])) == (
        ("members of the role 'small' in #101 dev", 3, 5),
        ("members of the role 'small' in #101 dev", 1, 0),
    )


def test_steps_keep_their_order_unless_remove_first_is_set() -> None:
    """The guards keep the order of the plan's steps, unless `remove_first` is set."""
    steps = (step("add_member", "small", MANY[9]), *taken("one", 1))
    assert Guards().order(steps, [FULL]) == steps
    assert Guards(remove_first=True).order(steps, [FULL]) == steps[::-1]


def test_keep_last_does_not_count_a_member_who_is_added_after_the_removal() -> None:
    """With `remove_first`, `keep_last` does not count a member who is added after the last removal, as the addition may
    fail.
    """
    steps = [step("add_member", "one", BOB), *taken("one", 1)]
    Guards(keep_last=["one"]).check(steps, [FULL])
    with pytest.raises(LastMember, match="adds members before it removes any"):
        Guards(keep_last=["one"], remove_first=True).check(steps, [FULL])


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (taken("one", 1), "the only member of the role 'one'"),
        (taken("small", 5), "all 5 members of the role 'small'"),
        ([*taken("one", 1), step("add_member", "one", BOB)], ""),
        ([step("delete_role", "one")], ""),
    ],
)
def test_emptying_a_role_is_refused_only_if_allow_empty_is_false(steps: list[Step], expected: str) -> None:
    """With `allow_empty=False`, a plan that empties a role is refused, unless it undoes earlier changes or deletes the
    role.
    """
    Guards(max_removals=100).check(steps, [FULL])
    forbidding = Guards(max_removals=100, allow_empty=False)
    forbidding.check(steps, [FULL], leads_back=True)
    if expected:
        with pytest.raises(EmptySet, match=expected):
            forbidding.check(steps, [FULL])
    else:
        forbidding.check(steps, [FULL])


@pytest.mark.parametrize("name", ["a", "b"])
def test_keep_last_accepts_the_old_and_the_new_name_of_a_role(name: str) -> None:
    """`keep_last` accepts the old and the new name of a role that the plan renames."""
    taking = [step("remove_member", "b", ANN), step("rename_role", "b", "a")]
    with pytest.raises(LastMember, match=f"'{name}'"):
        Guards(keep_last=[name]).check(taking, [a_state({"b": [ANN]})])


def test_emptied_roles_are_found_in_every_environment() -> None:
    """A plan for two environments reports the emptied roles of both. A role that is created again has
    no older names.
    """
    test = Place(101, "test")
    state = PlaceState(test, "Grants Portal", frozenset({"a"}), members={"a": frozenset({ANN})})
    steps = [
        step("remove_member", "a", ANN),
        Step("remove_member", test, "a", ANN),
    ]
    assert emptied_roles(steps, [a_state({"a": [ANN]}), state], ["a"]) == ((DEV, "a"), (test, "a"))
    assert emptied_roles([steps[1], steps[0]], [a_state({"a": [ANN]}), state], ["a"]) == ((DEV, "a"), (test, "a"))
    again = [
        step("rename_role", "a", "b"),
        step("delete_role", "b"),
        step("create_role", "b"),
        step("add_member", "b", BOB),
        step("remove_member", "b", BOB),
    ]
    assert emptied_roles(again, [a_state({"a": []})], ["a", "b"]) == ((DEV, "b"),)


def test_the_effort_to_find_losses_grows_linearly() -> None:
    """If a child is removed from eight times as many parents, css-sdk executes about eight times as many lines.

    People lose the child with the last of their parents. The first loss names all roles whose members must be known.
    """
    work = []
    for size in (20, 160):
        parents = [f"p{number:03}" for number in range(size)]
        state = a_state(
            {"leaf": [], **{name: [ANN, f"{name}@idir"] for name in parents}}, {name: ["leaf"] for name in parents}
        )
        steps = [step("remove_composite", name, "leaf") for name in parents]
        losses, effort = traced(partial(find_losses, steps, [state]))
        assert [sorted(loss.others) for loss in losses[:-1]] == [[f"{name}@idir"] for name in parents[:-1]]
        assert losses[-1].others == {ANN, f"{parents[-1]}@idir"}
        assert losses[0].leading == {"leaf", *parents}
        work.append(effort)
    assert work[1] < 9 * work[0]


def test_losses_through_composites_are_compared_with_all_who_have_the_role_so() -> None:
    """People who lose a role through a composite role are compared with all who have it so, and not
    with its members.
    """
    state = a_state(
        {"all": MANY[:40], "other": MANY[40:], "leaf": [*MANY[:5], MANY[50]]}, {"all": ["leaf"], "other": ["leaf"]}
    )
    assert count_removals(Impact.of([step("remove_composite", "all", "leaf")], [state])) == (
        ("children of the role 'all' in #101 dev", 1, 1),
        ("memberships of the role 'leaf' through composites in #101 dev", 35, 94),
    )
    renewed = [step("rename_role", "leaf", "old"), step("create_role", "leaf"), step("add_composite", "other", "leaf")]
    assert count_removals(Impact.of([*renewed, step("delete_role", "leaf")], [state])) == (
        ("roles of #101 dev", 1, 3),
        ("memberships of the role 'leaf' through composites in #101 dev", 60, 60),
    )


@pytest.mark.parametrize(("remove_first", "advice"), [(True, True), (False, False)])
def test_the_order_is_a_way_out_only_if_removals_come_first(remove_first: bool, advice: bool) -> None:
    """If the last member of a role is replaced, the error advises to add first, unless this is done already."""
    steps = [step("add_member", "one", BOB), *taken("one", 1)]
    guards = Guards(max_removals=100, keep_last=["one"], remove_first=remove_first)
    if not remove_first:
        guards.check(steps, [FULL])
        steps = steps[1:]
    with pytest.raises(LastMember, match=r"must keep a member\. Nothing was sent\.") as caught:
        guards.check(steps, [FULL])
    hint = "Without {}, css-sdk adds members before it removes any, and a member may be left."
    assert (hint.format("remove_first") in str(caught.value)) is advice
    assert (hint.format("--remove-first") in caught.value.text_for("command_line")) is advice


def test_every_unknown_role_to_keep_is_named() -> None:
    """The error lists the roles of keep_last that no place has."""
    with pytest.raises(Refused, match=r"has a role 'first' or 'second'\."):
        Guards(keep_last=["one", "first", "second"]).check((), [FULL])


@pytest.mark.parametrize(("roles", "what"), [(["a"], "the only role"), (["a", "b"], "all 2 roles")])
def test_a_place_without_roles_is_named(roles: list[str], what: str) -> None:
    """The error for a plan that deletes every role says how many there are, and names their integration."""
    state = PlaceState(DEV, "Grants Portal", frozenset(roles))
    with pytest.raises(EmptySet, match=rf"removed: {what} of #101 dev\. Nothing"):
        Guards(allow_empty=False).check([step("delete_role", role) for role in roles], [state])
