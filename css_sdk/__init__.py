"""Hands out roles through the CSS API of the Province of British Columbia, and proves every write.

The names here are bound when they are first used, so that `import css_sdk` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._applying import Applied, Guards
    from ._async.client import AsyncCss
    from ._async.integrations import AsyncEnvironmentClient, AsyncIntegrationClient
    from ._async.keys import AsyncTokenVerifier
    from ._desired_file import read_desired
    from ._desired_text import desired_as_yaml
    from ._plan_file import SavedPlan, plan_as_json, read_plan
    from ._report_page import report_as_html
    from ._report_text import report_as_csv, report_as_markdown
    from ._retry import Attempt, Backoff, RetryPolicy, Waiting
    from ._sync.client import Css
    from ._sync.integrations import EnvironmentClient, IntegrationClient
    from ._sync.keys import TokenVerifier
    from ._tables import table
    from ._version import __version__
    from .auth import ClientCredentials, PasswordGrant
    from .desired import Desired, DesiredPlace, DesiredRole, DesiredUser, Listed, Protection
    from .errors import (
        Ambiguous,
        AuthenticationError,
        CallbackFailed,
        CompositeCycle,
        ConfigurationError,
        Conflict,
        ConnectionFailed,
        CssError,
        EmptySet,
        EnvironmentMissing,
        HeldBack,
        IncompleteSearch,
        InvalidFile,
        InvalidRequest,
        InvalidToken,
        KeysUnavailable,
        LastMember,
        MalformedAnswer,
        MissingRole,
        NotAllDone,
        NotApplied,
        NotConfirmed,
        NotFound,
        NotGold,
        NotIdentified,
        NotTried,
        OutcomeUnknown,
        RateLimited,
        Refused,
        RequestTooLong,
        ServiceUnavailable,
        StalePlan,
        TooManyRemovals,
        UnusableName,
        UnusableUser,
        WrongProvider,
        WrongTeam,
    )
    from .journal import JournalRead, read_journal
    from .journal_file import Journal
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
    from .persons import (
        HeldRole,
        LoginDifference,
        PeopleFound,
        PersonFound,
        PersonLogin,
        PersonRoles,
        UnreadPlace,
    )
    from .plan import Plan
    from .progress import progress_bar
    from .report import AccessReport, AccessRow, AccessSummary
    from .roster import Person, RoleRemovals, Row, RowCheck, RowResult, read_roster
    from .settings import Settings
    from .state import Place, PlaceState, Step, StepResult
    from .tokens import VerifiedToken

__all__ = [
    "AccessReport",
    "AccessRow",
    "AccessSummary",
    "Ambiguous",
    "Applied",
    "AsyncCss",
    "AsyncEnvironmentClient",
    "AsyncIntegrationClient",
    "AsyncTokenVerifier",
    "Attempt",
    "AuthenticationError",
    "Backoff",
    "CallbackFailed",
    "ClientCredentials",
    "CompositeCycle",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Css",
    "CssError",
    "Desired",
    "DesiredPlace",
    "DesiredRole",
    "DesiredUser",
    "EmptySet",
    "EnvironmentClient",
    "EnvironmentMissing",
    "Grant",
    "GrantResult",
    "Guards",
    "HeldBack",
    "HeldRole",
    "IncompleteSearch",
    "Integration",
    "IntegrationClient",
    "InvalidFile",
    "InvalidRequest",
    "InvalidToken",
    "Journal",
    "JournalRead",
    "KeysUnavailable",
    "LastMember",
    "Listed",
    "LogLine",
    "LoginDifference",
    "MalformedAnswer",
    "MembersChange",
    "MissingRole",
    "NotAllDone",
    "NotApplied",
    "NotConfirmed",
    "NotFound",
    "NotGold",
    "NotIdentified",
    "NotTried",
    "OutcomeUnknown",
    "PasswordGrant",
    "PeopleFound",
    "Person",
    "PersonFound",
    "PersonLogin",
    "PersonRoles",
    "Place",
    "PlaceState",
    "Plan",
    "Protection",
    "RateLimited",
    "Refused",
    "RequestTooLong",
    "RetryPolicy",
    "Role",
    "RoleRemovals",
    "RoleResult",
    "RoleTree",
    "Row",
    "RowCheck",
    "RowResult",
    "SavedPlan",
    "SearchResult",
    "ServiceAccount",
    "ServiceUnavailable",
    "Settings",
    "StalePlan",
    "Step",
    "StepResult",
    "TokenVerifier",
    "TooManyRemovals",
    "UnreadPlace",
    "UnusableName",
    "UnusableUser",
    "User",
    "VerifiedToken",
    "Waiting",
    "WhoAmI",
    "WrongProvider",
    "WrongTeam",
    "__version__",
    "desired_as_yaml",
    "plan_as_json",
    "progress_bar",
    "read_desired",
    "read_journal",
    "read_plan",
    "read_roster",
    "report_as_csv",
    "report_as_html",
    "report_as_markdown",
    "table",
]

_HOMES = {
    "AccessReport": "report",
    "AccessRow": "report",
    "AccessSummary": "report",
    "Applied": "_applying",
    "AsyncCss": "_async.client",
    "AsyncEnvironmentClient": "_async.integrations",
    "AsyncIntegrationClient": "_async.integrations",
    "AsyncTokenVerifier": "_async.keys",
    "Attempt": "_retry",
    "Backoff": "_retry",
    "ClientCredentials": "auth",
    "Css": "_sync.client",
    "Desired": "desired",
    "DesiredPlace": "desired",
    "DesiredRole": "desired",
    "DesiredUser": "desired",
    "EnvironmentClient": "_sync.integrations",
    "Grant": "models",
    "GrantResult": "models",
    "Guards": "_applying",
    "HeldRole": "persons",
    "Integration": "models",
    "IntegrationClient": "_sync.integrations",
    "Journal": "journal_file",
    "JournalRead": "journal",
    "Listed": "desired",
    "LogLine": "models",
    "LoginDifference": "persons",
    "MembersChange": "models",
    "PasswordGrant": "auth",
    "PeopleFound": "persons",
    "Person": "roster",
    "PersonFound": "persons",
    "PersonLogin": "persons",
    "PersonRoles": "persons",
    "Place": "state",
    "PlaceState": "state",
    "Plan": "plan",
    "Protection": "desired",
    "RetryPolicy": "_retry",
    "Role": "models",
    "RoleRemovals": "roster",
    "RoleResult": "models",
    "RoleTree": "models",
    "Row": "roster",
    "RowCheck": "roster",
    "RowResult": "roster",
    "SavedPlan": "_plan_file",
    "SearchResult": "models",
    "ServiceAccount": "models",
    "Settings": "settings",
    "Step": "state",
    "StepResult": "state",
    "TokenVerifier": "_sync.keys",
    "UnreadPlace": "persons",
    "User": "models",
    "VerifiedToken": "tokens",
    "Waiting": "_retry",
    "WhoAmI": "models",
    "__version__": "_version",
    "desired_as_yaml": "_desired_text",
    "plan_as_json": "_plan_file",
    "progress_bar": "progress",
    "read_desired": "_desired_file",
    "read_journal": "journal",
    "read_plan": "_plan_file",
    "read_roster": "roster",
    "report_as_csv": "_report_text",
    "report_as_html": "_report_page",
    "report_as_markdown": "_report_text",
    "table": "_tables",
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
