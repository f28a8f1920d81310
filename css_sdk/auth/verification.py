"""Verify a token with given keys at a given time, and read its claims. Pure.

Functions return an `InvalidToken` instead of raising it. Callers raise it, so that no traceback contains a frame that
holds the token.
"""

from __future__ import annotations

import base64
import datetime
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from attrs import field, frozen

from .._text.json_text import strict_json
from ..errors import ConfigurationError, InvalidToken, MissingRole, Remedy, type_of_refusal
from ..models import SERVICE_ACCOUNT_PREFIX
from ..settings import Secret

if TYPE_CHECKING:
    import jwt.algorithms

LONGEST: Final = 16 * 1024
"""The maximum length of a token, in characters. Servers do not accept longer headers."""

_SMALLEST_RSA: Final = 2048
_MOST_LEEWAY: Final = 300.0
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_REQUIRED: Final = ("iss", "aud", "exp", "iat")
_NAMES: Final = ("sub", "azp", "client_id")
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_OTHER_ISSUER: Final = Remedy("", "To accept another issuer, pass --issuer.")
_HEADER_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_COMPACT: Final = re.compile(r"([\w-]*)\.([\w-]*)\.([\w-]*)", re.ASCII)
_LAST: Final = {1: "", 2: "AQgw", 3: "AEIMQUYcgkosw048"}
"""The last characters that valid base64url may have. The key is the length of the text modulo 4.

The unused bits of these characters are zero. With other last characters, one token could be written in several ways.
"""

