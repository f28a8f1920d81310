"""One verifier for several issuers and audiences, and keys at another address than the one that discovery finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from css_sdk import AsyncTokenVerifier, ConfigurationError, InvalidToken, KeysUnavailable
from css_sdk.sandbox import Sandbox
from tests.signing import AUDIENCE, ISSUER, NOW, jwk, key, token
from tests.support import Clock

DEV, TEST = (f"http://localhost/auth/{place}/realms/standard" for place in ("dev", "test"))
PERSON = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
PORTAL, FISHERIES = "grants-portal-101", "fisheries-service-102"
OTHER = "https://login.example/auth/realms/other"
INSIDE = "https://keycloak.internal/certs"
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
async def verifier(sandbox: Sandbox, clock: Clock) -> AsyncIterator[AsyncTokenVerifier]:
    """Return a verifier for two login servers and two integrations."""
    transport = sandbox.async_transport()
    async with AsyncTokenVerifier([DEV, TEST], [PORTAL, FISHERIES], clock=clock, transport=transport) as verifier:
        yield verifier


class Server:
    """Login servers that publish keys, and count what they are asked."""

    def __init__(self, **keys: list[dict[str, Any]]) -> None:
        self.keys = {"/certs": keys.get("certs", [jwk()]), "/other": keys.get("other", [jwk("other")])}
        self.asked: Counter[str] = Counter()

    def transport(self) -> httpx.MockTransport:
        """Answer for every host."""
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The keys of a path."""
        self.asked[str(request.url)] += 1
        if request.url.path not in self.keys:
            return httpx.Response(404)
        return httpx.Response(200, json={"keys": self.keys[request.url.path]})


