"""Remember attempts that were never answered, and find what they may still reverse if they land late. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..state import Step

STILL_POSSIBLE: Final = 300.0
"""Seconds after which an attempt without an answer is no longer expected to land.

No server in front of the service or behind it is known to keep a request that long.
"""


def may_reverse(late: Step, done: Step) -> bool:
    """Return whether a step that lands late could undo another step, or change a role that the other step needs.

    Args:
        late: the step that may still land.
        done: a later step, which is done.

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
    # It hits the role that has the name by then.
    hit = {late.role} if late.changes_role else set(late.roles)
    return not hit.isdisjoint(_roles_needed(done))


def _roles_needed(done: Step) -> set[str]:
    """Return the roles that must stay unchanged so that the effect of a step lasts."""
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
    """The attempts of one client that were never answered, as long as they may still land."""

    def __init__(self) -> None:
        self._attempts: dict[Step, float] = {}

    def note(self, steps: Iterable[Step], now: float) -> None:
        """Remember an attempt that was sent and not answered.

        Args:
            steps: what it would bring about.
            now: seconds that only grow.
        """
        self._forget(now)
        self._attempts.update(dict.fromkeys(steps, now))

    def reversing(self, steps: Iterable[Step], now: float) -> Step | None:
        """Return a step of an earlier attempt that may still land and reverse one of these; None if there is none.

        Args:
            steps: which were just done.
            now: seconds that only grow.
        """
        if not self._attempts:
            return None
        self._forget(now)
        late = list(self._attempts)
        return next((one for done in steps for one in late if may_reverse(one, done)), None)

    def holds(self, steps: Iterable[Step], now: float) -> bool:
        """Return whether an earlier attempt of one of these steps may still land.

        Args:
            steps: which were just found not to be done.
            now: seconds that only grow.
        """
        self._forget(now)
        return not self._attempts.keys().isdisjoint(steps)

    def _forget(self, now: float) -> None:
        for step, since in list(self._attempts.items()):
            if now - since > STILL_POSSIBLE:
                self._attempts.pop(step, None)
