# Written from css_sdk/_async/grants.py by `make generate`; edit that one.
"""Add members to roles and remove them, with all roles of one user together."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeVar

from .._http.concurrency import each
from ..errors import CssError, NotFound
from ..models import Role
from ..state import Step

if TYPE_CHECKING:
    from .roles import Roles
    from .steps import StepRun
    from .users import Users

Numbered = dict[int, Step]
"""Steps by their place among all."""
GrantWrite = Literal["add_member", "remove_member"]
Key = TypeVar("Key", bound=Hashable)


def grouped(steps: Numbered, by: Callable[[Step], Key]) -> dict[Key, Numbered]:
    """Group the steps by the result of `by`."""
    groups: dict[Key, Numbered] = {}
    for number, step in steps.items():
        groups.setdefault(by(step), {})[number] = step
    return groups


class Granting:
    """Send the steps about members of one place. Send all steps of one user together.

    Args:
        users: of the environment.
        list_roles: gives the environment's roles.
    """

    def __init__(self, users: Users, list_roles: Callable[[], tuple[Role, ...]]) -> None:
        self._users = users
        self._list_roles = list_roles

    def carry_out(self, change: GrantWrite, run: StepRun, steps: Numbered, width: int) -> None:
        """Add or remove the members, for `width` users at once.

        Args:
            change: what all the steps do.
            run: takes the results.
            steps: of one place.
            width: calls at once, 1 to 8.
        """
        work = partial(self._add if change == "add_member" else self._remove, run)
        each(work, list(grouped(steps, lambda step: step.target).values()), width)

    def settle_done(self, change: GrantWrite, run: StepRun, steps: Numbered, roles: Roles) -> None:
        """Settle the steps that need no write, after reading each role's members, or each user's roles if fewer.

        Args:
            change: what all the steps do.
            run: takes the results.
            steps: of one place.
            roles: of the place.
        """
        is_adding = change == "add_member"
        by_role, by_user = grouped(steps, lambda step: step.role), grouped(steps, lambda step: step.target)
        is_by_user = len(by_user) <= len(by_role)
        for name, group in (by_user if is_by_user else by_role).items():
            try:
                if is_by_user:
                    held = {(role.name, name) for role in self._users.roles(name)}
                elif is_adding:
                    held = {(name, user.username) for user in roles.members(name)}
                else:
                    # Somebody who is left out of a reading would seem not to have the role, and keep it.
                    held = {(name, user.username) for user in roles.settled_members(name)}
                done = {n: step for n, step in group.items() if ((step.role, step.target) in held) is is_adding}
                if done and is_by_user and not is_adding:
                    # Nobody has a role that does not exist: a typing error has to come to light, and the write tells.
                    existing = {role.name for role in self._list_roles()}
                    done = {number: step for number, step in done.items() if step.role in existing}
            except CssError as error:
                run.settle_failed(group, error)
            else:
                run.settle(done, "already")

    def _add(self, run: StepRun, group: Numbered) -> None:
        """Give one user the roles of a group in one call; the service gives none if one of them does not exist."""
        user = next(iter(group.values())).target

        def write() -> None:
            while group:
                try:
                    self._users.assign(user, *(step.role for step in group.values()))
                    return
                except NotFound as error:
                    if error.what != "role" or len(group) == 1:
                        raise
                    existing = {role.name for role in self._list_roles()}
                    missing = {number: step for number, step in group.items() if step.role not in existing}
                    if not missing:
                        raise
                    run.settle_failed(missing, error)
                    for number in missing:
                        del group[number]

        run.attempt(group, write)

    def _remove(self, run: StepRun, group: Numbered) -> None:
        """Remove the roles of a group from one user, one call each."""
        for number, step in group.items():
            run.attempt({number: step}, partial(self._users.unassign, step.target, step.role))