async def reason(verifier: AsyncTokenVerifier, signed: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(signed)
    return caught.value.reason


async def test_tokens_of_each_issuer_for_each_audience_are_accepted(
    sandbox: Sandbox, verifier: AsyncTokenVerifier
) -> None:
    """The keys of an issuer are fetched when its first token comes, and once."""
    for issuer, place in ((DEV, "dev"), (TEST, "test")):
        for _ in range(2):
            verified = await verifier.verify(sandbox.token_for(PERSON, 101, place))
            assert (verified.issuer, verified.audience) == (issuer, PORTAL)
    assert sandbox.count("GET", "*/certs") == 2


async def test_other_issuers_and_audiences_are_refused(sandbox: Sandbox, verifier: AsyncTokenVerifier) -> None:
    """For an issuer that is not accepted, nothing is fetched: a forged token cannot make the verifier ask anybody."""
    with pytest.raises(InvalidToken) as caught:
        await verifier.verify(sandbox.token_for(FISHERIES, 102, "prod"))
    assert caught.value.reason == "issuer"
    assert f"Its issuer is not {DEV} or {TEST}." in str(caught.value)
    assert not sandbox.requests
    async with AsyncTokenVerifier([DEV, TEST], ["a", "b"], transport=sandbox.async_transport(), clock=sandbox.now) as v:
        with pytest.raises(InvalidToken) as caught:
            await v.verify(sandbox.token_for(FISHERIES, 102, "dev"))
    assert "Its audience is not 'a' or 'b'." in str(caught.value)


@pytest.mark.parametrize("iss", [None, "", 5, [ISSUER, OTHER], {"a": 1}, f"{ISSUER}/", ISSUER.upper()])
async def test_an_issuer_in_another_form_is_refused(iss: Any, clock: Clock) -> None:
    """Only a text that is equal to an accepted issuer selects keys."""
    server = Server()
    addresses = {ISSUER: INSIDE, OTHER: "https://keycloak.internal/other"}
    made = AsyncTokenVerifier([ISSUER, OTHER], AUDIENCE, jwks_url=addresses, clock=clock, http_client=client(server))
    assert await reason(made, token(iss=iss)) == "issuer"
    assert not server.asked


def client(server: Server) -> httpx.AsyncClient:
    """An httpx client that reaches the servers."""
    return httpx.AsyncClient(transport=server.transport())


async def test_a_key_counts_only_for_its_own_issuer(clock: Clock) -> None:
    """An issuer cannot sign in the name of another one, not even with the key id of that one's key."""
    server = Server()
    addresses = {ISSUER: INSIDE, OTHER: "https://keycloak.internal/other"}
    made = AsyncTokenVerifier([ISSUER, OTHER], AUDIENCE, jwks_url=addresses, clock=clock, http_client=client(server))
    assert (await made.verify(token())).issuer == ISSUER
    assert (await made.verify(token(key("other"), header={"kid": "other"}, iss=OTHER))).issuer == OTHER
    clock.now += 40
    assert await reason(made, token(iss=OTHER)) == "unknown key"
    assert await reason(made, token(key("other"), header={"kid": "first"})) == "signature"
    assert await reason(made, token(key("other"), header={"kid": "other"})) == "unknown key"


async def test_keys_change_at_one_issuer_and_not_at_the_other(
    sandbox: Sandbox, verifier: AsyncTokenVerifier, clock: Clock
) -> None:
    """New keys are fetched from the issuer that changed them."""
    old = {place: sandbox.token_for(PERSON, 101, place) for place in ("dev", "test")}
    for each in old.values():
        await verifier.verify(each)
    clock.now += 40
    sandbox.rotate_keys("test")
    fetched = sandbox.count("GET", "*/certs")
    assert (await verifier.verify(sandbox.token_for(PERSON, 101, "test"))).issuer == TEST
    assert sandbox.count("GET", "*/certs") == fetched + 1
    assert await reason(verifier, old["test"]) == "unknown key"
    assert (await verifier.verify(old["dev"])).issuer == DEV


async def test_an_issuer_that_is_down_does_not_disturb_the_other(sandbox: Sandbox, clock: Clock) -> None:
    """Only tokens of the issuer whose keys cannot be fetched are left undecided."""
    server = Server()
    del server.keys["/other"]
    addresses = {ISSUER: INSIDE, OTHER: "https://keycloak.internal/other"}
    made = AsyncTokenVerifier([ISSUER, OTHER], AUDIENCE, jwks_url=addresses, clock=clock, http_client=client(server))
    with pytest.raises(KeysUnavailable, match="the answer was 404"):
        await made.verify(token(key("other"), header={"kid": "other"}, iss=OTHER))
    assert (await made.verify(token())).issuer == ISSUER


async def test_roles_belong_to_one_audience(clock: Clock) -> None:
    """The first accepted one that the token is for; those of another one are asked for by its name."""
    access = {name: {"roles": [f"role of {name}"]} for name in ("a", "b", "c")}
    made = AsyncTokenVerifier(ISSUER, ["b", "a"], keys=[jwk()], clock=clock)
    verified = await made.verify(token(aud=["a", "b", "c"], azp="z", resource_access=access, client_roles=["x"]))
    assert (verified.audience, verified.audiences, verified.roles) == ("b", ("b", "a"), {"role of b"})
    assert verified.roles_in("a") == {"role of a"}
    assert verified.roles_in("c") == frozenset()
    verified = await made.verify(token(aud="a", azp="z", resource_access=access))
    assert (verified.audience, verified.roles, verified.roles_in("b")) == ("a", {"role of a"}, frozenset())


@pytest.mark.parametrize("address", [INSIDE, "http://localhost:8080/certs", "https://keycloak.internal/certs?v=1"])
async def test_keys_at_another_address(clock: Clock, address: str) -> None:
    """They are fetched from there, in one request, and the issuer is not asked at all."""
    server = Server()
    made = AsyncTokenVerifier(ISSUER, AUDIENCE, jwks_url=address, clock=clock, http_client=client(server))
    for _ in range(3):
        assert (await made.verify(token())).issuer == ISSUER
    assert server.asked == {address: 1}
    server.keys["/certs"] = [jwk("second")]
    clock.now += 40
    assert (await made.verify(token(key("second"), header={"kid": "second"}))).audience == AUDIENCE
    assert server.asked == {address: 2}


async def test_an_issuer_whose_keys_are_elsewhere_is_only_a_name(clock: Clock) -> None:
    """It may be an address that is not reached from here, or none."""
    for issuer in ("http://login.outside/realms/x", "urn:example:issuer"):
        made = AsyncTokenVerifier(issuer, AUDIENCE, jwks_url=INSIDE, clock=clock, http_client=client(Server()))
        assert (await made.verify(token(iss=issuer))).issuer == issuer


async def test_plain_http_within_a_network(clock: Clock) -> None:
    """Others there could replace the keys, so it must be allowed."""
    inside = "http://keycloak:8080/certs"
    with pytest.raises(ConfigurationError, match=r"jwks_url=\) is plain http.*pass allow_http=True"):
        AsyncTokenVerifier(ISSUER, AUDIENCE, jwks_url=inside)
    options: dict[str, Any] = {"jwks_url": inside, "allow_http": True}
    made = AsyncTokenVerifier(ISSUER, AUDIENCE, clock=clock, http_client=client(Server()), **options)
    assert (await made.verify(token())).issuer == ISSUER


async def test_an_answer_that_is_not_a_key_set(clock: Clock) -> None:
    """The error names the address that was asked."""
    made = AsyncTokenVerifier(ISSUER, AUDIENCE, jwks_url=f"{INSIDE}/x", clock=clock, http_client=client(Server()))
    with pytest.raises(KeysUnavailable, match=f"at {INSIDE}/x the answer was 404"):
        await made.verify(token())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"issuer": []}, "The issuer of the tokens to accept is missing"),
    ({"issuer": [ISSUER, ""]}, "The issuer of the tokens to accept is missing"),
    ({"issuer": [ISSUER, 5]}, "The issuer of the tokens to accept is missing"),
    ({"audience": []}, "The audience of the tokens to accept is missing"),
    ({"audience": {"a": 1}}, "The audience of the tokens to accept is missing"),
    ({"issuer": [ISSUER, OTHER], "keys": [jwk()]}, "keys= are the keys of one issuer"),
    ({"keys": [jwk()], "jwks_url": INSIDE}, "keys= are the keys of one issuer"),
    ({"issuer": [ISSUER, OTHER], "jwks_url": INSIDE}, "pass jwks_url= as a dictionary"),
    ({"jwks_url": {OTHER: INSIDE}}, "which issuer= does not name"),
    ({"jwks_url": "keycloak.internal/certs"}, "The address of the keys is not a plain"),
    ({"jwks_url": "https://a:b@keycloak.internal/certs"}, "The address of the keys is not a plain"),
    ({"jwks_url": 5}, "The address of the keys is not a plain"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=range(len(WRONG)))
async def test_conditions_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    """When the verifier is made; the message names the argument."""
    with pytest.raises(ConfigurationError, match=message):
        AsyncTokenVerifier(**{"issuer": ISSUER, "audience": AUDIENCE, **options})


async def test_a_repr_names_what_is_accepted() -> None:
    """One of each as a text, several in a tuple."""
    shown: Callable[[AsyncTokenVerifier], str] = lambda made: repr(made).partition("(")[2]  # noqa: E731
    assert shown(AsyncTokenVerifier("a", "b", jwks_url=INSIDE)) == "issuer='a', audience='b')"
    assert shown(AsyncTokenVerifier("a", ["b", "c"], jwks_url=INSIDE)) == "issuer='a', audience=('b', 'c'))"
