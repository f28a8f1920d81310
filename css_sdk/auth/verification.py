"""Checking a token against given keys, at a given moment: whether it is good, and what it says.

Pure: whoever fetches keys and reads clocks stands elsewhere. What is decided is returned, an `InvalidToken` included,
and raised by the caller, so that no traceback leads through a frame that holds the token.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import string
from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeGuard

from attrs import field, frozen

from ..errors import ConfigurationError, InvalidToken, MissingRole, type_of_refusal
from ..models import SERVICE_ACCOUNT_PREFIX
from ..settings import Secret

if TYPE_CHECKING:
    import jwt.algorithms

LONGEST: Final = 16 * 1024
"""Characters that a token may have; servers take no longer header."""


_SMALLEST_RSA: Final = 2048
_MOST_LEEWAY: Final = 300.0
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_REQUIRED: Final = ("iss", "aud", "exp", "iat")
_NAMES: Final = ("sub", "azp", "client_id")
_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_HEADER_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_COMPACT: Final = re.compile(r"([\w-]*)\.([\w-]*)\.([\w-]*)", re.ASCII)
_LAST: Final = {1: "", 2: "AQgw", 3: "AEIMQUYcgkosw048"}
"""What base64url ends with, by the characters after its last group of four: the bits that do not count are zero.

Else one token could be written in several ways.
"""

_KIND_OF_KEY: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""The algorithms that may be asked for, all asymmetric, and the type and curve of their keys."""


