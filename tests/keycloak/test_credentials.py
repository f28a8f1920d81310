"""css-sdk's authentication with a real Keycloak."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from attrs import define, field

from css_sdk import AsyncCss, AuthenticationError, ClientCredentials, Css, Settings, WrongTeam
from tests.support import Clock

if TYPE_CHECKING:
    from tests.keycloak.realm import Realm

pytestmark = pytest.mark.keycloak

API: Final = "http://localhost/api/v1"
ACCOUNT: Final = "service-account-team-2016-9001"
SECRET: Final = "api-secret-2016"


@define
class Service:
    """A replacement of the API that accepts only tokens of API accounts which Keycloak's keys verify.

    Attributes:
        realm: the realm whose tokens it accepts.
        keys: the published keys of the realm by id.
        tokens: the received tokens in order.
        revoked: tokens that it no longer accepts.
    """

    realm: Realm
    keys: dict[str, Any]
    tokens: list[str] = field(factory=list)
    revoked: set[str] = field(factory=set)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Return an empty list of integrations, or 401."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        self.tokens.append(token)
        try:
            key = self.keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token, key, algorithms=["RS256"], audience="account", issuer=self.realm.issuer, leeway=5
            )
        except (jwt.InvalidTokenError, KeyError):
            claims = {}
        if scheme != "Bearer" or token in self.revoked or not claims.get("team"):
            return httpx.Response(401, json={"success": False, "data": None, "err": "invalid token"})
        return httpx.Response(200, json={"data": []})


@pytest.fixture
def service(realm: Realm, real: httpx.Client) -> Service:
    """Return a replacement of the API for Keycloak's API accounts."""
    found = real.get("/realms/standard/protocol/openid-connect/certs").json()["keys"]
    return Service(realm, {key["kid"]: jwt.PyJWK(key).key for key in found if key["use"] == "sig"})


class Http(httpx.Client):
    """A client that reaches Keycloak over the network, and the replacement of the API in process.

    Attributes:
        answered: the paths of the requests to Keycloak.
    """

    def __init__(self, service: Service) -> None:
        self.answered: list[str] = []
        hooks = {"response": [self._note]}
        super().__init__(
            mounts={"http://localhost": httpx.MockTransport(service)}, trust_env=False, timeout=60, event_hooks=hooks
        )

    def _note(self, answer: httpx.Response) -> None:
        if answer.request.url.host != "localhost":
            self.answered.append(answer.request.url.path)

    def call(self, auth: httpx.Auth) -> int:
        """Call the API, and return the status."""
        return self.get(f"{API}/integrations", auth=auth).status_code


@pytest.fixture
def http(service: Service) -> Iterator[Http]:
    """Return a client that reaches both."""
    with Http(service) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until a test sets it."""
    return Clock()


def auth(realm: Realm, clock: Clock, client_id: str = ACCOUNT, secret: str = SECRET) -> ClientCredentials:
    """Return css-sdk's authentication for an account."""
    return ClientCredentials(realm.token_url, client_id, secret, origins=[API], clock=clock)


def settings(realm: Realm, client_id: str = ACCOUNT, secret: str = SECRET, team: int | None = None) -> Settings:
    """Return the settings of the facade for an account."""
    return Settings(client_id=client_id, client_secret=secret, api_url=API, token_url=realm.token_url, team_id=team)


