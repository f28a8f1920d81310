"""The sandbox gives no answer that our own document does not declare.

Schemathesis generates valid, invalid and extreme requests from `openapi/css-api.json`. Each goes to a new sandbox in
process, sometimes with a fault. Some requests are destructive, which is allowed here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from css_sdk.sandbox import Sandbox
from tests.support import examples

pytestmark = pytest.mark.destructive

DOCUMENT = Path(__file__).resolve().parents[2] / "openapi" / "css-api.json"
NOW = 1_795_000_000.0

# Values of parameters that exist in the sandbox. Requests that must be invalid break these rules.
ROLES = {"enum": ["admin", "reviewer", "approver", "nope", " ", ".", "..", "x" * 256]}
DATES = {"enum": ["2026-11-15T00:00:00Z", "Sun, 15 Nov 2026 00:10:00 GMT", "1794700000000", "x"]}
WORDS = {"enum": ["example", "il", "e", ""]}
KNOWN = {
    "integrationId": {"enum": [101, 102, 103, 104, 999]},
    "environment": {"enum": ["dev", "test", "prod"]},
    "roleName": ROLES,
    "compositeRoleName": ROLES,
    "username": {"enum": ["d6dff8c2546921b01198b4efd12cb3bc@idir", "fisheries-service-102", "nobody@idir"]},
    "page": {"enum": [1, 2, 0, 1.5]},
    "max": {"enum": [1, 50, 51]},
    "start": DATES,
    "end": DATES,
    "guid": {"enum": ["d6dff8c2546921b01198b4efd12cb3bc", "0" * 32]},
} | dict.fromkeys(("email", "firstName", "lastName", "displayName", "name", "login"), WORDS)

# Faults of the service itself. The login server behind it can fail in several ways.
FAULTS: list[dict[str, Any]] = [
    {"kind": "login_server"},
    {"kind": "login_server", "done": True},
    {"kind": "login_server", "first_look_up": True},
    {"kind": "422_after"},
    {"kind": "expired_token"},
    {"kind": "lost_keys"},
    {"kind": "disaster"},
]

# These calls may succeed without content. No document can declare that there is no body.
SAY_NOTHING = ("create_role", "rename_role", "get_role")
LOGS = "/integrations/{integrationId}/{environment}/logs"


def document() -> dict[str, Any]:
    """Return our document, with parameters limited to values that the sandbox has."""
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for item in found["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = KNOWN.get(parameter["name"], parameter["schema"])
    found["components"]["schemas"]["roleRef"]["properties"]["name"] = ROLES
    return found


OPERATIONS = [f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in item]


@pytest.fixture(scope="module")
def schema() -> Any:
    """Return the schema with all calls of this document."""
    # Imported here, because it takes long, and each process of a parallel run imports this module.
    import schemathesis
    from schemathesis.checks import load_all_checks

    load_all_checks()
    return schemathesis.openapi.from_dict(document())


def validate(case: Any, found: httpx.Response, *, without_schema: bool = False) -> None:
    """Compare status, type and content of an answer with the document.

    Args:
        case: the case that the answer belongs to.
        found: the answer.
        without_schema: do not compare the content.
    """
    from schemathesis.specs.openapi import checks

    always = [checks.status_code_conformance, checks.content_type_conformance]
    excluded = [checks.response_schema_conformance] if without_schema else []
    case.validate_response(found, checks=[*always, checks.response_schema_conformance], excluded_checks=excluded)


@functools.cache
def token() -> str:
    """Return a token that is valid in each sandbox of this process, because they all have the same keys."""
    sandbox = Sandbox(clock=lambda: NOW)
    credentials = sandbox.credentials()
    with httpx.Client(transport=sandbox.transport()) as client:
        form = {"grant_type": "client_credentials"}
        auth = (credentials["client_id"], credentials["client_secret"])
        return str(client.post(credentials["token_url"], data=form, auth=auth).json()["access_token"])


def ask(sandbox: Sandbox, case: Any, fault: dict[str, Any] | None = None) -> httpx.Response:
    """Return the answer of a sandbox to a case, with a valid token unless the case has another one."""
    credentials = sandbox.credentials()
    with httpx.Client(transport=sandbox.transport()) as client:
        if fault is not None:
            sandbox.faults.add(**fault)
        given = case.as_transport_kwargs(credentials["api_url"], {"authorization": f"Bearer {token()}"})
        return client.request(
            given["method"],
            given["url"],
            params=given["params"],
            headers=given["headers"],
            content=given.get("data"),
            json=given.get("json"),
        )


def is_beyond_words(name: str, found: httpx.Response) -> bool:
    """Return whether an answer is a success that no document can declare.

    It contains no role, or its page is not a whole number because the request asked for that.
    """
    if name in SAY_NOTHING:
        return found.is_success and found.content in (b"", b"{}")
    return name == "list_role_members" and found.status_code == 200 and not isinstance(found.json()["page"], int)


def check(case: Any, found: httpx.Response) -> None:
    """Compare an answer with the document."""
    name = case.operation.definition.raw["operationId"]
    validate(case, found, without_schema=is_beyond_words(name, found))


BOUNDS = settings(
    max_examples=examples(4),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def hold_for_all(schema: Any, operation: str, test: Callable[..., None], **given: Any) -> None:
    """Run a test with all cases that schemathesis generates for a call.

    `schema.parametrize()` would build these tests during collection in each process of a parallel run. It would also
    give all of them one name, so that only one of them would run.
    """
    from schemathesis.generation.feedback import FeedbackSources
    from schemathesis.pytest._test_builder import build_operation_test

    method, path = operation.split()
    found = schema[path][method]
    build_operation_test(
        config=schema.config, operation=found, test_func=test, given_kwargs=given, feedback=FeedbackSources()
    )()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_is_declared(schema: Any, operation: str) -> None:
    """The document declares status, type and content of each answer, except of a success without content."""

    @BOUNDS
    def hold(case: Any) -> None:
        check(case, ask(Sandbox(clock=lambda: NOW), case))

    hold_for_all(schema, operation, hold)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_is_declared_while_a_fault_applies(schema: Any, operation: str) -> None:
    """The document also declares each answer while a fault of the service applies."""

    @settings(BOUNDS, max_examples=examples(3), phases=[Phase.generate, Phase.shrink])
    def hold(case: Any, fault: dict[str, Any]) -> None:
        check(case, ask(Sandbox(clock=lambda: NOW), case, fault))

    hold_for_all(schema, operation, hold, fault=st.sampled_from(FAULTS))


def test_the_limit_of_the_logs_is_declared(schema: Any) -> None:
    """The document declares the answers of the logs, including 429 after twenty requests in an hour."""
    sandbox = Sandbox(clock=lambda: NOW)
    place = {"integrationId": 101, "environment": "dev"}
    case = schema[LOGS]["GET"].Case(
        path_parameters=place, query={"start": "2026-11-15T00:00:00Z", "end": "2026-11-15T00:10:00Z"}
    )
    statuses = []
    for _ in range(21):
        found = ask(sandbox, case)
        check(case, found)
        statuses.append(found.status_code)
    assert statuses == [200] * 20 + [429]


@pytest.mark.parametrize(
    "wrong",
    [
        httpx.Response(418, json={"message": "x"}),
        httpx.Response(200, text="x"),
        httpx.Response(200, json={"data": [{"id": "101"}]}),
        httpx.Response(200, json={}),
    ],
    ids=["status", "type", "content", "emptiness"],
)
def test_the_check_reports_an_answer_that_is_not_declared(schema: Any, wrong: httpx.Response) -> None:
    """The check reports an answer with a wrong status, type or content."""
    with httpx.Client(transport=httpx.MockTransport(lambda request: wrong)) as client:
        found = client.get("http://localhost/api/v1/integrations")
    found.elapsed = timedelta()
    from schemathesis.core.failures import FailureGroup

    with pytest.raises(FailureGroup):
        validate(schema["/integrations"]["GET"].Case(), found)
