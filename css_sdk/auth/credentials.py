"""Request, keep and renew tokens: `httpx.Auth` objects for `httpx.Client` and `httpx.AsyncClient`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from typing import Any, Final, Literal, NoReturn, TypedDict, Unpack

import httpx
from attrs import evolve

from .._http.bodies import async_read_body, read_body
from .._http.bound_requests import ApiRequest, TokenRequest
from .._http.cancellation import begin
from .._http.concurrency import check_callback
from .._http.kept_values import KeptValue
from .._http.observation import Observer, SentRequest
from .._service.addresses import checked_address
from .._service.arguments import check_options
from ..errors import ConfigurationError, WrongTeam
from ..settings import Secret, Settings, argument_name, as_secret, check_credential
from .single_flight import AsyncFlow, SharedRequest, async_current_task
from .token_endpoint import Token, TokenExchange, fits_a_header, limits_of, token_from, token_request, waiting

_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
_NONE: Final = Token(Secret(""), float("-inf"))


def origin(url: httpx.URL) -> str:
    """Return scheme, host and port of an address, without the default port of the scheme."""
    return f"{url.scheme}://{url.netloc.decode('ascii').removesuffix(_DEFAULT_PORTS.get(url.scheme, ''))}"


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT without verifying it; an empty dictionary if the text is not a JWT.

    Use this only for a token that came directly from its issuer.
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
    """Return the team id in the claim `team` of an API account's token; None if the claim is not a valid number."""
    team = str(claims.get("team", ""))
    return int(team) if team.isdecimal() and len(team) < 16 else None


class AuthOptions(TypedDict, total=False):
    """Options of a `TokenAuth`, besides its credentials.

    Attributes:
        origins: one or several addresses. The token may go only to their origins. By default, it may go only to the
            origin of the first request.
        accept: called with the claims of each new token before the token is used. It can raise an error to refuse the
            token.
        allow_http: whether addresses of other machines may begin with `http:`.
        clock: returns the time in seconds, counted from any start. The time must never decrease.
        name_of: returns the name that messages use for a credential or an address, such as `CSS_CLIENT_SECRET` for
            `client_secret`.
        on_request: called with a `SentRequest` after each token request; never awaited.
        keep: whether the token is kept for the next run of the program, in a file that only its user can read.
    """

    origins: str | Iterable[str | httpx.URL] | None
    accept: Callable[[dict[str, Any]], object]
    allow_http: bool
    clock: Callable[[], float]
    name_of: Callable[[str], str]
    on_request: Callable[[SentRequest], object] | None
    keep: bool


