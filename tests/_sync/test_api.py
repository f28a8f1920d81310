# Written from tests/_async/test_api.py by `make generate`; edit that one.
"""`css.api`: every generated operation works through it, and it refuses requests that would harm the service."""

from __future__ import annotations

import copy
import inspect
import logging
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final

import css_sdk_openapi.api
import httpx
import pytest
from css_sdk_openapi import models
from css_sdk_openapi.api.role_mapping import assign_user_roles, change_user_role_mapping, get_user_role_mappings
from css_sdk_openapi.api.roles import create_role, delete_role, get_role, list_roles, rename_role
from css_sdk_openapi.api.users import search_idir_users

from css_sdk import ConfigurationError, ConnectionFailed, Css, Journal, MalformedAnswer, Refused, Settings
from css_sdk.errors import HarmfulRequest, RequestTooLong, UnusableName, WrongTeam
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, httpx_client_of, usernames

OPERATIONS: Final = {
    module.name.rpartition(".")[2]: import_module(module.name)
    for folder in iter_modules(css_sdk_openapi.api.__path__, "css_sdk_openapi.api.")
    for module in iter_modules(import_module(folder.name).__path__, folder.name + ".")
}
MAPPING_CALLS: Final = (get_user_role_mappings, change_user_role_mapping)
USED: Final = [pytest.param(module, id=name) for name, module in OPERATIONS.items() if module not in MAPPING_CALLS]
GUID: Final = "0f3ac87806aa7f215a7c0d4cc4d9e799"
VALUES: Final[dict[str, Any]] = {
    "integration_id": GRANTS_PORTAL,
    "environment": "dev",
    "role_name": "admin",
    "composite_role_name": "reviewer",
    "username": f"{GUID}@idir",
    "guid": GUID,
    "bceid_type": models.BceidType.BOTH,
}
"""An argument for each parameter of a path and each required parameter of a query."""
BODIES: Final[dict[str, Any]] = {
    "create_role": models.RoleRef("auditor"),
    "rename_role": models.RoleRef("administrator"),
    "add_composite_roles": [models.RoleRef("approver")],
    "assign_user_roles": [models.RoleRef("approver")],
}
HARMFUL: Final = ["", ".", "..", " ", "\ufeff..", " .\u3000", "\u200a", "%2E%2E", "x" * 256, "é" * 50]
"""Parts of a path that lead to another address or make the path too long."""


def arguments(operation: ModuleType) -> dict[str, Any]:
    """Return arguments with which an operation finds or changes something in the sandbox's world."""
    name = operation.__name__.rpartition(".")[2]
    expected = inspect.signature(operation._get_kwargs).parameters
    if name == "get_logs":
        return {**{key: VALUES[key] for key in ("integration_id", "environment")}, "start": DAY, "end": DAY}
    given = {key: value for key, value in VALUES.items() if key in expected}
    return {**given, "body": BODIES[name]} if name in BODIES else given


DAY: Final = "2026-11-01"


@pytest.mark.parametrize("operation", USED)
def test_every_generated_operation_works(css: Css, sandbox: Sandbox, operation: ModuleType) -> None:
    """Every generated operation sends one token request and one API request, and returns a generated model."""
    answer = operation.sync_detailed(**arguments(operation), client=css.api)
    assert answer.status_code in (200, 201, 204), answer
    assert (answer.parsed is None) is (answer.status_code == 204)
    assert not isinstance(answer.parsed, models.Error)
    described = operation._get_kwargs(**arguments(operation))
    assert [entry.kind for entry in sandbox.requests] == ["token", "api"]
    assert sandbox.requests[-1].method == described["method"].upper()
    assert sandbox.requests[-1].path.partition("?")[0] == "/api/v1" + described["url"]


@pytest.mark.parametrize("operation", USED)
def test_a_harmful_path_parameter_is_refused(css: Css, sandbox: Sandbox, operation: ModuleType) -> None:
    """css.api refuses every path parameter that would lead elsewhere or be too long.

    A role name is encoded twice, so `%2E%2E` is harmless in it.
    """
    good = arguments(operation)
    parts = {key for key in good if "{%s}" % key in inspect.getsource(operation._get_kwargs)}  # noqa: UP031
    for key in parts:
        for harmful in HARMFUL:
            if harmful == "%2E%2E" and key.endswith("role_name"):
                continue
            with pytest.raises((UnusableName, RequestTooLong)):
                operation.sync_detailed(**{**good, key: harmful}, client=css.api)
    assert not sandbox.requests


@pytest.mark.parametrize("operation", USED)
def test_a_harmful_role_name_in_a_body_is_refused(css: Css, sandbox: Sandbox, operation: ModuleType) -> None:
    """css.api refuses a role name in a body if no later request could address the role."""
    good = arguments(operation)
    for name in ("", " ", ".", "..", "\ufeff..", "a\nb", 5, None, "🦫" * 25, "x" * 250):
        if "body" in good:
            role = models.RoleRef(name)  # type: ignore[arg-type]
            with pytest.raises((UnusableName, RequestTooLong)):
                operation.sync_detailed(
                    **{**good, "body": [role] if isinstance(good["body"], list) else role}, client=css.api
                )
    assert not sandbox.requests


