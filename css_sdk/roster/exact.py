"""Plan how an exact roster changes one role: who gains it, who loses it, or why nobody may lose it. Pure.

An exact roster lists everybody who must have a role. All other members lose it.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from .._service.identifiers import without_provider
from ..errors import CssError, EmptySet, NotFound, TooManyRemovals, WrongProvider
from ..people.identification import may_be_member
from ..people.identities import Person
from ..plan.desired import DesiredRole, Listed
from ..plan.planner import plan_exactly
from ..plan.preconditions import Guards
from ..state import PlaceState, Step
from .rows import RoleRemovals, Row, withheld

FoundRow = tuple[Row, Step | None, CssError | None]
"""A row, the step that gives the person the role, and the error. If the row has failed, the step is None."""


@frozen
class RoleChange:
    """The changes that an exact roster makes to one role.

    Attributes:
        row: one of the rows that name the role. Messages name the integration and the environment as this row does.
        state: the role and its members before the changes.
        refusal: the error that forbids removing members from the role; None if removals are allowed. A `Withheld` stops
            only the removals of this role. Any other error stops the whole roster.
    """

    row: Row
    state: PlaceState
    steps: tuple[Step, ...]
    refusal: CssError | None

    @property
    def removals(self) -> tuple[Step, ...]:
        """Return the steps that remove a member."""
        return tuple(step for step in self.steps if step.removes)

    @property
    def losses(self) -> RoleRemovals:
        """Return the members who lose the role, with the integration and the environment as `row` names them."""
        held = self.state.members[self.row.role]
        losing = {step.target for step in self.removals}
        listed = {without_provider(username) for username in held - losing}
        listed |= {without_provider(step.target) for step in self.steps if not step.removes}
        users = tuple(self.state.users[username] for username in sorted(losing))
        again = tuple(user.username for user in users if user.guid in listed)
        return RoleRemovals(self.row.integration, self.row.environment, self.row.role, users, len(held), again)


def plan_role(rows: Sequence[FoundRow], state: PlaceState, guards: Guards) -> RoleChange:
    """Return the changes that an exact roster makes to one role.

    `rows` has the rows that name the role (at least one), and then the failed rows that may mean this role.
    """
    row = rows[0][0]
    people = tuple(dict.fromkeys(Person("username", step.target) for _, step, _ in rows if step is not None))
    steps = plan_exactly(state, roles=[DesiredRole(row.role, members=Listed(people, exact=True))]).steps
    found = RoleChange(row, state, steps, None)
    return RoleChange(row, state, steps, _refusal(rows, found, guards)) if found.removals else found


def _refusal(rows: Sequence[FoundRow], change: RoleChange, guards: Guards) -> CssError | None:
    """Return the error that forbids removing members from the role; None if removals are allowed.

    Removals are forbidden in three cases:

    - The service knows none of the listed people (`EmptySet`).
    - A failed row may mean any member (`Withheld`).
    - Too many members would lose the role (`TooManyRemovals`).
    """
    row, members = change.row, change.state.members[change.row.role]
    errors = [(each.person, error) for each, _, error in rows if error is not None]
    is_left = any(step is not None for _, step, _ in rows)
    if not is_left and all(isinstance(error, NotFound) and not isinstance(error, WrongProvider) for _, error in errors):
        all_members = f"All {len(members)} members" if len(members) > 1 else "The only member"
        return EmptySet(
            f"The service knows none of the people whom the roster lists for the role {row.role!r} in "
            f"{row.integration}, {row.environment}. {all_members} would lose the role. Nothing was sent. Correct "
            f"these people in the roster, or list a member who keeps the role."
        )
    if any(may_be_member(person, error) for person, error in errors):
        return withheld(row.role)
    try:
        guards.check(change.steps, [change.state])
    except TooManyRemovals as error:
        return error.with_traceback(None)
    return None
