"""What users import, and what that costs."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

import css_sdk

PUBLIC = [
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

HOMES = {
    "_async.client": ["AsyncCss"],
    "_async.integrations": ["AsyncEnvironmentClient", "AsyncIntegrationClient"],
    "_async.keys": ["AsyncTokenVerifier"],
    "_desired_file": ["read_desired"],
    "_desired_text": ["desired_as_yaml"],
    "_report_page": ["report_as_html"],
    "_report_text": ["report_as_csv", "report_as_markdown"],
    "_retry": ["Attempt", "Backoff", "RetryPolicy", "Waiting"],
    "_sync.client": ["Css"],
    "_sync.integrations": ["EnvironmentClient", "IntegrationClient"],
    "_sync.keys": ["TokenVerifier"],
    "_tables": ["table"],
    "_version": ["__version__"],
    "auth": ["ClientCredentials", "PasswordGrant"],
    "desired": ["Desired", "DesiredPlace", "DesiredRole", "DesiredUser", "Listed", "Protection"],
    "journal": ["JournalRead", "read_journal"],
    "journal_file": ["Journal"],
    "models": [
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
    ],
    "persons": [
        "HeldRole",
        "LoginDifference",
        "PeopleFound",
        "PersonFound",
        "PersonLogin",
        "PersonRoles",
        "UnreadPlace",
    ],
    "_applying": ["Applied", "Guards"],
    "_plan_file": ["SavedPlan", "plan_as_json", "read_plan"],
    "plan": ["Plan"],
    "state": ["Place", "PlaceState", "Step", "StepResult"],
    "progress": ["progress_bar"],
    "report": ["AccessReport", "AccessRow", "AccessSummary"],
    "roster": ["Person", "RoleRemovals", "Row", "RowCheck", "RowResult", "read_roster"],
    "settings": ["Settings"],
    "tokens": ["VerifiedToken"],
}
"""Where the names are defined; all others are errors."""

HEAVY = {"anyio", "asyncio", "attrs", "attr", "css_api", "dateutil", "httpcore", "httpx", "jwt", "ssl", "uvicorn"}


def test_the_public_names() -> None:
    """The public names are these, sorted: whoever adds or drops one means it."""
    assert css_sdk.__all__ == PUBLIC
    assert sorted(PUBLIC) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_the_one_of_its_home(name: str) -> None:
    """A public name is the very object that its module defines, each time it is used."""
    home = next((home for home, names in HOMES.items() if name in names), "errors")
    module = importlib.import_module(f"css_sdk.{home}")
    assert getattr(css_sdk, name) is getattr(module, name)
    assert getattr(css_sdk, name) is getattr(module, name)
    assert getattr(getattr(css_sdk, name), "__module__", module.__name__) == module.__name__


def test_every_error_is_public() -> None:
    """Whoever can be sent an error can catch it by a public name."""
    errors = importlib.import_module("css_sdk.errors")
    kinds = [name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert set(kinds) <= set(PUBLIC)


def test_names_are_listed() -> None:
    """`dir()` tells the public names, and gives a list of its own that a caller may change."""
    assert set(PUBLIC) <= set(dir(css_sdk))
    assert css_sdk.__dir__() is not css_sdk.__all__


@pytest.mark.parametrize("name", ["Nothing", "css", "_Css", "__wrapped__", ""])
def test_unknown_names_are_no_attributes(name: str) -> None:
    """A name that is not there is an `AttributeError` as with any module."""
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(css_sdk, name)
    assert not hasattr(css_sdk, name)


def test_a_star_takes_the_public_names() -> None:
    """`from css_sdk import *` gives the public names."""
    taken: dict[str, object] = {}
    exec("from css_sdk import *", taken)  # noqa: S102
    assert set(PUBLIC) <= set(taken)


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after this code, beyond those of a bare one."""
    bare, after = (
        set(
            json.loads(
                subprocess.run(
                    [
                        sys.executable,
                        "-W",
                        "error",
                        "-c",
                        f"{line}\nimport json, sys\nprint(json.dumps([*sys.modules]))",
                    ],
                    capture_output=True,
                    check=True,
                    encoding="utf-8",
                ).stdout
            )
        )
        for line in ("", code)
    )
    return {name.partition(".")[0] for name in after - bare}


@pytest.mark.parametrize("module", ["css_sdk", "css_sdk.cli"])
def test_importing_costs_next_to_nothing(module: str) -> None:
    """Importing the package, or its command line, loads neither an HTTP client nor the generated one."""
    assert not loaded_by(f"import {module}") & HEAVY


def test_errors_can_be_caught_without_the_client() -> None:
    """Naming an error does not load the HTTP client either."""
    assert not loaded_by("from css_sdk import CssError, NotFound") & {"httpx", "anyio", "css_api"}


def test_a_name_is_loaded_when_it_is_used() -> None:
    """The client comes with the first use of its name, and brings the generated one."""
    assert loaded_by("from css_sdk import Css") >= {"httpx", "css_api"}
