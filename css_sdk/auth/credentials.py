"""Asking for tokens, keeping them and renewing them, as an `httpx.Auth` for both kinds of client."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from typing import Any, Final, Literal, NoReturn

import anyio
import httpx
from attrs import evolve

from .._http.bound_requests import ApiRequest, TokenRequest
from .._http.concurrency import check_callback
from .._service.addresses import checked_address
from ..errors import ConfigurationError
from ..settings import Secret, argument_name, as_secret, check_credential
from .single_flight import Asking, AsyncFlow
from .token_endpoint import Asked, Token, measure, token_from, token_request, waiting

_PORTS: Final = {"http": 80, "https": 443}
_NONE: Final = Token(Secret(""), float("-inf"))


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; the port is given even where it is the scheme's own."""
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _shown(place: tuple[str, str, int | None]) -> str:
    """An origin as it stands in an address."""
    scheme, host, port = place
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{'' if port == _PORTS.get(scheme) else f':{port}'}"


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


class TokenAuth(httpx.Auth):
    """What all ways to ask for a token have in common: when to ask, and where the token may go.

    A token is asked for when one is needed, kept, renewed before it ends, and once after a 401. However many threads
    and tasks use one auth, and in however many clients, one token is asked for per life: who comes meanwhile waits for
    it. When the login server says no, or has a fault, all who wait are told, and none of them asks again by itself; the
    next call does. Only when whoever asked is cancelled, one of those who wait takes over. Nobody waits longer than the
    connect and read timeouts of their own request allow.

    Token requests go through the client whose request needs the token, with its proxies, and with the timeouts of that
    request. They follow no redirect, and of their answers no more than 256 KB are read.

    The token goes to the given origins only; without them, to the origin of the first request. httpx leaves it out
    when it follows a redirect to another origin, but for the one from http to https of the same host.

    A body that is not in memory, such as a generator or an open file, is sent once: a 401 is the answer then, and the
    next call has a new token.
    """

    def __init__(
        self,
        token_url: str | httpx.URL,
        client_id: str,
        client_secret: Secret,
        fields: Mapping[str, str | Secret],
        *,
        client_auth: str,
        origins: str | Iterable[str | httpx.URL] | None,
        accept: Callable[[dict[str, Any]], object],
        allow_http: bool,
        clock: Callable[[], float],
        name_of: Callable[[str], str],
    ) -> None:
        self._client_id = client_id  # which a repr needs, whatever is wrong with the rest
        for name, value in {"client id": client_id, "client secret": client_secret, **fields}.items():
            check_credential(f"The {name}", value)
        if client_auth not in ("basic", "form"):
            raise ConfigurationError(f"A client authenticates by 'basic' or 'form', not by {client_auth!r}.")
        checked_address(token_url, "The token address", allow_http, may_have_query=True)
        self._token_url = httpx.URL(token_url)  # as it is: a slash at its end may count there
        try:
            addresses = [origins] if isinstance(origins, (str, httpx.URL)) else None if origins is None else [*origins]
        except TypeError:
            raise ConfigurationError(f"origins= is a list of addresses, not {type(origins).__name__}.") from None
        if addresses == []:
            raise ConfigurationError("origins=[] lets the token go nowhere. Name where it may go, or leave it out.")
        checked = [checked_address(each, "An address that the token is for", allow_http) for each in addresses or ()]
        # One that has to be awaited would never look at a token.
        check_callback("accept", accept)
        check_callback("clock", clock)
        self._client_secret = client_secret
        self._fields = dict(fields)
        self._is_basic = client_auth == "basic"
        self._origins = frozenset(origin(httpx.URL(each)) for each in checked) or None
        self._accept = accept
        self._allow_http = allow_http
        self._clock = clock
        self._name_of = name_of
        self._held = _NONE
        self._asking: Asking[Token] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self._client_id!r})"

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            f"{type(self).__name__} is not copied or pickled, since copies would ask for tokens of their own. Share it "
            f"among threads and tasks; in another process, make one from the same credentials."
        )

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The flow for `httpx.Client`, which calls it with each request.

        Raises:
            AuthenticationError, ServiceUnavailable, RateLimited, MalformedAnswer: when no token could be had.
            ConfigurationError: for a request to another origin; no token is asked for then.
            httpx.TransportError: when the login server did not answer, which it says.
        """
        self._check_origin(request)
        refused = _NONE
        while True:
            turn = self._turn(request, refused)
            if isinstance(turn, Token):
                token = turn
            elif turn.is_callers():
                with turn, Asked(lambda: self._token_request(request)) as asked:
                    asked_at = self._clock()
                    response = yield asked
                    measure(response, self._clock)
                    response.read()
                    token = turn.value = self._kept(asked, response, asked_at)
            else:
                with waiting(self._token_url):
                    came = turn.result(request)
                if came is None:
                    continue
                token = came
            request.headers["Authorization"] = token.header
            response = yield ApiRequest(request, self._check_origin)
            if response.status_code != 401 or refused is not _NONE:
                return
            # An unread answer keeps its connection, and the one who renews may be waiting for it.
            response.read()
            if not self._may_repeat(request, token):
                return
            refused = token

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The flow for `httpx.AsyncClient`, as `sync_auth_flow`, with the waiting and the reading of that world.

        It is called with each request, and raises what `sync_auth_flow` does.
        """
        return AsyncFlow(self._async_auth_flow(request))

    async def _async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        self._check_origin(request)
        task = anyio.get_current_task().id
        refused = _NONE
        while True:
            turn = self._turn(request, refused, task)
            if isinstance(turn, Token):
                token = turn
            elif turn.is_callers(task):
                with turn, Asked(lambda: self._token_request(request)) as asked:
                    asked_at = self._clock()
                    response = yield asked
                    measure(response, self._clock)
                    await response.aread()
                    token = turn.value = self._kept(asked, response, asked_at)
            else:
                with waiting(self._token_url):
                    came = await turn.async_result(request)
                if came is None:
                    continue
                token = came
            request.headers["Authorization"] = token.header
            response = yield ApiRequest(request, self._check_origin)
            if response.status_code != 401 or refused is not _NONE:
                return
            await response.aread()
            if not self._may_repeat(request, token):
                return
            refused = token

    @property
    def held(self) -> Token:
        """The token in hand; an empty one before the first."""
        return self._held

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the token in hand; empty before the first one and for an opaque one."""
        return self._held.claims

    def _is_good(self, token: Token, refused: Token) -> bool:
        return self._clock() < token.good_until and token is not refused

    def _turn(self, request: httpx.Request, refused: Token, task: int | None = None) -> Token | Asking[Token]:
        """The token in hand, or who asks for the next one: the caller, if nobody else is at it."""
        if self._is_good(held := self._held, refused):
            return held
        with Asking.deciding:
            if self._is_good(self._held, refused):
                return self._held
            under_way = self._asking
            if under_way is None or under_way.is_over or under_way.is_callers(task):
                if under_way is not None:
                    under_way.release()
                under_way = self._asking = Asking(request, task)
            return under_way

    def _may_repeat(self, request: httpx.Request, refused: Token) -> bool:
        """Whether a request can be sent again; if not, the token is dropped for those to come."""
        if isinstance(request.stream, httpx.ByteStream):
            return True
        with Asking.deciding:
            if self._held is refused:
                self._held = _NONE
        return False

    def _check_origin(self, request: httpx.Request) -> None:
        here = origin(request.url)
        if self._origins is None:
            checked_address(_shown(here), "The address of the first request", self._allow_http)
            with Asking.deciding:
                self._origins = self._origins or frozenset({here})
        if here not in self._origins:
            allowed = ", ".join(sorted(map(_shown, self._origins)))
            raise ConfigurationError(
                f"The token of {self._token_url.host} is not sent to {_shown(here)}: that is another origin than "
                f"{allowed}."
            )

    def _token_request(self, call: httpx.Request) -> TokenRequest:
        fields, basic = self._fields, (self._client_id, self._client_secret)
        if not self._is_basic:
            fields = {**fields, "client_id": self._client_id, "client_secret": self._client_secret}
        return token_request(self._token_url, fields, basic if self._is_basic else None, call)

    def _kept(self, asked: TokenRequest, response: httpx.Response, asked_at: float) -> Token:
        token = token_from(response, asked, asked_at, self._name_of)
        # Read here, where no error keeps frames: the text of the token is among their locals.
        token = evolve(token, claims=claims_of(token.secret.reveal()))
        self._accept(token.claims)
        self._held = token
        return token


class ClientCredentials(TokenAuth):
    """Tokens by client credentials (RFC 6749, 4.4), for `httpx.Client` and `httpx.AsyncClient` alike.

    It keeps its token as `css_sdk.auth.credentials.TokenAuth` describes.

    Args:
        token_url: address of the token endpoint.
        client_id: of the account.
        client_secret: sent to the token endpoint alone.
        audience: the client id of the application that the token is for, where the login server wants it told.
        scope: what the token shall allow, where the login server wants it told.
        client_auth: how the client shows who it is, `basic` or `form`.
        origins: an address whose origin may see the token, or several; without them the first request's.
        accept: called with each new token's claims before it is used; raises to refuse it.
        allow_http: whether plain `http` may go further than this machine.
        clock: seconds that only grow.
        name_of: gives what the caller has set a credential or an address by, such as `CSS_CLIENT_SECRET` for
            `client_secret`; messages name it.

    Raises:
        ConfigurationError: for an empty value, or an address that is none or unsafe.

    >>> auth = ClientCredentials(sandbox.token_url, "service-account-team-2016-9001", "sandbox-secret-2016")
    >>> with httpx.Client(auth=auth, transport=sandbox.transport()) as client:
    ...     client.get(sandbox.api_url + "/integrations").status_code
    200
    """

    def __init__(
        self,
        token_url: str | httpx.URL,
        client_id: str,
        client_secret: str | Secret,
        audience: str | None = None,
        scope: str | None = None,
        client_auth: Literal["basic", "form"] = "basic",
        *,
        origins: str | Iterable[str | httpx.URL] | None = None,
        accept: Callable[[dict[str, Any]], object] = lambda _: None,
        allow_http: bool = False,
        clock: Callable[[], float] = time.monotonic,
        name_of: Callable[[str], str] = argument_name,
    ) -> None:
        client_secret = as_secret(client_secret)
        told = {"grant_type": "client_credentials", "audience": audience, "scope": scope}
        super().__init__(
            token_url,
            client_id,
            client_secret,
            {key: value for key, value in told.items() if value is not None},
            client_auth=client_auth,
            origins=origins,
            accept=accept,
            allow_http=allow_http,
            clock=clock,
            name_of=name_of,
        )


class PasswordGrant(TokenAuth):
    """Tokens by the password of a user (RFC 6749, 4.3), for `httpx.Client` and `httpx.AsyncClient` alike.

    The client shows who it is by HTTP Basic. It keeps its token as `TokenAuth` describes; when the token
    ends it asks with the password again, and not with a refresh token, which not every server gives.

    Args:
        token_url: address of the token endpoint.
        client_id: of the client, which some servers call its key.
        client_secret: sent to the token endpoint alone.
        username: of the user, mostly one made for applications.
        password: sent to the token endpoint alone.
        scope: what the token shall allow, where the login server wants it told.
        origins: an address whose origin may see the token, or several; without them the first request's.
        allow_http: whether plain `http` may go further than this machine.
        clock: seconds that only grow.
        name_of: gives what the caller has set a credential or an address by, such as `CSS_CLIENT_SECRET` for
            `client_secret`; messages name it.

    Raises:
        ConfigurationError: for an empty value, or an address that is none or unsafe.

    >>> PasswordGrant("https://bss.example/bsssmapi/oauth/token", "key", "s3cret", "robot", "pa55word")
    PasswordGrant(client_id='key')
    """

    def __init__(
        self,
        token_url: str | httpx.URL,
        client_id: str,
        client_secret: str | Secret,
        username: str,
        password: str | Secret,
        scope: str | None = None,
        *,
        origins: str | Iterable[str | httpx.URL] | None = None,
        allow_http: bool = False,
        clock: Callable[[], float] = time.monotonic,
        name_of: Callable[[str], str] = argument_name,
    ) -> None:
        client_secret, password = as_secret(client_secret), as_secret(password)
        fields: dict[str, str | Secret] = {"grant_type": "password", "username": username, "password": password}
        super().__init__(
            token_url,
            client_id,
            client_secret,
            fields if scope is None else {**fields, "scope": scope},
            client_auth="basic",
            origins=origins,
            accept=lambda _: None,
            allow_http=allow_http,
            clock=clock,
            name_of=name_of,
        )
