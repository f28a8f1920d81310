# Written from tests/_async/test_several_issuers.py by `make generate`; edit that one.
"""A verifier for several issuers and audiences, and keys at another address than the discovery document names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from css_sdk import ConfigurationError, InvalidToken, KeysUnavailable, TokenVerifier
from css_sdk.sandbox import Sandbox
from tests.signing import AUDIENCE, ISSUER, jwk, key, sandbox_with_long_tokens, token
from tests.support import Clock

DEV, TEST = (f"http://localhost/auth/{place}/realms/standard" for place in ("dev", "test"))
PERSON = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
PORTAL, FISHERIES = "grants-portal-101", "fisheries-service-102"
OTHER = "https://login.example/auth/realms/other"
INSIDE = "https://keycloak.internal/certs"


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """Return a sandbox with this clock whose tokens are valid for a week."""
    return sandbox_with_long_tokens(clock)


@pytest.fixture
def verifier(sandbox: Sandbox, clock: Clock) -> Iterator[TokenVerifier]:
    """Return a verifier for two login servers and two integrations."""
    transport = sandbox.transport()
    with TokenVerifier([DEV, TEST], [PORTAL, FISHERIES], clock=clock, transport=transport) as verifier:
        yield verifier


class Server:
    """Login servers that publish keys and count the requests for them."""

    def __init__(self, **keys: list[dict[str, Any]]) -> None:
        self.keys = {"/certs": keys.get("certs", [jwk()]), "/other": keys.get("other", [jwk("other")])}
        self.asked: Counter[str] = Counter()

    def transport(self) -> httpx.MockTransport:
        """Return a transport that answers for every host."""
        return httpx.MockTransport(self.answer)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Return the keys published under the path of the request."""
        self.asked[str(request.url)] += 1
        if request.url.path not in self.keys:
            return httpx.Response(404)
        return httpx.Response(200, json={"keys": self.keys[request.url.path]})


