"""Tokens by client credentials (RFC 6749, 4.4), as an `httpx.Auth` for both kinds of client."""

from __future__ import annotations

import base64
import json
import math
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus

import anyio
import httpx
from attrs import frozen

from ._retry import seconds_to_wait
from .errors import AuthenticationError, ConfigurationError, MalformedAnswer, RateLimited, ServiceUnavailable, in_words
from .settings import Secret

_LIFE_WHEN_NOT_TOLD: Final = 60.0


@frozen
class Token:
    """An access token and the time until which it is used, on the clock of the auth that holds it."""

    secret: Secret
    good_until: float

    @property
    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self.secret.reveal()}"


_NONE: Final = Token(Secret(""), float("-inf"))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; the port is given even where it is the scheme's own."""
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def claims_of(token: str) -> dict[str, Any]:
    """The claims that a JWT carries, unchecked: for one's own token, which came straight from its issuer.

    Returns an empty dictionary for a token that is no JWT.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def team_of(claims: Mapping[str, Any]) -> int | None:
    """The team of an API account, which the claim `team` of its token holds as text; None where there is none."""
    team = str(claims.get("team", ""))
    return int(team) if team.isdecimal() and len(team) < 16 else None


def token_from(response: httpx.Response, asked_at: float) -> Token:
    """The token in the answer of a token endpoint.

    Args:
        response: the answer, already read.
        asked_at: when the request was made; a token lives from then, not from when the answer came.

    Raises:
        AuthenticationError: for an error answer (RFC 6749, 5.2), with its `error` and `error_description`.
        ServiceUnavailable: when the endpoint has a fault.
        MalformedAnswer: for an answer that holds no bearer token.
    """
    where = f"POST {response.request.url.path}"
    facts: dict[str, Any] = {"status": response.status_code, "request": where}
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    facts["retry_after"] = seconds_to_wait(response.headers.get("Retry-After"), time.time())
    if response.status_code == 429:
        wait = in_words(facts["retry_after"])
        raise RateLimited(f"{where}: the login server wants fewer calls. Try again in {wait}.", **facts)
    if response.status_code == 404:
        raise AuthenticationError(
            f"{where}: there is no token endpoint at {response.request.url.host}. Check the token address.", **facts
        )
    if response.status_code >= 500:
        raise ServiceUnavailable(
            f"{where}: the login server answered {response.status_code}. Try again later.", **facts
        )
    if response.status_code != 200:
        said = ": ".join(str(answer[key]) for key in ("error", "error_description") if answer.get(key))
        raise AuthenticationError(
            f"{where}: the login server refused the credentials "
            f"({said or f'status {response.status_code}'}). Check client id, client secret and token address.",
            **facts,
        )
    text, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
    if not isinstance(text, str) or not _fits_a_header(text) or str(kind).lower() != "bearer":
        raise MalformedAnswer(f"{where}: the answer holds no bearer token. Check the token address.", **facts)
    try:
        life = float(answer["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life = _LIFE_WHEN_NOT_TOLD
    if not 0 < life < math.inf:
        life = _LIFE_WHEN_NOT_TOLD
    # A share of the life, or a token of one second would never be good.
    return Token(Secret(text), asked_at + life - min(30.0, life / 10))


def _fits_a_header(token: str) -> bool:
    return token != "" and token.isascii() and token.isprintable() and " " not in token


class ClientCredentials(httpx.Auth):
    """Asks for a token when one is needed, keeps it, renews it before it ends, and once after a 401.

    However many threads or tasks use it, one token is asked for per life. The token is sent to the given origins only.

    Args:
        token_url: address of the token endpoint.
        client_id: of the account.
        client_secret: sent to the token endpoint alone, as HTTP Basic.
        origins: addresses whose origins may see the token.
        accept: called with each new token's claims before it is used; raises to refuse it.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str | Secret,
        *,
        origins: Iterable[str],
        accept: Callable[[dict[str, Any]], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token_url = httpx.URL(token_url)
        self._client_id = client_id
        self._client_secret = client_secret if isinstance(client_secret, Secret) else Secret(client_secret)
        self._origins = frozenset(origin(httpx.URL(address)) for address in origins)
        self._accept = accept
        self._clock = clock
        self._held = _NONE
        self._lock = threading.Lock()
        self._async_lock = anyio.Lock()

    def __repr__(self) -> str:
        return f"ClientCredentials(client_id={self._client_id!r})"

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The flow for `httpx.Client`, which calls it with each request.

        Raises:
            AuthenticationError, ServiceUnavailable, RateLimited, MalformedAnswer: when no token could be had.
            ConfigurationError: for a request to another origin; no token is asked for then.
        """
        self._check_origin(request)
        held = self._held
        for renew in (False, True):
            if renew or not self._is_good(held):
                with self._lock:
                    # Somebody else may have renewed it while this one waited for the lock.
                    if self._held is held or not self._is_good(self._held):
                        asked_at = self._clock()
                        response = yield self._token_request(request)
                        response.read()
                        self._keep(response, asked_at)
                    held = self._held
            request.headers["Authorization"] = held.header
            response = yield request
            if response.status_code != 401:
                return
            # An unread answer keeps its connection, and the one who renews may be waiting for it.
            response.read()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The flow for `httpx.AsyncClient`, as `sync_auth_flow`, with the lock and the reading of that world.

        It is called with each request, and raises what `sync_auth_flow` does.
        """
        self._check_origin(request)
        held = self._held
        for renew in (False, True):
            if renew or not self._is_good(held):
                async with self._async_lock:
                    if self._held is held or not self._is_good(self._held):
                        asked_at = self._clock()
                        response = yield self._token_request(request)
                        await response.aread()
                        self._keep(response, asked_at)
                    held = self._held
            request.headers["Authorization"] = held.header
            response = yield request
            if response.status_code != 401:
                return
            await response.aread()

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the token in hand; empty before the first one and for an opaque one."""
        return claims_of(self._held.secret.reveal())

    def _is_good(self, token: Token) -> bool:
        return self._clock() < token.good_until

    def _check_origin(self, request: httpx.Request) -> None:
        if origin(request.url) not in self._origins:
            raise ConfigurationError(
                f"A token for {self._token_url.host} is not sent to {request.url.host}: it is another origin."
            )

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        asked = httpx.Request(
            "POST",
            self._token_url,
            data={"grant_type": "client_credentials"},
            headers={"Accept": "application/json", "User-Agent": request.headers.get("User-Agent", "css-sdk")},
            # A request that a flow yields has no timeout of its own.
            extensions={key: value for key, value in request.extensions.items() if key == "timeout"},
        )
        # Each is encoded as in a form first (RFC 6749, 2.3.1): a secret may hold a plus or a percent sign.
        user, password = quote_plus(self._client_id), quote_plus(self._client_secret.reveal())
        return next(httpx.BasicAuth(user, password).auth_flow(asked))

    def _keep(self, response: httpx.Response, asked_at: float) -> None:
        token = token_from(response, asked_at)
        self._accept(claims_of(token.secret.reveal()))
        self._held = token
