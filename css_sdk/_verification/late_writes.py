"""Remember write attempts without an answer. The service may still carry them out, and undo later steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..state import Step

STILL_POSSIBLE: Final = 300.0
"""The seconds for which the service may still carry out an attempt without an answer. This is an assumption.

No server before or behind the service is known to keep a request longer.
"""


def may_reverse(late: Step, done: Step) -> bool:
    """Return whether a late step could undo a done step, or change a role that the done step needs.

    The service may still carry out the late step. The done step was sent after the late step.

    >>> from css_sdk.state import Place
    >>> place = Place(101, "dev")
    >>> may_reverse(Step("add_member", place, "a", "0f3a@idir"), Step("remove_member", place, "a", "0f3a@idir"))
    True
    >>> may_reverse(Step("add_member", place, "a", "0f3a@idir"), Step("add_member", place, "a", "0f3a@idir"))
    False
    """
    if late.place != done.place or late == done:
        return False
    if late.kind == "create_role":
        return done.kind in ("delete_role", "rename_role") and done.role == late.role
    if not late.changes_role and done.kind != "rename_role":
        return done == late.opposite
    # A late step changes the role that has the name by then.
    hit = {late.role} if late.changes_role else set(late.roles)
    return not hit.isdisjoint(_roles_needed(done))


def _roles_needed(done: Step) -> set[str]:
    """Return the names of the roles that must not change after a step, because its effect would be lost."""
    match done.kind:
        case "create_role" | "add_member":
            return {done.role}
        case "rename_role":
            return {done.target}
        case "add_composite":
            return {done.role, done.target}
        case _:
            return set()


class LateAttempts:
    """Remember a client's attempts without an answer, as long as the service may still carry them out.

    `now` is always the time in seconds on a clock that never goes back.
    """

    def __init__(self) -> None:
        self._attempts: dict[Step, float] = {}

    def note(self, steps: Iterable[Step], now: float) -> None:
        """Remember the steps of an attempt that was sent, but not answered."""
        self._forget(now)
        self._attempts.update(dict.fromkeys(steps, now))

    def reversing(self, steps: Iterable[Step], now: float) -> Step | None:
        """Return a step that may still undo one of these done steps, or None. Its attempt got no answer."""
        if not self._attempts:
            return None
        self._forget(now)
        late = list(self._attempts)
        return next((one for done in steps for one in late if may_reverse(one, done)), None)

    def holds(self, steps: Iterable[Step], now: float) -> bool:
        """Return whether the service may still carry out an earlier attempt to make one of these steps."""
        self._forget(now)
        return not self._attempts.keys().isdisjoint(steps)

    def _forget(self, now: float) -> None:
        for step, since in list(self._attempts.items()):
            if now - since > STILL_POSSIBLE:
                self._attempts.pop(step, None)
