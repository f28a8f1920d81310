"""The grants of css-sdk with a real Keycloak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import anyio
import httpx
import jwt
import pytest

from css_sdk import AuthenticationError, ClientCredentials, PasswordGrant
from css_sdk.auth.credentials import TokenAuth
from tests.keycloak.realm import ADA, PASSWORD

if TYPE_CHECKING:
    from tests.keycloak.realm import Realm

pytestmark = pytest.mark.keycloak

ACCOUNT: Final = "service-account-team-2016-9001"
SECRET: Final = "api-secret-2016"
PORTAL: Final = "grants-portal-101"
PORTAL_SECRET: Final = "s3cret-grants-portal-101"


def call(auth: TokenAuth) -> dict[str, Any]:
    """Return the claims of the token that a call sends; the call reaches no API."""

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=request.headers["Authorization"].removeprefix("Bearer "))

    with httpx.Client(mounts={"http://localhost": httpx.MockTransport(respond)}, trust_env=False, timeout=60) as http:
        token = http.get("http://localhost/api", auth=auth).json()
    return dict(jwt.decode(token, options={"verify_signature": False}))


@pytest.mark.parametrize("client_auth", ["basic", "form"])
@pytest.mark.parametrize("secret", [SECRET, "a b+c%41&ä€:"])
def test_client_credentials_work_as_basic_and_as_a_form(
    realm: Realm, client_auth: Literal["basic", "form"], secret: str
) -> None:
    """Client credentials work as Basic and as a form, also with a secret of special characters."""
    client_id = ACCOUNT
    if secret != SECRET:
        client_id = f"service-account-team-7-{client_auth}"
        realm.add_account(7, client_id, secret)
    claims = call(ClientCredentials(realm.token_url, client_id, secret, client_auth=client_auth))
    assert claims["azp"] == client_id
    assert claims["team"] == ("2016" if secret == SECRET else "7")


def test_an_audience_is_ignored_by_the_ordinary_token_endpoint(realm: Realm) -> None:
    """The ordinary token endpoint ignores `audience`, which only CERN's endpoint uses."""
    claims = call(ClientCredentials(realm.token_url, ACCOUNT, SECRET, audience=PORTAL, client_auth="form"))
    assert claims["aud"] == "account"


def test_a_password_grant_gets_a_token_of_the_user(realm: Realm) -> None:
    """A password grant gets a token of the user for the client, in a thread and in a task."""
    realm.allow_passwords(PORTAL)
    auth = PasswordGrant(realm.token_url, PORTAL, PORTAL_SECRET, ADA, PASSWORD, scope="email")
    claims = call(auth)
    assert (claims["azp"], claims["preferred_username"]) == (PORTAL, ADA)

    async def in_a_task() -> None:
        again = PasswordGrant(realm.token_url, PORTAL, PORTAL_SECRET, ADA, PASSWORD)
        mounts = {"http://localhost": httpx.MockTransport(lambda _: httpx.Response(200))}
        async with httpx.AsyncClient(mounts=mounts, trust_env=False, timeout=60) as http:
            await http.get("http://localhost/api", auth=again)
        assert again.claims["preferred_username"] == ADA
        assert again.held.life == 300

    anyio.run(in_a_task)


@pytest.mark.parametrize(
    ("client", "secret", "password", "status", "error"),
    [
        (PORTAL, PORTAL_SECRET, "not-hers", 401, "invalid_grant"),
        (PORTAL, "not-its-own", PASSWORD, 401, "unauthorized_client"),
        ("nobody", "not-its-own", PASSWORD, 401, "invalid_client"),
        ("fisheries-service-102", "s3cret-fisheries-service-102", PASSWORD, 400, "unauthorized_client"),
    ],
)
def test_refused_password_grants_raise_an_error(
    realm: Realm, client: str, secret: str, password: str, status: int, error: str
) -> None:
    """If Keycloak refuses a password grant, the error has Keycloak's words and contains no secret and no password."""
    realm.allow_passwords(PORTAL)
    with pytest.raises(AuthenticationError) as caught:
        call(PasswordGrant(realm.token_url, client, secret, ADA, password))
    assert (caught.value.status, caught.value.error) == (status, error)
    assert caught.value.error_description
    assert f"{error}: {caught.value.error_description}" in str(caught.value)
    assert secret not in str(caught.value)
    assert password not in str(caught.value)


@pytest.mark.parametrize("client_auth", ["basic", "form"])
def test_a_changed_secret_replaces_the_old_one(realm: Realm, client_auth: Literal["basic", "form"]) -> None:
    """After a secret was changed, the old one is refused, and the new one works at once."""
    client_id = f"service-account-team-7-changed-{client_auth}"
    realm.add_account(7, client_id, "the-old-secret")
    call(ClientCredentials(realm.token_url, client_id, "the-old-secret", client_auth=client_auth))
    secret = realm.rotate_secret(client_id)
    with pytest.raises(AuthenticationError) as caught:
        call(ClientCredentials(realm.token_url, client_id, "the-old-secret", client_auth=client_auth))
    assert (caught.value.status, caught.value.error) == (401, "unauthorized_client")
    assert call(ClientCredentials(realm.token_url, client_id, secret, client_auth=client_auth))["azp"] == client_id