class TokenAuth(httpx.Auth):
    """Decide when to request a token, and to which addresses the token may go.

    A token is requested when a call needs one. It is kept in memory and renewed before it expires. If the answer to a
    call is 401, the token is renewed and the call is repeated, but only once.

    All threads, tasks and clients that use one auth object share its token. Only one of them requests a new token. The
    others wait for the result, but not longer than the connect and read timeouts of their own calls. If the login
    server answers with an error, all waiting callers get this error. The next call requests a token again. If the
    caller that requests the token is cancelled, one of the waiting callers requests it.

    Token requests use the client, the proxies and the timeouts of the call that needs the token. They follow no
    redirects, and read at most 256 KB of an answer.

    The token goes only to the given origins. If no origins are given, it goes only to the origin of the first call. If
    httpx follows a redirect from `http` to `https` on the same host, httpx keeps the token. If it follows any other
    redirect to another origin, httpx removes the token.

    If the body of a call is not in memory, such as a generator or an open file, the call is sent only once. If its
    answer is 401, the caller gets this answer, and the next call requests a new token.
    """

    def __init__(
        self,
        token_url: str | httpx.URL,
        client_id: str,
        client_secret: Secret,
        fields: Mapping[str, str | Secret | None],
        client_auth: str,
        options: AuthOptions,
    ) -> None:
        self._client_id = client_id  # set first: repr() needs it even if the rest is not valid
        self._client_secret = client_secret
        self._fields = {name: value for name, value in fields.items() if value is not None}
        for name, value in {"client id": client_id, "client secret": client_secret, **self._fields}.items():
            check_credential(f"The {name}", value)
        if client_auth not in ("basic", "form"):
            raise ConfigurationError(f"client_auth= must be 'basic' or 'form', not {client_auth!r}.")
        check_options(options, AuthOptions, ConfigurationError)
        self._allow_http = options.get("allow_http", False)
        checked_address(token_url, "The token address", self._allow_http, may_have_query=True)
        self._token_url = httpx.URL(token_url)  # unchanged, because a trailing slash may matter
        origins = options.get("origins")
        try:
            addresses = [origins] if isinstance(origins, (str, httpx.URL)) else None if origins is None else [*origins]
        except TypeError:
            raise ConfigurationError(
                f"origins= must be a list of addresses, not a value of type {type(origins).__name__}."
            ) from None
        if addresses == []:
            raise ConfigurationError(
                "origins=[] allows no address for the token. Name an address, or leave out origins=."
            )
        checked = [checked_address(each, "An address in origins=", self._allow_http) for each in addresses or ()]
        self._is_basic = client_auth == "basic"
        self._origins = frozenset(origin(httpx.URL(each)) for each in checked) or None
        self._accept: Callable[[dict[str, Any]], object] = options.get("accept", lambda _: None)
        self._clock = options.get("clock", time.monotonic)
        # A function that has to be awaited would never check a token.
        check_callback("accept", self._accept)
        check_callback("clock", self._clock)
        self._name_of = options.get("name_of", argument_name)
        self._observer = Observer(options.get("on_request"))
        account = [client_id, str(self._token_url), str(sorted(self._origins or ()))]
        self._kept = KeptValue("token", account, client_secret) if options.get("keep") else None
        self._token = self._read_kept()
        self._is_checked = self._token is _NONE
        self._pending: SharedRequest[Token] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(client_id={self._client_id!r})"

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            f"A {type(self).__name__} object cannot be copied or pickled, because a copy would request its own token. "
            f"Share the object among threads and tasks. In another process, create a new object from the same "
            f"credentials."
        )

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add a token to a request. `httpx.Client` calls this method for each request.

        If there is no valid token, request one first. If the answer is 401, request another token, and send the request
        once more, unless its body is a stream.

        Raises:
            AuthenticationError, ServiceUnavailable, RateLimited, MalformedAnswer: no token could be obtained.
            ConfigurationError: the token must not go to the origin of this request. No token is requested.
            httpx.TransportError: the login server did not answer. The message names the login server.
            CssError: `accept` refused the token, for example with `WrongTeam`.
        """
        self._check_origin(request)
        refused = _NONE
        while True:
            turn = self._current_or_pending(request, refused)
            if isinstance(turn, Token):
                token = turn
            elif turn.belongs_to_caller():
                with turn, TokenExchange(lambda: self._token_request(request), self._observer) as asked:
                    asked_at = self._clock()
                    response = yield asked
                    read_body(response, *limits_of(asked, response, self._clock))
                    token = turn.value = self._read_token(asked, response, asked_at)
            else:
                with waiting(self._token_url):
                    result = turn.result(request)
                if result is None:
                    continue
                token = result
            request.headers["Authorization"] = token.header
            response = yield ApiRequest(request, self._check_origin)
            if response.status_code != 401 or refused is not _NONE:
                return
            # An unread answer occupies its connection, which the renewal may be waiting for.
            response.read()
            if not self._may_repeat(request, token):
                return
            refused = token

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Add a token to a request, as `sync_auth_flow` does. `httpx.AsyncClient` calls this method."""
        return AsyncFlow(self._async_auth_flow(request))

    async def _async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        self._check_origin(request)
        task = async_current_task()
        refused = _NONE
        while True:
            turn = self._current_or_pending(request, refused, task)
            if isinstance(turn, Token):
                token = turn
            elif turn.belongs_to_caller(task):
                with turn, TokenExchange(lambda: self._token_request(request), self._observer) as asked:
                    asked_at = self._clock()
                    response = yield asked
                    await async_read_body(response, *limits_of(asked, response, self._clock))
                    token = turn.value = self._read_token(asked, response, asked_at)
            else:
                with waiting(self._token_url):
                    result = await turn.async_result(request)
                if result is None:
                    continue
                token = result
            request.headers["Authorization"] = token.header
            begin(request)
            response = yield ApiRequest(request, self._check_origin)
            if response.status_code != 401 or refused is not _NONE:
                return
            await response.aread()
            if not self._may_repeat(request, token):
                return
            refused = token

    @property
    def held(self) -> Token:
        """Return the current token. Before the first token, return an empty one."""
        return self._token

    @property
    def claims(self) -> dict[str, Any]:
        """Return the claims of the current token. They are empty before the first token, and for an opaque token."""
        return self._token.claims

    def _is_good(self, token: Token, refused: Token) -> bool:
        return self._clock() < token.good_until and token is not refused

    def _current_or_pending(
        self, request: httpx.Request, refused: Token, task: int | None = None
    ) -> Token | SharedRequest[Token]:
        """Return the current token, or the token request that the caller must wait for or send.

        Args:
            refused: the token that the service refused with 401; empty if it refused none. This token is not returned.
        """
        if not self._is_checked and self._is_good(self._token, refused):
            self._accept(self._token.claims)
            self._is_checked = True
        if self._is_good(current := self._token, refused):
            return current
        with SharedRequest.lock:
            if self._is_good(self._token, refused):
                return self._token
            self._pending = SharedRequest[Token].current(self._pending, request, task)
            return self._pending

    def _may_repeat(self, request: httpx.Request, refused: Token) -> bool:
        """Return whether a request can be sent again, because its body is in memory.

        If the body is not in memory, discard the refused token, so that the next call requests a new one.
        """
        if isinstance(request.stream, httpx.ByteStream):
            return True
        with SharedRequest.lock:
            if self._token is refused:
                self._token = _NONE
        return False

    def _check_origin(self, request: httpx.Request) -> None:
        here = origin(request.url)
        if self._origins is None:
            checked_address(here, "The address of the first request", self._allow_http)
            with SharedRequest.lock:
                self._origins = self._origins or frozenset({here})
        if here not in self._origins:
            raise ConfigurationError(
                f"The token from {self._token_url.host} is not sent to {here}, because it may go only to "
                f"{', '.join(sorted(self._origins))}. Check the address of the request. If the token is for several "
                f"addresses, pass all of them in origins=."
            )

    def _token_request(self, call: httpx.Request) -> TokenRequest:
        fields, basic = self._fields, (self._client_id, self._client_secret)
        if not self._is_basic:
            fields = {**fields, "client_id": self._client_id, "client_secret": self._client_secret}
        request = token_request(self._token_url, fields, basic if self._is_basic else None, call)
        request.set_by = self._name_of("token_url")
        return request

    def _read_token(self, asked: TokenRequest, response: httpx.Response, asked_at: float) -> Token:
        token = token_from(response, asked, asked_at, self._name_of)
        # Read the claims here: the frames of errors that `token_from` raises must not hold the token as a string.
        token = evolve(token, claims=claims_of(token.secret.reveal()))
        self._accept(token.claims)
        self._token = token
        seconds = token.good_until - self._clock()
        if self._kept is not None and seconds > 0:
            self._kept.write(token.secret.reveal(), seconds)
        return token

    def _read_kept(self) -> Token:
        """Return the token that an earlier run kept, or an empty token. `accept` has not checked the token yet."""
        text, seconds = (None, 0.0) if self._kept is None else self._kept.read()
        if seconds <= 0 or not isinstance(text, str) or not fits_a_header(text):
            return _NONE
        return Token(Secret(text), self._clock() + seconds, claims=claims_of(text))


