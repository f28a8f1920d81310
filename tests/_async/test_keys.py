"""Verifying tokens with fetched keys: how often keys are fetched, and how changed or missing keys are handled."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from css_sdk import AsyncTokenVerifier, ConfigurationError, InvalidToken, KeysUnavailable
from css_sdk._http.concurrency import async_each, async_sleep
from css_sdk.sandbox import Sandbox
from tests.signing import NOW, jwk, key, sandbox_with_long_tokens, token
from tests.support import Clock

ISSUER = "http://localhost/auth/dev/realms/standard"
CLIENT = "fisheries-service-102"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
MANY = 200
HOUR = 3600.0


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """Return a sandbox with this clock whose tokens are valid for a week."""
    return sandbox_with_long_tokens(clock)


@pytest.fixture
async def verifier(sandbox: Sandbox, clock: Clock) -> AsyncIterator[AsyncTokenVerifier]:
    """Return a verifier for an integration; a fault can delay its keys."""
    transport = sandbox.async_transport(async_sleep)
    async with AsyncTokenVerifier(ISSUER, CLIENT, clock=clock, transport=transport) as verifier:
        yield verifier


def good(sandbox: Sandbox) -> str:
    """Return a token signed with the current key."""
    return sandbox.token_for(CLIENT, 102, "dev")


def strange(number: int = 0) -> str:
    """Return a token signed with a key that the issuer never had."""
    return token(key("other"), header={"kid": f"made-up-{number}"}, iss=ISSUER, aud=CLIENT)


def fetches(sandbox: Sandbox) -> tuple[int, int]:
    """Return how often the discovery document and the keys were requested."""
    return sandbox.count("GET", "*/openid-configuration"), sandbox.count("GET", "*/certs")


async def reason(verifier: AsyncTokenVerifier, signed: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(signed)
    return caught.value.reason


async def test_keys_are_fetched_once(sandbox: Sandbox, verifier: AsyncTokenVerifier) -> None:
    """The verifier fetches the keys when it sees the first well-formed token, and then uses them again."""
    assert await reason(verifier, "rubbish") == "malformed"
    assert fetches(sandbox) == (0, 0)
    for _ in range(3):
        verified = await verifier.verify(good(sandbox))
        assert (verified.client_id, verified.is_service_account) == (CLIENT, True)
    assert await reason(verifier, good(sandbox)[:-2]) == "signature"
    assert fetches(sandbox) == (1, 1)


async def test_a_token_shows_the_roles_of_its_audience(sandbox: Sandbox, verifier: AsyncTokenVerifier) -> None:
    """A verified token shows the roles of its audience only, and says whether it belongs to a service account."""
    sandbox.create_role(102, "dev", "operator")
    sandbox.grant(102, "dev", "operator", f"service-account-{CLIENT}")
    sandbox.grant(101, "dev", "reviewer", f"service-account-{CLIENT}")
    assert (await verifier.verify(good(sandbox))).roles == {"operator"}
    async with AsyncTokenVerifier(
        ISSUER, "grants-portal-101", clock=sandbox.now, transport=sandbox.async_transport()
    ) as elsewhere:
        assert (await elsewhere.verify(good(sandbox))).roles == {"reviewer"}
        person = sandbox.token_for("0f3ac87806aa7f215a7c0d4cc4d9e799@idir", 101, "dev")
        assert not (await elsewhere.verify(person)).is_service_account
        assert await reason(verifier, person) == "audience"


async def test_a_token_in_the_form_of_cern_is_verified(sandbox: Sandbox) -> None:
    """A token in the form that CERN issues has its client id in `sub` and the roles of the target application."""
    account = sandbox.cern_environment()
    form = {
        "grant_type": "client_credentials",
        "client_id": account["CERN_CLIENT_ID"],
        "client_secret": account["CERN_CLIENT_SECRET"],
        "audience": "grants-portal-api",
    }
    async with httpx.AsyncClient(transport=sandbox.async_transport()) as http:
        signed = (await http.post(account["CERN_TOKEN_URL"], data=form)).json()["access_token"]
        issuer = account["CERN_TOKEN_URL"].partition("/api-access")[0]
        target = AsyncTokenVerifier(issuer, "grants-portal-api", http_client=http, clock=sandbox.now)
        verified = await target.verify(signed)
        assert (verified.client_id, verified.is_service_account) == (form["client_id"], True)
        assert verified.roles == {"approver", "reader"}
        other = AsyncTokenVerifier(issuer, "authorization-service-api", http_client=http, clock=sandbox.now)
        assert await reason(other, signed) == "audience"
        assert await reason(AsyncTokenVerifier(ISSUER, "x", http_client=http, clock=sandbox.now), signed)


async def test_a_flood_of_unknown_keys_causes_one_fetch(
    sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock
) -> None:
    """Many tokens with unknown keys cause one fetch in 30 seconds, and valid tokens are still accepted."""
    await verifier.verify(good(sandbox))
    reasons: list[str] = []

    async def ask(number: int) -> None:
        reasons.append(await reason(verifier, strange(number)))

    for seconds, expected in [(30, 2), (59.9, 2), (60, 3)]:
        clock.now = NOW + seconds
        sandbox.faults.add("delay", target="keys", seconds=0.02)
        await async_each(ask, range(MANY), MANY)
        sandbox.faults.clear()
        await verifier.verify(good(sandbox))
        assert fetches(sandbox) == (expected, expected)
    assert reasons == ["unknown key"] * MANY * 3


async def test_a_new_key_is_fetched_once_for_all_callers(
    sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock
) -> None:
    """If the key changes while many tokens are verified, one fetch serves all callers and every token is accepted."""
    old = good(sandbox)
    await verifier.verify(old)
    clock.now += 31
    sandbox.rotate_keys("dev", retire=False)
    new = good(sandbox)
    sandbox.faults.add("delay", target="keys", seconds=0.02)
    clients: list[str | None] = []

    async def ask(number: int) -> None:
        clients.append((await verifier.verify(new if number % 2 else old)).client_id)

    await async_each(ask, range(MANY), MANY)
    assert clients == [CLIENT] * MANY
    assert fetches(sandbox) == (2, 2)


async def test_a_retired_key_is_dropped(sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock) -> None:
    """The verifier drops a retired key when a token with a new key arrives, or after one hour."""
    first = good(sandbox)
    await verifier.verify(first)
    sandbox.rotate_keys("dev", retire=True)
    second = good(sandbox)
    assert await reason(verifier, second) == "unknown key"  # the keys were fetched less than 30 seconds ago
    clock.now += 30
    await verifier.verify(second)
    assert await reason(verifier, first) == "unknown key"
    sandbox.rotate_keys("dev", retire=True)
    clock.now += HOUR - 1
    await verifier.verify(second)
    clock.now += 1
    assert await reason(verifier, second) == "unknown key"
    assert fetches(sandbox) == (3, 3)


async def test_without_keys_a_token_is_not_reported_as_invalid(
    sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock
) -> None:
    """If the keys cannot be fetched, the verifier raises KeysUnavailable.

    It asks the login server once in 30 seconds.
    """
    sandbox.faults.add("drop_before", target="keys", times=None)
    waits: list[float | None] = []

    async def ask(number: int) -> None:
        with pytest.raises(KeysUnavailable, match="no answer came") as caught:
            await verifier.verify(good(sandbox) if number % 2 else strange(number))
        waits.append(caught.value.retry_after)

    await async_each(ask, range(MANY), MANY)
    assert waits == [30.0] * MANY
    clock.now += 29
    await ask(1)
    assert waits[-1] == 1.0
    assert fetches(sandbox) == (1, 0)
    assert await reason(verifier, "rubbish") == "malformed"
    sandbox.faults.clear()
    clock.now += 1
    await verifier.verify(good(sandbox))
    assert fetches(sandbox) == (2, 1)


async def test_known_keys_are_used_for_a_day(
    sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """If the login server fails, the verifier uses its known keys for a day and logs a warning.

    Tokens with unknown keys cannot be verified.
    """
    known = good(sandbox)
    await verifier.verify(known)
    sandbox.faults.add("500_before", target="keys", times=None)
    clock.now += 60
    with pytest.raises(KeysUnavailable, match="500") as caught:
        await verifier.verify(strange())
    assert caught.value.status == 500
    assert caught.value.request == "GET /auth/dev/realms/standard/.well-known/openid-configuration"
    with pytest.raises(KeysUnavailable):
        await verifier.verify(strange())
    await verifier.verify(known)
    assert fetches(sandbox) == (2, 1)
    clock.now = NOW + HOUR
    for _ in range(3):
        await verifier.verify(known)
    clock.now += 30
    await verifier.verify(known)
    assert fetches(sandbox) == (4, 1)
    assert ["css-sdk uses the known keys until" in record.getMessage() for record in caplog.records] == [True] * 3
    clock.now = NOW + 24 * HOUR
    with pytest.raises(KeysUnavailable):
        await verifier.verify(known)


async def test_a_clock_that_is_set_back_keeps_the_keys(
    sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock
) -> None:
    """If the clock is set back a little, the keys are kept. If it is set back by days, the keys are fetched again."""
    known = good(sandbox)
    await verifier.verify(known)
    clock.now -= 5
    await verifier.verify(known)
    assert fetches(sandbox) == (1, 1)
    clock.now -= 48 * HOUR
    assert await reason(verifier, known) == "not yet valid"
    assert fetches(sandbox) == (2, 2)


class Interrupted(BaseException):
    """An interruption, such as the cancellation of a task."""


async def test_the_keys_are_fetched_at_once_after_an_interrupted_fetch(clock: Clock) -> None:
    """After an interrupted fetch, the next caller fetches the keys at once instead of waiting 30 seconds."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            raise Interrupted
        return served(request)

    async with AsyncTokenVerifier(ISSUER, CLIENT, clock=clock, transport=httpx.MockTransport(answer)) as verifier:
        with pytest.raises(Interrupted):
            await verifier.verify(signed_here())
        assert (await verifier.verify(signed_here())).client_id == CLIENT
    assert len(asked) == 3


