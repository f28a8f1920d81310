"""A write attempt that was never answered may still be carried out, and then reverse a later step."""

from __future__ import annotations

import pytest

from css_sdk._verification.late_writes import STILL_POSSIBLE, LateAttempts, may_reverse
from css_sdk.state import Place, Step, StepKind

HERE = Place(101, "dev")


def step(kind: StepKind, role: str, target: str = "") -> Step:
    """Return a step in dev."""
    return Step(kind, HERE, role, target)


REVERSING = [
    # the late step, and a step that was done after it
    (step("add_member", "a", "u"), step("remove_member", "a", "u")),
    (step("remove_member", "a", "u"), step("add_member", "a", "u")),
    (step("add_composite", "a", "b"), step("remove_composite", "a", "b")),
    (step("remove_composite", "a", "b"), step("add_composite", "a", "b")),
    (step("create_role", "a"), step("delete_role", "a")),
    (step("create_role", "a"), step("rename_role", "a", "b")),
    (step("delete_role", "a"), step("create_role", "a")),
    (step("delete_role", "a"), step("rename_role", "b", "a")),
    (step("delete_role", "a"), step("add_member", "a", "u")),
    (step("delete_role", "a"), step("add_composite", "a", "b")),
    (step("delete_role", "a"), step("add_composite", "b", "a")),
    (step("rename_role", "a", "b"), step("rename_role", "b", "a")),
    (step("rename_role", "a", "b"), step("create_role", "a")),
    (step("rename_role", "a", "b"), step("add_member", "a", "u")),
    # the late step would change the role that has the name by then
    (step("remove_member", "a", "u"), step("rename_role", "b", "a")),
    (step("add_member", "a", "u"), step("rename_role", "b", "a")),
    (step("remove_composite", "a", "b"), step("rename_role", "c", "b")),
    (step("add_composite", "a", "b"), step("rename_role", "c", "a")),
    (step("add_composite", "a", "b"), step("rename_role", "c", "b")),
]
HARMLESS = [
    (step("add_member", "a", "u"), step("add_member", "a", "u")),
    (step("add_member", "a", "u"), step("remove_member", "a", "v")),
    (step("add_member", "a", "u"), step("remove_member", "b", "u")),
    (step("add_member", "a", "u"), step("delete_role", "a")),
    (step("add_member", "a", "u"), step("rename_role", "a", "b")),
    (step("add_composite", "a", "b"), step("remove_composite", "b", "a")),
    (step("create_role", "a"), step("add_member", "a", "u")),
    (step("create_role", "a"), step("rename_role", "b", "a")),
    (step("delete_role", "a"), step("remove_member", "a", "u")),
    (step("delete_role", "a"), step("delete_role", "a")),
    (step("rename_role", "a", "b"), step("add_member", "b", "u")),
    (step("rename_role", "a", "b"), step("rename_role", "b", "c")),
    (Step("add_member", Place(101, "test"), "a", "u"), step("remove_member", "a", "u")),
]


@pytest.mark.parametrize(("late", "done"), REVERSING)
def test_a_late_step_that_may_reverse_a_later_one_is_found(late: Step, done: Step) -> None:
    """If a late step would undo a later one or change its role, css-sdk finds it as long as the late
    step is possible.
    """
    assert may_reverse(late, done)
    attempts = LateAttempts()
    attempts.note([late], 0.0)
    assert attempts.reversing([done], STILL_POSSIBLE) == late
    assert attempts.reversing([done], STILL_POSSIBLE + 1) is None


@pytest.mark.parametrize(("late", "done"), HARMLESS)
def test_a_late_step_that_cannot_change_a_later_one_is_ignored(late: Step, done: Step) -> None:
    """A late step that cannot change the result of a later step does not count as reversing it."""
    assert not may_reverse(late, done)
    attempts = LateAttempts()
    attempts.note([late], 0.0)
    assert attempts.reversing([done], 0.0) is None


def test_a_repeated_attempt_is_expected_from_its_latest_time() -> None:
    """An attempt that is repeated stays possible from its latest time on; other attempts are unknown."""
    attempts = LateAttempts()
    attempts.note([step("create_role", "a")], 0.0)
    attempts.note([step("create_role", "a")], 200.0)
    assert attempts.holds([step("create_role", "a")], 400.0)
    assert not attempts.holds([step("create_role", "b")], 400.0)
    assert not attempts.holds([step("create_role", "a")], 501.0)


@pytest.mark.parametrize("late", [step("delete_role", "a"), step("rename_role", "a", "b"), step("create_role", "a")])
def test_a_late_step_reverses_nothing_in_another_environment(late: Step) -> None:
    """A late step affects roles of the same name in its own environment only."""
    for kind in ("create_role", "delete_role"):
        assert not may_reverse(late, Step(kind, Place(101, "test"), "a"))
