"""Measure the time of verifying a token, compared with PyJWT alone and the same key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import httpx
import jwt

from css_sdk import AsyncTokenVerifier, TokenVerifier
from css_sdk.sandbox import Sandbox

from .measure import MICRO, Finding, interleaved, repeated, seconds_each

MOST: Final = 1.3
ROUNDS: Final = 40
CALLS: Final = 200
ISSUER: Final = "http://localhost/auth/dev/realms/standard"
PERSON: Final = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
CLIENT: Final = "grants-portal-101"
AGAINST: Final = "jwt.decode: issuer, audience, four claims required"


def verify() -> Iterator[Finding]:
    """Compare `verify` of both verifiers with `jwt.decode` of the same token with the same requirements."""
    sandbox = Sandbox()
    sandbox.token_life = 3600
    sandbox.grant(101, "dev", "reviewer", PERSON)
    token = sandbox.token_for(PERSON, 101, "dev")
    with httpx.Client(transport=sandbox.transport()) as http:
        (shown,) = http.get(f"{ISSUER}/protocol/openid-connect/certs").json()["keys"]
    with TokenVerifier(ISSUER, CLIENT, transport=sandbox.transport()) as verifier, asyncio.Runner() as runner:
        verified = verifier.verify(token)
        key = jwt.PyJWK(shown)

        def alone() -> None:
            demands = {"require": ["exp", "iat", "iss", "aud"]}
            jwt.decode(token, key.key, algorithms=["RS256"], audience=CLIENT, issuer=ISSUER, leeway=10, options=demands)

        alone()
        assert verified.roles == {"reviewer"}
        yield _finding("verify, TokenVerifier", repeated(lambda: verifier.verify(token)), alone)

        other = AsyncTokenVerifier(ISSUER, CLIENT, transport=sandbox.async_transport())

        async def check(times: int) -> None:
            for _ in range(times):
                await other.verify(token)

        yield _finding("verify, AsyncTokenVerifier", lambda times: runner.run(check(times)), alone)
        runner.run(other.aclose())


def _finding(name: str, work: Callable[[int], object], alone: Callable[[], object]) -> Finding:
    pair = interleaved(lambda: seconds_each(work, CALLS), lambda: seconds_each(repeated(alone), CALLS), ROUNDS)
    return Finding(name, pair.value * MICRO, "us", pair.reference * MICRO, AGAINST, pair.ratio, most=MOST)