def reason(verifier: TokenVerifier, signed: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(signed)
    return caught.value.reason


def test_tokens_of_each_issuer_for_each_audience_are_accepted(sandbox: Sandbox, verifier: TokenVerifier) -> None:
    """The verifier accepts tokens of each issuer for each audience, and fetches the keys of each issuer once."""
    for issuer, place in ((DEV, "dev"), (TEST, "test")):
        for _ in range(2):
            verified = verifier.verify(sandbox.token_for(PERSON, 101, place))
            assert (verified.issuer, verified.audience) == (issuer, PORTAL)
    assert sandbox.count("GET", "*/certs") == 2


def test_other_issuers_and_audiences_are_refused(sandbox: Sandbox, verifier: TokenVerifier) -> None:
    """A token of another issuer or audience is refused, and the verifier sends no request for another issuer."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(sandbox.token_for(FISHERIES, 102, "prod"))
    assert caught.value.reason == "issuer"
    assert f"Its issuer is not {DEV} or {TEST}." in str(caught.value)
    assert not sandbox.requests
    with TokenVerifier([DEV, TEST], ["a", "b"], transport=sandbox.transport(), clock=sandbox.now) as v:
        with pytest.raises(InvalidToken) as caught:
            v.verify(sandbox.token_for(FISHERIES, 102, "dev"))
    assert "Its audience is not 'a' or 'b'." in str(caught.value)


@pytest.mark.parametrize("iss", [None, "", 5, [ISSUER, OTHER], {"a": 1}, f"{ISSUER}/", ISSUER.upper()])
def test_an_issuer_in_another_form_is_refused(iss: Any, clock: Clock) -> None:
    """An issuer that is not exactly equal to an accepted one is refused, and no keys are fetched."""
    server = Server()
    addresses = {ISSUER: INSIDE, OTHER: "https://keycloak.internal/other"}
    made = TokenVerifier([ISSUER, OTHER], AUDIENCE, jwks_url=addresses, clock=clock, http_client=client(server))
    assert reason(made, token(iss=iss)) == "issuer"
    assert not server.asked


def client(server: Server) -> httpx.Client:
    """Return an httpx client that reaches the servers."""
    return httpx.Client(transport=server.transport())


def test_a_key_is_valid_only_for_its_own_issuer(clock: Clock) -> None:
    """A key of one issuer does not verify a token of another issuer, even with the other key's id."""
    server = Server()
    addresses = {ISSUER: INSIDE, OTHER: "https://keycloak.internal/other"}
    made = TokenVerifier([ISSUER, OTHER], AUDIENCE, jwks_url=addresses, clock=clock, http_client=client(server))
    assert (made.verify(token())).issuer == ISSUER
    assert (made.verify(token(key("other"), header={"kid": "other"}, iss=OTHER))).issuer == OTHER
    clock.now += 40
    assert reason(made, token(iss=OTHER)) == "unknown key"
    assert reason(made, token(key("other"), header={"kid": "first"})) == "signature"
    assert reason(made, token(key("other"), header={"kid": "other"})) == "unknown key"


def test_new_keys_are_fetched_only_from_the_issuer_that_changed_them(
    sandbox: Sandbox, verifier: TokenVerifier, clock: Clock
) -> None:
    """If one issuer changes its keys, the verifier fetches them from this issuer only."""
    old = {place: sandbox.token_for(PERSON, 101, place) for place in ("dev", "test")}
    for each in old.values():
        verifier.verify(each)
    clock.now += 40
    sandbox.rotate_keys("test")
    fetched = sandbox.count("GET", "*/certs")
    assert (verifier.verify(sandbox.token_for(PERSON, 101, "test"))).issuer == TEST
    assert sandbox.count("GET", "*/certs") == fetched + 1
    assert reason(verifier, old["test"]) == "unknown key"
    assert (verifier.verify(old["dev"])).issuer == DEV


def test_an_issuer_that_is_down_does_not_affect_another_issuer(sandbox: Sandbox, clock: Clock) -> None:
    """If the keys of one issuer cannot be fetched, tokens of the other issuer are still verified."""
    server = Server()
    del server.keys["/other"]
    addresses = {ISSUER: INSIDE, OTHER: "https://keycloak.internal/other"}
    made = TokenVerifier([ISSUER, OTHER], AUDIENCE, jwks_url=addresses, clock=clock, http_client=client(server))
    with pytest.raises(KeysUnavailable, match="the answer was 404"):
        made.verify(token(key("other"), header={"kid": "other"}, iss=OTHER))
    assert (made.verify(token())).issuer == ISSUER


def test_the_roles_of_a_token_are_those_of_one_audience(clock: Clock) -> None:
    """The roles of a verified token are those of its first accepted audience.

    roles_in() returns those of another one.
    """
    access = {name: {"roles": [f"role of {name}"]} for name in ("a", "b", "c")}
    made = TokenVerifier(ISSUER, ["b", "a"], keys=[jwk()], clock=clock)
    verified = made.verify(token(aud=["a", "b", "c"], azp="z", resource_access=access, client_roles=["x"]))
    assert (verified.audience, verified.audiences, verified.roles) == ("b", ("b", "a"), {"role of b"})
    assert verified.roles_in("a") == {"role of a"}
    assert verified.roles_in("c") == frozenset()
    verified = made.verify(token(aud="a", azp="z", resource_access=access))
    assert (verified.audience, verified.roles, verified.roles_in("b")) == ("a", {"role of a"}, frozenset())


@pytest.mark.parametrize("address", [INSIDE, "http://localhost:8080/certs", "https://keycloak.internal/certs?v=1"])
def test_keys_are_fetched_from_the_given_address(clock: Clock, address: str) -> None:
    """With jwks_url=, the verifier fetches the keys from that address in one request and does not ask the issuer."""
    server = Server()
    made = TokenVerifier(ISSUER, AUDIENCE, jwks_url=address, clock=clock, http_client=client(server))
    for _ in range(3):
        assert (made.verify(token())).issuer == ISSUER
    assert server.asked == {address: 1}
    server.keys["/certs"] = [jwk("second")]
    clock.now += 40
    assert (made.verify(token(key("second"), header={"kid": "second"}))).audience == AUDIENCE
    assert server.asked == {address: 2}


def test_the_issuer_may_be_any_text_if_the_address_of_the_keys_is_given(clock: Clock) -> None:
    """With jwks_url=, the issuer may be any text, because css-sdk sends no request to it."""
    for issuer in ("http://login.outside/realms/x", "urn:example:issuer"):
        made = TokenVerifier(issuer, AUDIENCE, jwks_url=INSIDE, clock=clock, http_client=client(Server()))
        assert (made.verify(token(iss=issuer))).issuer == issuer


def test_keys_over_plain_http_need_allow_http(clock: Clock) -> None:
    """Plain http for the keys needs allow_http=True, because others in the network could replace the keys."""
    inside = "http://keycloak:8080/certs"
    with pytest.raises(ConfigurationError, match=r"jwks_url=\) is plain http.*pass allow_http=True"):
        TokenVerifier(ISSUER, AUDIENCE, jwks_url=inside)
    options: dict[str, Any] = {"jwks_url": inside, "allow_http": True}
    made = TokenVerifier(ISSUER, AUDIENCE, clock=clock, http_client=client(Server()), **options)
    assert (made.verify(token())).issuer == ISSUER


def test_a_missing_key_set_is_reported_with_its_address(clock: Clock) -> None:
    """If the given address does not return keys, the error names this address."""
    made = TokenVerifier(ISSUER, AUDIENCE, jwks_url=f"{INSIDE}/x", clock=clock, http_client=client(Server()))
    with pytest.raises(KeysUnavailable, match=rf"\(GET {INSIDE}/x\): the answer was 404"):
        made.verify(token())


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"issuer": []}, "The issuer of the tokens to accept is missing"),
    ({"issuer": [ISSUER, ""]}, "The issuer of the tokens to accept is missing"),
    ({"issuer": [ISSUER, 5]}, "The issuer of the tokens to accept is missing"),
    ({"audience": []}, "The audience of the tokens to accept is missing"),
    ({"audience": {"a": 1}}, "The audience of the tokens to accept is missing"),
    ({"issuer": [ISSUER, OTHER], "keys": [jwk()]}, "keys= contains the keys of one issuer"),
    ({"keys": [jwk()], "jwks_url": INSIDE}, "keys= contains the keys of one issuer"),
    ({"issuer": [ISSUER, OTHER], "jwks_url": INSIDE}, "pass jwks_url= as a dictionary"),
    ({"jwks_url": {OTHER: INSIDE}}, "which issuer= does not name"),
    ({"jwks_url": "keycloak.internal/certs"}, "The address of the keys is not valid"),
    ({"jwks_url": "https://a:b@keycloak.internal/certs"}, "The address of the keys is not valid"),
    ({"jwks_url": 5}, "The address of the keys is not valid"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=range(len(WRONG)))
def test_invalid_arguments_of_a_verifier_are_refused(options: dict[str, Any], message: str) -> None:
    """Invalid combinations of issuer, audience, keys and jwks_url are refused, and the error names the argument."""
    with pytest.raises(ConfigurationError, match=message):
        TokenVerifier(**{"issuer": ISSUER, "audience": AUDIENCE, **options})


def test_the_repr_of_a_verifier_shows_its_issuers_and_audiences() -> None:
    """The repr of a verifier shows one issuer or audience as a text and several as a tuple."""
    shown: Callable[[TokenVerifier], str] = lambda made: repr(made).partition("(")[2]  # noqa: E731
    assert shown(TokenVerifier("a", "b", jwks_url=INSIDE)) == "issuer='a', audience='b')"
    assert shown(TokenVerifier("a", ["b", "c"], jwks_url=INSIDE)) == "issuer='a', audience=('b', 'c'))"
