"""The recordings and the sandbox's token endpoint agree with Keycloak."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

pytestmark = [pytest.mark.keycloak, pytest.mark.usefixtures("realm")]

RECORDED: Final = json.loads(
    (Path(__file__).parents[1] / "sandbox" / "recordings" / "tokens.json").read_text(encoding="utf-8")
)
REALM: Final = "/realms/standard"
TOKEN: Final = f"{REALM}/protocol/openid-connect/token"
KEYS: Final = f"{REALM}/protocol/openid-connect/certs"
DISCOVERY: Final = f"{REALM}/.well-known/openid-configuration"

CLIENT_ID: Final = "service-account-team-2016-9001"
SECRET: Final = "api-secret-2016"

Sent = dict[str, Any]  # arguments for httpx; the default is a POST to the token endpoint


def form(**fields: Any) -> Sent:
    """Return a valid token request with these fields replaced."""
    good = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
    return {"data": {**good, **fields}}


def header(value: str, **fields: str) -> Sent:
    """Return a request with this authorization header."""
    return {"data": {"grant_type": "client_credentials", **fields}, "headers": {"authorization": value}}


def basic(client_id: str, secret: str = "", colon: str = ":") -> str:
    """Return a header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{client_id}{colon}{secret}".encode()).decode()


GOOD: Final = basic(CLIENT_ID, SECRET)
FIELDS: Final = {"client_id": CLIENT_ID, "client_secret": SECRET}

# Requests that are not in the recordings, to which the sandbox and Keycloak give the same answers.
ALIKE: Final[dict[str, Sent]] = {
    "a refresh token is missing": form(grant_type="refresh_token"),
    "a code is missing": form(grant_type="authorization_code"),
    "another grant, wrong secret": form(grant_type="refresh_token", client_secret="x"),
    "another grant, unknown client": form(grant_type="password", client_id="nobody"),
    "an unknown grant, wrong secret": form(grant_type="magic", client_secret="x"),
    "a grant that is no grant": form(grant_type="implicit"),
    "an empty grant": form(grant_type=""),
    "a grant in capitals": form(grant_type="CLIENT_CREDENTIALS"),
    "an empty secret": form(client_secret=""),
    "an empty id": form(client_id=""),
    "an id in capitals": form(client_id=CLIENT_ID.upper()),
    "a secret without an id": {"data": {"grant_type": "client_credentials", "client_secret": SECRET}},
    "basic, in small letters": header(GOOD.replace("Basic", "basic")),
    "basic, its id encoded": header(basic(CLIENT_ID.replace("-", "%2D"), SECRET)),
    "basic, its secret encoded": header(basic(CLIENT_ID, SECRET.replace("-", "%2D"))),
    "basic, no colon": header(basic("nobody", colon="")),
    "basic, no secret": header(basic(CLIENT_ID)),
    "basic, no id": header(basic("", "x")),
    "basic, nothing": header("Basic"),
    "another scheme": header("Digest x"),
    "another scheme, good form": header("Bearer x", **FIELDS),
    "good basic, wrong secret in the form": header(GOOD, client_id=CLIENT_ID, client_secret="x"),
    "good basic, only a wrong secret in the form": header(GOOD, client_secret="x"),
    "good basic, the same id in the form": header(GOOD, client_id=CLIENT_ID),
    "good basic, another id in the form": header(GOOD, client_id="fisheries-service-102"),
    "wrong basic, good form": header(basic(CLIENT_ID, "x"), **FIELDS),
    "wrong basic, only a good secret in the form": header(basic(CLIENT_ID, "x"), client_secret=SECRET),
    "a browser client, wrong secret": form(client_id="grants-portal-101", client_secret="x"),
    "scope email": form(scope="email"),
    "all three scopes": form(scope="profile openid email"),
    "a scope twice": form(scope="openid openid"),
    "a scope in capitals": form(scope="OPENID"),
    "a good and an unknown scope": form(scope="openid magic"),
    "everything in the query": {"params": form()["data"]},
    "an empty body": {},
    "JSON and basic": {"json": {"grant_type": "client_credentials"}, "headers": {"authorization": GOOD}},
    "PUT": {"method": "PUT"},
    "DELETE": {"method": "DELETE"},
    "keys by POST": {"url": KEYS},
    "what is not there": {"method": "GET", "url": f"{REALM}/nothing"},
    "what is not there either": {"method": "GET", "url": f"{REALM}/protocol/openid-connect/nothing"},
    "a field twice": form(other=["1", "2"]),
    "an empty scope": form(scope=""),
    "blanks around a scope": form(scope=" openid "),
    "basic that cannot be read": header("Basic ?"),
}

