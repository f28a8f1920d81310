"""Tokens of a real Keycloak are checked: whose they are, roles in both places, and keys that change meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from css_sdk import AsyncTokenVerifier, InvalidToken, TokenVerifier
from css_sdk.auth.credentials import claims_of

if TYPE_CHECKING:
    from tests.keycloak.realm import Realm
    from tests.keycloak.server import Keycloak

pytestmark = pytest.mark.keycloak

FISHERIES: Final = "fisheries-service-102"
PORTAL: Final = "grants-portal-101"
ACCOUNT: Final = "service-account-team-2016-9001"
SECRETS: Final = {FISHERIES: "s3cret-fisheries-service-102", ACCOUNT: "api-secret-2016"}


@pytest.fixture
def realm(make_realm: Callable[[], Realm]) -> Realm:
    """A realm for each test: keys stay. The one integration's service account has roles in both, as Ada has."""
    realm = make_realm()
    realm.create_role(FISHERIES, "reader")
    realm.create_role(FISHERIES, "manager", ("reader",))
    realm.create_role(PORTAL, "reviewer")
    realm.grant(FISHERIES, "manager", f"service-account-{FISHERIES}")
    realm.grant(PORTAL, "reviewer", f"service-account-{FISHERIES}")
    return realm


def token(realm: Realm, real: httpx.Client, client_id: str = FISHERIES) -> str:
    """A fresh token of a service account."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": SECRETS[client_id]}
    return str(real.post(realm.token_url, data=form).raise_for_status().json()["access_token"])


@pytest.fixture
def verifiers(realm: Realm) -> Iterator[Callable[..., TokenVerifier]]:
    """Makes verifiers of the realm's tokens."""
    made: list[TokenVerifier] = []

    def make(audience: str, **options: Any) -> TokenVerifier:
        made.append(TokenVerifier(realm.issuer, audience, **options))
        return made[-1]

    yield make
    for verifier in made:
        verifier.close()


def reason(verifier: TokenVerifier, signed: str) -> str:
    """Why it is refused."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(signed)
    return caught.value.reason


def test_roles_in_both_places(realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]) -> None:
    """Each of two audiences of one token finds its own roles: those of `client_roles` belong to the client alone."""
    signed = token(realm, real)
    claims = claims_of(signed)
    assert set(claims["aud"]) == {FISHERIES, PORTAL, "account"}
    assert set(claims["client_roles"]) == {"manager", "reader"}
    told = verifiers(FISHERIES).verify(signed)
    assert (told.client_id, told.is_service_account, told.subject) == (FISHERIES, True, claims["sub"])
    assert told.roles == {"manager", "reader"}
    assert verifiers(PORTAL).verify(signed).roles == {"reviewer"}
    assert verifiers("account").verify(token(realm, real, ACCOUNT)).is_service_account
    assert reason(verifiers("grants-robot"), signed) == "audience"


def test_an_audience_alone_and_in_a_list(
    realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """Keycloak writes one audience as a text and several as a list; a person is no service account."""
    from tests.keycloak.realm import ADA

    verifier = verifiers(FISHERIES)
    for role, elsewhere, kind in [("reader", False, str), ("reader", True, list)]:
        realm.grant(FISHERIES, role, ADA)
        if elsewhere:
            realm.grant(PORTAL, "reviewer", ADA)
        signed = realm.token_for_ada(FISHERIES, real)["access_token"]
        assert isinstance(claims_of(signed)["aud"], kind)
        told = verifier.verify(signed)
        assert (told.client_id, told.is_service_account, told.roles) == (FISHERIES, False, {role})


def test_what_is_no_access_token(
    keycloak: Keycloak, realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """ID tokens, refresh tokens and those of another realm are all signed, and none is taken."""
    got = realm.token_for_ada(FISHERIES, real, scope="openid")
    verifier = verifiers(FISHERIES)
    verifier.verify(got["access_token"])
    assert reason(verifier, got["id_token"]) == "type"
    assert reason(verifier, got["refresh_token"]) == "algorithm"
    form = {
        "grant_type": "password",
        "client_id": "admin-cli",
        "username": keycloak.admin,
        "password": keycloak.password,
    }
    url = f"{keycloak.url}/realms/master/protocol/openid-connect/token"
    other = real.post(url, data=form).raise_for_status().json()["access_token"]
    assert reason(verifier, other) == "unknown key"


def test_keys_change_while_tokens_are_checked(
    realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """A new key is fetched once, when the first token of it comes; one that was retired is forgotten."""
    from tests.keycloak.test_keys import kid

    later = 0.0
    asked: list[str] = []
    transport = httpx.HTTPTransport()

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        return transport.handle_request(request)

    verifier = verifiers(FISHERIES, transport=httpx.MockTransport(counted), clock=lambda: time.time() + later)
    old = token(realm, real)
    verifier.verify(old)
    realm.add_signing_key()
    new = token(realm, real)
    assert kid(new) != kid(old)
    assert reason(verifier, new) == "unknown key"
    later = 31.0
    for signed in (new, old, token(realm, real), old):
        verifier.verify(signed)
    assert asked == ["openid-configuration", "certs"] * 2
    realm.retire_signing_key(kid(old))
    verifier.verify(old)
    later = 31.0 + 3600.0
    assert reason(verifier, old) == "unknown key"
    assert reason(verifier, new) == "expired"
    assert asked == ["openid-configuration", "certs"] * 3
    transport.close()


def test_two_issuers_and_two_audiences_while_keys_change(
    make_realm: Callable[..., Realm], realm: Realm, real: httpx.Client
) -> None:
    """The keys come from another address than the issuers', which are not asked; each issuer's keys stay its own."""
    from tests.keycloak.test_keys import kid

    second = make_realm("second")
    second.create_role(PORTAL, "reviewer")
    asked: list[str] = []
    later = 0.0
    transport = httpx.HTTPTransport()

    def counted(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return transport.handle_request(request)

    inside = {
        each.issuer: f"{each.issuer.replace('127.0.0.1', 'localhost')}/protocol/openid-connect/certs"
        for each in (realm, second)
    }
    verifier = TokenVerifier(
        [realm.issuer, second.issuer],
        [FISHERIES, PORTAL],
        jwks_url=inside,
        transport=httpx.MockTransport(counted),
        clock=lambda: time.time() + later,
    )
    with verifier:
        first, other = token(realm, real), second.token_for_ada(PORTAL, real)["access_token"]
        told = verifier.verify(first)
        assert (told.issuer, told.audience, told.roles) == (realm.issuer, FISHERIES, {"manager", "reader"})
        assert told.roles_in(PORTAL) == {"reviewer"}
        told = verifier.verify(other)
        assert (told.issuer, told.audience) == (second.issuer, PORTAL)
        assert asked == list(inside.values())
        second.add_signing_key()
        new = second.token_for_ada(PORTAL, real)["access_token"]
        assert kid(new) != kid(other)
        later = 31.0
        for signed in (new, other, first, token(realm, real), new):
            verifier.verify(signed)
        assert asked == [*inside.values(), inside[second.issuer]]
        second.retire_signing_key(kid(other))
        later = 31.0 + 3600.0
        assert reason(verifier, other) == "unknown key"
        assert reason(verifier, first) == "expired"
        assert set(asked) == set(inside.values())
    transport.close()


async def test_tasks_check_them_too(realm: Realm, real: httpx.Client) -> None:
    """As threads do."""
    async with AsyncTokenVerifier(realm.issuer, FISHERIES) as verifier:
        told = await verifier.verify(token(realm, real))
    assert told.roles == {"manager", "reader"}
