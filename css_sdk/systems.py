"""The systems that service credentials are held for: where they are, how they give tokens, what their calls carry.

    from css_sdk import systems

    with systems.bss("https://bss.example.com").client() as client:
        client.get("api/accounts/1")

Make a system once and keep it: all its clients, in threads and in tasks, share one token. Credentials come from one
source, whole: from arguments; else from the environment; else from the JSON file that a variable names.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final

import httpx
from attrs import field, frozen

from ._http.bound_requests import TokenRequest
from ._http.clients import new_client
from ._http.sending import Sending
from ._service.addresses import checked_address
from ._version import __version__
from .auth.credentials import ClientCredentials, PasswordGrant, TokenAuth
from .auth.system_sources import Source, given_credentials
from .auth.token_endpoint import Token
from .errors import ConfigurationError
from .settings import Secret, Settings, argument_name, as_secret, settings_from_env

AUTHORIZATION_SERVICE: Final = "authorization-service-api"
AUTHORIZATION_SERVICE_URL: Final = "https://authorization-service-api.web.cern.ch/api/v1.0/"
CERN_TOKEN_URL: Final = "https://auth.cern.ch/auth/realms/cern/api-access/token"  # noqa: S105

_BSS_HOST: Final = "https://bss.example.com"
_API_ACCESS: Final = "/api-access/token"
_KEYCLOAK_TOKEN: Final = "/protocol/openid-connect/token"  # noqa: S105


class _Client(httpx.Client):
    """A client whose calls httpx keeps out of the log, since their addresses identify people, and of one process."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._process = os.getpid()

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        _check_process(self._process)
        with Sending():
            return super().send(request, **options)

    def close(self) -> None:
        if self._process == os.getpid():  # else the connections are those of the parent process
            super().close()

    def __exit__(self, *error: Any) -> None:
        if self._process == os.getpid():
            super().__exit__(*error)


