"""What `css apply` refuses beyond the guards of every plan: to leave nothing, where nobody said that it is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from .. import Guards
from ..errors import EmptySet
from ..state import PlaceState, Step


@frozen(kw_only=True)
class GuardsOfApply(Guards):
    """The guards, and one against an exact list that is empty by mistake.

    Args:
        allow_empty: whether all roles of a place, or all members of a role, may be taken away.
    """

    allow_empty: bool = False

    def check(self, steps: Sequence[Step], before: Iterable[PlaceState]) -> None:
        """Refuses what would take away too much, or everything.

        Args:
            steps: of the plan.
            before: the states of their places.

        Raises:
            EmptySet: when nothing would be left of the roles of a place, or of the members of a role.
            Refused: for what the other guards refuse.
        """
        states = list(before)
        if not self.allow_empty and (left_empty := [told for state in states for told in _emptied(state, steps)]):
            raise EmptySet(
                f"Everything would be taken away: {', and '.join(left_empty)}. Nothing was sent; if that is meant, say "
                f"--allow-empty."
            )
        super().check(steps, states)


def _emptied(state: PlaceState, steps: Sequence[Step]) -> Iterator[str]:
    """What of the place would have nothing left: its roles, or the members of a role that stays."""
    there = [step for step in steps if step.place == state.place]
    if not any(step.takes_away for step in there):
        return
    after = state.after(there)
    beyond = state.out_of_reach.keys()
    if state.roles - beyond and not after.roles - beyond:
        yield f"{_counted(len(state.roles - beyond), 'role')} of {state.project_name!r} ({state.place})"
    for role in sorted({step.role for step in there if step.kind == "remove_member"} & after.roles):
        if not after.members.get(role):
            count = sum(step.kind == "remove_member" and step.role == role for step in there)
            yield f"{_counted(count, 'member')} of the role {role!r} ({state.place})"


def _counted(count: int, what: str) -> str:
    return f"the only {what}" if count == 1 else f"all {count} {what}s"
