"""What an attempt that was never answered may still reverse."""

from __future__ import annotations

import pytest

from css_sdk._verification.late_writes import STILL_POSSIBLE, LateAttempts, may_reverse
from css_sdk.state import Place, Step, StepKind

HERE = Place(101, "dev")


def step(kind: StepKind, role: str, target: str = "") -> Step:
    return Step(kind, HERE, role, target)


REVERSING = [
    # the late step, and one that was done after it
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
    # it hits the role that has got the name
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
def test_a_late_step_may_reverse(late: Step, done: Step) -> None:
    """It would undo what was done after it, or change the role that it was done to."""
    assert may_reverse(late, done)
    attempts = LateAttempts()
    attempts.note([late], 0.0)
    assert attempts.reversing([done], STILL_POSSIBLE) == late
    assert attempts.reversing([done], STILL_POSSIBLE + 1) is None


@pytest.mark.parametrize(("late", "done"), HARMLESS)
def test_a_late_step_changes_nothing(late: Step, done: Step) -> None:
    """What was done stays as it was."""
    assert not may_reverse(late, done)
    attempts = LateAttempts()
    attempts.note([late], 0.0)
    assert attempts.reversing([done], 0.0) is None


def test_the_latest_attempt_counts() -> None:
    """An attempt that is made again is expected for as long again, and only what was attempted is held."""
    attempts = LateAttempts()
    attempts.note([step("create_role", "a")], 0.0)
    attempts.note([step("create_role", "a")], 200.0)
    assert attempts.holds([step("create_role", "a")], 400.0)
    assert not attempts.holds([step("create_role", "b")], 400.0)
    assert not attempts.holds([step("create_role", "a")], 501.0)
