"""CERN's API access in the sandbox: one token for each target, and targets that accept only their own tokens."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from css_sdk.sandbox import Sandbox, SandboxError
from tests.support import examples

GROUPS = "/cern/authorization-service-api/api/v1.0/Group"
GRANTS = "/cern/grants-portal-api/Grant"
CONTROL = {"x-css-sandbox": "1"}
TARGETS = ["authorization-service-api", "grants-portal-api"]
TEAM = {"id": 1, "name": "One", "api_account": {"id": 2, "client_id": "c", "client_secret": "s"}}
NOBODY: dict[str, Any] = {"teams": [TEAM], "integrations": [], "users": []}
CALLER = {"client_id": "caller", "client_secret": "s"}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Return a client of the sandbox."""
    with httpx.Client(transport=sandbox.transport(sleep=lambda seconds: None), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def ask(sandbox: Sandbox, client: httpx.Client) -> Ask:
    """Return a function that requests a token with the given form fields."""
    account = sandbox.cern_environment()

    def ask(**fields: str | None) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": account["CERN_CLIENT_ID"],
            "client_secret": account["CERN_CLIENT_SECRET"],
            "audience": TARGETS[0],
            **fields,
        }
        given = {name: value for name, value in form.items() if value is not None}
        return client.post(account["CERN_TOKEN_URL"], data=given)

    return ask


@pytest.fixture
def token(ask: Ask) -> Callable[..., str]:
    """Return a function that requests a token and returns its text."""
    return lambda **fields: str(ask(**fields).json()["access_token"])


def bearer(token: str) -> dict[str, str]:
    """Return the authorization header for a token."""
    return {"Authorization": f"Bearer {token}"}


def test_the_claims_of_a_token_for_a_target(sandbox: Sandbox, client: httpx.Client, ask: Ask, clock: Any) -> None:
    """A token names the caller, the target and the roles, and a published key verifies it."""
    answer = ask(audience=TARGETS[1])
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (body["token_type"], body["expires_in"], "refresh_token" in body) == ("Bearer", 1200, False)
    issuer = "http://localhost/auth/realms/cern"
    found = client.get(f"{issuer}/.well-known/openid-configuration").json()
    assert (found["issuer"], found["jwks_uri"]) == (issuer, f"{issuer}/protocol/openid-connect/certs")
    assert sandbox.cern_environment()["CERN_TOKEN_URL"] not in found.values()
    (key,) = jwt.PyJWKSet.from_dict(client.get(found["jwks_uri"]).json()).keys
    assert jwt.get_unverified_header(body["access_token"])["kid"] == key.key_id
    claims = jwt.decode(
        body["access_token"], key, algorithms=["RS256"], audience=TARGETS[1], options={"verify_exp": False}
    )
    assert claims == {
        "jti": claims["jti"],
        "iss": issuer,
        "iat": int(clock.now),
        "exp": int(clock.now) + 1200,
        "aud": TARGETS[1],
        "sub": "service-account-grants-portal",
        "preferred_username": "service-account-grants-portal",
        "azp": "grants-portal",
        "typ": "Bearer",
        "scope": "email profile",
        "resource_access": {TARGETS[1]: {"roles": ["approver", "reader"]}},
    }


