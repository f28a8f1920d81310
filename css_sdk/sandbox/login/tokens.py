"""Sign tokens, build their claims, and check them."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Iterable
from typing import Any, Final

from attrs import define, field, frozen

from ..errors import import_extra
from ..world.world import ENVIRONMENTS, Integration, Team, User

REALM: Final = {
    "prod": "/auth/realms/standard",
    "dev": "/auth/dev/realms/standard",
    "test": "/auth/test/realms/standard",
}
REMEMBERED: Final = 1000  # tokens; above this number the expired ones are forgotten
ACCOUNT_ROLES: Final = ["manage-account", "manage-account-links", "view-profile"]
REALM_ROLES: Final = ["offline_access", "uma_authorization", "default-roles-standard"]


class TokenExpired(Exception):
    """The token has expired."""


class TokenInvalid(Exception):
    """The signature or the issuer of the token is wrong, or the token was revoked."""


class TokenUnreadable(Exception):
    """The token cannot be read, names an unknown key, or lacks a claim."""


@frozen
class Key:
    """An RSA key of a login server."""

    kid: str
    private: Any

    @classmethod
    def generate(cls) -> Key:
        """Return a new key of 2048 bits."""
        private = import_extra("cryptography.hazmat.primitives.asymmetric.rsa").generate_private_key(65537, 2048)
        modulus = private.public_key().public_numbers().n
        return cls(_base64(hashlib.sha256(_bytes(modulus)).digest()), private)

    def jwk(self) -> dict[str, str]:
        """Return the public key as an entry of a key set (JWK)."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kid": self.kid,
            "kty": "RSA",
            "alg": "RS256",
            "use": "sig",
            "n": _base64(_bytes(numbers.n)),
            "e": _base64(_bytes(numbers.e)),
        }


_shared: dict[str, Key] = {}
_shared_lock = threading.Lock()


def _shared_key(environment: str) -> Key:
    """Return the first key of an environment. All sandboxes of a process share it, because making a key takes time."""
    with _shared_lock:
        if environment not in _shared:
            _shared[environment] = Key.generate()
        return _shared[environment]


@frozen
class Accepted:
    """Claims of a token whose signature was checked."""

    client_id: str
    team: str
    expires: float
    jti: str


