# Written from css_sdk/_async/exact.py by `make generate`; edit that one.
"""Make sets of members, children or roles exactly as wanted: read, plan, check, ask, read again, carry out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, TypedDict

from .._http.concurrency import called, check_callback
from .._service import arguments, service_limits
from ..errors import NotConfirmed, StalePlan
from ..state import PlaceState, StepResult
from .callbacks import ProgressCalls
from .steps import StepRun

if TYPE_CHECKING:
    from ..plan.desired import DesiredRole, DesiredUser
    from ..plan.planner import Plan
    from .roles import Roles

Confirm = Callable[["Plan"], object]
"""A function that gets a plan before its first write. If it returns False or raises an exception, nothing is
changed."""


class ExactOptions(TypedDict, total=False):
    """The options of `set_members`, `set_roles` and `Composites.set`; `Roles.set_members` describes them."""

    allow_empty: bool
    max_removals: int | None
    confirm: Confirm | None
    progress: Callable[[StepResult], object] | None


def make_exact(
    client: Roles,
    observe: Callable[[], PlaceState],
    wanted: Collection[object],
    what: str,
    *,
    roles: Sequence[DesiredRole] = (),
    users: Sequence[DesiredUser] = (),
    width: int = 4,
    options: ExactOptions,
) -> list[StepResult]:
    """Make a set of members, children or roles in one place exactly as wanted.

    Add items first. If an addition fails, remove nothing. The callers document the errors; see
    `Roles.set_members`.

    Args:
        observe: reads the part of the place's state that the plan depends on. If members can be removed, it must read
            them until two readings in a row agree. The state must contain all roles that `roles` and `users` name,
            because no role is created.
        wanted: the items that the set must have. Without `allow_empty`, there must be at least one.
        what: what the set contains, for the error message if the set would become empty.
        roles: the wanted members and children of roles. The caller has checked all names.
        users: the wanted roles of users. The caller has checked all names.

    Returns:
        A result for each step, in order. If nothing had to change, the list is empty.
    """
    from ..plan.dependencies import Dependencies
    from ..plan.planner import plan_exactly
    from ..plan.preconditions import Guards, check_sendable

    arguments.check_options(options, ExactOptions)
    confirm = options.get("confirm")
    service_limits.check_not_emptied(wanted, options.get("allow_empty", False), what)
    service_limits.check_width(width)
    check_callback("confirm", confirm)
    calls = ProgressCalls(options.get("progress"))
    made = plan_exactly(observe(), roles=roles, users=users)
    check_sendable(made.steps)
    usernames = [user.person.value for user in users]
    Guards(max_removals=options.get("max_removals")).check(made.steps, made.states, impact=made.impact, users=usernames)
    if not made.steps:
        return []
    if confirm is not None:
        ask(confirm, made)
        check_unchanged(made.states, [observe()])
    dependencies = Dependencies(made.steps, made.states, needs_everybody=True)
    run = StepRun({client.place: client}, made.steps, dependencies, are_not_done=True, width=width, progress=calls.note)
    return calls.ended(run.carry_out())


def raise_first(results: Iterable[StepResult]) -> None:
    """Raise the error of the first step that failed or has an unknown outcome. If there is no such step, do nothing."""
    for result in results:
        if result.outcome in ("failed", "unknown") and result.error is not None:
            raise result.error


def ask(confirm: Callable[..., object], question: object) -> None:
    """Call the caller's `confirm` with what would be changed. Any result other than False allows the changes.

    Raises:
        NotConfirmed: `confirm` returned False.
    """
    if called("confirm", confirm, question) is False:
        raise NotConfirmed("confirm= returned False. Nothing was changed.")


def check_unchanged(before: Iterable[PlaceState], now: Iterable[PlaceState]) -> None:
    """Check that places did not change while `confirm` was called.

    Args:
        before: the states from which a plan was made.
        now: the states of the same places, in the same order.

    Raises:
        StalePlan: the states differ.
    """
    changed = {
        f"{name!r} in {old.place}"
        for old, new in zip(before, now, strict=True)
        for name in old.roles | new.roles
        if any(getattr(old, part).get(name) != getattr(new, part).get(name) for part in ("members", "children"))
    }
    if changed:
        raise StalePlan(
            f"Somebody else changed a role before you confirmed: {'; '.join(sorted(changed))}. Nothing was sent. Try "
            f"again."
        )
