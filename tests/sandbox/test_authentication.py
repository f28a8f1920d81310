"""Tokens that the API accepts, and its answers to others."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from css_sdk.sandbox import Sandbox


def refused(call: Any, **headers: str) -> str:
    """Return the reason in a 401."""
    answer = call("GET", "/integrations", **headers)
    assert answer.status == 401
    assert "www-authenticate" not in answer.headers
    body = json.loads(answer.body)
    assert body.keys() == {"success", "data", "err"}
    assert (body["success"], body["data"]) == (False, None)
    return str(body["err"])


def test_a_token_is_valid_until_its_last_second(call: Any, clock: Any, sandbox: Sandbox) -> None:
    """The sandbox's clock decides, although the signature is checked only once."""
    assert call("GET", "/verify-token").status == 200
    clock.now += 299.9
    assert call("GET", "/verify-token").status == 200
    clock.now += 0.1
    assert refused(call) == "token expired"
    call.renew()
    assert call.status_and_json("GET", "/verify-token") == (200, {"teamId": "2016"})


def test_the_life_of_tokens_and_the_clock_of_the_servers_can_be_set(call: Any, clock: Any, sandbox: Sandbox) -> None:
    """Tokens expire after the life that was set, by the clock of the servers."""
    sandbox.token_life = 30
    sandbox.clock_skew = 1000
    claims = jwt.decode(call.token, options={"verify_signature": False, "verify_exp": False})
    assert (claims["iat"] - clock.now, claims["exp"] - clock.now) == (1000, 1030)
    assert call("GET", "/verify-token").status == 200
    clock.now += 30
    assert refused(call) == "token expired"


def test_rotated_keys_and_revoked_tokens(call: Any, sandbox: Sandbox) -> None:
    """Tokens issued before a rotation or a revocation are refused; later ones are accepted."""
    for spoil in (sandbox.revoke_tokens, sandbox.rotate_keys, lambda: sandbox.rotate_keys("prod")):
        assert call("GET", "/verify-token").status == 200
        spoil()
        refused(call)
        call.renew()
    assert call("GET", "/verify-token").status == 200
    sandbox.rotate_keys("dev")
    assert call("GET", "/verify-token").status == 200


def test_only_tokens_of_api_accounts_are_accepted(call: Any, sandbox: Sandbox) -> None:
    """A token of dev, of a person or of an integration is refused."""
    fisher = sandbox.token_for("fisheries-service-102", 102, "prod")
    for token in (sandbox.token_for("fisheries-service-102", 102, "dev"), fisher):
        refused(call, authorization=f"Bearer {token}")


def test_a_forged_token_is_invalid(call: Any) -> None:
    """A token with a wrong signature is invalid, even if its claims are right."""
    header, claims, signature = call.token.split(".")
    body = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**body, "team": "1"}).encode()).rstrip(b"=").decode()
    assert refused(call, authorization=f"Bearer {header}.{forged}.{signature}") == "invalid token"
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "x"}).encode()).rstrip(b"=").decode()
    refused(call, authorization=f"Bearer {none}.{forged}.")


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "W10.W10.W10", "e30.e30.e30"])
def test_an_unreadable_token_gets_the_last_reason(call: Any, token: str) -> None:
    """A text that is not a token is refused with the reason of the last refusal, even of another client."""
    assert refused(call, authorization=f"Bearer {token}") == "not authorized"
    assert refused(call, authorization="Basic x") == "No authorization token was found"
    assert refused(call, authorization=f"Bearer {token}") == "No authorization token was found"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer abc", "Token abc"])
def test_a_header_without_a_token(call: Any, header: str) -> None:
    """The word Bearer is matched with its case."""
    assert refused(call, authorization=header) == "No authorization token was found"


def test_the_heartbeat_needs_no_token(call: Any, clock: Any) -> None:
    """The heartbeat answers the time without a token."""
    answer = call.send("GET", "/api/v1/heartbeat")
    assert (answer.status, json.loads(answer.body)) == (200, [{"now": "2026-11-18T11:06:40.000Z"}])


def test_token_requests_pass_through_the_api(call: Any) -> None:
    """Valid credentials pass, as a form and as JSON; anything else is an unknown exception."""
    good = {name: call.credentials[name] for name in ("client_id", "client_secret")}
    good["grant_type"] = "client_credentials"
    answer = call.send("POST", "/api/v1/token", json.dumps(good).encode(), **{"content-type": "application/json"})
    assert answer.status == 200
    token = json.loads(answer.body)["access_token"]
    assert call("GET", "/verify-token", authorization=f"Bearer {token}").status == 200
    fields = f"client_id={good['client_id']}&client_secret=wrong"
    answer = call.form("/api/v1/token", fields)
    assert (answer.status, json.loads(answer.body)) == (422, {"message": "unknown exception"})
    assert call.send("POST", "/api/v1/token").status == 422


def test_another_teams_integrations_do_not_exist(caller: Any, recorded: Any) -> None:
    """Every call on an integration of another team answers 404."""
    call = caller(Sandbox(recorded("world")), 2017)
    assert [found["id"] for found in call.status_and_json("GET", "/integrations")[1]["data"]] == [105]
    assert call("GET", "/integrations/101/dev/roles").status == 404


def test_a_service_that_lost_the_keys_refuses_good_tokens(call: Any, sandbox: Sandbox) -> None:
    """It answers 401 to every token, new ones included, until it is restarted; what needs no token goes on."""
    assert call("GET", "/verify-token").status == 200
    fault = sandbox.faults.add("lost_keys")
    for _ in range(3):
        refused(call)
        call.renew()
    assert call("GET", "/nothing").status == 401
    assert call.send("GET", "/api/v1/heartbeat").status == 200
    fields = f"client_id={call.credentials['client_id']}&client_secret={call.credentials['client_secret']}"
    assert call.form("/api/v1/token", fields).status == 200
    assert fault.struck == 4
    sandbox.faults.clear()
    assert call("GET", "/verify-token").status == 200


def test_a_service_that_lost_the_keys_still_reads_the_body_first(call: Any, sandbox: Sandbox) -> None:
    """A malformed body is a page, as always."""
    sandbox.faults.add("lost_keys")
    assert call("POST", "/integrations/101/dev/roles", b"{").status == 400


def test_an_archived_integration_does_not_exist(caller: Any, recorded: Any) -> None:
    """It is not listed, and every call on it is answered as for an unknown id."""
    world = recorded("world")
    (archived,) = [found for found in world["integrations"] if found["id"] == 101]
    archived["archived"] = True
    call = caller(Sandbox(world))
    unknown = {"message": "integration #101 not found"}
    assert 101 not in [found["id"] for found in call.status_and_json("GET", "/integrations")[1]["data"]]
    assert call.status_and_json("GET", "/integrations/101") == (404, unknown)
    assert call.status_and_json("GET", "/integrations/101/dev/roles") == (404, unknown)
    assert call.status_and_json("POST", "/integrations/101/dev/roles", {"name": "x"}) == (404, unknown)
    assert call("GET", "/integrations/101/dev/logs?start=2026-11-15&end=2026-11-16").status == 403
    archived["archived"] = False
    assert caller(Sandbox(world)).status_and_json("GET", "/integrations/101")[0] == 200
