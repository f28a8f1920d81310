# Written from tests/_async/test_keys.py by `make generate`; edit that one.
"""Verifying tokens with fetched keys: how often they are fetched, and changed or missing keys."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from css_sdk import ConfigurationError, InvalidToken, KeysUnavailable, TokenVerifier
from css_sdk._http.concurrency import each, sleep
from css_sdk.sandbox import Sandbox
from tests.signing import NOW, jwk, key, token
from tests.support import Clock

ISSUER = "http://localhost/auth/dev/realms/standard"
CLIENT = "fisheries-service-102"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
MANY = 200
HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is set."""
    return Clock(NOW)


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """A sandbox by that clock whose tokens live for a week."""
    sandbox = Sandbox(clock=clock)
    sandbox.token_life = 7 * 24 * HOUR
    return sandbox


@pytest.fixture
def verifier(sandbox: Sandbox, clock: Clock) -> Iterator[TokenVerifier]:
    """Return a verifier for an integration, whose keys can be made to come late."""
    transport = sandbox.transport(sleep)
    with TokenVerifier(ISSUER, CLIENT, clock=clock, transport=transport) as verifier:
        yield verifier


def good(sandbox: Sandbox) -> str:
    """Return a token by the key that signs now."""
    return sandbox.token_for(CLIENT, 102, "dev")


def strange(number: int = 0) -> str:
    """Return a token of a key that the issuer never had."""
    return token(key("other"), header={"kid": f"made-up-{number}"}, iss=ISSUER, aud=CLIENT)


def fetches(sandbox: Sandbox) -> tuple[int, int]:
    """Return how often the discovery document and the keys were requested."""
    return sandbox.count("GET", "*/openid-configuration"), sandbox.count("GET", "*/certs")


def reason(verifier: TokenVerifier, signed: str) -> str:
    """Return why a token is refused; the text does not contain the token."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(signed)
    return caught.value.reason


def test_keys_are_fetched_once(sandbox: Sandbox, verifier: TokenVerifier) -> None:
    """With the first text that looks like a token, and not again."""
    assert reason(verifier, "rubbish") == "malformed"
    assert fetches(sandbox) == (0, 0)
    for _ in range(3):
        told = verifier.verify(good(sandbox))
        assert (told.client_id, told.is_service_account) == (CLIENT, True)
    assert reason(verifier, good(sandbox)[:-2]) == "signature"
    assert fetches(sandbox) == (1, 1)


def test_roles_and_people_of_the_sandbox(sandbox: Sandbox, verifier: TokenVerifier) -> None:
    """A service account has in its token the role of the audience, not that of another integration."""
    sandbox.create_role(102, "dev", "operator")
    sandbox.grant(102, "dev", "operator", f"service-account-{CLIENT}")
    sandbox.grant(101, "dev", "reviewer", f"service-account-{CLIENT}")
    assert (verifier.verify(good(sandbox))).roles == {"operator"}
    with TokenVerifier(ISSUER, "grants-portal-101", clock=sandbox.now, transport=sandbox.transport()) as elsewhere:
        assert (elsewhere.verify(good(sandbox))).roles == {"reviewer"}
        person = sandbox.token_for("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", 101, "dev")
        assert not (elsewhere.verify(person)).is_service_account
        assert reason(verifier, person) == "audience"


def test_tokens_as_cern_gives_them(sandbox: Sandbox) -> None:
    """The caller is in `sub`, and its roles are under the target's name."""
    account = sandbox.cern_environment()
    form = {
        "grant_type": "client_credentials",
        "client_id": account["CERN_CLIENT_ID"],
        "client_secret": account["CERN_CLIENT_SECRET"],
        "audience": "grants-portal-api",
    }
    with httpx.Client(transport=sandbox.transport()) as http:
        signed = (http.post(account["CERN_TOKEN_URL"], data=form)).json()["access_token"]
        issuer = account["CERN_TOKEN_URL"].partition("/api-access")[0]
        target = TokenVerifier(issuer, "grants-portal-api", http_client=http, clock=sandbox.now)
        told = target.verify(signed)
        assert (told.client_id, told.is_service_account) == (form["client_id"], True)
        assert told.roles == {"approver", "reader"}
        other = TokenVerifier(issuer, "authorization-service-api", http_client=http, clock=sandbox.now)
        assert reason(other, signed) == "audience"
        assert reason(TokenVerifier(ISSUER, "x", http_client=http, clock=sandbox.now), signed)


