"""Hands out roles through the CSS API of the Province of British Columbia, and proves every write.

The names here are bound when they are first used, so that `import css_sdk` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._async.client import AsyncCss
    from ._async.integrations import AsyncEnvironmentClient, AsyncIntegrationClient
    from ._retry import Attempt, Backoff, RetryPolicy, Waiting
    from ._sync.client import Css
    from ._sync.integrations import EnvironmentClient, IntegrationClient
    from ._version import __version__
    from .auth import ClientCredentials
    from .errors import (
        Ambiguous,
        AuthenticationError,
        CompositeCycle,
        ConfigurationError,
        Conflict,
        ConnectionFailed,
        CssError,
        EmptySet,
        EnvironmentMissing,
        IncompleteSearch,
        InvalidFile,
        InvalidRequest,
        MalformedAnswer,
        NotAllDone,
        NotApplied,
        NotConfirmed,
        NotFound,
        NotGold,
        OutcomeUnknown,
        RateLimited,
        Refused,
        RequestTooLong,
        ServiceUnavailable,
        UnusableName,
        UnusableUser,
        WrongTeam,
    )
    from .models import (
        Grant,
        GrantResult,
        Integration,
        LogLine,
        MembersChange,
        Role,
        RoleResult,
        RoleTree,
        SearchResult,
        ServiceAccount,
        User,
        WhoAmI,
    )
    from .roster import Person, Row, RowResult, read_roster
    from .settings import Settings

__all__ = [
    "Ambiguous",
    "AsyncCss",
    "AsyncEnvironmentClient",
    "AsyncIntegrationClient",
    "Attempt",
    "AuthenticationError",
    "Backoff",
    "ClientCredentials",
    "CompositeCycle",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Css",
    "CssError",
    "EmptySet",
    "EnvironmentClient",
    "EnvironmentMissing",
    "Grant",
    "GrantResult",
    "IncompleteSearch",
    "Integration",
    "IntegrationClient",
    "InvalidFile",
    "InvalidRequest",
    "LogLine",
    "MalformedAnswer",
    "MembersChange",
    "NotAllDone",
    "NotApplied",
    "NotConfirmed",
    "NotFound",
    "NotGold",
    "OutcomeUnknown",
    "Person",
    "RateLimited",
    "Refused",
    "RequestTooLong",
    "RetryPolicy",
    "Role",
    "RoleResult",
    "RoleTree",
    "Row",
    "RowResult",
    "SearchResult",
    "ServiceAccount",
    "ServiceUnavailable",
    "Settings",
    "UnusableName",
    "UnusableUser",
    "User",
    "Waiting",
    "WhoAmI",
    "WrongTeam",
    "__version__",
    "read_roster",
]

_HOMES = {
    "AsyncCss": "_async.client",
    "AsyncEnvironmentClient": "_async.integrations",
    "AsyncIntegrationClient": "_async.integrations",
    "Attempt": "_retry",
    "Backoff": "_retry",
    "ClientCredentials": "auth",
    "Css": "_sync.client",
    "EnvironmentClient": "_sync.integrations",
    "Grant": "models",
    "GrantResult": "models",
    "Integration": "models",
    "IntegrationClient": "_sync.integrations",
    "LogLine": "models",
    "MembersChange": "models",
    "Person": "roster",
    "RetryPolicy": "_retry",
    "Role": "models",
    "RoleResult": "models",
    "RoleTree": "models",
    "Row": "roster",
    "RowResult": "roster",
    "SearchResult": "models",
    "ServiceAccount": "models",
    "Settings": "settings",
    "User": "models",
    "Waiting": "_retry",
    "WhoAmI": "models",
    "__version__": "_version",
    "read_roster": "roster",
}
"""Where the public names are defined; those that are not here are errors."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
