"""Keys and tokens for tests that verify tokens: those of a login server, and those of an attacker."""

from __future__ import annotations

import functools
import json
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from css_sdk import TokenVerifier
from css_sdk.sandbox import Sandbox
from tests.support import Clock

NOW: Final = 1_790_000_000
ISSUER: Final = "https://login.example/auth/realms/standard"
AUDIENCE: Final = "grants-portal-101"
CLAIMS: Final[dict[str, Any]] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "0d9ae7a1-5f6c-4c53-9c9e-0f6b0a9ce0fb",
    "azp": AUDIENCE,
    "typ": "Bearer",
    "iat": NOW - 10,
    "exp": NOW + 290,
    "preferred_username": "0f3ac87806aa7f215a7c0d4cc4d9e799@idir",
    "email": "maren.fairweather@example.com",
    "client_roles": ["reviewer"],
}


@functools.cache
def _made(name: str, bits: int) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


def key(name: str = "first", bits: int = 2048) -> RSAPrivateKey:
    """Return a private key, always the same for a name."""
    return _made(name, bits)


def jwk(name: str = "first", **members: Any) -> dict[str, Any]:
    """Return the public half of a key as a key set shows it; members that are None are left out."""
    numbers = json.loads(RSAAlgorithm.to_jwk(key(name).public_key()))
    shown = {"kid": name, "kty": "RSA", "alg": "RS256", "use": "sig", "n": numbers["n"], "e": numbers["e"], **members}
    return {member: value for member, value in shown.items() if value is not None}


def token(signer: Any = None, *, algorithm: str = "RS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a valid token, changed only as the arguments say; claims that are None are left out.

    Args:
        signer: the key; by default that of the login server.
        algorithm: of the signature.
        header: members of the header beside `alg` and `typ`.
        claims: claims that are added to the usual ones or replace them.
    """
    said = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return signed(json.dumps(said).encode(), signer, algorithm=algorithm, header=header)


def signed(
    content: bytes, signer: Any = None, *, algorithm: str = "RS256", header: dict[str, Any] | None = None
) -> str:
    """Sign any content, including contents that `jwt.encode` would refuse."""
    return jwt.PyJWS().encode(content, signer or key(), algorithm, {"kid": "first"} if header is None else header)


ONE_KEY: Final = {"keys": [jwk()]}


def verifier(keys: Any = ONE_KEY, **options: Any) -> TokenVerifier:
    """Return a verifier that already has its keys and whose clock stands still."""
    return TokenVerifier(ISSUER, AUDIENCE, keys=keys, **{"clock": lambda: NOW, "leeway": 0.0, **options})


def sandbox_with_long_tokens(clock: Clock) -> Sandbox:
    """Return a sandbox with this clock, whose tokens are valid for a week."""
    sandbox = Sandbox(clock=clock)
    sandbox.token_life = 7 * 24 * 3600.0
    return sandbox
