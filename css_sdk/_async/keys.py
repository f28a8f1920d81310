"""Checking the tokens that come in: the keys of their issuer, fetched when they are needed, and the check itself."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import httpx
from attrs import frozen

from .._http.clients import new_client
from .._http.concurrency import check_callback
from .._http.deadlines import async_time_limit
from .._http.forgetful_clients import CALL, body_of, without_memory
from .._http.sending import Sending
from .._service.addresses import checked_address
from .._service.arguments import check_kind
from .._version import __version__
from ..auth.single_flight import Asking
from ..auth.token_endpoint import described
from ..auth.verification import SigningKey, Terms, VerifiedToken, opened, signing_keys, verified
from ..errors import ConfigurationError, CssError, InvalidToken, KeysUnavailable, MalformedAnswer
from ..settings import Secret

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

_GRACE: Final = 0.5
"""Seconds after its timeout in which a fetch can say why it failed."""

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
    brought, but for those whose keys can still be used. Between two attempts lie 30 seconds, whatever became of the
    first; one whose thread or event loop ended is none.

    Nobody waits longer than half a second past `timeout`. In threads the fetch has a thread of its own: a client or a
    transport that was passed in cannot be stopped while its server sends the head of an answer byte by byte. There is
    no other fetch before that one has ended, and those who need it are refused at once.

    Args:
        issuer: its address.
        algorithms: that the keys are for.
        http: the client to fetch with; without it each fetch has one of its own, in whatever event loop it is made.
        timeout: seconds for discovery and keys together.
        clock: seconds since 1970.

    Raises:
        ConfigurationError: when the issuer's address is none or unsafe.
    """

    def __init__(
        self,
        issuer: str,
        algorithms: Sequence[str],
        http: httpx.AsyncClient | None,
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._address = checked_address(issuer, "The issuer", allow_http=True)
        if not _is_safe(issuer):
            raise ConfigurationError(
                f"The issuer {issuer} is reached by plain http, so its keys could be anybody's. Say its https address."
            )
        if not isinstance(timeout, (int, float)) or not timeout > 0:
            raise ConfigurationError(f"A timeout of {timeout!r} makes no sense: it is a number of seconds.")
        self._discovery = self._address + "/.well-known/openid-configuration"
        self._algorithms = algorithms
        self._http = http
        self._timeout = timeout
        self._clock = clock
        self._held = _NOTHING
        self._asking: Asking[_Fetched] | None = None
        self._until = self._tried_at = float("-inf")
        self._failure: KeysUnavailable | None = None
        self.is_closed = False

    async def current(self) -> _Fetched:
        """The keys, not older than an hour where their server can be reached, and a day where it cannot.

        Raises:
            KeysUnavailable: when there are none.
        """
        held, now = self._held, self._clock()
        if _is_within(now, held.at, _FRESH):
            return held
        is_usable = _is_within(now, held.at, _USABLE)
        renewed = await self._renewed(held, waits=not is_usable)
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
        renewed = await self._renewed(held, waits=True)
        if renewed is held and self._failure is not None:
            raise self._unavailable()
        return renewed

    async def _renewed(self, held: _Fetched, waits: bool) -> _Fetched:
        """The keys after these, or these again; who does not wait takes them while others are fetching."""
        while True:
            asking, now = Asking[_Fetched](), self._clock()
            with Asking.deciding:
                if self._asking is None or self._asking.is_over:
                    if self._held is not held or _is_within(now, self._tried_at, _PAUSE):
                        return self._held
                    if self._asking is not None:
                        self._asking.release()
                    self._asking, self._until = asking, time.monotonic() + self._timeout + _GRACE
                under_way = self._asking
            if under_way is asking:
                await asking.async_carry_out(self._attempt)
            elif not waits:
                return held
            with suppress(TimeoutError):
                if (came := await under_way.async_result(seconds=max(0.0, self._until - time.monotonic()))) is not None:
                    return came
            if not under_way.is_over:  # its event loop may be gone by now
                return self._given_up(held)

    def _given_up(self, held: _Fetched) -> _Fetched:
        """Return the keys in hand, after a wait for others that is over before they came."""
        self._failure = self._failed(self._discovery, "no answer came in time")
        self._tried_at = self._clock()
        return held

    async def _attempt(self) -> _Fetched:
        """The keys that could be fetched, or else those in hand."""
        if self.is_closed or (self._http is not None and self._http.is_closed):
            raise ConfigurationError("The verifier, or the HTTP client that it was given, was closed. Make another.")
        now, failure = self._clock(), None
        try:
            self._held = _Fetched(await self._fetched(), now)
        except KeysUnavailable as error:
            failure = error
            if _is_within(now, self._held.at, _USABLE):  # else those who need them are told
                _LOG.warning("%s Those in hand are used meanwhile.", error)
        self._failure, self._tried_at = failure, now
        return self._held

    def _unavailable(self) -> KeysUnavailable:
        """The last failure, as an error of its own for each who is told."""
        last = self._failure or KeysUnavailable(f"The keys of {self._issuer} cannot be had.")
        wait = max(0.0, _PAUSE - abs(self._clock() - self._tried_at))
        told = f"{last} Nothing is known about the token."
        unavailable = KeysUnavailable(told, status=last.status, request=last.request, retry_after=wait)
        unavailable.__cause__ = last.__cause__
        return unavailable

    async def _fetched(self) -> tuple[SigningKey, ...]:
        http = self._http or new_client(httpx.AsyncClient)
        url = self._discovery
        try:
            with Sending(), async_time_limit(self._timeout) as until:
                plain = without_memory(http)
                url = self._address_of_keys(await self._document(plain, url, until), url)
                keys = signing_keys(await self._document(plain, url, until), self._algorithms)
        except (httpx.RequestError, TimeoutError) as error:
            is_late = isinstance(error, (httpx.TimeoutException, TimeoutError))
            why = f" ({described(error)})" if isinstance(error, httpx.RequestError) else ""
            raise self._failed(url, f"no answer came{' in time' if is_late else ''}{why}") from error
        except CssError:
            raise
        except Exception as error:
            raise self._failed(url, f"what came makes no sense ({type(error).__name__})") from error
        finally:
            if http is not self._http:
                await http.aclose()
        if not keys:
            raise self._failed(url, f"there is no key for {' or '.join(self._algorithms)}")
        return keys

    def _address_of_keys(self, document: dict[str, Any], discovery: str) -> str:
        if document.get("issuer") != self._issuer:
            raise self._failed(discovery, "the document there names another issuer. Check the issuer's exact address")
        found = document.get("jwks_uri")
        needs_https = httpx.URL(self._issuer).scheme == "https"
        if not isinstance(found, str) or not _is_safe(found, needs_https):
            raise self._failed(discovery, "the document there names no safe address of keys")
        return found

    async def _document(self, http: httpx.AsyncClient, url: str, until: float) -> dict[str, Any]:
        # A request of our own: what a client that was handed in sends to others is not for this server.
        limits = httpx.Timeout(max(0.0, until - time.monotonic())).as_dict()
        request = httpx.Request("GET", url, headers=_HEADERS, extensions={"timeout": limits, CALL: True})
        answer = await http.send(request, auth=None, follow_redirects=False, stream=True)
        try:
            if answer.status_code != httpx.codes.OK:
                raise self._failed(url, f"the answer was {answer.status_code}", answer.status_code)
            body = body_of(answer, _LARGEST)
            if not answer.is_stream_consumed:
                async for piece in answer.aiter_raw():
                    body.add(piece)
                    if time.monotonic() > until:
                        raise TimeoutError
            content = body.content()
        except MalformedAnswer as error:
            raise self._failed(url, str(error), answer.status_code) from None
        finally:
            await answer.aclose()
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._failed(url, "the answer is no JSON object")
        return found

    def _failed(self, url: str, why: str, status: int | None = None) -> KeysUnavailable:
        place, _, _ = url.partition("?")
        return KeysUnavailable(
            f"The keys of {self._issuer} cannot be had: at {place} {why}.",
            status=status,
            request=f"GET {httpx.URL(place).path}",
        )


def _is_safe(address: str, needs_https: bool = False) -> bool:
    """Whether what comes from an address can be nobody else's: by https, or by http from this machine where it may."""
    path, _, query = address.partition("?")
    try:
        checked_address(path, "An address")
    except ConfigurationError:
        return False
    is_text = query.isascii() and query.isprintable() and not set(query) & set(" #")
    return is_text and (httpx.URL(path).scheme == "https" or not needs_https)


class AsyncTokenVerifier:
    """Checks access tokens where they arrive: signature, issuer, audience and time.

    Make one for each audience and share it, among threads and event loops too: it keeps its issuer's keys, so that a
    check needs no request. Keys are fetched anew after an hour, and when a token names one that is not among them, but
    never twice in 30 seconds, however many ask. While their server is down, those in hand are used for a day.

    Args:
        issuer: the exact claim `iss`, which is the address that the keys are found by.
        audience: your own client id, which the claim `aud` has to name.
        keys: the issuer's keys, as a key set or a list, where they shall not be fetched.
        algorithms: that signatures may have; only those with a public key can be named.
        leeway: seconds by which this clock and the issuer's may differ.
        clock: seconds since 1970.
        http_client: an httpx client to fetch keys with, in the event loops that it is for; the caller closes it. Of
            its headers, cookies and credentials none is sent.
        transport: an httpx transport, for a client of our own.
        timeout: seconds for fetching keys, for both requests together.

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
        self._terms = Terms(issuer, audience, algorithms, leeway)
        check_callback("clock", clock)
        for name, given, kind in (
            ("http_client", http_client, httpx.AsyncClient),
            ("transport", transport, httpx.AsyncBaseTransport),
        ):
            if given is not None:
                check_kind(given, kind, f"{name}=", error=ConfigurationError)
        self._clock = clock
        if http_client is not None and transport is not None:
            raise ConfigurationError("An http_client has its own transport; give one or the other.")
        self._given = _Fetched(signing_keys(keys, self._terms.algorithms), float("inf"))
        self._issuer_keys: AsyncIssuerKeys | None = None
        self._own_client: httpx.AsyncClient | None = None
        if keys is not None:
            if not self._given.keys:
                raise ConfigurationError(f"None of the keys can be used for {' or '.join(self._terms.algorithms)}.")
            return
        if transport is not None:
            http_client = self._own_client = new_client(httpx.AsyncClient, transport=transport)
        self._issuer_keys = AsyncIssuerKeys(issuer, self._terms.algorithms, http_client, timeout, clock)

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
        if self._issuer_keys is not None:
            self._issuer_keys.is_closed = True
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