def _listed(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ConfigurationError(f"Tokens cannot be checked by {names!r}: algorithms are a list, such as ['RS256'].")
    return tuple(names)


@frozen
class Terms:
    """What a token must meet.

    Args:
        issuer: the exact claim `iss`.
        audience: one of those in the claim `aud`.
        algorithms: that its signature may have.
        leeway: seconds by which clocks may differ.

    Raises:
        ConfigurationError: for terms that would let anything in, or nothing.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...] = field(converter=_listed)
    leeway: float

    def __attrs_post_init__(self) -> None:
        for what, value in (("issuer", self.issuer), ("audience", self.audience)):
            if not isinstance(value, str) or not value:
                raise ConfigurationError(f"The {what} of the tokens to accept is missing: an {what} is a text.")
        unsafe = [name for name in self.algorithms if not isinstance(name, str) or name not in _KIND_OF_KEY]
        if unsafe or not self.algorithms:
            named = ", ".join(map(str, unsafe)) or "none at all"
            raise ConfigurationError(
                f"Tokens cannot be checked by {named}. What has a public key is safe: {', '.join(_KIND_OF_KEY)}."
            )
        if not _is_number(self.leeway) or not 0 <= self.leeway <= _MOST_LEEWAY:
            raise ConfigurationError(f"A leeway of {self.leeway!r} makes no sense: it is 0 to {_MOST_LEEWAY:.0f} s.")


@frozen
class SigningKey:
    """A public key whose signatures are believed, and the one algorithm that they have."""

    kid: str | None
    algorithm: str
    key: Any = field(repr=False)
    method: jwt.algorithms.Algorithm = field(repr=False)

    def made(self, signature: bytes, content: bytes) -> bool:
        """Whether the signature under the content is this key's."""
        return bool(self.method.verify(content, self.key, signature))


@frozen
class OpenedToken:
    """A token that has the form of one, with what its header says, which nobody has vouched for yet."""

    secret: Secret
    kid: str | None
    algorithm: str


@frozen
class VerifiedToken:
    """What a token says, after it was found good. Its repr tells neither the token nor who its person is.

    Args:
        subject: the id of whom it stands for, if it names one.
        client_id: of the client that it was given to: the claim `azp`, or else `client_id`.
        is_service_account: whether it stands for that client itself and not for a person.
        roles: in the audience that was asked for, and in no other.
        issued_at: when it was issued.
        expires_at: when it ends.
        claims: all that it says.

    >>> told = VerifiedToken("5f0c…", "grants-portal-101", False, frozenset({"reviewer"}), _EPOCH, _EPOCH, {})
    >>> "reviewer" in told.roles
    True
    """

    subject: str | None = field(repr=False)
    client_id: str | None
    is_service_account: bool
    roles: frozenset[str]
    issued_at: datetime.datetime
    expires_at: datetime.datetime
    claims: Mapping[str, Any] = field(repr=False, hash=False)

    def require_role(self, role: str) -> None:
        """Does nothing for who holds the role.

        Args:
            role: its name, with case.

        Raises:
            MissingRole: for who does not.

        >>> told = VerifiedToken("5f0c…", "grants-portal-101", False, frozenset({"reviewer"}), _EPOCH, _EPOCH, {})
        >>> told.require_role("admin")
        Traceback (most recent call last):
        css_sdk.errors.MissingRole: A token of 'grants-portal-101' is good, but lacks the role 'admin'.
        """
        if role not in self.roles:
            raise MissingRole(f"A token of {self.client_id!r} is good, but lacks the role {role!r}.", role=role)


def _library() -> ModuleType:
    """What knows keys and signatures.

    Raises:
        ConfigurationError: when it is not installed.
    """
    try:
        import jwt  # noqa: PLC0415 - of an extra, and slow to load
        import jwt.algorithms  # noqa: PLC0415
    except ImportError:
        has_it = False
    else:
        has_it = jwt.algorithms.has_crypto
    if not has_it:
        raise ConfigurationError(
            'Checking tokens needs PyJWT with cryptography, which is not installed: pip install "css-sdk[verify]"'
        )
    return jwt


def signing_keys(document: object, algorithms: Iterable[str]) -> tuple[SigningKey, ...]:
    """The keys of a key set (RFC 7517) that may be used; none of a document that is no key set.

    Left out are symmetric keys, keys for encryption or another algorithm, short ones, those that come with their
    private half, and whatever cannot be read.

    Args:
        document: `{"keys": […]}`, or the list alone.
        algorithms: that are asked for.

    Raises:
        ConfigurationError: when the library for it is not installed.
    """
    jwt = _library()
    listed = document.get("keys") if isinstance(document, Mapping) else document
    found: dict[object, SigningKey] = {}
    for entry in listed if isinstance(listed, Iterable) else ():
        for algorithm in algorithms:
            key = _read_key(jwt, entry, algorithm) if isinstance(entry, dict) else None
            if key is not None:
                # The same key twice is one key; two keys of one id stay two, and neither of them is used.
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
        and "d" not in entry  # a private half that is public
    )
    if not is_ours:
        return None
    try:
        read = jwt.PyJWK(dict(entry), algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    too_short = entry["kty"] == "RSA" and read.key.key_size < _SMALLEST_RSA
    return None if too_short else SigningKey(kid, algorithm, read.key, read.Algorithm)


def opened(secret: Secret, terms: Terms) -> OpenedToken | InvalidToken:
    """The token with what its header says, or why it is none; nothing is said of its signature yet.

    Args:
        secret: the token, as it came.
        terms: what it must meet.
    """
    token = secret.reveal()
    if not isinstance(token, str):
        return _invalid("malformed", "A token is a text, and this is none.")
    if len(token) > LONGEST:
        return _invalid("too long", f"It has more than {LONGEST} characters, and no token is that long.")
    if token[:7].lower() == "bearer ":
        return _invalid("malformed", 'Give the token alone, without the word "Bearer" before it.')
    if token and "." not in token:
        return _invalid(
            "malformed",
            "It is no JWT, and an opaque token cannot be checked. Was it copied whole?",
        )
    match = _COMPACT.fullmatch(token)
    header = _object(_decoded(match[1])) if match and all(map(_is_canonical, match.groups())) else None
    if header is None:
        return _invalid("malformed", "It is not three parts of base64url with JSON in them. Was it copied whole?")
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in terms.algorithms:
        return _invalid("algorithm", f"It is not signed by {' or '.join(terms.algorithms)}.")
    if "crit" in header or "b64" in header:
        return _invalid("malformed", "Its header demands extensions that are not understood here.")
    if not isinstance(kind, str) or kind.lower() not in _HEADER_TYPES:
        return _invalid("type", "It is a signed text of another kind, not an access token.")
    if kid is not None and not isinstance(kid, str):
        return _invalid("malformed", "Its header names the key by something that is no text.")
    return OpenedToken(secret, kid, algorithm)


def verified(token: OpenedToken, keys: Sequence[SigningKey], terms: Terms, now: float) -> VerifiedToken | InvalidToken:
    """What a token says when it is good, or why it is not.

    Args:
        token: the token.
        keys: of its issuer.
        terms: what it must meet.
        now: the moment, in seconds since 1970.
    """
    fitting = [key for key in keys if key.algorithm == token.algorithm and token.kid in (None, key.kid)]
    if len(fitting) != 1:
        keys_of = f"keys of {terms.issuer}"
        if token.kid is None:
            return _invalid("unknown key", f"It names no key, and not just one of the {keys_of} fits.")
        how_many = "several" if fitting else "none"
        return _invalid("unknown key", f"It names {how_many} of the {keys_of}. Was it issued there?")
    content, _, signature = token.secret.reveal().rpartition(".")
    if not fitting[0].made(_decoded(signature), content.encode("ascii")):
        return _invalid("signature", "Its signature is not its issuer's: it was changed, or somebody else made it.")
    claims = _object(_decoded(content.partition(".")[2]))
    if claims is None:
        return _invalid("malformed", "What was signed is no JSON object.")
    return _fault(claims, terms, now) or _told(claims, terms.audience)


def _fault(claims: Mapping[str, Any], terms: Terms, now: float) -> InvalidToken | None:
    """What is wrong with claims that were truly signed."""
    missing = [name for name in _REQUIRED if claims.get(name) is None]
    if missing:
        return _invalid("missing claim", f"It lacks {', '.join(missing)}.")
    if claims["iss"] != terms.issuer:
        return _invalid("issuer", f"It is not from {terms.issuer}.")
    audience = claims["aud"]
    if terms.audience not in (audience if isinstance(audience, list) else [audience]):
        return _invalid("audience", f"It is not for {terms.audience!r}.")
    # Keycloak says here what the token is for. Its ID tokens are for the same audience, and are no access tokens.
    if str(claims.get("typ", "Bearer")).lower() != "bearer":
        return _invalid("type", "It is not an access token: perhaps an ID token, or one bound to a key.")
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    if not all(map(_is_moment, times.values())):
        return _invalid("malformed", "A time in it is no number of seconds.")
    if not all(isinstance(claims.get(name, ""), str) for name in _NAMES):
        return _invalid("malformed", f"One of {', '.join(_NAMES)} in it is no text.")
    if now >= times["exp"] + terms.leeway:
        return _invalid("expired", "Its time is over. Ask for a new one.")
    if now + terms.leeway < max(times["iat"], times.get("nbf", 0)):
        return _invalid("not yet valid", "Its time has not begun. Is the clock of this machine right?")
    return None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_moment(value: object) -> bool:
    return _is_number(value) and 0 <= value <= _LAST_SECOND


def _told(claims: Mapping[str, Any], audience: str) -> VerifiedToken:
    client_id = claims.get("azp") or claims.get("client_id") or None
    return VerifiedToken(
        subject=claims.get("sub"),
        client_id=client_id,
        is_service_account=_is_service_account(claims, client_id),
        roles=_roles(claims, client_id, audience),
        issued_at=_EPOCH + datetime.timedelta(seconds=claims["iat"]),
        expires_at=_EPOCH + datetime.timedelta(seconds=claims["exp"]),
        claims=claims,
    )


def _is_service_account(claims: Mapping[str, Any], client_id: str | None) -> bool:
    """Whether the token is the client's own: CERN tells it in `sub`, CSS in `preferred_username`.

    The prefix alone proves nothing, since a person might be named so: the rest has to be the very client that the
    token was given to. Keycloak keeps usernames in lower case; beyond ASCII that would make equal what is not.
    """
    names = [claims.get(name) for name in ("sub", "preferred_username")]
    wanted = f"{SERVICE_ACCOUNT_PREFIX}{client_id}".translate(_LOWER)
    return client_id is not None and any(isinstance(name, str) and name.translate(_LOWER) == wanted for name in names)


def _roles(claims: Mapping[str, Any], client_id: str | None, audience: str) -> frozenset[str]:
    """The roles in one audience.

    `client_roles` holds the roles of whichever client the token was given to, so it counts only where that is the
    audience: else another integration could name its own roles as it likes and be let in here.
    """
    access = claims.get("resource_access")
    here = access.get(audience) if isinstance(access, dict) else None
    found = _names(here.get("roles") if isinstance(here, dict) else None)
    return found | _names(claims.get("client_roles")) if client_id == audience else found


def _names(value: object) -> frozenset[str]:
    """A list of texts, and nothing of whatever else it may be: a text is not a list of its letters."""
    is_list = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return frozenset(value if is_list and isinstance(value, list) else ())


def _is_canonical(part: str) -> bool:
    rest = len(part) % 4
    return rest == 0 or part[-1] in _LAST[rest]


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _object(text: bytes) -> dict[str, Any] | None:
    """The JSON object in a text; None where there is none."""
    try:
        found = _JSON.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError
    return found


# NaN and Infinity are no JSON; of a name that stands there twice, others might believe the other one.
_JSON: Final = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_distinct)


def _invalid(reason: type_of_refusal, why: str) -> InvalidToken:
    return InvalidToken(f"The token is not accepted ({reason}). {why}", reason=reason)
