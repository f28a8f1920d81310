"""Checking the tokens that come in: the keys of their issuer, fetched when they are needed, and the check itself."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import httpx
from attrs import frozen

from .._pairs import AsyncLock
from .._quiet import quiet
from .._version import __version__
from ..errors import ConfigurationError, InvalidToken, KeysUnavailable
from ..settings import LOOPBACK, Secret, checked_address
from ..tokens import SigningKey, Terms, VerifiedToken, opened, signing_keys, verified

_LOG = logging.getLogger("css_sdk")
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what is small as it travels shall be small
    "User-Agent": f"css-sdk/{__version__}",
}

_PAUSE: Final = 30.0
"""Seconds between two attempts to fetch keys, whatever became of the first."""

_FRESH: Final = 3600.0
"""Seconds after which keys are fetched again, so that one that was retired is forgotten."""

_USABLE: Final = 24 * 3600.0
"""Seconds for which keys are used while their server cannot be reached."""

_LARGEST: Final = 256 * 1024
"""Bytes that a discovery document or a key set may have."""


@frozen
class _Fetched:
    """The keys of an issuer, and when they were fetched."""

    keys: tuple[SigningKey, ...]
    at: float


_NOTHING: Final = _Fetched((), float("-inf"))


def _is_within(now: float, then: float, seconds: float) -> bool:
    # Either way: a clock that was set back by a little is no reason to forget everything.
    return abs(now - then) < seconds


class AsyncIssuerKeys:
    """The keys of an issuer, found by discovery and kept.

    Whoever needs keys that are not there fetches them, and all others wait for that one fetch and take what it
    brought. Between two attempts lie 30 seconds, whatever became of the first; one that was interrupted is none.

    Args:
        issuer: its address.
        algorithms: that the keys are for.
        http: the client to fetch with.
        clock: seconds since 1970.
    """

    def __init__(
        self, issuer: str, algorithms: Sequence[str], http: httpx.AsyncClient, clock: Callable[[], float]
    ) -> None:
        self._issuer = issuer
        self._address = checked_address(issuer, "The issuer")
        self._algorithms = algorithms
        self._http = http
        self._clock = clock
        self._lock = AsyncLock()
        self._held = _NOTHING
        self._tried_at = float("-inf")
        self._failure: KeysUnavailable | None = None

    async def current(self) -> _Fetched:
        """The keys, not older than an hour where their server can be reached, and a day where it cannot.

        Raises:
            KeysUnavailable: when there are none.
        """
        held, now = self._held, self._clock()
        if _is_within(now, held.at, _FRESH):
            return held
        is_usable = _is_within(now, held.at, _USABLE)
        if is_usable and _is_within(now, self._tried_at, _PAUSE):
            return held  # somebody is at it, or tried in vain
        renewed = await self._renewed(held)
        if renewed is held and not is_usable:
            raise self._unavailable()
        return renewed

    async def newer(self, held: _Fetched) -> _Fetched:
        """The keys after those that lack one; the same again where they were fetched just now.

        Args:
            held: those that lack it.

        Raises:
            KeysUnavailable: when the last attempt to fetch them failed.
        """
        renewed = await self._renewed(held)
        if renewed is held and self._failure is not None:
            raise self._unavailable()
        return renewed

    async def _renewed(self, held: _Fetched) -> _Fetched:
        async with self._lock:
            now = self._clock()
            # Somebody else may have been at it while this one waited for the lock.
            if self._held is held and not _is_within(now, self._tried_at, _PAUSE):
                await self._try(now)
            return self._held

    async def _try(self, now: float) -> None:
        if self._http.is_closed:
            raise ConfigurationError("The verifier, or the HTTP client that it was given, was closed. Make another.")
        before, self._tried_at = self._tried_at, now
        try:
            self._held = _Fetched(await self._fetched(), now)
            self._failure = None
        except KeysUnavailable as error:
            _LOG.warning("%s", error)
            self._failure = error
        except BaseException:
            self._tried_at = before
            raise

    def _unavailable(self) -> KeysUnavailable:
        """The last failure, as an error of its own for each who is told."""
        last = self._failure or KeysUnavailable(f"The keys of {self._issuer} cannot be had.")
        wait = max(0.0, _PAUSE - abs(self._clock() - self._tried_at))
        return KeysUnavailable(str(last), status=last.status, request=last.request, retry_after=wait)

    async def _fetched(self) -> tuple[SigningKey, ...]:
        discovery = self._address + "/.well-known/openid-configuration"
        found = await self._document(discovery)
        if found.get("issuer") != self._issuer:
            raise self._failed(discovery, "the document there names another issuer. Check the issuer's exact address")
        address = str(found.get("jwks_uri"))
        try:
            checked_address(address, "The address of the keys")
            is_safe = address.startswith("https:") or not self._address.startswith("https:")
        except ConfigurationError:
            is_safe = False
        if not is_safe:
            raise self._failed(discovery, "the document there names no safe address of keys")
        keys = signing_keys(await self._document(address), self._algorithms)
        if not keys:
            raise self._failed(address, f"there is no key for {' or '.join(self._algorithms)}")
        return keys

    async def _document(self, url: str) -> dict[str, Any]:
        content = b""
        try:
            with quiet():
                # Whatever a client that was handed in sends to others by itself is not for this server.
                async with self._http.stream("GET", url, headers=_HEADERS, auth=None, follow_redirects=False) as answer:
                    if answer.status_code != httpx.codes.OK:
                        raise self._failed(url, f"the answer was {answer.status_code}", answer.status_code)
                    async for chunk in answer.aiter_bytes():
                        content += chunk
                        if len(content) > _LARGEST:
                            raise self._failed(url, f"the answer has more than {_LARGEST} bytes")
        except (httpx.RequestError, httpx.InvalidURL) as error:
            how = "no answer came in time" if isinstance(error, httpx.TimeoutException) else "no answer came"
            raise self._failed(url, how) from None
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._failed(url, "the answer is no JSON object")
        return found

    def _failed(self, url: str, why: str, status: int | None = None) -> KeysUnavailable:
        return KeysUnavailable(
            f"The keys of {self._issuer} cannot be had: at {url} {why}. Nothing is known about the token.",
            status=status,
            request=f"GET {httpx.URL(url).path}",
        )


class AsyncTokenVerifier:
    """Checks access tokens where they arrive: signature, issuer, audience and time.

    Make one for each audience and share it: it keeps its issuer's keys, so that a check needs no request. Keys are
    fetched anew after an hour, and when a token names one that is not among them, but never twice in 30 seconds,
    however many ask. While their server is down, those in hand are used for a day.

    Args:
        issuer: the exact claim `iss`, which is the address that the keys are found by.
        audience: your own client id, which the claim `aud` has to name.
        keys: the issuer's keys, as a key set or a list, where they shall not be fetched.
        algorithms: that signatures may have; only those with a public key can be named.
        leeway: seconds by which this clock and the issuer's may differ.
        clock: seconds since 1970.
        http_client: an httpx client to fetch keys with; the caller closes it.
        transport: an httpx transport, for a client of our own.
        timeout: seconds for each phase of fetching keys.

    Raises:
        ConfigurationError: for terms that are unsafe, keys of which none can be used, or when the extra `verify` is
            not installed.

    >>> issuer = "http://localhost/auth/dev/realms/standard"
    >>> token = sandbox.token_for("fisheries-service-102", 102, "dev")
    >>> verifier = AsyncTokenVerifier(issuer, "fisheries-service-102", transport=sandbox.async_transport())
    >>> (await verifier.verify(token)).client_id
    'fisheries-service-102'
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        *,
        keys: Mapping[str, Any] | Iterable[Mapping[str, Any]] | None = None,
        algorithms: Iterable[str] = ("RS256",),
        leeway: float = 10.0,
        clock: Callable[[], float] = time.time,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 5.0,
    ) -> None:
        self._terms = Terms(issuer, audience, tuple(algorithms), leeway)
        self._clock = clock
        if http_client is not None and transport is not None:
            raise ConfigurationError("An http_client has its own transport; give one or the other.")
        self._own_client: httpx.AsyncClient | None = None
        self._issuer_keys: AsyncIssuerKeys | None = None
        listed = keys if keys is None or isinstance(keys, Mapping) else list(keys)
        self._given = _Fetched(signing_keys(listed, self._terms.algorithms), float("inf"))
        if keys is not None:
            if not self._given.keys:
                raise ConfigurationError(f"None of the keys can be used for {' or '.join(self._terms.algorithms)}.")
            return
        if http_client is None:
            http_client = self._own_client = httpx.AsyncClient(
                transport=transport,
                timeout=timeout,
                mounts={f"all://{host}": None for host in LOOPBACK},  # a proxy is no way to this machine itself
                limits=httpx.Limits(max_keepalive_connections=0),  # the next fetch is an hour away
            )
        self._issuer_keys = AsyncIssuerKeys(issuer, self._terms.algorithms, http_client, clock)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(issuer={self._terms.issuer!r}, audience={self._terms.audience!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the fetching of keys; an httpx client that was handed in stays open."""
        if self._own_client is not None:
            await self._own_client.aclose()

    async def verify(self, token: str) -> VerifiedToken:
        """What a token says, once it was found good.

        Args:
            token: the token alone, as it stands after `Bearer`.

        Raises:
            InvalidToken: when it is not good; `reason` tells why.
            KeysUnavailable: when the keys cannot be had, so that nothing is known about the token.

        >>> issuer = "http://localhost/auth/dev/realms/standard"
        >>> verifier = AsyncTokenVerifier(issuer, "fisheries-service-102", transport=sandbox.async_transport())
        >>> await verifier.verify("Bearer …")
        Traceback (most recent call last):
        css_sdk.errors.InvalidToken: The token is not accepted (malformed). Give the token alone, ...
        """
        secret = Secret(token)
        del token  # tracebacks that show variables end up in logs
        unproven = opened(secret, self._terms)
        if isinstance(unproven, InvalidToken):
            raise unproven
        held = self._given if self._issuer_keys is None else await self._issuer_keys.current()
        result = verified(unproven, held.keys, self._terms, self._clock())
        if isinstance(result, InvalidToken) and result.reason == "unknown key" and self._issuer_keys is not None:
            newer = await self._issuer_keys.newer(held)
            result = verified(unproven, newer.keys, self._terms, self._clock())
        if isinstance(result, InvalidToken):
            raise result
        return result
