"""Read the state of an environment: its roles, their children and their members."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import evolve

from .._http.concurrency import async_called, async_each
from .._service import service_limits
from ..errors import IncompleteSearch, NotFound
from ..state import Place, PlaceState, out_of_reach

if TYPE_CHECKING:
    from .roles import AsyncRoles

_LOG = logging.getLogger("css_sdk")

Chosen = Callable[[frozenset[str]], Collection[str]]
"""A function that gets all existing roles and returns the roles whose members are read."""


@contextmanager
def reading_listed_roles(place: Place) -> Iterator[None]:
    """Return a context for reading roles that the service has just listed.

    If a role is not found inside the context, the error says that somebody else renamed or deleted a role of the place.
    """
    try:
        yield
    except NotFound as error:
        if error.what != "role":
            raise
        raise error.with_message(
            f"Somebody else renamed or deleted a role of {place} while its roles were read: {error} Nothing was "
            f"changed; try again."
        ) from error


async def observe(roles: AsyncRoles, members_of: Chosen, *, settled: bool, width: int) -> PlaceState:
    """Read the state of one environment: the list of roles, the children of composite roles, and members of roles.

    If the name of a role cannot be put into a request, its children and members are not read, and a warning is logged.

    Args:
        members_of: gets the names of all roles, and returns the names of the roles whose members are read.
        settled: whether to read members until two readings in a row agree. Removals need this.

    Raises:
        IncompleteSearch: the service did not return all roles.
        NotFound: somebody else renamed or deleted a role during the reading.
        OutcomeUnknown: `settled` is set, and the members kept changing during the reading.
    """
    service_limits.check_width(width)
    place, listed = roles.place, await roles.list()
    if not service_limits.list_is_complete(listed):
        raise IncompleteSearch(f"The service lists only {len(listed)} roles of {place}, and there may be more.")
    names = frozenset(role.name for role in listed)
    unaddressable = out_of_reach(place, names)
    for name, why in unaddressable.items():
        _LOG.warning("%s: the role %r is not read: %s", place, name, why)
    children: dict[str, frozenset[str]] = {}

    async def look_into(name: str) -> None:
        children[name] = frozenset(child.name for child in await roles.composites(name).list())

    composites = [role.name for role in listed if role.composite and role.name not in unaddressable]
    with reading_listed_roles(place):
        await async_each(look_into, composites, width)
        chosen = names.intersection(await async_called("members_of", members_of, names)) - unaddressable.keys()
        state = PlaceState(place, place.project_name, names, children)
        return await with_members(roles, state, chosen, settled=settled, width=width)


async def with_members(
    roles: AsyncRoles, state: PlaceState, names: Iterable[str], *, settled: bool, width: int
) -> PlaceState:
    """Read the members of these roles, and return the state with these members added.

    Args:
        settled: as for `observe`.

    Raises:
        NotFound: one of the roles does not exist.
        OutcomeUnknown: `settled` is set, and the members kept changing during the reading.
    """
    members, users = dict(state.members), dict(state.users)

    async def read_members(name: str) -> None:
        found = await roles.settled_members(name) if settled else [user async for user in roles.members(name)]
        # The service matches usernames without case; plans and journals hold them in lower case.
        members[name] = frozenset(user.username.lower() for user in found)
        users.update((user.username.lower(), user) for user in found)

    await async_each(read_members, sorted(names), width)
    return evolve(state, members=members, users=users)
