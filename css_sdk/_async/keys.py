"""Verify tokens that an application receives, and fetch the keys of their issuer."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import httpx
from attrs import define, field, frozen

from .._http.bodies import async_read_body
from .._http.clients import new_client
from .._http.concurrency import check_callback
from .._http.deadlines import async_time_limit
from .._http.observation import Observer
from .._http.sending import Sending
from .._http.stateless_clients import CALL, stateless_client
from .._service import arguments
from .._service.addresses import checked_address
from .._text.json_text import parsed_json
from .._version import __version__
from ..auth.single_flight import SharedRequest
from ..auth.token_endpoint import described
from ..auth.verification import SigningKey, Terms, VerifiedToken, open_token, signing_keys, verify
from ..errors import ConfigurationError, CssError, InvalidToken, KeysUnavailable, MalformedAnswer
from ..settings import Secret
from .connection import check_kinds

_LOG = logging.getLogger("css_sdk")
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # so that a small answer cannot unpack to a large one
    "User-Agent": f"css-sdk/{__version__}",
}

_PAUSE: Final = 30.0
"""The fewest seconds between two attempts to fetch keys, whether the first attempt failed or not."""

_FRESH: Final = 3600.0
"""Seconds after which keys are fetched again, so that retired keys are forgotten."""

_USABLE: Final = 24 * 3600.0
"""Seconds for which keys are used while their server cannot be reached."""

_GRACE: Final = 0.5
"""Seconds that callers wait for a fetch beyond its timeout, so that the fetch can report why it failed."""

_OBSERVER: Final = Observer(None)
_DISCOVERY: Final = "/.well-known/openid-configuration"
_KEYS: Final = "The address of the keys"
_LIKE_KEYS: Final = "https://loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/certs"

_LARGEST: Final = 256 * 1024
"""The largest discovery document or key set, in bytes."""


@frozen
class _Fetched:
    """The keys of an issuer, and the time when they were fetched, in seconds since 1970."""

    keys: tuple[SigningKey, ...]
    at: float


_NOTHING: Final = _Fetched((), float("-inf"))


def _is_within(now: float, then: float, seconds: float) -> bool:
    # The times are compared in both directions, so that a clock that is set back a little does not invalidate the keys.
    return abs(now - then) < seconds


@define(eq=False)
class AsyncIssuerKeys:
    """Fetch the keys of an issuer, by discovery or from a given address, and remember them.

    The first caller that needs keys fetches them. During the fetch, other callers use the known keys. If the known keys
    are too old or lack the needed key, these callers wait for the fetch. There are at least 30 seconds between two
    fetches, even if the first fetch failed.

    A caller waits at most `timeout` plus half a second. In synchronous code, each fetch runs in its own thread, because
    css-sdk cannot stop a slow fetch through an httpx client or transport that the user passed. No new fetch begins
    before such a slow fetch ends. Until then, callers that need keys get an error at once.

    Args:
        jwks_url: the address of the issuer's keys; None to find the address by discovery.
        allow_http: whether `jwks_url` may be plain http to another machine.
        http: the httpx client for fetches; None to create a client for each fetch.
        timeout: seconds for a fetch, including discovery.

    Raises:
        ConfigurationError: the address of the issuer or of its keys is not valid or not safe, or `timeout` is not a
            positive number.
    """

    _issuer: str
    _jwks_url: str | None
    _allow_http: bool
    _algorithms: Sequence[str]
    _http: httpx.AsyncClient | None
    _timeout: float
    _clock: Callable[[], float]
    is_closed: bool = field(default=False, init=False)
    _url: str = field(init=False)
    _process: int = field(factory=os.getpid, init=False)
    _keys: _Fetched = field(default=_NOTHING, init=False)
    _pending: SharedRequest[_Fetched] | None = field(default=None, init=False)
    _until: float = field(default=float("-inf"), init=False)
    _tried_at: float = field(default=float("-inf"), init=False)
    _failure: KeysUnavailable | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if self._jwks_url is None:
            self._url = checked_address(self._issuer, "The issuer", allow_http=True) + _DISCOVERY
            if not _is_safe(self._issuer):
                raise ConfigurationError(
                    f"The issuer {self._issuer} uses plain http. An attacker in the network could replace the keys of "
                    f"the issuer. Pass its https address."
                )
        else:
            self._url = checked_address(self._jwks_url, _KEYS, allow_http=True, may_have_query=True, like=_LIKE_KEYS)
            if not (self._allow_http or _is_safe(self._url)):
                raise ConfigurationError(
                    f"{_KEYS} (jwks_url=) is plain http. An attacker in the network could replace the keys. Pass an "
                    f"https address. In a network that you trust, pass allow_http=True."
                )
        arguments.check_number(self._timeout, "timeout", "seconds")

    async def current(self) -> _Fetched:
        """Return keys that are at most an hour old. If they cannot be fetched, return keys that are at most a day old.

        Raises:
            KeysUnavailable: the keys cannot be fetched, and no known keys are usable.
        """
        known, now = self._keys, self._clock()
        if _is_within(now, known.at, _FRESH):
            return known
        is_usable = _is_within(now, known.at, _USABLE)
        renewed = await self._renew(known, waits=not is_usable)
        if renewed is known and not is_usable:
            raise self._unavailable()
        return renewed

    async def newer(self, known: _Fetched) -> _Fetched:
        """Return newer keys. If the last fetch was less than 30 seconds ago, return the known keys.

        Raises:
            KeysUnavailable: there are no newer keys, and the last fetch failed.
        """
        renewed = await self._renew(known, waits=True)
        if renewed is known and self._failure is not None:
            raise self._unavailable()
        return renewed

    async def _renew(self, known: _Fetched, waits: bool) -> _Fetched:
        """Return newer keys. If no newer keys are available now, return the known keys.

        Args:
            waits: whether to wait if another caller is fetching keys. If False, return the known keys instead.
        """
        while True:
            own, now = SharedRequest[_Fetched](), self._clock()
            with SharedRequest.lock:
                if self._pending is None or self._pending.is_over:
                    if self._keys is not known or _is_within(now, self._tried_at, _PAUSE):
                        return self._keys
                    if self._pending is not None:
                        self._pending.release()
                    self._pending, self._until = own, time.monotonic() + self._timeout + _GRACE
                pending = self._pending
            if pending is own:
                await own.async_carry_out(self._attempt)
            elif not waits:
                return known
            with suppress(TimeoutError):
                keys = await pending.async_result(seconds=max(0.0, self._until - time.monotonic()))
                if keys is not None:
                    return keys
            if not pending.is_over:  # the event loop of the fetch may be closed
                self._failure = self._failed(self._url, "no answer came in time")
                self._tried_at = self._clock()
                return known

    async def _attempt(self) -> _Fetched:
        """Fetch keys and return them. If the fetch fails, remember the failure and return the known keys."""
        if self.is_closed or (self._http is not None and self._http.is_closed):
            raise ConfigurationError(
                "The verifier, or the HTTP client that was passed to it, is closed. Create another verifier."
            )
        if self._http is not None and self._process != os.getpid():
            raise ConfigurationError(
                "This process was forked after its verifier was created. The http_client or transport of the verifier "
                "belongs to the parent process. Nothing was sent. Create a verifier in each process."
            )
        now, failure = self._clock(), None
        try:
            self._keys = _Fetched(await self._fetch(), now)
        except KeysUnavailable as error:
            failure = error
            if _is_within(now, self._keys.at, _USABLE):
                _LOG.warning("%s css-sdk uses the known keys until it can fetch keys again.", error)
        self._failure, self._tried_at = failure, now
        return self._keys

    def _unavailable(self) -> KeysUnavailable:
        """Return an error with the cause of the last failure. Each caller gets a separate error object."""
        last = self._failure or KeysUnavailable(f"The keys of {self._issuer} cannot be fetched.")
        unavailable = last.with_message(f"{last} The token could not be verified.")
        unavailable.retry_after = max(0.0, _PAUSE - abs(self._clock() - self._tried_at))
        unavailable.__cause__ = last.__cause__
        return unavailable

    async def _fetch(self) -> tuple[SigningKey, ...]:
        http = self._http or new_client(httpx.AsyncClient)
        url = self._url
        try:
            with Sending(), async_time_limit(self._timeout) as until:
                plain = stateless_client(http)
                if self._jwks_url is None:
                    url = self._address_of_keys(await self._document(plain, url, until), url)
                keys = signing_keys(await self._document(plain, url, until), self._algorithms)
        except (httpx.RequestError, TimeoutError) as error:
            is_late = isinstance(error, (httpx.TimeoutException, TimeoutError))
            why = f" ({described(error)})" if isinstance(error, httpx.RequestError) else ""
            raise self._failed(url, f"no answer came{' in time' if is_late else ''}{why}") from error
        except CssError:
            raise
        except Exception as error:
            raise self._failed(url, f"the answer is not valid ({type(error).__name__})") from error
        finally:
            if http is not self._http:
                await http.aclose()
        if not keys:
            raise self._failed(url, f"there is no key for {' or '.join(self._algorithms)}")
        return keys

    def _address_of_keys(self, document: dict[str, Any], discovery: str) -> str:
        if document.get("issuer") != self._issuer:
            raise self._failed(discovery, "the document names another issuer. Check the issuer's exact address")
        found = document.get("jwks_uri")
        needs_https = httpx.URL(self._issuer).scheme == "https"
        if not isinstance(found, str) or not _is_safe(found, needs_https):
            raise self._failed(discovery, "the document does not name a safe address for the keys")
        return found

    async def _document(self, http: httpx.AsyncClient, url: str, until: float) -> dict[str, Any]:
        # A new request, so that default headers of the caller's client do not reach this server.
        limits = httpx.Timeout(max(0.0, until - time.monotonic())).as_dict()
        request = httpx.Request("GET", url, headers=_HEADERS, extensions={"timeout": limits, CALL: True})
        began = time.perf_counter()
        answer = await http.send(request, auth=None, follow_redirects=False, stream=True)
        _OBSERVER.note("GET", request.url.path, answer.status_code, began)
        try:
            if answer.status_code != httpx.codes.OK:
                raise self._failed(url, f"the answer was {answer.status_code}", answer.status_code)
            await async_read_body(answer, _LARGEST)
        except MalformedAnswer as error:
            raise self._failed(url, str(error), answer.status_code) from None
        finally:
            await answer.aclose()
        found = parsed_json(answer.content)
        if not isinstance(found, dict):
            raise self._failed(url, "the answer is not a JSON object")
        return found

    def _failed(self, url: str, why: str, status: int | None = None) -> KeysUnavailable:
        place, _, _ = url.partition("?")
        return KeysUnavailable(
            f"The keys of {self._issuer} cannot be fetched (GET {place}): {why}.",
            status=status,
            request=f"GET {httpx.URL(place).path}",
        )


def _is_safe(address: str, needs_https: bool = False) -> bool:
    """Return whether an address is valid and safe: https to any machine, or plain http to this machine.

    Args:
        needs_https: whether to refuse plain http even on this machine.
    """
    path, _, query = address.partition("?")
    try:
        checked_address(path, "An address")
    except ConfigurationError:
        return False
    is_text = query.isascii() and query.isprintable() and not set(query) & set(" #")
    return is_text and (httpx.URL(path).scheme == "https" or not needs_https)


def _alone(names: tuple[str, ...]) -> str | tuple[str, ...]:
    return names[0] if len(names) == 1 else names


def _addresses_of_keys(
    issuers: Sequence[str], jwks_url: str | Mapping[str, str] | None, has_keys: bool
) -> Mapping[str, str]:
    """Return the addresses of keys that the caller passed, by issuer. Issuers without an address are left out.

    Raises:
        ConfigurationError: it is not clear which issuer the keys or an address belong to, or an address belongs to an
            unknown issuer.
    """
    if has_keys and (jwks_url is not None or len(issuers) > 1):
        raise ConfigurationError(
            "keys= contains the keys of one issuer, so css-sdk fetches no keys. Pass exactly one issuer=, and leave "
            "out jwks_url=."
        )
    if jwks_url is None:
        return {}
    if not isinstance(jwks_url, Mapping):
        if len(issuers) > 1:
            raise ConfigurationError(
                "With several issuers, pass jwks_url= as a dictionary from issuers to the addresses of their keys."
            )
        return {issuers[0]: jwks_url}
    if unknown := [name for name in jwks_url if name not in issuers]:
        raise ConfigurationError(
            f"jwks_url= has addresses for {', '.join(map(repr, unknown))}, which issuer= does not name. Use the same "
            f"issuers in both."
        )
    return jwks_url


class AsyncTokenVerifier:
    """Verify the access tokens that an application receives: signature, issuer, audience and time.

    Create one verifier, and share it among threads and event loops. It remembers the keys of each issuer, so that most
    checks need no request. It fetches keys again after an hour, and when a token names an unknown key. But it fetches
    keys at most once in 30 seconds. If the keys cannot be fetched, it uses the known keys for a day.

    A key verifies only tokens of its own issuer. If you pass several issuers and several audiences, the verifier
    accepts every audience from every issuer. To accept only some pairs, create a verifier for each pair.

    Args:
        issuer: the exact value of the claim `iss`, or a list of accepted values. The verifier also uses it as the
            address for the discovery of keys.
        audience: your own client id, or a list of client ids. The claim `aud` must contain at least one of them.
        keys: the issuer's public keys, as a JSON Web Key Set or a list of keys. The verifier then fetches no keys.
        jwks_url: the address of the issuer's keys. The verifier then needs no discovery. For several issuers, pass a
            dictionary from issuers to addresses. For an issuer that the dictionary does not have, the verifier uses
            discovery.
        allow_http: whether `jwks_url` may be plain http to another machine. An attacker in the network could then
            replace the keys, and make tokens that the verifier accepts.
        algorithms: the accepted signature algorithms; only algorithms with a public key are allowed.
        leeway: the seconds by which the clocks of this machine and of the issuer may differ.
        clock: returns the current time in seconds since 1970.
        http_client: an httpx client for fetching keys. The caller closes this client. The headers, cookies and
            credentials of the client are not sent. Use the verifier only in event loops in which the client works.
        transport: an httpx transport for the client that the verifier creates.
        timeout: seconds for fetching the keys of an issuer, for all requests together.

    Raises:
        ConfigurationError: the arguments are unsafe or contradict each other, no key is usable, or the extra `verify`
            is not installed.

    >>> issuer = "http://localhost/auth/dev/realms/standard"
    >>> token = sandbox.token_for("fisheries-service-102", 102, "dev")
    >>> verifier = AsyncTokenVerifier(issuer, "fisheries-service-102", transport=sandbox.async_transport())
    >>> (await verifier.verify(token)).client_id
    'fisheries-service-102'
    """

    def __init__(
        self,
        issuer: str | Iterable[str],
        audience: str | Iterable[str],
        *,
        keys: Mapping[str, Any] | Iterable[Mapping[str, Any]] | None = None,
        jwks_url: str | Mapping[str, str] | None = None,
        allow_http: bool = False,
        algorithms: Iterable[str] = ("RS256",),
        leeway: float = 10.0,
        clock: Callable[[], float] = time.time,
        http_client: httpx.AsyncClient | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 5.0,
    ) -> None:
        self._terms = Terms(issuer, audience, algorithms, leeway)
        addresses = _addresses_of_keys(self._terms.issuers, jwks_url, keys is not None)
        arguments.check_number(timeout, "timeout", "seconds")
        check_callback("clock", clock)
        check_kinds({"http_client": http_client, "transport": transport})
        self._clock = clock
        if http_client is not None and transport is not None:
            raise ConfigurationError(
                "Pass http_client= or transport=, not both: an HTTP client has a transport of its own."
            )
        self._given = _Fetched(signing_keys(keys, self._terms.algorithms), float("inf"))
        self._issuer_keys: dict[str, AsyncIssuerKeys] = {}
        self._own_client: httpx.AsyncClient | None = None
        if keys is not None:
            if not self._given.keys:
                raise ConfigurationError(f"None of the keys can be used for {' or '.join(self._terms.algorithms)}.")
            return
        if transport is not None:
            http_client = self._own_client = new_client(httpx.AsyncClient, transport=transport)
        self._issuer_keys = {
            name: AsyncIssuerKeys(
                name, addresses.get(name), allow_http, self._terms.algorithms, http_client, timeout, clock
            )
            for name in self._terms.issuers
        }

    def __repr__(self) -> str:
        issuer, audience = map(_alone, (self._terms.issuers, self._terms.audiences))
        return f"{type(self).__name__}(issuer={issuer!r}, audience={audience!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop fetching keys. An httpx client that the caller passed stays open."""
        for each in self._issuer_keys.values():
            each.is_closed = True
        if self._own_client is not None:
            await self._own_client.aclose()

    async def verify(self, token: str) -> VerifiedToken:
        """Verify a token and return its content.

        Args:
            token: the token, without the word `Bearer`.

        Raises:
            InvalidToken: the token is not valid; `reason` says why.
            KeysUnavailable: the keys cannot be fetched. css-sdk therefore cannot verify the token.

        >>> issuer = "http://localhost/auth/dev/realms/standard"
        >>> verifier = AsyncTokenVerifier(issuer, "fisheries-service-102", transport=sandbox.async_transport())
        >>> await verifier.verify("Bearer …")
        Traceback (most recent call last):
        css_sdk.errors.InvalidToken: The token is not accepted (malformed). Pass the token ...
        """
        secret = Secret(token)
        del token  # because tracebacks with variables end up in logs
        unverified = open_token(secret, self._terms)
        if isinstance(unverified, InvalidToken):
            raise unverified
        keys = self._issuer_keys.get(unverified.issuer)
        known = self._given if keys is None else await keys.current()
        result = verify(unverified, known.keys, self._terms, self._clock())
        if isinstance(result, InvalidToken) and result.reason == "unknown key" and keys is not None:
            newer = await keys.newer(known)
            result = verify(unverified, newer.keys, self._terms, self._clock())
        if isinstance(result, InvalidToken):
            raise result
        return result