def test_credentials_as_basic_and_as_a_form_give_the_same_token(realm: Realm, http: Http, clock: Clock) -> None:
    """css-sdk sends the credentials as HTTP Basic, and gets the same claims as a request with a form."""
    mine = auth(realm, clock)
    assert http.call(mine) == 200
    form = {"grant_type": "client_credentials", "client_id": ACCOUNT, "client_secret": SECRET}
    token = http.post(realm.token_url, data=form).raise_for_status().json()["access_token"]
    assert http.get(f"{API}/integrations", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    claims = jwt.decode(token, options={"verify_signature": False})
    same = ("iss", "sub", "azp", "aud", "team", "scope", "client_id", "preferred_username")
    assert {name: mine.claims[name] for name in same} == {name: claims[name] for name in same}
    assert mine.claims["team"] == "2016"


@pytest.mark.parametrize(
    "secret",
    [
        "a b",
        "ä€:/&=?",
        "a+b",
        "a%41",
        "100%",
    ],
)
def test_a_secret_may_contain_any_character(realm: Realm, http: Http, clock: Clock, secret: str) -> None:
    """A secret may contain any character, because css-sdk encodes it before Basic (RFC 6749, 2.3.1)."""
    client_id = f"service-account-team-1-{secret.encode().hex()}"
    realm.add_account(1, client_id, secret)
    assert http.call(auth(realm, clock, client_id, secret)) == 200


@pytest.mark.parametrize(
    ("client_id", "secret", "word"),
    [
        (ACCOUNT, "a-wrong-secret", "unauthorized_client"),
        ("nobody", "a-wrong-secret", "invalid_client"),
        ("grants-portal-101", "s3cret-grants-portal-101", "Client not enabled to retrieve service account"),
    ],
)
def test_wrong_credentials_are_refused(
    realm: Realm, http: Http, service: Service, clock: Clock, client_id: str, secret: str, word: str
) -> None:
    """For wrong credentials, the error contains Keycloak's words and no secret, and no request reaches the API."""
    with pytest.raises(AuthenticationError) as caught:
        http.call(auth(realm, clock, client_id, secret))
    assert word in str(caught.value) and secret not in str(caught.value)
    assert caught.value.status == 401
    assert service.tokens == []


def test_a_disabled_account_is_refused(realm: Realm, http: Http, clock: Clock) -> None:
    """A disabled account is refused like an unknown one."""
    realm.add_account(1, "service-account-team-1-disabled", "secret")
    realm.disable("service-account-team-1-disabled")
    with pytest.raises(AuthenticationError, match="invalid_client: Invalid client or Invalid client credentials"):
        http.call(auth(realm, clock, "service-account-team-1-disabled", "secret"))


def test_an_address_without_a_token_endpoint_is_refused(realm: Realm, http: Http, clock: Clock) -> None:
    """If the realm does not exist, the error suggests to check the token address."""
    url = realm.token_url.replace("standard", "nothing")
    with pytest.raises(AuthenticationError, match=r"Check .*token address") as caught:
        http.call(ClientCredentials(url, ACCOUNT, SECRET, origins=[API], clock=clock))
    assert caught.value.status == 404


def test_a_rotated_secret_ends_the_old_one_at_the_next_renewal(realm: Realm, http: Http, clock: Clock) -> None:
    """After the secret was rotated, the current token works until it expires, and then only the new secret does."""
    client_id = "service-account-team-1-rotated"
    realm.add_account(1, client_id, "the-old-secret")
    old = auth(realm, clock, client_id, "the-old-secret")
    assert http.call(old) == 200
    secret = realm.rotate_secret(client_id)
    assert secret != "the-old-secret"
    assert http.call(old) == 200
    clock.now += 300
    with pytest.raises(AuthenticationError, match="unauthorized_client: Invalid client or Invalid client credentials"):
        http.call(old)
    assert http.call(auth(realm, clock, client_id, secret)) == 200


def test_a_token_is_renewed_before_its_life_ends(realm: Realm, http: Http, service: Service, clock: Clock) -> None:
    """css-sdk requests the next token when a tenth of the token's lifetime is left."""
    realm.add_account(1, "service-account-team-1-short", "secret", **{"access.token.lifespan": "10"})
    mine = auth(realm, clock, "service-account-team-1-short", "secret")
    for after, requests in ((0, 1), (8.0, 1), (9.0, 2), (17.0, 2), (18.0, 3)):
        clock.now = 1000 + after
        assert http.call(mine) == 200
        assert len(http.answered) == requests
    assert mine.claims["exp"] - mine.claims["iat"] == 10
    assert len({*service.tokens}) == 3


def test_a_token_is_valid_for_five_minutes_by_default(realm: Realm, http: Http, clock: Clock) -> None:
    """A default token is valid for five minutes, and css-sdk renews it thirty seconds before."""
    mine = auth(realm, clock)
    for after, requests in ((0, 1), (269, 1), (270, 2)):
        clock.now = 1000 + after
        assert http.call(mine) == 200
        assert len(http.answered) == requests


def test_a_revoked_token_is_renewed_once(realm: Realm, http: Http, service: Service, clock: Clock) -> None:
    """After a 401, css-sdk requests one new token and repeats the call with it."""
    mine = auth(realm, clock)
    assert http.call(mine) == 200
    service.revoked.update(service.tokens)
    assert http.call(mine) == 200
    assert len(http.answered) == 2
    assert len(service.tokens) == 3 and len({*service.tokens}) == 2


def test_eight_threads_request_one_token(realm: Realm, http: Http, clock: Clock) -> None:
    """Eight threads that share one authentication request one token together."""
    mine = auth(realm, clock)
    start = threading.Barrier(8)

    def call(_: int) -> int:
        start.wait(30)
        return http.call(mine)

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(call, range(8))] == [200] * 8
    assert len(http.answered) == 1


def test_the_facade_reads_the_team_from_the_token(realm: Realm, http: Http) -> None:
    """whoami() and team_id= use the claim with the team in Keycloak's token."""
    with Css(settings(realm, team=2016), http_client=http) as css:
        assert css.whoami().team_id == 2016
    with Css(settings(realm, "service-account-team-2017-9002", "api-secret-2017"), http_client=http) as css:
        assert css.whoami().team_id == 2017
    with Css(settings(realm, team=1), http_client=http) as css, pytest.raises(WrongTeam):
        css.whoami()


def test_the_credentials_of_an_integration_are_refused(realm: Realm, http: Http) -> None:
    """An integration's credentials get a token from Keycloak, and the API refuses it."""
    wrong = settings(realm, "fisheries-service-102", "s3cret-fisheries-service-102")
    with Css(wrong, http_client=http) as css, pytest.raises(AuthenticationError):
        css.whoami()
    assert len(http.answered) == 2


async def test_the_asynchronous_facade_does_the_same(realm: Realm, service: Service) -> None:
    """The asynchronous facade handles whoami, a renewal after a 401, and wrong credentials in the same way."""
    mounts = {"http://localhost": httpx.MockTransport(service)}
    async with httpx.AsyncClient(mounts=mounts, trust_env=False, timeout=60) as http:
        async with AsyncCss(settings(realm, team=2016), http_client=http) as css:
            assert (await css.whoami()).team_id == 2016
            service.revoked.update(service.tokens)
            await css.integrations(refresh=True)
            assert len({*service.tokens}) == 2
        async with AsyncCss(settings(realm, secret="x"), http_client=http) as css:
            with pytest.raises(AuthenticationError, match="unauthorized_client"):
                await css.whoami()