# Requests to which they give different answers, with the status and words of Keycloak. No client needs these answers.
# If the sandbox learns one of them, its request moves to the table above.
LIFE: Final = 300

DIFFERENT: Final[dict[str, tuple[Sent, int, str]]] = {
    "a scope that our clients need not": (form(scope="phone"), 200, "phone"),
    "a bad code": (form(grant_type="authorization_code", code="x"), 400, "Code not valid"),
    "a bad refresh token": (form(grant_type="refresh_token", refresh_token="x"), 400, "Invalid refresh token"),
    "a device": (form(grant_type="urn:ietf:params:oauth:grant-type:device_code"), 400, "invalid_grant"),
    "basic without its padding": (header(GOOD.rstrip("=")), 401, "unauthorized_client"),
    "discovery by POST": ({"url": DISCOVERY}, 404, "HTTP 404 Not Found"),
    "a slash at the end": ({"url": f"{TOKEN}/", **form()}, 200, "email profile"),
}


def without_order(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body with a sorted scope, because the words of a scope have no order."""
    return {**body, "scope": " ".join(sorted(body["scope"].split()))} if "scope" in body else body


def asked(client: httpx.Client, sent: Sent) -> tuple[int, str, Any, dict[str, str]]:
    """Return status, type, body and cache headers of an answer, with tokens replaced by a placeholder."""
    answer = client.request(**{"method": "POST", "url": TOKEN, **sent})
    body = without_order(answer.json())
    if body.get("expires_in") == LIFE - 1:  # a second passed while the token was made
        body["expires_in"] = LIFE
    for name in ("access_token", "id_token"):
        if name in body:
            assert body[name].count(".") == 2
            body[name] = "<jwt>"
    kept = {name: value for name, value in answer.headers.items() if name in ("cache-control", "pragma")}
    return answer.status_code, answer.headers["content-type"].partition(";")[0], body, kept


@pytest.mark.parametrize("exchange", RECORDED["token_endpoint"], ids=lambda exchange: exchange["about"])
def test_keycloak_answers_as_recorded(real: httpx.Client, exchange: dict[str, Any]) -> None:
    """Keycloak answers each recorded token request with the recorded status, type, headers and body."""
    sent: Sent = {"method": exchange["method"], "data": exchange.get("form")}
    if "basic" in exchange:
        sent["auth"] = tuple(exchange["basic"])
    if "raw" in exchange:
        sent |= {"content": exchange["raw"], "headers": {"content-type": exchange["content_type"]}}
    body = without_order(exchange["body"])
    assert asked(real, sent) == (exchange["status"], exchange["type"], body, exchange["headers"])


@pytest.mark.parametrize("sent", ALIKE.values(), ids=[*ALIKE])
def test_the_sandbox_answers_as_keycloak_does(real: httpx.Client, ours: httpx.Client, sent: Sent) -> None:
    """The sandbox and Keycloak give the same answers to requests that are not in the recordings."""
    assert asked(ours, sent) == asked(real, sent)


@pytest.mark.parametrize(("sent", "status", "words"), DIFFERENT.values(), ids=[*DIFFERENT])
def test_the_table_of_differences_is_true(
    real: httpx.Client, ours: httpx.Client, sent: Sent, status: int, words: str
) -> None:
    """To each request in the table of differences, Keycloak gives the listed answer and the sandbox another one."""
    said = asked(real, sent)
    assert said[0] == status and words in json.dumps(said[2])
    assert asked(ours, sent) != said
