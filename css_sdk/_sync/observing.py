# Written from css_sdk/_async/observing.py by `make generate`; edit that one.
"""Reads what is: the state of an environment, with no more calls than there are roles to look into."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from .. import _rules
from .._pairs import each
from ..errors import IncompleteSearch, RequestTooLong, UnusableName
from ..models import Integration, User
from ..state import Place, PlaceState
from .roles import Roles

_LOG = logging.getLogger("css_sdk")

Chosen = Callable[[frozenset[str]], Collection[str]]
"""Of the roles that exist, those whose members are to be read."""


def observe(
    roles: Roles, integration: Integration, environment: str, members_of: Chosen, *, settled: bool, width: int
) -> PlaceState:
    """The state of one environment: one list of roles, the children of each composite role, the members' pages.

    Of a role of a name that no request can speak of neither children nor members are read: that stands on the log.

    Args:
        roles: of the environment.
        integration: its facts.
        environment: `dev`, `test` or `prod`.
        members_of: chooses the roles whose members are read.
        settled: whether to read members until two readings agree, as a removal demands.
        width: calls at once, 1 to 8.

    Raises:
        ConfigurationError: for a width out of range.
        IncompleteSearch: when the list of roles was cut.
        OutcomeUnknown: when the members kept changing while they were read.
    """
    _rules.check_width(width)
    listed = roles.list()
    if not _rules.list_proves_absence(listed):
        raise IncompleteSearch(
            f"Integration #{integration.id}, {environment}: the list of roles stops at {len(listed)}, and there may "
            f"be more."
        )
    names = frozenset(role.name for role in listed)
    children: dict[str, frozenset[str]] = {}
    members: dict[str, frozenset[str]] = {}
    users: dict[str, User] = {}

    def look_into(name: str) -> None:
        children[name] = frozenset(child.name for child in roles.composites(name).list())

    def read_members(name: str) -> None:
        found = roles.settled_members(name) if settled else [user for user in roles.members(name)]
        members[name] = frozenset(user.username for user in found)
        users.update((user.username, user) for user in found)

    def if_addressable(read: Callable[[str], None], name: str) -> None:
        try:
            read(name)
        except (UnusableName, RequestTooLong) as refusal:
            _LOG.warning("Integration #%d, %s: the role %r is not looked into: %s", *where, name, refusal)

    where = integration.id, environment
    composites = [role.name for role in listed if role.composite]
    each(lambda name: if_addressable(look_into, name), composites, width)
    chosen = sorted(names.intersection(members_of(names)))
    each(lambda name: if_addressable(read_members, name), chosen, width)
    place = Place(integration.id, environment)
    return PlaceState(place, integration.project_name, names, children, members, users)