def test_a_flood_of_unknown_keys_causes_one_fetch(sandbox: Sandbox, verifier: TokenVerifier, clock: Clock) -> None:
    """All concurrent callers wait for it; for 30 seconds there is no other, and valid tokens pass."""
    verifier.verify(good(sandbox))
    reasons: list[str] = []

    def ask(number: int) -> None:
        reasons.append(reason(verifier, strange(number)))

    for seconds, expected in [(30, 2), (59.9, 2), (60, 3)]:
        clock.now = NOW + seconds
        sandbox.faults.add("delay", target="keys", seconds=0.02)
        each(ask, range(MANY), MANY)
        sandbox.faults.clear()
        verifier.verify(good(sandbox))
        assert fetches(sandbox) == (expected, expected)
    assert reasons == ["unknown key"] * MANY * 3


def test_a_new_key_is_fetched_once_for_all(sandbox: Sandbox, verifier: TokenVerifier, clock: Clock) -> None:
    """The key changes while tokens are verified: all callers that wait for the fetch succeed."""
    old = good(sandbox)
    verifier.verify(old)
    clock.now += 31
    sandbox.rotate_keys("dev", retire=False)
    new = good(sandbox)
    sandbox.faults.add("delay", target="keys", seconds=0.02)
    clients: list[str | None] = []

    def ask(number: int) -> None:
        clients.append((verifier.verify(new if number % 2 else old)).client_id)

    each(ask, range(MANY), MANY)
    assert clients == [CLIENT] * MANY
    assert fetches(sandbox) == (2, 2)


def test_a_retired_key_is_forgotten(sandbox: Sandbox, verifier: TokenVerifier, clock: Clock) -> None:
    """When a token of the new key comes, or within the hour."""
    first = good(sandbox)
    verifier.verify(first)
    sandbox.rotate_keys("dev", retire=True)
    second = good(sandbox)
    assert reason(verifier, second) == "unknown key"  # the keys were fetched just now
    clock.now += 30
    verifier.verify(second)
    assert reason(verifier, first) == "unknown key"
    sandbox.rotate_keys("dev", retire=True)
    clock.now += HOUR - 1
    verifier.verify(second)
    clock.now += 1
    assert reason(verifier, second) == "unknown key"
    assert fetches(sandbox) == (3, 3)


def test_without_keys_a_token_is_not_called_invalid(sandbox: Sandbox, verifier: TokenVerifier, clock: Clock) -> None:
    """If the login server is down, it is asked once in 30 seconds."""
    sandbox.faults.add("drop_before", target="keys", times=None)
    waits: list[float | None] = []

    def ask(number: int) -> None:
        with pytest.raises(KeysUnavailable, match="no answer came") as caught:
            verifier.verify(good(sandbox) if number % 2 else strange(number))
        waits.append(caught.value.retry_after)

    each(ask, range(MANY), MANY)
    assert waits == [30.0] * MANY
    clock.now += 29
    ask(1)
    assert waits[-1] == 1.0
    assert fetches(sandbox) == (1, 0)
    assert reason(verifier, "rubbish") == "malformed"
    sandbox.faults.clear()
    clock.now += 1
    verifier.verify(good(sandbox))
    assert fetches(sandbox) == (2, 1)