# Answers of a login server


def signed_here() -> str:
    """Return a token signed with the key that `served` publishes."""
    return token(iss=ISSUER, aud=CLIENT, azp=CLIENT)


def served(request: httpx.Request, **instead: Any) -> httpx.Response:
    """Return one of a login server's two documents; `discovery=` and `keys=` replace them."""
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
    """Return a discovery document with another address for the keys."""
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
    "large": ({"keys": b" " * 300_000}, "more than 262,144 bytes"),
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
async def test_a_malformed_answer_does_not_make_a_token_invalid(
    instead: dict[str, Any], words: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """If the login server's answer is malformed, the verifier raises KeysUnavailable and not InvalidToken."""
    transport = httpx.MockTransport(lambda request: served(request, **instead))
    signed = signed_here()
    async with AsyncTokenVerifier(ISSUER, CLIENT, clock=clock, transport=transport) as verifier:
        for _ in range(2):
            with pytest.raises(KeysUnavailable, match=words) as caught:
                await verifier.verify(signed)
    assert "hush" not in str(caught.value)
    assert not caplog.records


async def test_keys_of_an_https_issuer_are_not_fetched_over_http(clock: Clock) -> None:
    """If the issuer uses https, the verifier refuses keys over plain http, even on this machine."""
    issuer = "HTTPS://login.example/auth/realms/standard"
    discovery = {"issuer": issuer, "jwks_uri": "http://localhost/keys"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=discovery))
    async with AsyncTokenVerifier(issuer, CLIENT, clock=clock, transport=transport) as verifier:
        with pytest.raises(KeysUnavailable, match="safe address"):
            await verifier.verify(token(iss=issuer, aud=CLIENT))


