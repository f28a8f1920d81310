"""One integration, and one of its environments: the way to roles, users and people."""

from __future__ import annotations

import logging

from .. import _rules
from ..models import Integration
from .bulk import AsyncBulk
from .people import AsyncPeople
from .roles import AsyncRoles
from .users import AsyncUsers
from .wire import AsyncWire

_LOG = logging.getLogger("css_sdk")


class AsyncEnvironmentClient:
    """One environment of one integration.

    Attributes:
        integration: the integration's facts.
        name: `dev`, `test` or `prod`.
        roles: its roles.
        users: who holds them.
        people: who is known to the environment's login server.
        bulk: many grants at once.
    """

    def __init__(self, wire: AsyncWire, integration: Integration, name: str) -> None:
        self.integration = integration
        self.name = name
        self.roles = AsyncRoles(wire, integration.id, name)
        self.users = AsyncUsers(wire, integration.id, name)
        self.people = AsyncPeople(wire, name, integration.id)
        self.bulk = AsyncBulk(wire, integration.id, name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.integration.project_name!r}, {self.name!r})"


class AsyncIntegrationClient:
    """One Gold integration of the team; `info` holds its facts."""

    def __init__(self, wire: AsyncWire, info: Integration) -> None:
        self._wire = wire
        self.info = info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.info.project_name!r})"

    def environment(self, name: str) -> AsyncEnvironmentClient:
        """One of its environments, checked without a request.

        Raises:
            EnvironmentMissing: when the integration does not have it; the service would answer some writes there
                with success.
            NotApplied: when the integration is a draft.
        """
        _rules.check_environment(self.info, name)
        if self.info.status != "applied":
            _LOG.warning("Integration #%d has status %s, not applied.", self.info.id, self.info.status)
        return AsyncEnvironmentClient(self._wire, self.info, name)
