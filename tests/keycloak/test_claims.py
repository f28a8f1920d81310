"""The tokens of the sandbox have the same claims as those of Keycloak and of the recordings."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from attrs import frozen

from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request

if TYPE_CHECKING:
    from tests.keycloak.realm import Realm

pytestmark = pytest.mark.keycloak

RECORDED: Final = json.loads(
    (Path(__file__).parents[1] / "sandbox" / "recordings" / "tokens.json").read_text(encoding="utf-8")
)["claims"]

# Claims that may differ between two equal tokens, with the form of their values. Groups in a form must be equal.
UUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MAY_DIFFER: Final = {
    "exp": r"\d{10}",  # a time; the life of the tokens is compared separately
    "iat": r"\d{10}",  # a time
    "jti": rf"(\w+:)?{UUID}",  # an id after the kinds of session, token and grant
    "sub": UUID,  # the id of the user
    "sid": UUID,  # the id of the session
    "at_hash": r"[\w-]{22}",  # a hash of the access token
    "iss": r"http://127\.0\.0\.1:\d+(/auth/realms/standard)",  # the recordings have another port
}

ACCOUNT: Final = "service-account-team-2016-9001"
FISHERIES: Final = "fisheries-service-102"
PORTAL: Final = "grants-portal-101"
ADA: Final = "6513270e269e0d37f2a74de452e6b438@idir"
IDS: Final = {FISHERIES: 102, PORTAL: 101}
SECRETS: Final = {ACCOUNT: "api-secret-2016", FISHERIES: "s3cret-fisheries-service-102"}


@frozen
class Scene:
    """The owner of a token and the roles that the owner has.

    Attributes:
        client: the client that gets the token.
        roles: pairs of integration and role.
        person: the person who logs in; empty for the service account.
        recorded: the number of the recorded token, if there is one.
    """

    client: str
    roles: tuple[tuple[str, str], ...] = ()
    person: str = ""
    recorded: int | None = None

    @property
    def username(self) -> str:
        """Return the username that has the roles."""
        return self.person or f"service-account-{self.client}"


MGR: Final = (FISHERIES, "mgr")
OTHER: Final = (FISHERIES, "other")
ELSEWHERE: Final = (PORTAL, "r1")
SCENES: Final = {
    "a service account without roles": Scene(FISHERIES, recorded=0),
    "a service account with a composite role": Scene(FISHERIES, (MGR,), recorded=1),
    "an API account": Scene(ACCOUNT, recorded=2),
    "a person with roles": Scene(FISHERIES, (MGR, OTHER), ADA, recorded=3),
    "a service account with a role elsewhere": Scene(FISHERIES, (ELSEWHERE,)),
    "a service account with roles here and elsewhere": Scene(FISHERIES, (OTHER, ELSEWHERE)),
    "an API account with a role": Scene(ACCOUNT, (OTHER,)),
    "a person without roles": Scene(FISHERIES, (), ADA),
    "a person with a role elsewhere": Scene(FISHERIES, (ELSEWHERE,), ADA),
    "a person with roles here and elsewhere": Scene(FISHERIES, (MGR, ELSEWHERE), ADA),
    "a person in another integration": Scene(PORTAL, (ELSEWHERE, OTHER), ADA),
}


@pytest.fixture(scope="module")
def realm(make_realm: Callable[[], Realm]) -> Realm:
    """Return a realm with the roles of the recorded tokens, and one role in another integration."""
    realm = make_realm()
    for name in ("reader", "writer", "other"):
        realm.create_role(FISHERIES, name)
    realm.create_role(FISHERIES, "mgr", ("reader", "writer"))
    realm.create_role(PORTAL, "r1")
    return realm


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox with the same roles."""
    for name in ("reader", "writer", "other"):
        sandbox.create_role(102, "prod", name)
    sandbox.create_role(102, "prod", "mgr", ["reader", "writer"])
    sandbox.create_role(101, "prod", "r1")
    return sandbox