@pytest.mark.parametrize("environment", ["dev", "DEV", "a/b"])
def test_the_two_deprecated_calls_are_refused(css: Css, sandbox: Sandbox, environment: str) -> None:
    """css.api never sends the two deprecated mapping calls: one stops the service, the other returns wrong answers."""
    body = models.UserRoleMappingRequest(models.Operation.ADD, "admin", f"{GUID}@idir")
    with pytest.raises(HarmfulRequest, match="Nothing was sent"):
        change_user_role_mapping.sync_detailed(GRANTS_PORTAL, environment, body=body, client=css.api)
    with pytest.raises(HarmfulRequest, match="Nothing was sent"):
        get_user_role_mappings.sync_detailed(GRANTS_PORTAL, environment, role_name="admin", client=css.api)
    assert not sandbox.requests


@pytest.mark.parametrize("term", ["x" * 250, "x" * 70_000])
def test_a_query_that_is_too_long_is_refused(css: Css, sandbox: Sandbox, term: str) -> None:
    """If path and query together are too long, css.api and people.search() refuse the request."""
    with pytest.raises(RequestTooLong):
        search_idir_users.sync("dev", email=term, client=css.api)
    with pytest.raises(RequestTooLong):
        get_role.sync(GRANTS_PORTAL, "dev", term, client=css.api)
    with pytest.raises(RequestTooLong):
        css.people("dev").search("idir", email=term)
    assert not sandbox.requests