_KIND_OF_KEY: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""The algorithms that callers may choose, all asymmetric, with the type and the curve of their keys."""


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ConfigurationError(f"algorithms= must be a list, such as ['RS256'], not {names!r}.")
    return tuple(names)


def _one_or_several(given: str | Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        return (given,)  # type: ignore[return-value]  # a value that is not a text is refused below
    return tuple(given)


@frozen
class Terms:
    """The conditions that a token must meet.

    Args:
        issuers: the accepted values of the claim `iss`.
        audiences: the accepted values of the claim `aud`. A token must have one of them.
        algorithms: the accepted signature algorithms.
        leeway: the number of seconds by which clocks may differ, from 0 to 300.

    Raises:
        ConfigurationError: a value is missing, an algorithm is not safe, or the leeway is out of range.
    """

    issuers: tuple[str, ...] = field(converter=_one_or_several)
    audiences: tuple[str, ...] = field(converter=_one_or_several)
    algorithms: tuple[str, ...] = field(converter=_listed)
    leeway: float

    def __attrs_post_init__(self) -> None:
        for what, values in (("issuer", self.issuers), ("audience", self.audiences)):
            if not values or not all(isinstance(value, str) and value for value in values):
                raise ConfigurationError(
                    f"The {what} of the tokens to accept is missing: pass {what}= as a text, or several in a list."
                )
        unsafe = [name for name in self.algorithms if not isinstance(name, str) or name not in _KIND_OF_KEY]
        if unsafe or not self.algorithms:
            fault = f"contains {', '.join(map(repr, unsafe))}, which css-sdk does not accept" if unsafe else "is empty"
            raise ConfigurationError(
                f"algorithms= {fault}. Use algorithms with a public key: {', '.join(_KIND_OF_KEY)}."
            )
        if not _is_number(self.leeway) or not 0 <= self.leeway <= _MOST_LEEWAY:
            raise ConfigurationError(f"leeway= must be 0 to {_MOST_LEEWAY:.0f} seconds, not {self.leeway!r}.")


@frozen
class SigningKey:
    """A trusted public key, and the one algorithm of its signatures.

    Args:
        kid: the id of the key; None if the key set gives no id.
        method: the object of PyJWT that verifies signatures with the algorithm.
    """

    kid: str | None
    algorithm: str
    key: Any = field(repr=False)
    method: jwt.algorithms.Algorithm = field(repr=False)


@frozen
class OpenedToken:
    """A token with a valid form. Its signature and its claims are not verified yet.

    Args:
        kid: the id of its key; None if its header names no key.
        issuer: the issuer whose keys must have signed the token.
    """

    secret: Secret
    kid: str | None
    algorithm: str
    issuer: str


@frozen
class VerifiedToken:
    """The content of a verified token. Its repr shows neither the token nor the person.

    Args:
        subject: the id of the person or the client (the claim `sub`); None if the token has none.
        client_id: the client that the token was issued to: the claim `azp`, or else `client_id`;
            None if the token has neither.
        is_service_account: whether the token belongs to the client itself, not to a person.
        roles: the roles in the first of the `audiences`. For the roles in another audience, call `roles_in`.
        issued_at: when the token was issued.
        expires_at: when the token expires.
        claims: all claims.
        audiences: the accepted audiences that the token is for, in the order that was passed to the verifier.

    >>> token = VerifiedToken("5f0c…", "grants-portal-101", False, frozenset({"reviewer"}), _EPOCH, _EPOCH, {})
    >>> "reviewer" in token.roles
    True
    """

    subject: str | None = field(repr=False)
    client_id: str | None
    is_service_account: bool
    roles: frozenset[str]
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    claims: Mapping[str, Any] = field(repr=False, hash=False)
    audiences: tuple[str, ...] = field(default=(), eq=False)

    @property
    def issuer(self) -> str:
        """Return the issuer of the token."""
        return str(self.claims.get("iss", ""))

    @property
    def audience(self) -> str | None:
        """Return the first accepted audience that the token is for. The roles in this audience are in `roles`."""
        return self.audiences[0] if self.audiences else None

    def roles_in(self, audience: str) -> frozenset[str]:
        """Return the roles in an audience. If the token is not for this audience, return an empty set.

        The set is also empty if the verifier does not accept the audience.

        Args:
            audience: the client id of the audience.

        >>> token = VerifiedToken("5f0c…", "grants-portal-101", False, frozenset({"reviewer"}), _EPOCH, _EPOCH, {})
        >>> token.roles_in("fisheries-service-102")
        frozenset()
        """
        return _roles(self.claims, self.client_id, audience) if audience in self.audiences else frozenset()

    def require_role(self, role: str) -> None:
        """Raise an error if the token does not have a role.

        Args:
            role: the name of the role; upper and lower case matter.

        Raises:
            MissingRole: the token lacks the role.

        >>> token = VerifiedToken("5f0c…", "grants-portal-101", False, frozenset({"reviewer"}), _EPOCH, _EPOCH, {})
        >>> token.require_role("admin")
        Traceback (most recent call last):
        css_sdk.errors.MissingRole: The token of 'grants-portal-101' is valid, but lacks the role 'admin'.
        """
        if role not in self.roles:
            whose = f" of {self.client_id!r}" if self.client_id else ""
            raise MissingRole(f"The token{whose} is valid, but lacks the role {role!r}.", role=role)


def _library() -> ModuleType:
    """Return PyJWT. If PyJWT or the package cryptography is not installed, raise `ConfigurationError`."""
    try:
        import jwt
        import jwt.algorithms
    except ImportError:
        has_it = False
    else:
        has_it = jwt.algorithms.has_crypto
    if not has_it:
        raise ConfigurationError(
            "Verifying tokens needs PyJWT and cryptography, which are not both installed.",
            remedy=Remedy('To install them, run: pip install "css-sdk[verify]"'),
        )
    return jwt


def signing_keys(document: object, algorithms: Iterable[str]) -> tuple[SigningKey, ...]:
    """Return the usable keys of a key set (RFC 7517); none if the document is not a key set.

    Some keys are not usable: keys that cannot be read, symmetric keys, keys that contain their private half, and RSA
    keys of less than 2048 bits. Keys for encryption or for an algorithm that is not accepted are not usable either.

    Args:
        document: the key set as parsed JSON: `{"keys": […]}`, or only the list.

    Raises:
        ConfigurationError: PyJWT or the package cryptography is not installed.
    """
    jwt = _library()
    listed = document.get("keys") if isinstance(document, Mapping) else document
    found: dict[object, SigningKey] = {}
    for entry in listed if isinstance(listed, Iterable) else ():
        for algorithm in algorithms:
            key = _read_key(jwt, entry, algorithm) if isinstance(entry, dict) else None
            if key is not None:
                # A repeated key counts once. Two different keys with one id both stay, so that `verify` uses neither.
                found.setdefault((key.kid, algorithm, *(str(entry.get(name)) for name in ("n", "e", "x", "y"))), key)
    return tuple(found.values())


def _read_key(jwt: ModuleType, entry: Mapping[str, Any], algorithm: str) -> SigningKey | None:
    kid, operations = entry.get("kid"), entry.get("key_ops", ["verify"])
    is_ours = (
        (entry.get("kty"), entry.get("crv")) == _KIND_OF_KEY[algorithm]
        and entry.get("alg", algorithm) == algorithm
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and (kid is None or isinstance(kid, str))
        and "d" not in entry  # its private half is public
    )
    if not is_ours:
        return None
    try:
        read = jwt.PyJWK(dict(entry), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    too_short = entry["kty"] == "RSA" and read.key.key_size < _SMALLEST_RSA
    return None if too_short else SigningKey(kid, algorithm, read.key, read.Algorithm)


def open_token(secret: Secret, terms: Terms) -> OpenedToken | InvalidToken:
    """Check the form and the header of a token. Return the opened token, or an error that says why it is not valid.

    This function does not verify the signature; `verify` does.
    """
    token = secret.reveal()
    if not isinstance(token, str):
        return _invalid("malformed", f"A token must be a text, not a value of type {type(token).__name__}.")
    if len(token) > LONGEST:
        return _invalid("too long", f"It has more than {LONGEST:,} characters.")
    if token[:7].lower() == "bearer ":
        return _invalid("malformed", 'Pass the token without the word "Bearer" before it.')
    if token and "." not in token:
        return _invalid(
            "malformed", "It is not a JWT, and css-sdk cannot verify an opaque token. Check that the token is complete."
        )
    match = _COMPACT.fullmatch(token)
    header = _object(_decoded(match[1])) if match and all(map(_is_canonical, match.groups())) else None
    if header is None:
        return _invalid(
            "malformed",
            "It is not a JWT. A JWT has three parts in base64url, and JSON in the first two. Check that the token is "
            "complete.",
        )
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in terms.algorithms:
        return _invalid("algorithm", f"It is not signed with {' or '.join(terms.algorithms)}.")
    if "crit" in header or "b64" in header:
        return _invalid("malformed", "Its header demands extensions that css-sdk does not support.")
    if not isinstance(kind, str) or kind.lower() not in _HEADER_TYPES:
        return _invalid("type", "It is not an access token: the field typ in its header names another kind of token.")
    if kid is not None and not isinstance(kid, str):
        return _invalid("malformed", "The key id in its header is not a text.")
    issuer: object = terms.issuers[0]
    if len(terms.issuers) > 1:
        # This unverified claim only selects the keys. If another issuer's keys signed the token, verification fails.
        issuer = (_object(_decoded(token.split(".")[1])) or {}).get("iss")
    if issuer not in terms.issuers:
        return _invalid("issuer", f"Its issuer is not {' or '.join(terms.issuers)}.", _OTHER_ISSUER)
    return OpenedToken(secret, kid, algorithm, str(issuer))


def verify(token: OpenedToken, keys: Sequence[SigningKey], terms: Terms, now: float) -> VerifiedToken | InvalidToken:
    """Verify the signature and the claims of a token. Return its content, or an error that says why it is not valid.

    Args:
        keys: the keys of `token.issuer`.
    """
    fitting = [key for key in keys if key.algorithm == token.algorithm and token.kid in (None, key.kid)]
    if len(fitting) != 1:
        many = "several keys" if fitting else "no key"
        why = f"Its key id fits {many} of {token.issuer}."
        if token.kid is None:
            why = f"Its header names no key, and {token.issuer} has {many} for its algorithm."
        if fitting:
            return _invalid("unknown key", why)
        return _invalid("unknown key", f"{why} Check which server issued the token.", _OTHER_ISSUER)
    content, _, signature = token.secret.reveal().rpartition(".")
    [key] = fitting
    if not key.method.verify(content.encode("ascii"), key.key, _decoded(signature)):
        return _invalid("signature", "Its signature is not valid: the token was changed, or another server issued it.")
    claims = _object(_decoded(content.partition(".")[2]))
    if claims is None:
        return _invalid("malformed", "Its content is not a JSON object.")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    audiences = tuple(name for name in terms.audiences if name in named)
    return _fault(claims, token.issuer, audiences, terms, now) or _content_of(claims, audiences)


def _fault(
    claims: Mapping[str, Any], issuer: str, audiences: Sequence[str], terms: Terms, now: float
) -> InvalidToken | None:
    """Return an error for the first condition that the claims do not meet; None if they meet all conditions.

    Args:
        audiences: the accepted audiences that the claims name.
    """
    missing = [name for name in _REQUIRED if claims.get(name) is None]
    if missing:
        return _invalid("missing claim", f"It lacks {', '.join(missing)}.")
    if claims["iss"] != issuer:
        return _invalid("issuer", f"Its issuer is not {issuer}.", _OTHER_ISSUER)
    if not audiences:
        return _invalid("audience", f"Its audience is not {' or '.join(map(repr, terms.audiences))}.")
    # Keycloak writes the kind of the token here. Its ID tokens have the same audience, but are not access tokens.
    if str(claims.get("typ", "Bearer")).lower() != "bearer":
        return _invalid(
            "type", "Its claim typ is not Bearer. It may be an ID token, or a token that is bound to a key."
        )
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    if not all(map(_is_moment, times.values())):
        return _invalid("malformed", "One of its claims exp, iat, nbf is not a valid number of seconds.")
    if not all(isinstance(claims.get(name, ""), str) for name in _NAMES):
        return _invalid("malformed", f"One of its claims {', '.join(_NAMES)} is not a text.")
    if now >= times["exp"] + terms.leeway:
        return _invalid("expired", "Request a new token.")
    if now + terms.leeway < max(times["iat"], times.get("nbf", 0)):
        return _invalid("not yet valid", "Check the clock of this machine.")
    return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_moment(value: object) -> bool:
    return _is_number(value) and 0 <= value <= _LAST_SECOND


def _content_of(claims: Mapping[str, Any], audiences: tuple[str, ...]) -> VerifiedToken:
    client_id = claims.get("azp") or claims.get("client_id") or None
    return VerifiedToken(
        subject=claims.get("sub"),
        client_id=client_id,
        is_service_account=_is_service_account(claims, client_id),
        roles=_roles(claims, client_id, audiences[0]),
        issued_at=_EPOCH + datetime.timedelta(seconds=claims["iat"]),
        expires_at=_EPOCH + datetime.timedelta(seconds=claims["exp"]),
        claims=claims,
        audiences=audiences,
    )


def _is_service_account(claims: Mapping[str, Any], client_id: str | None) -> bool:
    """Return whether the token belongs to the client itself, by `sub` (CERN) or `preferred_username` (CSS).

    The value of the claim must be the prefix of service accounts, followed by the client id. The prefix alone is not
    enough, because a person's name could begin with it. Keycloak stores usernames in lower case, so the case of ASCII
    letters does not matter. All other characters must be equal, because two different letters can have the same lower
    case.
    """
    names = [claims.get(name) for name in ("sub", "preferred_username")]
    wanted = f"{SERVICE_ACCOUNT_PREFIX}{client_id}".translate(_LOWER)
    return client_id is not None and any(isinstance(name, str) and name.translate(_LOWER) == wanted for name in names)


def _roles(claims: Mapping[str, Any], client_id: str | None, audience: str) -> frozenset[str]:
    """Return the roles in one audience, from the claims `resource_access` and `client_roles`.

    `client_roles` holds the roles of the client that the token was issued to. They count only if this client is the
    audience. Otherwise, users of another integration would get access through roles with the same names.
    """
    access = claims.get("resource_access")
    here = access.get(audience) if isinstance(access, dict) else None
    found = _names(here.get("roles") if isinstance(here, dict) else None)
    return found | _names(claims.get("client_roles")) if client_id == audience else found


def _names(value: object) -> frozenset[str]:
    """Return the texts of a list as a set. If the value is not a list of texts, return an empty set."""
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return frozenset(value if is_list and isinstance(value, list) else ())


def _is_canonical(part: str) -> bool:
    rest = len(part) % 4
    return rest == 0 or part[-1] in _LAST[rest]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _object(text: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a text; None if the text is not a valid JSON object in UTF-8."""
    try:
        found = strict_json(text.decode("utf-8"))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _invalid(reason: type_of_refusal, why: str, remedy: Remedy | None = None) -> InvalidToken:
    return InvalidToken(f"The token is not accepted ({reason}). {why}", reason=reason, remedy=remedy)
