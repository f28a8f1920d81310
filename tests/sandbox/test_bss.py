"""The interworks BSS in the sandbox: a password grant, opaque tokens, and accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from css_sdk.sandbox import Sandbox, SandboxError

TEAM = {"id": 1, "name": "One", "api_account": {"id": 2, "client_id": "c", "client_secret": "s"}}
NOBODY: dict[str, Any] = {"teams": [TEAM], "integrations": [], "users": []}
CLIENT = {"client_key": "k", "client_secret": "s", "users": [{"username": "u", "password": "p"}]}
ACCOUNT = "/bss/bsssmapi/api/accounts/1"
TOKEN = "/bss/bsssmapi/oauth/token"


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """Return a client of the sandbox."""
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def ask(sandbox: Sandbox, client: httpx.Client) -> Callable[..., httpx.Response]:
    """Return a function that requests a token with the given form fields."""
    account = sandbox.bss_environment()

    def ask(auth: Any = (account["BSS_CLIENT_KEY"], account["BSS_CLIENT_SECRET"]), **fields: Any) -> httpx.Response:
        user = {"username": account["BSS_USERNAME"], "password": account["BSS_PASSWORD"]}
        form = {"grant_type": "password", **user, **fields}
        given = {name: value for name, value in form.items() if value is not None}
        return client.post(account["BSS_HOST"] + "/bsssmapi/oauth/token", data=given, auth=auth)

    return ask


@pytest.fixture
def headers(ask: Callable[..., httpx.Response]) -> Callable[[], dict[str, str]]:
    """Return a function that returns headers with a new token."""
    return lambda: {"Authorization": f"Bearer {ask().json()['access_token']}", "X-Api-Version": "latest"}


def test_the_form_of_a_token_of_the_bss(ask: Callable[..., httpx.Response]) -> None:
    """A token of the BSS is opaque, has a type in lower case, is valid for 1799 seconds, and has no refresh token."""
    answer = ask()
    body = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert body == {"access_token": body["access_token"], "token_type": "bearer", "expires_in": 1799}
    assert "." not in body["access_token"]
    assert ask().json()["access_token"] != body["access_token"]


KEY = {"client_id": "sandbox-bss-client", "client_secret": "sandbox-secret-bss"}


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"auth": None, **KEY}, 401, "invalid_client"),
        (KEY, 401, "invalid_client"),
        ({"auth": None}, 401, "invalid_client"),
        ({"auth": ("sandbox-bss-client", "wrong")}, 401, "invalid_client"),
        ({"auth": ("wrong", "sandbox-secret-bss"), "password": "wrong"}, 401, "invalid_client"),
        ({"password": "wrong"}, 400, "invalid_grant"),
        ({"password": None}, 400, "invalid_grant"),
        ({"username": "nobody"}, 400, "invalid_grant"),
        ({"username": None, "password": None}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused(
    ask: Callable[..., httpx.Response], fields: dict[str, Any], status: int, error: str
) -> None:
    """A token request with wrong or missing fields gets the status and the error code for its first mistake."""
    answer = ask(**fields)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_a_wrong_secret_has_another_message_than_missing_credentials(ask: Callable[..., httpx.Response]) -> None:
    """The messages for a wrong secret and for missing credentials differ."""
    assert ask(auth=("sandbox-bss-client", "wrong")).json()["error_description"] == "Bad client credentials"
    for fields in ({"auth": None}, KEY):
        assert "needed as HTTP Basic" in ask(**fields).json()["error_description"]


@pytest.mark.parametrize("header", [b"Basic ?", b"Basic \xff", b"Digest x"])
def test_a_header_that_is_not_basic_is_refused(client: httpx.Client, header: bytes) -> None:
    """An authorization header that is not valid HTTP Basic is refused like a wrong one. GET requests get no token."""
    answer = client.post(TOKEN, data={"grant_type": "password"}, headers={b"Authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert client.get(TOKEN).status_code == 405


def test_an_account_needs_a_token_and_a_version(client: httpx.Client, headers: Callable[[], dict[str, str]]) -> None:
    """A request for an account needs a valid token, then the version header, and then an existing account."""
    good = headers()
    assert client.get(ACCOUNT, headers=good).json() == {"id": 1, "name": "Kettle Valley Cider", "code": "A0001"}
    for status, path, changed in (
        (401, ACCOUNT, {"Authorization": ""}),
        (401, ACCOUNT, {"Authorization": "Bearer x", "X-Api-Version": ""}),
        (401, ACCOUNT, {"Authorization": good["Authorization"].replace("Bearer", "Basic")}),
        (400, ACCOUNT, {"X-Api-Version": ""}),
        (400, ACCOUNT, {"X-Api-Version": "2"}),
        (404, "/bss/bsssmapi/api/accounts/99", {}),
        (404, "/bss/bsssmapi/api/accounts/", {}),
        (404, "/bss/bsssmapi/api/invoices/1", {}),
    ):
        assert client.get(path, headers={**good, **changed}).status_code == status, (path, changed)
    without = {"Authorization": good["Authorization"]}
    assert client.get(ACCOUNT, headers=without).status_code == 400
    assert client.post(ACCOUNT, headers=good).status_code == 405


def test_tokens_expire_and_can_be_revoked(
    sandbox: Sandbox, client: httpx.Client, headers: Callable[[], dict[str, str]], clock: Any
) -> None:
    """Tokens expire at the end of their life, are refused after a revocation, and expired ones are forgotten."""

    def status(given: dict[str, str]) -> int:
        return client.get(ACCOUNT, headers=given).status_code

    first = headers()
    clock.now += 1798
    assert status(first) == 200
    clock.now += 1
    assert status(first) == 401
    second = headers()
    sandbox.revoke_tokens()
    assert status(second) == 401
    sandbox.token_life = 5
    for _ in range(1002):
        headers()
    clock.now += 5
    last = headers()
    assert (status(last), len(sandbox._bss._tokens)) == (200, 1)


def test_requests_to_the_bss_are_recorded_and_can_fail(
    sandbox: Sandbox, client: httpx.Client, ask: Callable[..., httpx.Response], headers: Callable[[], dict[str, str]]
) -> None:
    """The sandbox records each request to the BSS with its kind and its header, and faults apply to it."""
    good = headers()
    client.get(ACCOUNT, headers=good)
    assert [(entry.kind, entry.authorization.partition(" ")[0]) for entry in sandbox.requests] == [
        ("token", "Basic"),
        ("bss", "Bearer"),
    ]
    assert sandbox.requests[1].authorization == good["Authorization"]
    sandbox.faults.add("lose_after", path="/bss/bsssmapi/oauth/token")
    sandbox.faults.add("500_after", path="/bss/bsssmapi/api/*")
    sandbox.faults.add("expired_token", target="bss")
    with pytest.raises(httpx.RemoteProtocolError):
        ask()
    assert [client.get(ACCOUNT, headers=good).status_code for _ in range(3)] == [500, 401, 200]
    assert [fault.target for fault in sandbox.faults] == ["token", "bss", "bss"]
    assert (sandbox.count(kind="bss"), sandbox.count(kind="bss", status=401)) == (4, 1)


def test_the_bss_is_served_on_a_socket(sandbox: Sandbox) -> None:
    """The variables of a server lead to the BSS on its socket."""
    with sandbox.serve() as server, httpx.Client(trust_env=False) as client:
        account = server.bss_environment()
        assert account == {**sandbox.bss_environment(), "BSS_HOST": f"{server.origin}/bss"}
        assert server.cern_environment()["CERN_API_URL"].startswith(f"{server.origin}/cern/")
        form = {"grant_type": "password", "username": account["BSS_USERNAME"], "password": account["BSS_PASSWORD"]}
        basic = (account["BSS_CLIENT_KEY"], account["BSS_CLIENT_SECRET"])
        answer = client.post(f"{account['BSS_HOST']}/bsssmapi/oauth/token", data=form, auth=basic)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("bss", "problem"),
    [
        ({}, "bss: it lacks 'users'"),
        ([], r"bss is \[\]; it must be an object"),
        ({**CLIENT, "users": []}, "needs at least one user"),
        ({**CLIENT, "users": [{"username": "u"}]}, "bss: entry 1 of users: it lacks 'password'"),
        ({**CLIENT, "client_key": ""}, "client_key is ''; it must be a text"),
        ({**CLIENT, "accounts": [{"name": "x"}]}, "bss: entry 1 of accounts: it lacks 'id'"),
    ],
)
def test_an_invalid_bss_part_of_a_world_is_refused(bss: Any, problem: str) -> None:
    """If the bss part of a world is invalid, the error says in one line what is wrong."""
    with pytest.raises(SandboxError, match=problem) as caught:
        Sandbox({**NOBODY, "bss": bss})
    assert "\n" not in str(caught.value)


def test_a_world_without_a_bss_part_issues_no_token() -> None:
    """A world without a bss part has no variables and issues no token. The repr of a bss part shows no secret."""
    sandbox = Sandbox(NOBODY)
    with pytest.raises(SandboxError, match="no bss"):
        sandbox.bss_environment()
    with httpx.Client(transport=sandbox.transport(), base_url="http://localhost") as client:
        form = {"grant_type": "password", "username": "", "password": ""}
        assert client.post(TOKEN, data=form, auth=("", "")).status_code == 400
    shown = repr(Sandbox().world.bss)
    assert "sandbox-secret-bss" not in shown
    assert "sandbox-password-bss" not in shown