async def test_the_address_of_the_keys_may_have_a_query(clock: Clock) -> None:
    """The address of the keys may contain a query, because some login servers select keys with it."""
    place = leading(f"{ISSUER}/keys?realm=a/b&c=d")
    place["keys"] = lambda request: served(request) if request.url.query == b"realm=a/b&c=d" else httpx.Response(404)
    transport = httpx.MockTransport(lambda request: served(request, **place))
    async with AsyncTokenVerifier(ISSUER, CLIENT, clock=clock, transport=transport) as verifier:
        await verifier.verify(signed_here())


@pytest.mark.parametrize("issuer", ["http://login.example/realms/x", "login.example", "https://u:p@login.example/x"])
def test_an_issuer_without_a_safe_address_is_refused(issuer: str) -> None:
    """An issuer without https is refused unless the keys are given as an argument."""
    with pytest.raises(ConfigurationError, match="The issuer") as caught:
        AsyncTokenVerifier(issuer, CLIENT)
    assert "allow_http" not in str(caught.value)
    assert AsyncTokenVerifier(issuer, CLIENT, keys=[jwk()])


async def test_the_callers_client_fetches_the_keys(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The caller's httpx client fetches the keys without its credentials and without a log line, and stays open."""
    caplog.set_level(logging.INFO)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return served(request)

    own: dict[str, Any] = {"headers": {"Authorization": "Bearer hush", "X-Key": "hush"}, "auth": ("me", "hush")}
    own |= {"cookies": {"session": "hush"}, "params": {"key": "hush"}}
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), **own) as http:
        with pytest.raises(ConfigurationError, match="transport"):
            AsyncTokenVerifier(ISSUER, CLIENT, http_client=http, transport=httpx.MockTransport(answer))
        async with AsyncTokenVerifier(ISSUER, CLIENT, clock=clock, http_client=http) as verifier:
            await verifier.verify(signed_here())
        assert not http.is_closed
    assert [set(request.headers) for request in seen] == [{"host", "accept", "accept-encoding", "user-agent"}] * 2
    assert "hush" not in "".join(f"{request.url} {request.headers.raw}" for request in seen)
    assert not caplog.records


async def test_a_closed_verifier_raises_a_configuration_error(verifier: AsyncTokenVerifier, sandbox: Sandbox) -> None:
    """A closed verifier raises ConfigurationError, which is not an error about the token."""
    await verifier.aclose()
    with pytest.raises(ConfigurationError, match="closed"):
        await verifier.verify(good(sandbox))
