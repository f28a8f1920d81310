# Written from css_sdk/_async/integrations.py by `make generate`; edit that one.
"""Give access to one integration, and to one of its environments with its roles, users and people."""

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
    from .observing import Chosen
    from .people import People

_LOG = logging.getLogger("css_sdk")


class EnvironmentClient:
    """One environment of one integration.

    Attributes:
        integration: the data of the integration.
        name: `dev`, `test` or `prod`.
        roles: the client for the roles of the environment.
        users: the client for the roles of users.
    """

    def __init__(self, wire: Wire, integration: Integration, name: str) -> None:
        self.integration = integration
        self.name = name
        self.roles = Roles(wire, Place(integration.id, name, integration.project_name))
        self.users = self.roles._users
        self._wire = wire

    @cached_property
    def people(self) -> People:
        """Return the client that searches for people whom the environment's login server knows."""
        from .people import People

        return People(self._wire, self.name, self.integration.id)

    @cached_property
    def bulk(self) -> Bulk:
        """Return the client that assigns, unassigns or creates many roles at once."""
        from .bulk import Bulk

        return Bulk(self._wire, self.roles)

    def logs(self, since: Moment, until: Moment) -> tuple[LogLine, ...]:
        """Read the log lines of a range of any length, oldest first.

        One request returns at most 3 days and 25,000 lines (5,000 outside prod), so css-sdk reads the range in windows.
        If the service leaves out lines of a window, css-sdk discards the answer and reads the two halves of the window
        instead. The service accepts 20 log requests an hour. The client counts its requests, and raises `RateLimited`
        instead of sending a request that the service would refuse.

        Args:
            since: the start of the range: a `datetime`, a date (which means its first moment), or the text of a date or
                time. A time without a zone is in UTC.
            until: the end of the range, in the same form.

        Raises:
            InvalidRequest: a text is not a valid time, or the range ends before it begins.
            RateLimited: the log requests of this hour are used up. `lines` has the lines that were read, `resume_at` is
                the time from which to continue, and `retry_after` is the number of seconds to wait.
            CssError: a request failed. The error has `lines` and `resume_at`, too.

        >>> len(dev.logs("2026-11-01 12:00", "2026-11-01 12:01"))
        7
        """
        from .logs import read_logs

        return read_logs(self._wire, self.roles.place, since, until)

    def state(
        self, members_of: Chosen | str | Collection[str] | None = None, *, settled: bool = False, width: int = 4
    ) -> PlaceState:
        """Read all roles, their children and their members. This takes no extra call for each person.

        Args:
            members_of: the roles whose members are read, all by default. Pass names, or a function that gets the names
                of all roles and returns some of them.
            settled: whether to read members until two readings in a row agree. Set this before you remove anybody.
            width: calls at once, 1 to 8.

        Raises:
            ConfigurationError: `width` is out of range, or `members_of` cannot be called or awaited.
            IncompleteSearch: the service did not return all roles, so a role that is not in the list may exist.
            NotFound: somebody else renamed or deleted a role during the reading.
            OutcomeUnknown: `settled` is set, and the members kept changing during the reading.

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

        return observe(self.roles, chosen, settled=settled, width=width)

    def login_differences(self, *, to: str | None = None, width: int = 4) -> tuple[LoginDifference, ...]:
        """Find people who have roles with their `idir` login but not with their `azureidir` login, or the reverse.

        Only direct roles are compared. To assign the missing roles to logins that exist, use `bulk.assign_many`.

        Args:
            to: the provider whose logins are checked for missing roles; both by default.
            width: calls at once, 1 to 8.

        Returns:
            One `LoginDifference` for each login that lacks roles: the login, the missing roles, and whether the login
            exists in this environment.

        Raises:
            InvalidRequest: `to` is not `idir` or `azureidir`.
            ConfigurationError: `width` is out of range.
            IncompleteSearch: the service did not return all roles.

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
    """One Gold integration of the team. `info` has its id, project name and other data."""

    def __init__(self, wire: Wire, info: Integration) -> None:
        self._wire = wire
        self.info = info

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.info.project_name!r})"

    def environment(self, name: str) -> EnvironmentClient:
        """Return one environment of the integration. No request is sent.

        Args:
            name: `dev`, `test` or `prod`, in lower case.

        Raises:
            EnvironmentMissing: the integration does not have this environment. (Without this error, the service would
                report success for some writes, but not make them.)
            NotApplied: the integration is a draft.

        >>> (css.integration("Fisheries Service")).environment("prod").name
        'prod'
        """
        environment_checks.check_environment(self.info, name)
        if self.info.status != "applied":
            info = self.info
            _LOG.warning("Integration %r (#%d) has status %s, not applied.", info.project_name, info.id, info.status)
        return EnvironmentClient(self._wire, self.info, name)