@pytest.mark.parametrize("name", ["100%", "a%2Fb", "a/b", "v1.2", "é ~_-", "a+b?c#d", "%2e%2e"])
def test_unusual_names_reach_the_service_unchanged(css: Css, sandbox: Sandbox, name: str) -> None:
    """css.api sends an unusual role name so that the service, which decodes it twice, gets exactly this name."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "a/b")
    if name != "a/b":
        create_role.sync(GRANTS_PORTAL, "dev", body=models.RoleRef(name), client=css.api)
    found = get_role.sync(GRANTS_PORTAL, "dev", name, client=css.api)
    assert isinstance(found, models.Role)
    assert found.name == name
    assert (delete_role.sync_detailed(GRANTS_PORTAL, "dev", name, client=css.api)).status_code == 204
    left = list_roles.sync(GRANTS_PORTAL, "dev", client=css.api)
    assert isinstance(left, models.RoleList)
    assert name not in [role.name for role in left.data]


def test_errors_of_the_service_are_returned_as_models(css: Css) -> None:
    """css.api returns an error of the service as a model, not as an exception."""
    answer = get_role.sync_detailed(GRANTS_PORTAL, "dev", "nobody", client=css.api)
    assert answer.status_code == 404
    assert isinstance(answer.parsed, models.Error)


@pytest.mark.parametrize(("fault", "status"), [("500_before", 500), ("422_before", 422), ("429", 429)])
def test_failed_requests_are_not_repeated(css: Css, sandbox: Sandbox, fault: str, status: int) -> None:
    """css.api returns a failed answer without a retry, for reads and for writes."""
    for operation in (list_roles, create_role):
        sandbox.faults.add(fault, path="*/roles", times=1)
        answer = operation.sync_detailed(**arguments(operation), client=css.api)
        assert answer.status_code == status
    assert asked(sandbox) == {"token": 1, "GET": 1, "POST": 1}


def test_an_expired_token_is_renewed(css: Css, sandbox: Sandbox) -> None:
    """If the service refuses an expired token, css.api requests a new one and repeats the request once."""
    assert (list_roles.sync_detailed(GRANTS_PORTAL, "dev", client=css.api)).status_code == 200
    sandbox.faults.add("expired_token", path="*/roles", times=1)
    assert (list_roles.sync_detailed(GRANTS_PORTAL, "dev", client=css.api)).status_code == 200
    assert asked(sandbox)["token"] == 2


def test_the_team_of_the_credentials_is_checked(sandbox: Sandbox) -> None:
    """If the credentials belong to another team than team_id, css.api sends no API request."""
    settings = Settings(**sandbox.credentials(), team_id=1)
    with Css(settings, transport=sandbox.transport()) as css:
        with pytest.raises(WrongTeam):
            list_roles.sync(GRANTS_PORTAL, "dev", client=css.api)
    assert asked(sandbox) == {"token": 1}


def test_an_answer_that_is_too_large_or_lost_raises_an_error(sandbox: Sandbox, settings: Settings) -> None:
    """css.api limits the size of an answer and raises ConnectionFailed if the connection is lost."""
    with Css(settings, transport=sandbox.transport(), largest_answer=100) as css:
        with pytest.raises(MalformedAnswer, match="more than 100 bytes"):
            list_roles.sync(GRANTS_PORTAL, "dev", client=css.api)
    sandbox.faults.add("drop_before", path="*/roles", times=1)
    with Css(settings, transport=sandbox.transport()) as css:
        with pytest.raises(ConnectionFailed):
            list_roles.sync(GRANTS_PORTAL, "dev", client=css.api)


def test_a_redirect_is_not_followed(settings: Settings) -> None:
    """css.api does not follow a redirect, even if the caller's httpx client does. The answer has no Location header."""
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        if request.url.path.endswith("token"):
            return httpx.Response(200, json={"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300})
        return httpx.Response(302, headers={"Location": "https://elsewhere.example/"})

    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as http:
        css = Css(settings, http_client=http)
        found = list_roles.sync_detailed(GRANTS_PORTAL, "dev", client=css.api)
    assert found.status_code == 302
    assert "location" not in found.headers
    assert len(seen) == 2


COPIES: Final[dict[str, Callable[[Any], Any]]] = {
    "headers": lambda api: api.with_headers({"Authorization": "Bearer other"}),
    "cookies": lambda api: api.with_cookies({"a": "b"}),
    "timeout": lambda api: api.with_timeout(httpx.Timeout(1)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_of_the_client_sends_nothing(css: Css, sandbox: Sandbox, kind: str) -> None:
    """A copy of css.api has no token and no guards, so css-sdk refuses its requests."""
    with pytest.raises(ConfigurationError, match=r"Nothing was sent\. Pass css\.api itself"):
        delete_role.sync(GRANTS_PORTAL, "dev", "..", client=COPIES[kind](css.api))
    assert not sandbox.requests


def test_the_httpx_client_behind_it_sends_no_other_requests(css: Css, sandbox: Sandbox) -> None:
    """The httpx client behind css.api refuses requests that the generated client did not make."""
    http = httpx_client_of(css.api)
    for call in (
        lambda: http.get("/integrations"),
        lambda: http.send(http.build_request("DELETE", "http://localhost/api/v1/integrations/101/dev/roles/..")),
        lambda: http.request("POST", "/integrations/101/dev/roles", content=b'{"name": ".."}'),
    ):
        with pytest.raises(ConfigurationError, match="Nothing was sent"):
            call()
    for url in ("https://elsewhere.example/", "@elsewhere.example/", "integrations", "/integrations?x=1", "/é", "/a\n"):
        with pytest.raises(Refused):
            http.request("GET", url)
    assert not sandbox.requests


def test_css_api_refuses_writes_if_the_client_has_a_journal(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """If the client has a journal, css.api refuses writes and allows reads.

    The journal could not describe these writes.
    """
    with Journal(tmp_path / "journal") as journal:
        with Css(settings, transport=sandbox.transport(), journal=journal) as css:
            for operation in (create_role, rename_role, delete_role, assign_user_roles):
                with pytest.raises(ConfigurationError, match="keeps a journal"):
                    operation.sync(**arguments(operation), client=css.api)
            assert list_roles.sync(GRANTS_PORTAL, "dev", client=css.api)
    assert asked(sandbox) == {"token": 1, "GET": 1}


def test_a_closed_client_is_refused(css: Css, sandbox: Sandbox) -> None:
    """After the client was closed, css.api is refused. Leaving a `with` block of css.api does not close the client."""
    api = css.api
    with api:
        assert list_roles.sync(GRANTS_PORTAL, "dev", client=api)
    assert len(css.integrations()) == 3
    css.close()
    with pytest.raises(ConfigurationError, match="the client was closed"):
        list_roles.sync(GRANTS_PORTAL, "dev", client=api)


def test_css_api_cannot_be_copied(css: Css) -> None:
    """css.api cannot be copied with copy.deepcopy, because it owns connections and a token."""
    with pytest.raises((ConfigurationError, TypeError)):
        copy.deepcopy(css.api)


def test_logs_and_answers_contain_no_address_and_no_token(css: Css, caplog: pytest.LogCaptureFixture) -> None:
    """Logs contain no e-mail address, although httpx would log the whole address.

    Returned requests contain no token.
    """
    caplog.set_level(logging.DEBUG)
    answer = search_idir_users.sync_detailed("dev", email="ilse.hargreave@example.com", client=css.api)
    assert answer.status_code == 200
    assert "ilse" not in caplog.text
    http = httpx_client_of(css.api)
    sent = http.request("GET", "/integrations")
    assert "Authorization" not in sent.request.headers


def test_css_api_and_the_other_calls_share_state_and_token(css: Css, sandbox: Sandbox) -> None:
    """The client's other calls see what css.api changed, and use the same token."""
    who = usernames(sandbox, 1)[0]
    roles = [models.RoleRef("reviewer")]
    assign_user_roles.sync(GRANTS_PORTAL, "dev", who, body=roles, client=css.api)
    dev = (css.integration(GRANTS_PORTAL)).environment("dev")
    assert "reviewer" in [role.name for role in dev.users.roles(who)]
    assert asked(sandbox)["token"] == 1
