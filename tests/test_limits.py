"""Limits on removals, and the people who would lose a role."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk.errors import TooManyRemovals
from css_sdk.models import Role, RoleTree
from css_sdk.plan.impact import people_having, roles_leading_to
from css_sdk.plan.removal_limits import check_removals


@pytest.mark.parametrize(
    ("removed", "size", "most", "passes"),
    [
        (0, 0, None, True),
        (4, 4, None, True),
        (5, 24, None, False),
        (5, 25, None, True),
        (10, 49, None, False),
        (10, 50, None, True),
        (11, 5000, None, False),
        (11, 5000, 11, True),
        (12, 5000, 11, False),
        (3, 3, 3, True),
        (1, 100, 0, False),
        (0, 100, 0, True),
    ],
)
def test_removals_are_limited_by_share_and_number(removed: int, size: int, most: int | None, passes: bool) -> None:
    """Up to 4 removals pass; beyond that, at most a fifth and at most 10. A limit that the caller sets replaces this
    rule.
    """
    if passes:
        check_removals("members", removed, size, most)
    else:
        with pytest.raises(TooManyRemovals, match=f"{removed} of {size} members would be removed"):
            check_removals("members", removed, size, most)


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_limit_that_a_refusal_names_is_exactly_enough(removed: int, size: int) -> None:
    """The limit that a refusal names is enough for the removals, and a limit lower by one is not."""
    size = max(removed, size)
    try:
        check_removals("members", removed, size)
    except TooManyRemovals as error:
        assert f"max_removals={removed}." in str(error)
        with pytest.raises(TooManyRemovals):
            check_removals("members", removed, size, removed - 1)
    check_removals("members", removed, size, removed)


NAMES = st.sampled_from("abcde")
TREES = st.dictionaries(NAMES, st.frozensets(NAMES).map(lambda names: tuple(sorted(names)))).map(
    lambda children: RoleTree(tuple(Role(name) for name in "abcde"), children)
)
HELD = st.fixed_dictionaries({name: st.frozensets(st.integers(1, 4).map(str)) for name in "abcde"})


def having(tree: RoleTree, held: dict[str, frozenset[str]], role: str) -> set[str]:
    """Return who has the role, directly or through composite roles, computed from the top."""
    return {user for name, users in held.items() if role in tree.descendants(name) | {name} for user in users}


@given(TREES, NAMES)
def test_the_roles_leading_to_a_role_are_those_that_have_it_as_descendant(tree: RoleTree, role: str) -> None:
    """The roles that lead to a role are those whose descendants include it, even with cycles."""
    assert roles_leading_to(tree, role) == {name for name in "abcde" if role in tree.descendants(name) | {name}}


@given(TREES, HELD, NAMES, NAMES, st.frozensets(NAMES))
def test_people_losing_a_role_are_those_who_had_it_and_no_longer_have_it(
    tree: RoleTree, held: dict[str, frozenset[str]], parent: str, role: str, children: frozenset[str]
) -> None:
    """People who also have the role in another way lose nothing. Only members of roles that contain it are read."""
    after = RoleTree(tree.roles, {**tree.children, parent: tuple(children)})
    known = {
        name: users
        for name, users in held.items()
        if name in roles_leading_to(after, role) | roles_leading_to(tree, role)
    }
    losing = people_having(tree.children, known, role) - people_having(after.children, known, role)
    assert losing == having(tree, held, role) - having(after, held, role)
