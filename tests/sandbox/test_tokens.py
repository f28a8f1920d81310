"""The sandbox's login server answers and signs like the recorded one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest

from css_sdk.sandbox import Sandbox, SandboxError
from css_sdk.sandbox.http import Request, Response

RECORDED = json.loads((Path(__file__).parent / "recordings" / "tokens.json").read_text(encoding="utf-8"))
TOKEN = "/auth/realms/standard/protocol/openid-connect/token"
ADA = "6513270e269e0d37f2a74de452e6b438@idir"


@pytest.fixture
def sandbox(recorded: Callable[[str], Any], clock: Any) -> Sandbox:
    """Return the sandbox of these tests."""
    return Sandbox(recorded("world"), clock=clock)


def send(sandbox: Sandbox, exchange: dict[str, Any]) -> Response:
    """Send a recorded request to the token endpoint."""
    headers = {"content-type": exchange.get("content_type", "application/x-www-form-urlencoded")}
    if "basic" in exchange:
        headers["authorization"] = "Basic " + base64.b64encode(":".join(exchange["basic"]).encode()).decode()
    body = exchange["raw"] if "raw" in exchange else urlencode(exchange.get("form", {}))
    return sandbox.answer(Request(exchange["method"], TOKEN, headers, body.encode()))


@pytest.mark.parametrize(
    "exchange", RECORDED["token_endpoint"], ids=[exchange["about"] for exchange in RECORDED["token_endpoint"]]
)
def test_the_token_endpoint_answers_as_recorded(sandbox: Sandbox, exchange: dict[str, Any]) -> None:
    """The token endpoint answers with the recorded status, type, headers and body, except for the tokens."""
    answer = send(sandbox, exchange)
    body = json.loads(answer.body)
    for name in ("access_token", "id_token"):
        if name in body:
            assert body[name].count(".") == 2
            body[name] = "<jwt>"
    assert (answer.status, body) == (exchange["status"], exchange["body"])
    assert answer.headers["content-type"].partition(";")[0] == exchange["type"]
    headers = {name: value for name, value in answer.headers.items() if name in ("cache-control", "pragma")}
    assert headers == exchange["headers"]


def granted(sandbox: Sandbox, client_id: str, secret: str, environment: str = "") -> str:
    """Return a token that a client requests for itself."""
    fields = urlencode({"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret})
    path = TOKEN.replace("/auth/", f"/auth/{environment}/") if environment else TOKEN
    headers = {"content-type": "application/x-www-form-urlencoded", "host": "127.0.0.1:9082"}
    return str(json.loads(sandbox.answer(Request("POST", path, headers, fields.encode())).body)["access_token"])


def with_roles(sandbox: Sandbox) -> Sandbox:
    """Create the roles of the recorded tokens in prod."""
    for name in ("reader", "writer", "other"):
        sandbox.create_role(102, "prod", name)
    sandbox.create_role(102, "prod", "mgr", ["reader", "writer"])
    return sandbox


def test_a_token_of_a_service_account_without_roles_is_as_recorded(sandbox: Sandbox, clock: Any) -> None:
    """The token of a service account without roles has the recorded claims, without a claim for roles."""
    compare(sandbox, granted(sandbox, "fisheries-service-102", "s3cret-fisheries-service-102"), 0, clock)


def test_a_token_of_a_service_account_with_a_composite_role_is_as_recorded(sandbox: Sandbox, clock: Any) -> None:
    """The token of a service account with a composite role has the recorded claims, with the role and its children."""
    with_roles(sandbox).grant(102, "prod", "mgr", "service-account-fisheries-service-102")
    compare(sandbox, granted(sandbox, "fisheries-service-102", "s3cret-fisheries-service-102"), 1, clock)


def test_a_token_of_an_api_account_is_as_recorded(sandbox: Sandbox, clock: Any) -> None:
    """The token of an API account has the recorded claims, with the team as text."""
    compare(sandbox, granted(sandbox, "service-account-team-2016-9001", "api-secret-2016"), 2, clock)


def test_a_token_of_a_person_is_as_recorded(sandbox: Sandbox, clock: Any) -> None:
    """The token of a person has the recorded claims, with the name and the roles, including children."""
    with_roles(sandbox).grant(102, "prod", "mgr", ADA)
    sandbox.grant(102, "prod", "other", ADA)
    request = Request("POST", "/", {"host": "127.0.0.1:9082"})
    compare(sandbox, sandbox.token_for(ADA, 102, "prod", request=request), 3, clock)


def compare(sandbox: Sandbox, token: str, number: int, clock: Any) -> None:
    """Compare a token with a recorded one, claim by claim."""
    recorded = RECORDED["claims"][number]
    found = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    want = recorded["claims"]
    assert found.keys() == want.keys()
    for name, value in want.items():
        if name == "jti":
            assert found[name].partition(":")[0] == value.partition(":")[0]
        elif name in ("sub", "sid"):
            assert len(found[name]) == len(value)
        elif name not in ("exp", "iat"):
            assert unordered(found[name]) == unordered(value), name
    assert (found["iat"], found["exp"] - found["iat"]) == (int(clock.now), want["exp"] - want["iat"])
    header = jwt.get_unverified_header(token)
    assert header == {**recorded["header"], "kid": header["kid"]}
    assert len(header["kid"]) == len(recorded["header"]["kid"])


def unordered(value: Any) -> Any:
    """Return lists as sets, at every depth."""
    if isinstance(value, dict):
        return {key: unordered(found) for key, found in value.items()}
    return frozenset(value) if isinstance(value, list) else value


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_token_can_be_verified_with_the_published_key(sandbox: Sandbox, environment: str) -> None:
    """The discovery document names the address of the key that verifies a token and its issuer."""
    realm = "/auth/realms/standard" if environment == "prod" else "/auth/dev/realms/standard"
    headers = {"host": "127.0.0.1:9082"}
    found = sandbox.answer(Request("GET", realm + "/.well-known/openid-configuration", headers))
    discovery = json.loads(found.body)
    assert discovery["issuer"] == "http://127.0.0.1:9082" + realm
    assert discovery["token_endpoint"] == discovery["issuer"] + "/protocol/openid-connect/token"
    place = discovery["jwks_uri"].removeprefix("http://127.0.0.1:9082")
    (key,) = json.loads(sandbox.answer(Request("GET", place, headers)).body)["keys"]
    path = "" if environment == "prod" else environment
    token = granted(sandbox, "fisheries-service-102", "s3cret-fisheries-service-102", path)
    assert jwt.get_unverified_header(token)["kid"] == key["kid"]
    options: Any = {"verify_exp": False, "verify_iat": False}
    algorithms, audience = ["RS256"], "fisheries-service-102"
    public = jwt.PyJWK(key).key
    jwt.decode(token, public, algorithms, options, audience=audience, issuer=discovery["issuer"])


def test_roles_of_another_environment_are_not_in_a_token(sandbox: Sandbox) -> None:
    """A token for dev contains no roles of prod."""
    with_roles(sandbox).grant(102, "prod", "mgr", ADA)
    claims = jwt.decode(sandbox.token_for(ADA, 102, "dev"), options={"verify_signature": False, "verify_exp": False})
    assert "client_roles" not in claims and "resource_access" not in claims


def test_a_cycle_of_composites_appears_once_in_a_token(sandbox: Sandbox) -> None:
    """If composite roles contain each other, a token contains each of them once."""
    sandbox.create_role(102, "dev", "a")
    sandbox.create_role(102, "dev", "b", ["a"])
    sandbox.create_role(102, "dev", "c", ["b"])
    sandbox.create_role(102, "dev", "a", ["c"])
    sandbox.grant(102, "dev", "b", ADA)
    claims = jwt.decode(sandbox.token_for(ADA, 102, "dev"), options={"verify_signature": False, "verify_exp": False})
    assert sorted(claims["client_roles"]) == ["a", "b", "c"]


def test_roles_of_another_integration_have_their_own_entry(sandbox: Sandbox) -> None:
    """Roles in another integration are in `resource_access` and its client id in `aud`, but not in `client_roles`."""
    sandbox.create_role(101, "prod", "r1")
    sandbox.grant(101, "prod", "r1", "service-account-fisheries-service-102")
    token = granted(sandbox, "fisheries-service-102", "s3cret-fisheries-service-102")
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    assert claims["resource_access"]["grants-portal-101"] == {"roles": ["r1"]}
    assert "grants-portal-101" in claims["aud"]
    assert "client_roles" not in claims


@pytest.mark.parametrize(
    ("client_id", "secret", "environment"),
    [
        ("service-account-team-2016-9001", "api-secret-2016", "dev"),
        ("fisheries-service-102", "s3cret-fisheries-service-102", "test"),
        ("grants-robot", "s3cret-grants-robot", "prod"),
    ],
)
def test_a_client_gets_no_token_in_another_environment(
    sandbox: Sandbox, caller: Any, client_id: str, secret: str, environment: str
) -> None:
    """API accounts get tokens only in prod, and integrations only in their environments."""
    realm = "/auth/realms/standard" if environment == "prod" else f"/auth/{environment}/realms/standard"
    answer = caller(sandbox).form(
        realm + "/protocol/openid-connect/token", f"client_id={client_id}&client_secret={secret}"
    )
    assert (answer.status, json.loads(answer.body)["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("grant", "error"), [("authorization_code", "invalid_request"), ("refresh_token", "invalid_request")]
)
def test_codes_and_refresh_tokens_are_refused(sandbox: Sandbox, caller: Any, grant: str, error: str) -> None:
    """The grant types for codes and refresh tokens are refused."""
    fields = "client_id=service-account-team-2016-9001&client_secret=api-secret-2016"
    answer = caller(sandbox).form(TOKEN, fields, grant)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, error)


@pytest.mark.parametrize("header", ["Basic " + base64.b64encode(b"no colon").decode(), "Digest x"])
def test_a_header_that_is_not_basic_is_ignored(sandbox: Sandbox, caller: Any, header: str) -> None:
    """An authorization header that is not HTTP Basic counts as missing."""
    answer = caller(sandbox).form(TOKEN, "", authorization=header)
    assert (answer.status, json.loads(answer.body)["error"]) == (401, "invalid_client")


def test_other_paths_of_the_login_server_are_refused(sandbox: Sandbox, caller: Any) -> None:
    """An unknown path of the login server gets 404, and a POST to the discovery document gets 405."""
    send = caller(sandbox).send
    assert send("GET", "/auth/realms/standard/account").status == 404
    assert send("POST", "/auth/realms/standard/.well-known/openid-configuration").status == 405


def test_users_who_cannot_log_in_get_no_token(sandbox: Sandbox) -> None:
    """token_for() raises an error for unknown users, other service accounts, and missing places."""
    for username, integration, environment in (
        ("nobody@idir", 102, "dev"),
        ("service-account-grants-robot", 102, "dev"),
        (ADA, 102, "test"),
        (ADA, 102, "staging"),
        (ADA, 999, "dev"),
    ):
        with pytest.raises(SandboxError):
            sandbox.token_for(username, integration, environment)


def test_token_for_accepts_a_client_id(sandbox: Sandbox) -> None:
    """token_for() accepts an integration's own client id for its service account."""
    token = sandbox.token_for("fisheries-service-102", 102, "dev")
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False})
    assert claims["preferred_username"] == "service-account-fisheries-service-102"