@pytest.mark.parametrize(
    ("fields", "status", "error", "description"),
    [
        ({"audience": None}, 400, "invalid_request", "Missing form parameter: audience"),
        ({"audience": ""}, 400, "invalid_request", "Missing form parameter: audience"),
        ({"audience": "unknown"}, 400, "invalid_client", "Audience not found"),
        ({"client_id": "unknown"}, 401, "invalid_client", "Invalid client or Invalid client credentials"),
        ({"client_secret": "wrong"}, 401, "unauthorized_client", "Invalid client or Invalid client credentials"),
        ({"client_id": None, "audience": None}, 401, "invalid_client", "Invalid client or Invalid client credentials"),
        ({"grant_type": None}, 400, "invalid_request", "Missing form parameter: grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "Unsupported grant_type"),
    ],
)
def test_a_wrong_token_request_is_refused(
    ask: Ask, fields: dict[str, str | None], status: int, error: str, description: str
) -> None:
    """A token request with wrong or missing fields gets the status and the error for its first mistake."""
    answer = ask(**fields)
    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": description}


def test_credentials_are_read_from_the_form_only(sandbox: Sandbox, client: httpx.Client) -> None:
    """Credentials in an HTTP Basic header are ignored, because CERN reads them from the form only."""
    account = sandbox.cern_environment()
    form = {"grant_type": "client_credentials", "audience": TARGETS[0]}
    basic = (account["CERN_CLIENT_ID"], account["CERN_CLIENT_SECRET"])
    assert client.post(account["CERN_TOKEN_URL"], data=form, auth=basic).status_code == 401


def test_other_paths_of_the_realm_are_refused(client: httpx.Client) -> None:
    """The ordinary token endpoint of the realm does not exist, and tokens can be requested only with POST."""
    realm = "/auth/realms/cern"
    assert client.post(f"{realm}/protocol/openid-connect/token").status_code == 404
    assert client.get(f"{realm}/api-access/token").status_code == 405


def test_a_target_accepts_only_its_own_tokens(sandbox: Sandbox, client: httpx.Client, ask: Ask, clock: Any) -> None:
    """A target refuses tokens of other targets, changed and expired tokens, and tokens of the CSS API.

    The CSS API refuses tokens of a target.
    """
    first, second = (str(ask(audience=audience).json()["access_token"]) for audience in TARGETS)
    account = sandbox.credentials()
    basic = (account["client_id"], account["client_secret"])
    css = client.post(account["token_url"], data={"grant_type": "client_credentials"}, auth=basic)
    assert [client.get(path, headers=bearer(first)).status_code for path in (GROUPS, GRANTS)] == [200, 401]
    assert [client.get(path, headers=bearer(second)).status_code for path in (GROUPS, GRANTS)] == [401, 200]
    head, _, signature = first.split(".")
    changed = f"{head}.{second.split('.')[1]}.{signature}"
    for bad in ({}, bearer(changed), bearer("x"), bearer(css.json()["access_token"]), {"Authorization": first}):
        answer = client.get(GRANTS, headers=bad)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert client.get("/api/v1/integrations", headers=bearer(first)).status_code == 401
    clock.now += 1199
    assert client.get(GROUPS, headers=bearer(first)).status_code == 200
    clock.now += 1
    assert client.get(GROUPS, headers=bearer(first)).status_code == 401


def test_a_target_serves_its_lists(sandbox: Sandbox, client: httpx.Client, token: Callable[..., str]) -> None:
    """A target serves its lists by name and their names at its base, and allows reading only."""
    headers, base = bearer(token()), sandbox.cern_environment()["CERN_API_URL"]
    assert base.endswith("/api/v1.0/")
    assert client.get(base, headers=headers).json() == {"data": ["Group", "Identity"]}
    assert [len(client.get(base + name, headers=headers).json()["data"]) for name in ("Group", "Identity")] == [2, 1]
    assert client.get(base + "Nothing", headers=headers).status_code == 404
    assert client.post(base + "Group", headers=headers).status_code == 405
    assert client.get("/cern/unknown-api/", headers=headers).status_code == 404


def test_a_caller_without_the_role_is_refused(client: httpx.Client, token: Callable[..., str]) -> None:
    """A token without roles has no claim for them, and a token without the needed role gets 403."""
    robot = {"client_id": "fisheries-robot", "client_secret": "sandbox-secret-cern-robot"}
    none, other = token(**robot), token(**robot, audience=TARGETS[1])
    assert "resource_access" not in jwt.decode(none, options={"verify_signature": False, "verify_exp": False})
    for found, path in ((none, GROUPS), (other, GRANTS)):
        answer = client.get(path, headers=bearer(found))
        assert (answer.status_code, "reader" in answer.json()["error_description"]) == (403, True)


@settings(max_examples=examples(16), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    held=st.dictionaries(st.sampled_from("ab"), st.lists(st.sampled_from(["reader", "writer"]), unique=True)),
    needed=st.sampled_from(["reader", "writer"]),
    as_list=st.booleans(),
    asked=st.sampled_from("ab"),
    called=st.sampled_from("ab"),
)
def test_only_callers_with_the_needed_role_get_data(
    held: dict[str, list[str]], needed: str, as_list: bool, asked: str, called: str
) -> None:
    """A target gives data only to tokens for this target that contain the needed role.

    The audience of the token may be a text or a list.
    """
    targets = [{"client_id": name, "role": needed, "audience_as_list": as_list} for name in "ab"]
    sandbox = Sandbox({**NOBODY, "cern": {"targets": targets, "applications": [{**CALLER, "roles": held}]}})
    url = sandbox.cern_environment()["CERN_TOKEN_URL"]
    with httpx.Client(transport=sandbox.transport()) as client:
        token = client.post(url, data={**CALLER, "grant_type": "client_credentials", "audience": asked}).json()
        claims = jwt.decode(token["access_token"], options={"verify_signature": False})
        answer = client.get(f"http://localhost/cern/{called}/", headers=bearer(token["access_token"]))
    assert claims["aud"] == ([asked, "account"] if as_list else asked)
    assert claims.get("resource_access") == ({asked: {"roles": held[asked]}} if held.get(asked) else None)
    assert answer.status_code == (401 if asked != called else 200 if needed in held.get(called, []) else 403)


def test_each_request_is_recorded_with_its_token(
    sandbox: Sandbox, client: httpx.Client, token: Callable[..., str]
) -> None:
    """The sandbox records each request with its token, and never prints the token or returns it over HTTP."""
    first, second = token(), token(audience=TARGETS[1])
    client.get(GROUPS, headers=bearer(first))
    client.get(GRANTS, headers=bearer(second))
    client.get(GRANTS)
    assert [entry.kind for entry in sandbox.requests] == ["token", "token", "cern", "cern", "cern"]
    went = {(entry.path, entry.authorization) for entry in sandbox.requests if entry.kind == "cern"}
    assert went == {(GROUPS, f"Bearer {first}"), (GRANTS, f"Bearer {second}"), (GRANTS, "")}
    shown = repr(sandbox.requests) + client.get("/sandbox/requests", headers=CONTROL).text
    assert first not in shown
    assert second not in shown
    assert (sandbox.count(kind="cern", status=401), sandbox.count("POST", "*/api-access/token")) == (1, 2)
    assert (sandbox.count(kind="api"), sandbox.count("GET", "*/Group")) == (0, 1)


def test_faults_apply_to_cern_by_path_or_target(
    sandbox: Sandbox, client: httpx.Client, ask: Ask, token: Callable[..., str]
) -> None:
    """Faults apply to CERN by path or target, and faults of the CSS API do not apply to CERN."""
    headers = bearer(token())
    sandbox.faults.add("500_before", path="*/api-access/token")
    sandbox.faults.add("429", path="/auth/realms/cern/protocol/*", retry_after=7)
    sandbox.faults.add("drop_before", path="/cern/*")
    sandbox.faults.add("revoked_token", target="cern", times=None, after=1)
    sandbox.faults.add("422_before", times=None)
    assert ask().status_code == 500
    assert client.get("/auth/realms/cern/protocol/openid-connect/certs").headers["retry-after"] == "7"
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(GROUPS, headers=headers)
    assert [client.get(GROUPS, headers=headers).status_code for _ in range(3)] == [200, 401, 401]
    assert [fault.target for fault in sandbox.faults] == ["token", "keys", "cern", "cern", "api"]
    sandbox.faults.clear()
    sandbox.faults.add("delay", target="cern", seconds=3)
    with pytest.raises(httpx.ReadTimeout):
        client.get(GROUPS, headers=headers, timeout=2)
    with pytest.raises(SandboxError, match="cern has no fault"):
        sandbox.faults.add("422_before", target="cern")


def test_tokens_expire_and_can_be_revoked(
    sandbox: Sandbox, client: httpx.Client, token: Callable[..., str], clock: Any
) -> None:
    """Tokens expire after their set life, and are refused after a revocation or with a retired key."""

    def status(headers: dict[str, str]) -> int:
        return client.get(GROUPS, headers=headers).status_code

    for spoil in (sandbox.revoke_tokens, sandbox.rotate_keys, lambda: sandbox.rotate_keys("cern")):
        headers = bearer(token())
        before = status(headers)
        spoil()
        assert (before, status(headers)) == (200, 401)
    headers = bearer(token())
    sandbox.rotate_keys("prod")
    sandbox.rotate_keys("cern", retire=False)
    assert (status(headers), status(bearer(token()))) == (200, 200)
    assert client.put("/sandbox/settings", json={"clock_skew": 0}, headers=CONTROL).json()["token_life"] == 300
    assert jwt.decode(token(), options={"verify_signature": False})["exp"] == clock.now + 1200
    sandbox.token_life = 5
    headers = bearer(token())
    clock.now += 5
    assert status(headers) == 401


def target(**other: Any) -> dict[str, Any]:
    """Return a cern part of a world with one target."""
    return {"targets": [{"client_id": "a", **other}], "applications": [CALLER]}


@pytest.mark.parametrize(
    ("cern", "problem"),
    [
        ({}, "cern: it lacks 'targets'"),
        (5, "cern is 5; it must be an object"),
        ({"targets": [], "applications": [CALLER]}, "needs at least one target"),
        ({**target(), "applications": []}, "needs at least one target and one application"),
        ({**target(), "applications": [{"client_id": "x"}]}, "cern: entry 1 of applications: it lacks 'client_secret'"),
        ({**target(), "applications": [{**CALLER, "client_secret": 5}]}, "client_secret is 5; it must be a text"),
        ({**target(), "applications": [{**CALLER, "roles": {"b": ["r"]}}]}, "roles in 'b', which is not in targets"),
        ({**target(), "applications": [{**CALLER, "roles": {"a": "reader"}}]}, "roles.a is 'reader'; it must be"),
        (target(base="/api"), "base is '/api'; it must be a path"),
        (target(client_id="a/b"), "client_id is 'a/b'; it must be made of letters"),
        (target(data={"Group": 5}), "data.Group is 5; it must be a list"),
    ],
)
def test_an_invalid_cern_part_of_a_world_is_refused(cern: Any, problem: str) -> None:
    """If the cern part of a world is invalid, the error says in one line what is wrong."""
    with pytest.raises(SandboxError, match=problem) as caught:
        Sandbox({**NOBODY, "cern": cern})
    assert "\n" not in str(caught.value)


def test_a_world_without_a_cern_part_issues_no_token(tmp_path: Path) -> None:
    """A world without a cern part has no variables and issues no token. The repr of a cern part shows no secret."""
    sandbox = Sandbox(NOBODY, state=tmp_path / "state.json")
    with pytest.raises(SandboxError, match="no cern"):
        sandbox.cern_environment()
    form = {**CALLER, "grant_type": "client_credentials", "audience": "a"}
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        assert client.post("/auth/realms/cern/api-access/token", data=form).status_code == 401
        assert client.get("/cern/a/").status_code == 404
    assert "sandbox-secret" not in repr(Sandbox().world.cern)


def test_the_env_file_contains_working_variables(tmp_path: Path) -> None:
    """The file of --env-file contains working variables for all three systems."""
    file = tmp_path / "sandbox.env"
    command = [sys.executable, "-m", "css_sdk.cli", "sandbox", "--port", "0", "--env-file", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            given = dict(
                line.removeprefix("export ").split("=", 1) for line in file.read_text(encoding="utf-8").splitlines()
            )
            form = {
                "grant_type": "client_credentials",
                "client_id": given["CERN_CLIENT_ID"],
                "client_secret": given["CERN_CLIENT_SECRET"],
                "audience": TARGETS[0],
            }
            token = httpx.post(given["CERN_TOKEN_URL"], data=form, trust_env=False).json()["access_token"]
            read = httpx.get(given["CERN_API_URL"] + "Group", headers=bearer(token), trust_env=False)
            bss = httpx.get(given["BSS_HOST"] + "/bsssmapi/api/accounts/1", trust_env=False)
        finally:
            process.terminate()
    assert {**ready["cern"], **ready["bss"]}.items() <= given.items()
    assert sorted({name.partition("_")[0] for name in given}) == ["BSS", "CERN", "CSS"]
    assert (len(given), read.status_code, bss.status_code) == (13, 200, 401)
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    assert given["CERN_TOKEN_URL"] == f"{issuer}/api-access/token"