@define
class Tokens:
    """The tokens of the login servers of all environments.

    Attributes:
        life: for how many seconds a token is valid.
    """

    life: float = 300.0
    _keys: dict[str, list[Key]] = field(factory=dict, init=False, repr=False)  # the newest first
    _accepted: dict[str, Accepted] = field(factory=dict, init=False, repr=False)
    _issued: dict[str, float] = field(factory=dict, init=False, repr=False)  # when each token expires, by its id
    _revoked: set[str] = field(factory=set, init=False, repr=False)

    def published(self, environment: str) -> list[Key]:
        """Return the keys whose signatures are accepted, the newest key first."""
        if environment not in self._keys:
            self._keys[environment] = [_shared_key(environment)]
        return self._keys[environment]

    def rotate(self, environment: str | None, retire: bool) -> None:
        """Sign new tokens with a new key. If `retire`, refuse the tokens that old keys signed."""
        for name in ENVIRONMENTS if environment is None else (environment,):
            self._keys[name] = [Key.generate(), *([] if retire else self.published(name))]
        self._accepted.clear()

    def revoke(self) -> None:
        """Refuse all tokens that were issued before this call."""
        self._revoked |= self._issued.keys()
        self._issued.clear()
        self._accepted.clear()

    def sign(self, environment: str, claims: dict[str, Any], now: float) -> str:
        """Return a signed token with `claims` and the times of issue and expiry."""
        jwt = import_extra("jwt")
        key = self.published(environment)[0]
        body = {"exp": int(now + self.life), "iat": int(now), **claims}
        if len(self._issued) > REMEMBERED:
            self._issued = {jti: end for jti, end in self._issued.items() if end > now}
        self._issued[body["jti"]] = now + self.life
        return str(jwt.encode(body, key.private, algorithm="RS256", headers={"kid": key.kid}))

    def check(self, token: str, now: float) -> Accepted:
        """Check a token as the API does, with the keys of the prod login server.

        A signature is verified when the token is first used. The result is remembered.

        Raises:
            TokenExpired: the token has expired.
            TokenInvalid: the signature or issuer is wrong, or the token was revoked.
            TokenUnreadable: the token cannot be read, names an unknown key, or does not belong to an API account.
        """
        found = self._accepted.get(token)
        if found is None:
            found = self._read_account_token(token)
            if len(self._accepted) > REMEMBERED:
                self._accepted.clear()
            self._accepted[token] = found
        if found.expires <= now:
            raise TokenExpired
        if found.jti in self._revoked:
            raise TokenInvalid
        return found

    def claims(self, token: str, realm: str, path: str, now: float) -> dict[str, Any]:
        """Return the claims of a token that is valid in a realm. The token's issuer must end with `path`.

        Raises:
            TokenExpired: the token has expired.
            TokenInvalid: the signature or issuer is wrong, or the token was revoked.
            TokenUnreadable: the token cannot be read, or names an unknown key.
        """
        claims = self._signed_claims(token, realm, path)
        if float(claims.get("exp", 0)) <= now:
            raise TokenExpired
        if claims.get("jti") in self._revoked:
            raise TokenInvalid
        return claims

    def _signed_claims(self, token: str, realm: str, path: str) -> dict[str, Any]:
        kid = _header(token).get("kid")
        key = next((key for key in self.published(realm) if key.kid == kid), None)
        if key is None:
            raise TokenUnreadable
        jwt = import_extra("jwt")
        off = {"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, key.private.public_key(), algorithms=["RS256"], options=off)
        except jwt.InvalidTokenError as error:
            raise TokenInvalid from error
        if not str(claims.get("iss", "")).endswith(path):
            raise TokenInvalid
        return claims

    def _read_account_token(self, token: str) -> Accepted:
        claims = self._signed_claims(token, "prod", REALM["prod"])
        team, client_id = claims.get("team"), claims.get("azp")
        if not team or not isinstance(client_id, str) or not client_id.strip():
            raise TokenUnreadable
        return Accepted(client_id, str(team), float(claims.get("exp", 0)), str(claims.get("jti", "")))


def _header(token: str) -> dict[str, Any]:
    try:
        encoded = token.partition(".")[0]
        found = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError as error:
        raise TokenUnreadable from error
    if not isinstance(found, dict):
        raise TokenUnreadable
    return found


def account_claims(
    issuer: str, environment: str, owner: Integration | Team, roles: dict[str, list[str]], scope: str
) -> dict[str, Any]:
    """Return the claims of a token for a team's API account or an integration's service account.

    `roles` holds the account's roles by client id, children included.
    """
    client_id = str(owner.client_id)
    username = f"service-account-{client_id}"
    own = [client_id] if isinstance(owner, Integration) else []
    claims: dict[str, Any] = {
        "jti": f"trrtcc:{uuid.uuid4()}",
        "iss": issuer,
        "aud": _audience([*own, *sorted(roles.keys() - {*own}), "account"]),
        "sub": subject(environment, username),
        "typ": "Bearer",
        "azp": client_id,
        "acr": "1",
        "realm_access": {"roles": REALM_ROLES},
        "resource_access": {**_access(roles), "account": {"roles": ACCOUNT_ROLES}},
        "scope": scope,
        "clientHost": "127.0.0.1",
        "email_verified": False,
        "preferred_username": username,
        "clientAddress": "127.0.0.1",
        "client_id": client_id,
    }
    if isinstance(owner, Team):
        claims["team"] = str(owner.id)
    elif roles.get(client_id):
        claims["client_roles"] = roles[client_id]
    return claims


def person_claims(
    issuer: str, environment: str, client_id: str, user: User, roles: dict[str, list[str]], scope: str
) -> dict[str, Any]:
    """Return the claims of a token for a person who logged in to an integration.

    `roles` holds the person's roles by client id, children included.
    """
    claims: dict[str, Any] = {
        "jti": f"onrtro:{uuid.uuid4()}",
        "iss": issuer,
        "aud": _audience([client_id, *sorted(roles.keys() - {client_id})]),
        "sub": subject(environment, user["username"]),
        "typ": "Bearer",
        "azp": client_id,
        "sid": str(uuid.uuid4()),
        "acr": "1",
        "scope": scope,
        "email_verified": False,
        "preferred_username": user["username"],
    }
    if roles:
        claims["resource_access"] = _access(roles)
    if roles.get(client_id):
        claims["client_roles"] = roles[client_id]
    first, last, email = (user.get(name) for name in ("firstName", "lastName", "email"))
    named = {"name": " ".join(filter(None, (first, last))), "given_name": first, "family_name": last, "email": email}
    return {**claims, **{name: value for name, value in named.items() if value}}


def id_claims(claims: dict[str, Any], access_token: str) -> dict[str, Any]:
    """Return the claims of the ID token that belongs to an access token (OpenID Connect Core, 3.1.3.6)."""
    left_out = {"realm_access", "resource_access", "scope", "client_roles", "team", "aud", "jti"}
    shared = {name: value for name, value in claims.items() if name not in left_out}
    digest = _base64(hashlib.sha256(access_token.encode()).digest()[:16])
    return {**shared, "jti": str(uuid.uuid4()), "aud": claims["azp"], "typ": "ID", "at_hash": digest}


def subject(environment: str, username: str) -> str:
    """Return the id of a user in a login server. The same user always gets the same id."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{environment}/{username.lower()}"))


def _audience(names: Iterable[str]) -> str | list[str]:
    found = list(dict.fromkeys(names))
    return found[0] if len(found) == 1 else found


def _access(roles: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    return {client_id: {"roles": names} for client_id, names in roles.items()}


def _bytes(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