@pytest.mark.parametrize("header", ["Basic ?", "Basic YTolenox"])
def test_basic_credentials_that_cannot_be_decoded_are_refused_as_by_keycloak(
    sandbox: Sandbox, caller: Any, header: str
) -> None:
    """Credentials that are not valid base64, or not a valid form in it, get the error of Keycloak."""
    answer = caller(sandbox).form(TOKEN, "", authorization=header)
    body = json.loads(answer.body)
    assert (answer.status, body["error"]) == (400, "unauthorized_client")
    assert body["error_description"] == "Unexpected error when authenticating client"


def test_an_old_key_can_stay_valid_besides_a_new_one(sandbox: Sandbox) -> None:
    """rotate_keys(retire=False) publishes both keys and keeps old tokens valid until the next rotation."""
    with httpx.Client(transport=sandbox.transport()) as client:
        account = sandbox.credentials()
        basic = (account["client_id"], account["client_secret"])
        keys = sandbox.token_url.replace("/token", "/certs")

        def token() -> str:
            answer = client.post(sandbox.token_url, data={"grant_type": "client_credentials"}, auth=basic)
            return str(answer.json()["access_token"])

        def status(of: str) -> int:
            answer = client.get(f"{sandbox.api_url}/integrations", headers={"Authorization": f"Bearer {of}"})
            return answer.status_code

        old = token()
        sandbox.rotate_keys("prod", retire=False)
        new = token()
        assert (len(client.get(keys).json()["keys"]), status(old), status(new)) == (2, 200, 200)
        sandbox.rotate_keys("prod")
        assert (len(client.get(keys).json()["keys"]), status(old), status(new)) == (1, 401, 401)