def test_known_keys_are_used_for_a_day(
    sandbox: Sandbox, verifier: TokenVerifier, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """With a warning; tokens of an unknown key cannot be verified."""
    known = good(sandbox)
    verifier.verify(known)
    sandbox.faults.add("500_before", target="keys", times=None)
    clock.now += 60
    with pytest.raises(KeysUnavailable, match="500") as caught:
        verifier.verify(strange())
    assert caught.value.status == 500
    assert caught.value.request == "GET /auth/dev/realms/standard/.well-known/openid-configuration"
    with pytest.raises(KeysUnavailable):
        verifier.verify(strange())
    verifier.verify(known)
    assert fetches(sandbox) == (2, 1)
    clock.now = NOW + HOUR
    for _ in range(3):
        verifier.verify(known)
    clock.now += 30
    verifier.verify(known)
    assert fetches(sandbox) == (4, 1)
    assert ["The known keys are used" in record.getMessage() for record in caplog.records] == [True] * 3
    clock.now = NOW + 24 * HOUR
    with pytest.raises(KeysUnavailable):
        verifier.verify(known)


def test_a_clock_that_is_set_back_keeps_the_keys(sandbox: Sandbox, verifier: TokenVerifier, clock: Clock) -> None:
    """If it is set back a little; if it is set far back, keys are fetched again."""
    known = good(sandbox)
    verifier.verify(known)
    clock.now -= 5
    verifier.verify(known)
    assert fetches(sandbox) == (1, 1)
    clock.now -= 48 * HOUR
    assert reason(verifier, known) == "not yet valid"
    assert fetches(sandbox) == (2, 2)


class Interrupted(BaseException):
    """As when a task is cancelled."""


def test_an_interrupted_fetch_does_not_count(clock: Clock) -> None:
    """The next caller fetches, and does not wait half a minute."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            raise Interrupted
        return served(request)

    with TokenVerifier(ISSUER, CLIENT, clock=clock, transport=httpx.MockTransport(answer)) as verifier:
        with pytest.raises(Interrupted):
            verifier.verify(signed_here())
        assert (verifier.verify(signed_here())).client_id == CLIENT
    assert len(asked) == 3


# What a server may say


def signed_here() -> str:
    """Return a token by the key that `served` shows."""
    return token(iss=ISSUER, aud=CLIENT, azp=CLIENT)


def served(request: httpx.Request, **instead: Any) -> httpx.Response:
    """A login server's two documents; `discovery` and `keys` stand for other ones."""
    place = "discovery" if str(request.url) == DISCOVERY else "keys"
    documents: dict[str, Any] = {
        "discovery": {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/protocol/openid-connect/certs"},
        "keys": {"keys": [jwk()]},
    }
    found = {**documents, **instead}[place]
    if callable(found):
        return found(request)
    content = found if isinstance(found, bytes) else json.dumps(found).encode()
    return httpx.Response(200, content=content)


def raising(error: type[httpx.RequestError]) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that raises an error."""

    def answer(request: httpx.Request) -> httpx.Response:
        raise error("nothing", request=request)

    return answer


def leading(address: Any) -> dict[str, Any]:
    """Return a discovery document with another address of keys."""
    return {"discovery": {"issuer": ISSUER, "jwks_uri": address}}


NONSENSE: dict[str, tuple[dict[str, Any], str]] = {
    "no connection": ({"discovery": raising(httpx.ConnectError)}, "no answer came"),
    "a lost connection": ({"keys": raising(httpx.RemoteProtocolError)}, "no answer came"),
    "too late": ({"keys": raising(httpx.ReadTimeout)}, "in time"),
    "a redirect": ({"keys": lambda _: httpx.Response(302, headers={"Location": "http://localhost/x"})}, "302"),
    "404": ({"discovery": lambda _: httpx.Response(404, html="<h1>what?</h1>")}, "404"),
    "a page": ({"discovery": b"<html>"}, "not a JSON object"),
    "no text": ({"keys": b"\xff\xfe\xfa"}, "not a JSON object"),
    "a list": ({"discovery": []}, "not a JSON object"),
    "nested deep": ({"keys": b"[" * 200_000}, "not a JSON object"),
    "large": ({"keys": b" " * 300_000}, "more than 262144 bytes"),
    "another issuer": ({"discovery": {"issuer": f"{ISSUER}/", "jwks_uri": f"{ISSUER}/k"}}, "another issuer"),
    "nothing in it": ({"discovery": {}}, "another issuer"),
    "keys elsewhere by http": (leading("http://keys.example/keys"), "safe address"),
    "keys in a file": (leading("file:///etc/passwd"), "safe address"),
    "keys with a password": (leading("https://me:hush@keys.example/keys"), "safe address"),
    "keys nowhere": (leading(None), "safe address"),
    "keys behind a mark": (leading(f"{ISSUER}/k?a#b"), "safe address"),
    "keys behind a line": (leading(f"{ISSUER}/k?a\nb"), "safe address"),
    "keys in a list": (leading([f"{ISSUER}/k"]), "safe address"),
    "no keys": ({"keys": {"keys": []}}, "no key for RS256"),
    "no key that fits": ({"keys": {"keys": [jwk(use="enc"), {"kty": "oct", "k": "AAAA", "kid": "first"}]}}, "no key"),
    "keys of another shape": ({"keys": {"keys": {"first": jwk()}}}, "no key"),
}


@pytest.mark.parametrize(("instead", "words"), NONSENSE.values(), ids=[*NONSENSE])
def test_a_malformed_answer_does_not_make_a_token_invalid(
    instead: dict[str, Any], words: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The error is about the server, once."""
    transport = httpx.MockTransport(lambda request: served(request, **instead))
    signed = signed_here()
    with TokenVerifier(ISSUER, CLIENT, clock=clock, transport=transport) as verifier:
        for _ in range(2):
            with pytest.raises(KeysUnavailable, match=words) as caught:
                verifier.verify(signed)
    assert "hush" not in str(caught.value)
    assert not caplog.records


def test_keys_of_a_safe_issuer_come_safely(clock: Clock) -> None:
    """By https, even if plain http would only lead to this machine, in any spelling."""
    issuer = "HTTPS://login.example/auth/realms/standard"
    discovery = {"issuer": issuer, "jwks_uri": "http://localhost/keys"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=discovery))
    with TokenVerifier(issuer, CLIENT, clock=clock, transport=transport) as verifier:
        with pytest.raises(KeysUnavailable, match="safe address"):
            verifier.verify(token(iss=issuer, aud=CLIENT))


def test_keys_may_have_a_query(clock: Clock) -> None:
    """Some servers distinguish keys by it."""
    place = leading(f"{ISSUER}/keys?realm=a/b&c=d")
    place["keys"] = lambda request: served(request) if request.url.query == b"realm=a/b&c=d" else httpx.Response(404)
    transport = httpx.MockTransport(lambda request: served(request, **place))
    with TokenVerifier(ISSUER, CLIENT, clock=clock, transport=transport) as verifier:
        verifier.verify(signed_here())


@pytest.mark.parametrize("issuer", ["http://login.example/realms/x", "login.example", "https://u:p@login.example/x"])
def test_an_issuer_has_a_safe_address(issuer: str) -> None:
    """Keys over plain http could be anybody's; with given keys, the issuer may have any name."""
    with pytest.raises(ConfigurationError, match="The issuer") as caught:
        TokenVerifier(issuer, CLIENT)
    assert "allow_http" not in str(caught.value)
    assert TokenVerifier(issuer, CLIENT, keys=[jwk()])


def test_the_callers_client_fetches_the_keys(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Without its credentials and without a line in its log; it stays open."""
    caplog.set_level(logging.INFO)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return served(request)

    own: dict[str, Any] = {"headers": {"Authorization": "Bearer hush", "X-Key": "hush"}, "auth": ("me", "hush")}
    own |= {"cookies": {"session": "hush"}, "params": {"key": "hush"}}
    with httpx.Client(transport=httpx.MockTransport(answer), **own) as http:
        with pytest.raises(ConfigurationError, match="transport"):
            TokenVerifier(ISSUER, CLIENT, http_client=http, transport=httpx.MockTransport(answer))
        with TokenVerifier(ISSUER, CLIENT, clock=clock, http_client=http) as verifier:
            verifier.verify(signed_here())
        assert not http.is_closed
    assert [set(request.headers) for request in seen] == [{"host", "accept", "accept-encoding", "user-agent"}] * 2
    assert "hush" not in "".join(f"{request.url} {request.headers.raw}" for request in seen)
    assert not caplog.records


def test_a_closed_verifier_says_so(verifier: TokenVerifier, sandbox: Sandbox) -> None:
    """The error is not about the token."""
    verifier.close()
    with pytest.raises(ConfigurationError, match="closed"):
        verifier.verify(good(sandbox))