@pytest.fixture(params=SCENES.values(), ids=[*SCENES])
def scene(request: pytest.FixtureRequest, realm: Realm, sandbox: Sandbox) -> Iterator[Scene]:
    """Assign the roles of a scene in the realm and in the sandbox, and remove them afterwards."""
    scene: Scene = request.param
    for client, role in scene.roles:
        realm.grant(client, role, scene.username)
        sandbox.grant(IDS[client], "prod", role, scene.username)
    yield scene
    for client, role in scene.roles:
        realm.revoke(client, role, scene.username)


def own_token(http: httpx.Client, client: str, **fields: str) -> dict[str, Any]:
    """Return the tokens that a client gets for itself."""
    asked = {"grant_type": "client_credentials", **fields}
    path = "/realms/standard/protocol/openid-connect/token"
    return dict(http.post(path, data=asked, auth=(client, SECRETS[client])).raise_for_status().json())


def unordered(value: Any) -> Any:
    """Return a value with lists as sets at all levels, because roles and audiences have no order."""
    if isinstance(value, dict):
        return {key: unordered(found) for key, found in value.items()}
    return frozenset(value) if isinstance(value, list) else value


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def compare(found: str, header: dict[str, Any], claims: dict[str, Any]) -> None:
    """Compare a token with the header and the claims of another one."""
    said, ours = parts(found)
    assert ours.keys() == claims.keys()
    for name, value in claims.items():
        if name in MAY_DIFFER:
            forms = [re.fullmatch(MAY_DIFFER[name], str(one)) for one in (ours[name], value)]
            assert forms[0] and forms[1] and forms[0].groups() == forms[1].groups(), name
        else:
            pair = [one.split() if name == "scope" else one for one in (ours[name], value)]
            assert unordered(pair[0]) == unordered(pair[1]), name
    assert ours["exp"] - ours["iat"] == claims["exp"] - claims["iat"]
    assert {**said, "kid": ""} == {**header, "kid": ""}
    assert len(said["kid"]) == len(header["kid"])


def test_the_tokens_of_the_sandbox_and_the_recordings_have_the_claims_of_keycloak(
    scene: Scene, realm: Realm, sandbox: Sandbox, real: httpx.Client, ours: httpx.Client
) -> None:
    """The tokens of the sandbox, of Keycloak and of the recordings have the same claims, except for the table above."""
    if scene.person:
        theirs = realm.token_for_ada(scene.client, real)["access_token"]
        request = Request("POST", "/", {"host": ours.base_url.netloc.decode()})
        made = sandbox.token_for(scene.person, IDS[scene.client], "prod", request=request)
    else:
        theirs = own_token(real, scene.client)["access_token"]
        made = own_token(ours, scene.client)["access_token"]
    compare(made, *parts(theirs))
    if scene.recorded is not None:
        recorded = RECORDED[scene.recorded]
        compare(theirs, recorded["header"], recorded["claims"])


@pytest.mark.parametrize("client", [ACCOUNT, FISHERIES])
def test_id_tokens_have_the_same_claims(realm: Realm, real: httpx.Client, ours: httpx.Client, client: str) -> None:
    """With the scope `openid`, Keycloak and the sandbox also issue an ID token with the same claims."""
    theirs, made = (own_token(http, client, scope="openid") for http in (real, ours))
    for name in ("access_token", "id_token"):
        compare(made[name], *parts(theirs[name]))


@pytest.mark.parametrize(
    "who",
    [
        "real",
        "ours",
    ],
)
def test_an_id_token_contains_the_hash_of_its_access_token(
    realm: Realm, request: pytest.FixtureRequest, who: str
) -> None:
    """`at_hash` of an ID token is the left half of the SHA-256 of its access token (OpenID Connect Core, 3.1.3.6)."""
    answer = own_token(request.getfixturevalue(who), ACCOUNT, scope="openid")
    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert parts(answer["id_token"])[1]["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
