"""Add members to roles and remove them. All roles of one user are added together."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ..errors import CssError, NotFound
from ..state import Step

if TYPE_CHECKING:
    from .roles import AsyncRoles
    from .steps import AsyncStepRun

Numbered = dict[int, Step]
"""Steps by their number: their index among all steps of a run."""
Key = TypeVar("Key", bound=Hashable)


def grouped(steps: Numbered, by: Callable[[Step], Key]) -> dict[Key, Numbered]:
    """Group the steps by the result of `by`."""
    groups: dict[Key, Numbered] = {}
    for number, step in steps.items():
        groups.setdefault(by(step), {})[number] = step
    return groups


async def settle_done(run: AsyncStepRun, roles: AsyncRoles, steps: Numbered) -> None:
    """Settle the steps that need no write, because they are done already.

    To find these steps, read the members of each role, or the roles of each user if there are fewer users than roles.

    Args:
        run: gets the results.
        roles: the client for the roles of the place.
        steps: the steps, all about members, of one kind and in one place.
    """
    by_role, by_user = grouped(steps, lambda step: step.role), grouped(steps, lambda step: step.target)
    is_by_user = len(by_user) <= len(by_role)
    for name, group in (by_user if is_by_user else by_role).items():
        is_adding = next(iter(group.values())).kind == "add_member"
        try:
            if is_by_user:
                held = {(role.name, name) for role in await roles._users.roles(name)}
            elif is_adding and roles._wire.journal is None:
                held = {(name, user.username) async for user in roles.members(name)}
            else:
                # If a reading misses a member, this person seems not to have the role. Then a removal would not be
                # sent, and an undo would later remove a role that the person had before.
                held = {(name, user.username) for user in await roles.settled_members(name)}
            done = {n: step for n, step in group.items() if ((step.role, step.target) in held) is is_adding}
            if done and is_by_user and not is_adding:
                # If the role does not exist, because of a typing error, the step must not settle as done: send it, so
                # that it fails and shows the error.
                existing = {role.name for role in await roles.list()}
                done = {number: step for number, step in done.items() if step.role in existing}
        except CssError as error:
            await run.settle_failed(group, error)
        else:
            await run.settle(done, "already")


async def change_members(run: AsyncStepRun, roles: AsyncRoles, group: Numbered) -> None:
    """Add one user to roles in one call, or remove the user from roles, one call each.

    If one of the roles does not exist, the service adds the user to none of them. The existing roles are then sent
    again.

    Args:
        run: gets the results.
        roles: the client for the roles of the place.
        group: the steps, all about one user, of one kind and in one place.
    """

    async def add() -> None:
        while group:
            try:
                await roles._users._write(list(group.values()))
                return
            except NotFound as error:
                if error.what != "role" or len(group) == 1:
                    raise
                existing = {role.name for role in await roles.list()}
                missing = {number: step for number, step in group.items() if step.role not in existing}
                if not missing:
                    raise
                await run.settle_failed(missing, error)
                for number in missing:
                    del group[number]

    if next(iter(group.values())).kind == "add_member":
        await run.attempt(group, add)
        return
    for number, step in group.items():
        await run.attempt({number: step}, partial(roles._users._write, [step]))
