"""Manage roles through the CSS API of the Province of British Columbia, with every write verified.

`PUBLIC_NAMES` is the one list of what users import from here. A name is bound when it is first used, so that
`import css_sdk` loads almost nothing. `make generate` writes `__init__.pyi`, which type checkers read, from the list.
"""

from importlib import import_module
from typing import Any, Final

PUBLIC_NAMES: Final = {
    "_async.client": ("AsyncCss",),
    "_async.integrations": ("AsyncEnvironmentClient", "AsyncIntegrationClient"),
    "_async.keys": ("AsyncTokenVerifier",),
    "_http.journal_writer": ("Journal",),
    "_http.observation": ("SentRequest",),
    "_http.retry": ("Attempt", "Backoff", "RetryPolicy", "Waiting"),
    "_sync.client": ("Css",),
    "_sync.integrations": ("EnvironmentClient", "IntegrationClient"),
    "_sync.keys": ("TokenVerifier",),
    "_text.tables": ("table",),
    "_version": ("__version__",),
    "auth.credentials": ("ClientCredentials", "PasswordGrant"),
    "auth.verification": ("VerifiedToken",),
    "doctor.diagnosis": ("Check", "Diagnosis"),
    "doctor.examination": ("diagnose",),
    "errors": (
        "Ambiguous",
        "AuthenticationError",
        "CallbackFailed",
        "CompositeCycle",
        "ConfigurationError",
        "Conflict",
        "ConnectionFailed",
        "CssError",
        "EmptySet",
        "EnvironmentMissing",
        "HarmfulRequest",
        "IncompleteSearch",
        "InvalidFile",
        "InvalidRequest",
        "InvalidToken",
        "KeysUnavailable",
        "LastMember",
        "MalformedAnswer",
        "MissingRole",
        "NotAllDone",
        "NotApplied",
        "NotConfirmed",
        "NotFound",
        "NotGold",
        "NotIdentified",
        "OutcomeUnknown",
        "RateLimited",
        "Refused",
        "RequestTooLong",
        "ServiceUnavailable",
        "Skipped",
        "StalePlan",
        "TooManyRemovals",
        "UnusableName",
        "UnusableUser",
        "Withheld",
        "WrongProvider",
        "WrongTeam",
    ),
    "folders": ("read_desired_files",),
    "journal.entries": ("JournalRead", "read_journal"),
    "models": (
        "Grant",
        "GrantResult",
        "Integration",
        "LogLine",
        "MembersChange",
        "Role",
        "RoleResult",
        "RoleTree",
        "SearchResult",
        "ServiceAccount",
        "User",
        "WhoAmI",
    ),
    "people.identities": ("Person",),
    "people.lists": ("ListedPerson",),
    "people.logins": (
        "HeldRole",
        "LoginDifference",
        "NamesFound",
        "PeopleFound",
        "PersonFound",
        "PersonLogin",
        "PersonRoles",
        "UnreadPlace",
    ),
    "plan.desired": ("Desired", "DesiredPlace", "DesiredRole", "DesiredUser", "Listed", "Protection"),
    "plan.journal_text": ("journal_as_markdown", "journal_as_text"),
    "plan.person_plans": ("PersonPlan",),
    "plan.planner": ("Plan",),
    "plan.preconditions": ("Applied", "Guards"),
    "plan.serialization": ("plan_as_json", "read_plan"),
    "plan.text": ("plan_as_markdown", "plan_as_text"),
    "progress": ("progress_bar",),
    "report.page": ("report_as_html",),
    "report.plan_page": ("plan_as_html",),
    "report.rows": ("AccessReport", "AccessRow", "AccessSummary"),
    "report.text": ("report_as_csv", "report_as_markdown"),
    "roles_file.parser": ("read_desired",),
    "roles_file.writer": ("desired_as_yaml",),
    "roster.reading": ("read_roster",),
    "roster.rows": ("RoleRemovals", "Row", "RowResult"),
    "settings": ("Settings",),
    "state": ("Place", "PlaceState", "Step", "StepResult"),
}
"""The public names, by the module that defines them."""

_HOMES: Final = {name: module for module, names in PUBLIC_NAMES.items() for name in names}
__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