class _AsyncClient(httpx.AsyncClient):
    """As `_Client`, for tasks."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._process = os.getpid()

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        _check_process(self._process)
        with Sending():
            return await super().send(request, **options)

    async def aclose(self) -> None:
        if self._process == os.getpid():
            await super().aclose()

    async def __aexit__(self, *error: Any) -> None:
        if self._process == os.getpid():
            await super().__aexit__(*error)


def _check_process(made_in: int) -> None:
    if made_in != os.getpid():
        raise ConfigurationError(
            "This process was forked after its client was made, and the connections of the client belong to the parent "
            "process. Nothing was sent. Make a client in each process; the system itself may be shared."
        )


@frozen(kw_only=True, eq=False)
class System:
    """One system, with one set of credentials: makes clients that are authenticated and share its token.

    Args:
        name: `css`, `cern` or `bss`.
        base_url: below which relative addresses of calls lie; ends with a slash.
        token_url: address of the token endpoint.
        issuer: of its tokens, where they are JWTs and their issuer is known.
        headers: that every call carries.
        auth: the token keeper.

    >>> from css_sdk import systems
    >>> billing = systems.bss(
    ...     "https://bss.example", client_key="key", client_secret="s3cret", username="robot", password="pa55word"
    ... )
    >>> billing.base_url, billing.headers
    ('https://bss.example/bsssmapi/', {'X-Api-Version': 'latest'})
    """

    name: str
    base_url: str
    token_url: str
    issuer: str | None
    headers: Mapping[str, str] = field(factory=dict)
    auth: TokenAuth

    def client(self, **options: Any) -> httpx.Client:
        """An `httpx.Client` for this system, to be closed by the caller; made for the life of the process, not a call.

        A child that is forked later cannot use it, and makes one of its own.

        A relative address lies below the base address. An absolute one of another origin is a `ConfigurationError`
        before anything is sent. Redirects are not followed, unless `follow_redirects=True`.

        Args:
            options: of `httpx.Client`, but `auth` and `base_url`; a header given here goes before the system's own.

        Raises:
            ConfigurationError: for an option that the system sets, or when certificates or proxies that the environment
                names cannot be used.
            ConfigurationError: for an option that `httpx.Client` does not know.
        """
        return new_client(_Client, auth=self.auth, base_url=self.base_url, **self._options(options))

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """As `client`, an `httpx.AsyncClient`.

        Args:
            options: of `httpx.AsyncClient`, but `auth` and `base_url`.

        Raises:
            ConfigurationError: for an option that the system sets, or when certificates or proxies that the environment
                names cannot be used.
            ConfigurationError: for an option that `httpx.AsyncClient` does not know.
        """
        return new_client(_AsyncClient, auth=self.auth, base_url=self.base_url, **self._options(options))

    def token(self, **options: Any) -> Token:
        """The token in hand, or a new one, for whatever carries it elsewhere than an httpx client.

        Args:
            options: of `httpx.Client`, through which it is asked for.

        Raises:
            CssError: when no token could be had.
            httpx.TransportError: when the login server did not answer, which it says.
        """
        with self.client(**options) as http:
            call = http.build_request("GET", "")  # the call that the token is for is never made
            with closing(self.auth.sync_auth_flow(call)) as flow:
                asked = next(flow)
                while isinstance(asked, TokenRequest):
                    with closing(http.send(asked, auth=None, follow_redirects=False, stream=True)) as answer:
                        asked = flow.send(answer)
        return self.auth.held

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        for name in ("auth", "base_url"):
            if name in options:
                raise ConfigurationError(
                    f"{name}= is set by the system {self.name}, whose credentials and address its clients have. For "
                    f"others make another system, or an httpx client of your own."
                )
        headers = httpx.Headers({"User-Agent": f"css-sdk/{__version__}", **self.headers})
        headers.update(options.get("headers"))
        return {"timeout": 30.0, **options, "headers": headers}


def css(
    *,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    token_url: str | httpx.URL | None = None,
    base_url: str | httpx.URL | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> System:
    """The CSS API, for calls that `css_sdk.Css` has no method for.

    Args:
        client_id: of the API account; without it and the secret, both are read as `css_sdk.Css.from_env` reads them.
        client_secret: of the API account.
        token_url: another address of the token endpoint.
        base_url: another address of the API.
        clock: seconds that only grow.

    Raises:
        ConfigurationError: when credentials are missing or half filled in, or an address is none or unsafe.

    >>> from css_sdk import systems
    >>> systems.css(client_id="service-account-team-2016-9001", client_secret="s3cret").issuer
    'https://loginproxy.gov.bc.ca/auth/realms/standard'
    """
    client_secret = as_secret(client_secret)
    given = given_credentials("CSS", {"client_id": client_id, "client_secret": client_secret})
    if given:
        settings = Settings(client_id=given["client_id"].reveal(), client_secret=given["client_secret"])
    else:
        settings = settings_from_env(allow_http=True)  # refused below, where nothing allows it
    is_given = token_url is not None
    token_url = _token_address(settings.token_url if token_url is None else token_url)
    base_url = checked_address(settings.api_url if base_url is None else base_url, "The API address") + "/"
    return System(
        name="css",
        base_url=base_url,
        token_url=token_url,
        issuer=_issuer(token_url, _KEYCLOAK_TOKEN),
        auth=ClientCredentials(
            token_url,
            settings.client_id,
            settings.client_secret,
            origins=[base_url],
            clock=clock,
            name_of=_naming(settings.name_of, is_given),
        ),
    )


def cern(
    audience: str = AUTHORIZATION_SERVICE,
    *,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    token_url: str | httpx.URL | None = None,
    base_url: str | httpx.URL | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> System:
    """An application at CERN that takes tokens of CERN's API access; each has a token of its own.

    Args:
        audience: the client id of the application that is called.
        client_id: of the application that calls; without it and the secret, `CERN_CLIENT_ID` and `CERN_CLIENT_SECRET`
            are read, else `clientId` and `clientSecret` of the JSON file that `CERN_CREDENTIALS_FILE` names.
        client_secret: of the application that calls.
        token_url: another address of the token endpoint; beside credentials that are read, also `CERN_TOKEN_URL`, or
            `tokenUrl` of the file.
        base_url: address of the application that is called; only that of the Authorization Service is known, which
            `CERN_API_URL`, or `apiUrl` of the file, may replace.
        clock: seconds that only grow.

    Raises:
        ConfigurationError: when credentials are missing or half filled in, or an address is missing, none or unsafe.

    >>> from css_sdk import systems
    >>> systems.cern(client_id="my-app", client_secret="s3cret").issuer
    'https://auth.cern.ch/auth/realms/cern'
    """
    client_secret = as_secret(client_secret)
    source = Source("CERN", {"client_id": client_id, "client_secret": client_secret}, ("token_url", "api_url"))
    if not isinstance(audience, str):
        raise ConfigurationError(f"An audience is a text, the client id of one application, not {audience!r}.")
    is_given = token_url is not None
    token_url = _token_address(token_url or source.address("token_url") or CERN_TOKEN_URL, CERN_TOKEN_URL)
    if audience == AUTHORIZATION_SERVICE:
        base_url = base_url or source.address("api_url") or AUTHORIZATION_SERVICE_URL
    if base_url is None:
        raise ConfigurationError(f"The address of {audience!r} is not known. Say base_url=.")
    base_url = checked_address(base_url, f"The address of {audience!r}", like=AUTHORIZATION_SERVICE_URL) + "/"
    return System(
        name="cern",
        base_url=base_url,
        token_url=token_url,
        issuer=_issuer(token_url, _API_ACCESS),
        auth=ClientCredentials(
            token_url,
            source.text("client_id"),
            source.secret("client_secret"),
            audience,
            client_auth="form",
            origins=[base_url],
            clock=clock,
            name_of=_naming(source.name_of, is_given),
        ),
    )


def bss(
    host: str | httpx.URL | None = None,
    *,
    client_key: str | None = None,
    client_secret: str | Secret | None = None,
    username: str | None = None,
    password: str | Secret | None = None,
    token_url: str | httpx.URL | None = None,
    base_url: str | httpx.URL | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> System:
    """The interworks BSS and Billing API.

    Args:
        host: its address, such as `https://bss.example.com`; beside credentials that are read, also `BSS_HOST`,
            or `host` of the file.
        client_key: without it, the secret, the username and the password, these four are read from `BSS_CLIENT_KEY`,
            `BSS_CLIENT_SECRET`, `BSS_USERNAME` and `BSS_PASSWORD`, else from `clientKey`, `clientSecret`, `username`
            and `password` of the JSON file that `BSS_CREDENTIALS_FILE` names.
        client_secret: sent as HTTP Basic, and only so.
        username: of the application user.
        password: of the application user.
        token_url: another address of the token endpoint than the one below `host`.
        base_url: another address of the API than the one below `host`.
        clock: seconds that only grow.

    Raises:
        ConfigurationError: when credentials are missing or half filled in, or an address is missing, none or unsafe.

    >>> from css_sdk import systems
    >>> given = {"client_key": "key", "client_secret": "s3cret", "username": "robot", "password": "pa55word"}
    >>> systems.bss("https://bss.example", **given).token_url
    'https://bss.example/bsssmapi/oauth/token'
    """
    client_secret, password = as_secret(client_secret), as_secret(password)
    credentials = {
        "client_key": client_key,
        "client_secret": client_secret,
        "username": username,
        "password": password,
    }
    source = Source("BSS", credentials, ("host",))
    if token_url is None or base_url is None:
        host = host or source.address("host")
        if host is None:
            raise ConfigurationError(
                "The address of the BSS is missing. Say host=, or tell it beside credentials that are read: by "
                "BSS_HOST, or as host in the file that BSS_CREDENTIALS_FILE names."
            )
        host = checked_address(host, "The address of the BSS", like=_BSS_HOST)
    base_url = checked_address(base_url or f"{host}/bsssmapi", "The address of the BSS", like=_BSS_HOST) + "/"
    is_given = token_url is not None
    token_url = _token_address(token_url or f"{host}/bsssmapi/oauth/token", f"{_BSS_HOST}/bsssmapi/oauth/token")
    return System(
        name="bss",
        base_url=base_url,
        token_url=token_url,
        issuer=None,
        headers={"X-Api-Version": "latest"},
        auth=PasswordGrant(
            token_url,
            source.text("client_key"),
            source.secret("client_secret"),
            source.text("username"),
            source.secret("password"),
            origins=[base_url],
            clock=clock,
            name_of=_naming(source.name_of, is_given),
        ),
    )


def _naming(name_of: Callable[[str], str], token_url_is_given: bool) -> Callable[[str], str]:
    """Return `name_of`, but for a token address that came as an argument beside credentials from elsewhere."""
    return lambda name: argument_name(name) if name == "token_url" and token_url_is_given else name_of(name)


def _token_address(token_url: str | httpx.URL, like: str = "") -> str:
    return checked_address(token_url, "The token address", may_have_query=True, like=like)


def _issuer(token_url: str, ending: str) -> str | None:
    # As tokens name it: scheme and host in small letters, without the port that is the scheme's own.
    token_url, _, _ = str(httpx.URL(token_url)).partition("?")
    return token_url.removesuffix(ending) if token_url.endswith(ending) else None
