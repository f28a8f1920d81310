"""Discovery documents and signing keys: the sandbox publishes a part of what Keycloak publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest

from css_sdk.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.keycloak.realm import Realm

pytestmark = [pytest.mark.keycloak, pytest.mark.usefixtures("realm")]

PATH: Final = "/realms/standard"
CLIENT: Final = "fisheries-service-102"

# Lists that are shorter in the sandbox, because it supports less.
SHORTER: Final = {
    "grant_types_supported",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "scopes_supported",
    "claims_supported",
}
# Keycloak also publishes the certificate of a key, and the sandbox does not.
CERTIFICATE: Final = {"x5c", "x5t", "x5t#S256"}


@pytest.fixture
def realm(make_realm: Callable[[], Realm]) -> Realm:
    """Return a realm for each test, because keys remain in a realm."""
    return make_realm()


def discovery(http: httpx.Client) -> dict[str, Any]:
    """Return the discovery document."""
    return dict(http.get(f"{PATH}/.well-known/openid-configuration").raise_for_status().json())


def keys(http: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return the published signing keys by their ids."""
    found = http.get(discovery(http)["jwks_uri"]).raise_for_status().json()
    assert found.keys() == {"keys"}
    return {key["kid"]: key for key in found["keys"] if key["use"] == "sig"}


def token(http: httpx.Client) -> str:
    """Return a new token."""
    credentials = {"client_id": CLIENT, "client_secret": f"s3cret-{CLIENT}", "grant_type": "client_credentials"}
    answer = http.post(discovery(http)["token_endpoint"], data=credentials).raise_for_status()
    return str(answer.json()["access_token"])


def kid(signed: str) -> str:
    """Return the id of the key that signed a token."""
    return str(jwt.get_unverified_header(signed)["kid"])


def prove(http: httpx.Client, signed: str) -> None:
    """Verify a token with the published key that it names."""
    key = jwt.PyJWK(keys(http)[kid(signed)]).key
    jwt.decode(signed, key, algorithms=["RS256"], audience=CLIENT, issuer=discovery(http)["issuer"], leeway=5)


def test_the_discovery_document_is_a_part_of_the_one_of_keycloak(real: httpx.Client, ours: httpx.Client) -> None:
    """Everything in the sandbox's discovery document is in Keycloak's, too, with the same addresses."""
    theirs, made = discovery(real), discovery(ours)
    assert made.keys() <= theirs.keys()
    for name, value in made.items():
        if name in SHORTER:
            assert set(value) <= set(theirs[name]), name
        else:
            assert value == theirs[name], name


def test_the_published_signing_keys_have_the_same_form(real: httpx.Client, ours: httpx.Client) -> None:
    """Both publish one signing key with the same fields, and it verifies the tokens."""
    ((theirs,), (made,)) = (keys(http).values() for http in (real, ours))
    assert made.keys() == theirs.keys() - CERTIFICATE
    secret = {"kid", "n"}
    assert {name: made[name] for name in made.keys() - secret} == {name: theirs[name] for name in made.keys() - secret}
    assert [len(made[name]) for name in sorted(secret)] == [len(theirs[name]) for name in sorted(secret)]
    for http in (real, ours):
        prove(http, token(http))


def test_keycloak_also_publishes_a_key_for_encryption(real: httpx.Client) -> None:
    """Keycloak publishes a second key for encryption, so a verifier must look at the use of a key."""
    found = real.get(discovery(real)["jwks_uri"]).json()["keys"]
    assert sorted((key["use"], key["alg"]) for key in found) == [("enc", "RSA-OAEP"), ("sig", "RS256")]


def test_a_new_signing_key_keeps_old_tokens_valid(realm: Realm, real: httpx.Client) -> None:
    """A new signing key signs new tokens. Old tokens stay valid until the old key is disabled."""
    old = token(real)
    realm.add_signing_key()
    new = token(real)
    assert kid(new) != kid(old)
    assert keys(real).keys() == {kid(old), kid(new)}
    for signed in (old, new):
        prove(real, signed)
    realm.retire_signing_key(kid(old))
    assert keys(real).keys() == {kid(new)}


def test_the_sandbox_rotates_keys_in_one_or_two_steps(ours: httpx.Client, sandbox: Sandbox) -> None:
    """The sandbox can rotate its keys in two steps, as Keycloak does, or in one."""
    old = token(ours)
    sandbox.rotate_keys("prod", retire=False)
    assert keys(ours).keys() == {kid(old), kid(token(ours))}
    prove(ours, old)
    sandbox.rotate_keys("prod")
    new = token(ours)
    assert kid(new) != kid(old)
    assert keys(ours).keys() == {kid(new)}
    prove(ours, new)