class ClientCredentials(TokenAuth):
    """Authenticate with client credentials (RFC 6749, 4.4), in `httpx.Client` and `httpx.AsyncClient`.

    `css_sdk.auth.credentials.TokenAuth` describes how the token is kept and renewed.

    Args:
        token_url: address of the token endpoint.
        client_id: the client id of the account.
        client_secret: the secret of the account. It is sent to the token endpoint only.
        audience: the client id of the application that the token is for, if the login server asks for it.
        scope: what the token must allow, if the login server asks for it.
        client_auth: how client id and secret are sent: `basic` for HTTP Basic, `form` for fields of the form.
        options: see `AuthOptions`.

    Raises:
        ConfigurationError: a value is empty, an option does not exist, or an address is not valid or not safe.

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
        **options: Unpack[AuthOptions],
    ) -> None:
        client_secret = as_secret(client_secret)  # so that tracebacks with variables do not show it
        fields = {"grant_type": "client_credentials", "audience": audience, "scope": scope}
        super().__init__(token_url, client_id, client_secret, fields, client_auth, options)


class PasswordGrant(TokenAuth):
    """Authenticate with the password of a user (RFC 6749, 4.3), in `httpx.Client` and `httpx.AsyncClient`.

    The client authenticates with HTTP Basic. `css_sdk.auth.credentials.TokenAuth` describes how the token is kept. To
    renew the token, this class sends the password again, because not every server issues refresh tokens.

    Args:
        token_url: address of the token endpoint.
        client_id: the id of the client; some servers call it the key.
        client_secret: the secret of the client. It is sent to the token endpoint only.
        username: the name of the user. Usually, this is an account for an application, not a person.
        password: the password of the user. It is sent to the token endpoint only.
        scope: what the token must allow, if the login server asks for it.
        options: see `AuthOptions`.

    Raises:
        ConfigurationError: a value is empty, an option does not exist, or an address is not valid or not safe.

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
        **options: Unpack[AuthOptions],
    ) -> None:
        client_secret, password = as_secret(client_secret), as_secret(password)
        fields: dict[str, str | Secret | None] = {
            "grant_type": "password",
            "username": username,
            "password": password,
            "scope": scope,
        }
        super().__init__(token_url, client_id, client_secret, fields, "basic", options)


def credentials_of(
    settings: Settings,
    clock: Callable[[], float] = time.monotonic,
    on_request: Callable[[SentRequest], object] | None = None,
) -> ClientCredentials:
    """Return the `httpx.Auth` object that adds tokens of an API account to requests.

    If the settings name a team, the object refuses tokens of other teams with `WrongTeam`.

    Raises:
        ConfigurationError: a credential or an address in the settings is not valid.
    """

    def check_team(claims: dict[str, Any]) -> None:
        team = team_of(claims)
        if settings.team_id is not None and team != settings.team_id:
            raise WrongTeam(
                f"The credentials of {settings.client_id!r} belong to {'no team' if team is None else f'team {team}'}, "
                f"not to team {settings.team_id}. Nothing was sent. Use the API account of team {settings.team_id}."
            )

    return ClientCredentials(
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        origins=[settings.api_url],
        accept=check_team,
        allow_http=settings.allow_http,
        clock=clock,
        name_of=settings.name_of,
        on_request=on_request,
        keep=settings.keep_token,
    )
