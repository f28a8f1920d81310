# Written from css_sdk/_async/integrations.py by `make generate`; edit that one.
"""One integration, and one of its environments with its roles, users and people."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from .._http.concurrency import check_callback
from .._service import arguments, environment_checks
from ..models import Integration, LogLine
from ..state import Place, PlaceState
from .observing import observe
from .roles import Roles
from .wire import Wire

if TYPE_CHECKING:
    from .._service.log_windows import Moment
    from ..people.logins import LoginDifference
    from .bulk import Bulk
    from .logs import Logs
    from .observing import Chosen
    from .people import People

_LOG = logging.getLogger("css_sdk")


class EnvironmentClient:
    """One environment of one integration.

    Attributes:
        integration: the integration's facts.
        name: `dev`, `test` or `prod`.
        roles: its roles.
        users: who holds them.
    """

    def __init__(self, wire: Wire, integration: Integration, name: str) -> None:
        self.integration = integration
        self.name = name
        self.roles = Roles(wire, Place(integration.id, name))
        self.users = self.roles._users
        self._wire = wire

    @cached_property
    def people(self) -> People:
        """Search who is known to the environment's login server."""
        from .people import People

        return People(self._wire, self.name, self.integration.id)

    @cached_property
    def bulk(self) -> Bulk:
        """Grant and revoke many roles at once."""
        from .bulk import Bulk

        return Bulk(self._wire, self.roles)

    @cached_property
    def _logs(self) -> Logs:
        from .logs import Logs

        return Logs(self._wire, self.integration.id, self.name)

    def logs(self, since: Moment, until: Moment) -> tuple[LogLine, ...]:
        """Read the log lines of a range of any length, oldest first.

        The service gives 3 days in a call and 25,000 lines of them (5,000 outside prod): the range is read in windows,
        which are halved where lines were left out; the cut answer of a window that was halved is thrown away. It takes
        20 calls an hour; they are counted, so that it need not refuse one.

        Args:
            since: a `datetime`, a date, which means its first moment, or a text of either. What names no zone is in
                UTC.
            until: the same.

        Raises:
            InvalidRequest: for a text that is not a valid time, or a range that ends before it begins.
            RateLimited: when the calls are used up: `lines` holds what was read, `resume_at` from when on to go on,
                `retry_after` the seconds to wait. Other errors on the way carry the first two as well.

        >>> len(dev.logs("2026-11-01 12:00", "2026-11-01 12:01"))
        7
        """
        return self._logs.read(since, until)

    def state(
        self, members_of: Chosen | str | Collection[str] | None = None, *, settled: bool = False, width: int = 4
    ) -> PlaceState:
        """Read all roles, their children and their members; no call per person.

        Args:
            members_of: the roles whose members are read, all by default: names, or a function that chooses some of
                the names that exist.
            settled: read members until two readings agree. Do so before you remove anybody.
            width: calls at once, 1 to 8.

        Raises:
            ConfigurationError: for a width out of range.
            IncompleteSearch: when the list of roles was cut, so that it shows no absence.
            OutcomeUnknown: when the members kept changing while they were read.

        >>> state = dev.state()
        >>> {role: len(usernames) for role, usernames in sorted(state.members.items())}
        {'admin': 1, 'approver': 1, 'reviewer': 2}
        """
        if callable(members_of):
            check_callback("members_of", members_of)
            chosen = members_of
        else:
            names = None if members_of is None else frozenset(arguments.names(members_of, "role"))

            def chosen(existing: frozenset[str]) -> Collection[str]:
                return existing if names is None else existing & names

        return observe(self.roles, self.integration.project_name, chosen, settled=settled, width=width)

    def login_differences(self, *, to: str | None = None, width: int = 4) -> tuple[LoginDifference, ...]:
        """Find people with roles on one login only, and what their other login at `idir` or `azureidir` lacks.

        Roles held directly are compared. `bulk.assign_many` gives what is missing, to the logins that exist.

        Args:
            to: the provider whose logins may lack something; both by default.
            width: calls at once, 1 to 8.

        Returns:
            A difference for each login that lacks roles, and whether the login exists in this environment.

        Raises:
            InvalidRequest: for another provider.
            ConfigurationError: for a width out of range.
            IncompleteSearch: when the list of roles was cut.

        >>> for lack in dev.login_differences():
        ...     lack.user.last_name, lack.username, lack.roles, lack.exists
        ('Fairweather', '0f3ac87806aa7f215a7c0d4cc4d9e799@azureidir', ('reviewer',), True)
        ('Bellwether', 'c48af3232157a5f13dc753a5d3eed7ce@azureidir', ('approver', 'reviewer'), False)
        ('Hargreave', 'd6dff8c2546921b01198b4efd12cb3bc@azureidir', ('admin',), False)
        """
        from .directory import login_differences

        return login_differences(self.state(width=width), self.people, to, width)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.integration.project_name!r}, {self.name!r})"


class IntegrationClient:
    """One Gold integration of the team; `info` holds its facts."""

    def __init__(self, wire: Wire, info: Integration) -> None:
        self._wire = wire
        self.info = info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.info.project_name!r})"

    def environment(self, name: str) -> EnvironmentClient:
        """Return one of its environments, checked without a request.

        Args:
            name: `dev`, `test` or `prod`; matched with case.

        Raises:
            EnvironmentMissing: when the integration does not have it; the service would answer some writes there
                with success.
            NotApplied: when the integration is a draft.

        >>> (css.integration("Fisheries Service")).environment("prod").name
        'prod'
        """
        environment_checks.check_environment(self.info, name)
        if self.info.status != "applied":
            _LOG.warning("Integration #%d has status %s, not applied.", self.info.id, self.info.status)
        return EnvironmentClient(self._wire, self.info, name)
