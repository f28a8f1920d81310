"""Verifying tokens of a real Keycloak: issuer, audience, roles, and keys that change."""

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
    """Return a realm for each test, because keys remain in a realm.

    The service account of an integration has roles in two integrations.
    """
    realm = make_realm()
    realm.create_role(FISHERIES, "reader")
    realm.create_role(FISHERIES, "manager", ("reader",))
    realm.create_role(PORTAL, "reviewer")
    realm.grant(FISHERIES, "manager", f"service-account-{FISHERIES}")
    realm.grant(PORTAL, "reviewer", f"service-account-{FISHERIES}")
    return realm


def token(realm: Realm, real: httpx.Client, client_id: str = FISHERIES) -> str:
    """Return a new token of a service account."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": SECRETS[client_id]}
    return str(real.post(realm.token_url, data=form).raise_for_status().json()["access_token"])


@pytest.fixture
def verifiers(realm: Realm) -> Iterator[Callable[..., TokenVerifier]]:
    """Return a function that makes verifiers for the realm's tokens."""
    made: list[TokenVerifier] = []

    def make(audience: str, **options: Any) -> TokenVerifier:
        made.append(TokenVerifier(realm.issuer, audience, **options))
        return made[-1]

    yield make
    for verifier in made:
        verifier.close()


def reason(verifier: TokenVerifier, signed: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(InvalidToken) as caught:
        verifier.verify(signed)
    return caught.value.reason


def test_a_verifier_finds_the_roles_of_its_audience(
    realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """A verifier for each of two audiences of a token finds the roles of its own audience only."""
    signed = token(realm, real)
    claims = claims_of(signed)
    assert set(claims["aud"]) == {FISHERIES, PORTAL, "account"}
    assert set(claims["client_roles"]) == {"manager", "reader"}
    verified = verifiers(FISHERIES).verify(signed)
    assert (verified.client_id, verified.is_service_account, verified.subject) == (FISHERIES, True, claims["sub"])
    assert verified.roles == {"manager", "reader"}
    assert verifiers(PORTAL).verify(signed).roles == {"reviewer"}
    assert verifiers("account").verify(token(realm, real, ACCOUNT)).is_service_account
    assert reason(verifiers("grants-robot"), signed) == "audience"


def test_an_audience_may_be_a_text_or_a_list(
    realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """A token is verified whether Keycloak writes its audience as a text or as a list.

    A person is not a service account.
    """
    from tests.keycloak.realm import ADA

    verifier = verifiers(FISHERIES)
    for role, elsewhere, kind in [("reader", False, str), ("reader", True, list)]:
        realm.grant(FISHERIES, role, ADA)
        if elsewhere:
            realm.grant(PORTAL, "reviewer", ADA)
        signed = realm.token_for_ada(FISHERIES, real)["access_token"]
        assert isinstance(claims_of(signed)["aud"], kind)
        verified = verifier.verify(signed)
        assert (verified.client_id, verified.is_service_account, verified.roles) == (FISHERIES, False, {role})


def test_signed_tokens_that_are_not_access_tokens_are_refused(
    keycloak: Keycloak, realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """ID tokens, refresh tokens and tokens of another realm are refused, although they are signed."""
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


def test_keys_may_change_while_tokens_are_verified(
    realm: Realm, real: httpx.Client, verifiers: Callable[..., TokenVerifier]
) -> None:
    """The verifier fetches a new key once and drops a retired key after an hour."""
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


def test_two_issuers_and_two_audiences_with_changing_keys(
    make_realm: Callable[..., Realm], realm: Realm, real: httpx.Client
) -> None:
    """With jwks_url=, keys come only from the given addresses. Each issuer has its own keys, also when they change."""
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
        verified = verifier.verify(first)
        assert (verified.issuer, verified.audience, verified.roles) == (realm.issuer, FISHERIES, {"manager", "reader"})
        assert verified.roles_in(PORTAL) == {"reviewer"}
        verified = verifier.verify(other)
        assert (verified.issuer, verified.audience) == (second.issuer, PORTAL)
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


async def test_an_asynchronous_verifier_accepts_the_same_tokens(realm: Realm, real: httpx.Client) -> None:
    """An asynchronous verifier verifies the same tokens."""
    async with AsyncTokenVerifier(realm.issuer, FISHERIES) as verifier:
        verified = await verifier.verify(token(realm, real))
    assert verified.roles == {"manager", "reader"}
