"""Tokens that the sandbox's API accepts, and its answers to other tokens."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from css_sdk.sandbox import Sandbox


def refused(call: Any, **headers: str) -> str:
    """Return the reason in a 401 answer."""
    answer = call("GET", "/integrations", **headers)
    assert answer.status == 401
    assert "www-authenticate" not in answer.headers
    body = json.loads(answer.body)
    assert body.keys() == {"success", "data", "err"}
    assert (body["success"], body["data"]) == (False, None)
    return str(body["err"])


def test_a_token_is_valid_until_its_last_second(call: Any, clock: Any, sandbox: Sandbox) -> None:
    """A token is accepted until its last second by the sandbox's clock, and refused from then on."""
    assert call("GET", "/verify-token").status == 200
    clock.now += 299.9
    assert call("GET", "/verify-token").status == 200
    clock.now += 0.1
    assert refused(call) == "token expired"
    call.renew()
    assert call.status_and_json("GET", "/verify-token") == (200, {"teamId": "2016"})


def test_token_life_and_clock_skew_can_be_set(call: Any, clock: Any, sandbox: Sandbox) -> None:
    """token_life sets how long tokens are valid, and clock_skew sets how far the servers' clock is ahead."""
    sandbox.token_life = 30
    sandbox.clock_skew = 1000
    claims = jwt.decode(call.token, options={"verify_signature": False, "verify_exp": False})
    assert (claims["iat"] - clock.now, claims["exp"] - clock.now) == (1000, 1030)
    assert call("GET", "/verify-token").status == 200
    clock.now += 30
    assert refused(call) == "token expired"


def test_a_rotation_of_keys_and_a_revocation_end_tokens(call: Any, sandbox: Sandbox) -> None:
    """Tokens issued before a rotation of keys in prod or a revocation are refused, and later ones are accepted."""
    for spoil in (sandbox.revoke_tokens, sandbox.rotate_keys, lambda: sandbox.rotate_keys("prod")):
        assert call("GET", "/verify-token").status == 200
        spoil()
        refused(call)
        call.renew()
    assert call("GET", "/verify-token").status == 200
    sandbox.rotate_keys("dev")
    assert call("GET", "/verify-token").status == 200


def test_only_tokens_of_api_accounts_in_prod_are_accepted(call: Any, sandbox: Sandbox) -> None:
    """The API refuses a token of dev and a token of an integration."""
    fisher = sandbox.token_for("fisheries-service-102", 102, "prod")
    for token in (sandbox.token_for("fisheries-service-102", 102, "dev"), fisher):
        refused(call, authorization=f"Bearer {token}")


def test_a_forged_token_is_refused(call: Any) -> None:
    """A token with changed claims, or without a signature, is refused."""
    header, claims, signature = call.token.split(".")
    body = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**body, "team": "1"}).encode()).rstrip(b"=").decode()
    assert refused(call, authorization=f"Bearer {header}.{forged}.{signature}") == "invalid token"
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": "x"}).encode()).rstrip(b"=").decode()
    refused(call, authorization=f"Bearer {none}.{forged}.")


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "W10.W10.W10", "e30.e30.e30"])
def test_an_unreadable_token_is_refused_with_the_last_reason(call: Any, token: str) -> None:
    """A text that is not a token is refused with the reason of the last refusal, as by the service."""
    assert refused(call, authorization=f"Bearer {token}") == "not authorized"
    assert refused(call, authorization="Basic x") == "No authorization token was found"
    assert refused(call, authorization=f"Bearer {token}") == "No authorization token was found"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer abc", "Token abc"])
def test_a_header_without_a_token_counts_as_missing(call: Any, header: str) -> None:
    """A header without a token, or with `bearer` in lower case, counts as missing."""
    assert refused(call, authorization=header) == "No authorization token was found"


def test_the_heartbeat_needs_no_token(call: Any, clock: Any) -> None:
    """The heartbeat returns the time without a token."""
    answer = call.send("GET", "/api/v1/heartbeat")
    assert (answer.status, json.loads(answer.body)) == (200, [{"now": "2026-11-18T11:06:40.000Z"}])


def test_a_token_can_be_requested_through_the_api(call: Any) -> None:
    """A token request through the API succeeds as a form and as JSON, and a wrong one gets 422."""
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


def test_integrations_of_another_team_do_not_exist(caller: Any, recorded: Any) -> None:
    """Integrations of another team are not listed and get 404."""
    call = caller(Sandbox(recorded("world")), 2017)
    assert [found["id"] for found in call.status_and_json("GET", "/integrations")[1]["data"]] == [105]
    assert call("GET", "/integrations/101/dev/roles").status == 404


def test_a_service_without_keys_refuses_valid_tokens(call: Any, sandbox: Sandbox) -> None:
    """With the fault lost_keys, every token gets 401, and calls that need no token succeed."""
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


def test_a_service_without_keys_still_reads_the_body_first(call: Any, sandbox: Sandbox) -> None:
    """With the fault lost_keys, a malformed body still gets 400 before the token is checked."""
    sandbox.faults.add("lost_keys")
    assert call("POST", "/integrations/101/dev/roles", b"{").status == 400


def test_an_archived_integration_does_not_exist(caller: Any, recorded: Any) -> None:
    """An archived integration is not listed, and every call on it is answered as for an unknown id."""
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
