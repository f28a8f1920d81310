"""Create authenticated clients for the systems for which a ministry has service credentials: CSS, CERN and the BSS.

    from css_sdk import systems

    with systems.bss("https://bss.example.com").client() as client:
        client.get("api/accounts/1")

Make a system once and keep it. All its clients share one token, in threads and in tasks.

Set all credentials in one place. css-sdk looks for them in arguments, then in environment variables, then in a JSON
file that an environment variable names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final, NoReturn, cast

import httpx
from attrs import evolve, field, frozen

from ._http.bound_requests import TokenRequest
from ._http.clients import Client, new_client
from ._http.exchanges import failure
from ._http.forks import ForkAware, never_close, watch
from ._http.sending import Sending
from ._service.addresses import checked_address
from ._version import __version__
from .auth.credentials import ClientCredentials, PasswordGrant, TokenAuth, credentials_of
from .auth.token_endpoint import Token
from .config.sources import find_settings
from .errors import ConfigurationError
from .settings import BSS, CERN, CSS, Secret, Settings, argument_name, as_secret, settings_of

AUTHORIZATION_SERVICE: Final = "authorization-service-api"
AUTHORIZATION_SERVICE_URL: Final = "https://authorization-service-api.web.cern.ch/api/v1.0/"
CERN_TOKEN_URL: Final = "https://auth.cern.ch/auth/realms/cern/api-access/token"  # noqa: S105

_BSS_HOST: Final = "https://bss.example.com"
_TOKEN_PATHS: Final = ("/protocol/openid-connect/token", "/api-access/token")
"""The ends of token addresses of Keycloak and CERN. The rest of the address is the issuer."""


class _OfParentProcess(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Refuse the requests of a client in a process that was forked after the client was made."""

    def handle_request(self, request: httpx.Request) -> NoReturn:
        raise ConfigurationError(
            "This process was forked after its client was created, and the client's connections belong to the parent "
            "process. Nothing was sent. Create a client in each process. The system itself can be shared."
        )

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        self.handle_request(request)


def _leave_connections(client: Any) -> None:
    """In a forked process, leave a client's connections to the parent process. The client then refuses requests."""
    never_close([client._transport, *client._mounts.values()])
    client._transport, client._mounts = _OfParentProcess(), {}


class _Client(httpx.Client):
    """Send requests, but keep their addresses out of httpx's log. Refuse requests after a fork.

    The addresses identify people.
    """

    after_fork = _leave_connections

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        with Sending():
            return super().send(request, **options)


class _AsyncClient(httpx.AsyncClient):
    """Send asynchronous requests, with the same two rules as `_Client`."""

    after_fork = _leave_connections

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        with Sending():
            return await super().send(request, **options)


@frozen(kw_only=True, eq=False)
class System:
    """A system with one set of credentials. All its clients send the same token.

    Args:
        name: `css`, `cern` or `bss`.
        base_url: the base of relative addresses. It ends with a slash.
        token_url: the address of the token endpoint.
        headers: headers that clients send with every call.
        auth: requests the token, keeps it, and adds it to calls.

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
    headers: Mapping[str, str] = field(factory=dict)
    auth: TokenAuth

    @property
    def issuer(self) -> str | None:
        """Return the issuer of the system's tokens; None if the token address does not show it: see `issuer_of`."""
        return issuer_of(self.token_url)

    def client(self, **options: Any) -> httpx.Client:
        """Return an `httpx.Client` for this system. Keep it for the life of the process, and close it.

        A process that is forked later cannot use this client, and must create its own.

        Relative addresses are below the base address of the system. An absolute address of another origin raises a
        `ConfigurationError` before anything is sent. Redirects are followed only with `follow_redirects=True`.

        Args:
            options: options of `httpx.Client` except `auth` and `base_url`. Your headers replace headers of the system
                with the same name.

        Raises:
            ConfigurationError: you passed `auth` or `base_url`, `httpx.Client` does not know an option, or the
                certificates or proxies of the environment cannot be used.
        """
        return self._new(_Client, options)

    def async_client(self, **options: Any) -> httpx.AsyncClient:
        """Return an `httpx.AsyncClient` for this system, as `client` does.

        Args:
            options: options of `httpx.AsyncClient` except `auth` and `base_url`.

        Raises:
            ConfigurationError: as for `client`.
        """
        return self._new(_AsyncClient, options)

    def token(self, **options: Any) -> Token:
        """Return the token, for use outside of httpx clients.

        If the system has no token, or its token expires soon, css-sdk requests a new one.

        Args:
            options: options of the `httpx.Client` that requests a new token.

        Raises:
            CssError: no token could be obtained.
        """
        with self.client(**options) as http:
            call = http.build_request("GET", "")  # this call is never sent
            with closing(self.auth.sync_auth_flow(call)) as flow:
                asked = next(flow)
                try:
                    while isinstance(asked, TokenRequest):
                        with closing(http.send(asked, auth=None, follow_redirects=False, stream=True)) as answer:
                            asked = flow.send(answer)
                except (httpx.RequestError, TimeoutError) as error:
                    url = httpx.URL(self.token_url)
                    found = failure(error, f"POST {url.path}", "the login server", url.netloc.decode())
                    raise found.error or error from None
        return self.auth.held

    def _new(self, kind: type[Client], options: Mapping[str, Any]) -> Client:
        for name in ("auth", "base_url"):
            if name in options:
                raise ConfigurationError(
                    f"{name}= cannot be passed, because the system {self.name} sets it. For another value, create "
                    f"another system, or an httpx client of your own."
                )
        headers = httpx.Headers({"User-Agent": f"css-sdk/{__version__}", **self.headers})
        headers.update(options.get("headers"))
        own = {"auth": self.auth, "base_url": self.base_url, "headers": headers}
        client = new_client(kind, **{"timeout": 30.0, **options, **own})
        watch(cast(ForkAware, client))
        return client


def css(
    *,
    profile: str | None = None,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    token_url: str | httpx.URL | None = None,
    base_url: str | httpx.URL | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> System:
    """Return the CSS API as a system, for calls for which `css_sdk.Css` has no method.

    Args:
        profile: name of a profile in the user's config file, to use instead of a client id and a secret.
        client_id: client id of the API account. If you pass neither the client id nor the secret, css-sdk finds them as
            `css_sdk.Css.from_env` does.
        client_secret: secret of the API account.
        token_url: address of the token endpoint, to use instead of the one in the settings.
        base_url: address of the API, to use instead of the one in the settings.
        clock: returns seconds that never decrease.

    Raises:
        ConfigurationError: credentials are missing or incomplete, an address is not valid or unsafe, or one address is
            on this machine and the other is one of the public service.

    >>> from css_sdk import systems
    >>> systems.css(client_id="service-account-team-2016-9001", client_secret="s3cret").issuer
    'https://loginproxy.gov.bc.ca/auth/realms/standard'
    """
    client_secret = as_secret(client_secret)
    given = CSS.in_arguments(client_id=client_id, client_secret=client_secret)
    # Plain http is refused below, because an argument can replace an address.
    settings = find_settings(profile=profile, allow_http=True) if given is None else settings_of(given)
    names = dict(settings.names)
    if token_url is not None:
        names["token_url"] = argument_name("token_url")
    if base_url is not None or given is not None:
        names["api_url"] = argument_name("base_url")
    token_url = _token_address(settings.token_url if token_url is None else token_url)
    api_url = checked_address(settings.api_url if base_url is None else base_url, "The API address")
    settings = evolve(settings, token_url=token_url, api_url=api_url, names=names, allow_http=False)
    return system_of(settings, clock)


def system_of(settings: Settings, clock: Callable[[], float] = time.monotonic) -> System:
    """Return the CSS API as a system with these settings. `clock` returns seconds that never decrease."""
    auth = credentials_of(settings, clock)
    return System(name="css", base_url=f"{settings.api_url}/", token_url=settings.token_url, auth=auth)


def cern(
    audience: str = AUTHORIZATION_SERVICE,
    *,
    client_id: str | None = None,
    client_secret: str | Secret | None = None,
    token_url: str | httpx.URL | None = None,
    base_url: str | httpx.URL | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> System:
    """Return an application at CERN as a system.

    The application must accept tokens of CERN's API access. A token is valid only for the application in `audience`.

    Args:
        audience: the client id of the application to call, by default that of the Authorization Service.
        client_id: client id of your own application. If you pass neither the client id nor the secret, css-sdk reads
            `CERN_CLIENT_ID` and `CERN_CLIENT_SECRET`. If these are not set, it reads `clientId` and `clientSecret` of
            the JSON file in `CERN_CREDENTIALS_FILE`.
        client_secret: secret of your own application.
        token_url: address of the token endpoint. By default, css-sdk uses `CERN_TOKEN_URL`, otherwise `tokenUrl` of the
            file, otherwise the address of CERN's login server.
        base_url: address of the application to call. Only the Authorization Service has a default: `CERN_API_URL`,
            otherwise `apiUrl` of the file, otherwise its public address. For any other application, this argument is
            required.
        clock: returns seconds that never decrease.

    Raises:
        ConfigurationError: credentials are missing or incomplete, or an address is missing, not valid or unsafe.

    >>> from css_sdk import systems
    >>> systems.cern(client_id="my-app", client_secret="s3cret").issuer
    'https://auth.cern.ch/auth/realms/cern'
    """
    client_secret = as_secret(client_secret)
    found = CERN.in_arguments(client_id=client_id, client_secret=client_secret) or CERN.in_variables()
    if not isinstance(audience, str):
        raise ConfigurationError(f"audience= must be a text, the client id of one application, not {audience!r}.")
    name_of = _naming(found.names, token_url)
    token_url = _token_address(token_url or found.text("token_url") or CERN_TOKEN_URL, CERN_TOKEN_URL)
    if audience == AUTHORIZATION_SERVICE:
        base_url = base_url or found.text("api_url") or AUTHORIZATION_SERVICE_URL
    if base_url is None:
        raise ConfigurationError(f"The address of {audience!r} is not known. Pass base_url=.")
    base_url = checked_address(base_url, f"The address of {audience!r}", like=AUTHORIZATION_SERVICE_URL) + "/"
    auth = ClientCredentials(
        token_url,
        found.text("client_id"),
        found.values["client_secret"],
        audience,
        client_auth="form",
        origins=[base_url],
        clock=clock,
        name_of=name_of,
    )
    return System(name="cern", base_url=base_url, token_url=token_url, auth=auth)


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
    """Return the interworks BSS and Billing API as a system.

    The credentials are `client_key`, `client_secret`, `username` and `password`. If you pass none of these four,
    css-sdk reads `BSS_CLIENT_KEY`, `BSS_CLIENT_SECRET`, `BSS_USERNAME` and `BSS_PASSWORD`. If these are not set, it
    reads `clientKey`, `clientSecret`, `username` and `password` of the JSON file in `BSS_CREDENTIALS_FILE`.

    Args:
        host: address of the BSS, such as `https://bss.example.com`; by default `BSS_HOST`, otherwise `host` of the
            file.
        client_key: key of the client.
        client_secret: secret of the client. It is sent only as HTTP Basic.
        username: username of the application user.
        password: password of the application user.
        token_url: address of the token endpoint; by default `bsssmapi/oauth/token` below `host`.
        base_url: address of the API; by default `bsssmapi` below `host`.
        clock: returns seconds that never decrease.

    Raises:
        ConfigurationError: credentials are missing or incomplete, or an address is missing, not valid or unsafe.

    >>> from css_sdk import systems
    >>> given = {"client_key": "key", "client_secret": "s3cret", "username": "robot", "password": "pa55word"}
    >>> systems.bss("https://bss.example", **given).token_url
    'https://bss.example/bsssmapi/oauth/token'
    """
    client_secret, password = as_secret(client_secret), as_secret(password)
    given = BSS.in_arguments(client_key=client_key, client_secret=client_secret, username=username, password=password)
    found = given or BSS.in_variables()
    if token_url is None or base_url is None:
        host = host or found.text("host")
        if not host:
            raise ConfigurationError(
                "The address of the BSS is missing. Pass host=, or set BSS_HOST, or host in the file of "
                "BSS_CREDENTIALS_FILE."
            )
        host = checked_address(host, "The address of the BSS", like=_BSS_HOST)
    base_url = checked_address(base_url or f"{host}/bsssmapi", "The address of the BSS", like=_BSS_HOST) + "/"
    names = {**found.names, "client_id": found.name_of("client_key"), "token_url": found.name_of("host")}
    name_of = _naming(names, token_url)
    token_url = _token_address(token_url or f"{host}/bsssmapi/oauth/token", f"{_BSS_HOST}/bsssmapi/oauth/token")
    auth = PasswordGrant(
        token_url,
        found.text("client_key"),
        found.values["client_secret"],
        found.text("username"),
        found.values["password"],
        origins=[base_url],
        clock=clock,
        name_of=name_of,
    )
    headers = {"X-Api-Version": "latest"}
    return System(name="bss", base_url=base_url, token_url=token_url, headers=headers, auth=auth)


def _naming(names: Mapping[str, str], token_url: object) -> Callable[[str], str]:
    """Return a function that returns the source of a value for messages: the one in `names`, otherwise an argument.

    If the argument `token_url` is not None, it sets the token address, even if `names` contains another source.
    """
    others = {name: shown for name, shown in names.items() if name != "token_url" or token_url is None}
    return lambda name: others.get(name) or argument_name(name)


def _token_address(token_url: str | httpx.URL, like: str = "") -> str:
    return checked_address(token_url, "The token address", may_have_query=True, like=like)


def issuer_of(token_url: str | httpx.URL) -> str | None:
    """Return the issuer of the tokens of a token endpoint.

    If the address does not have the form of Keycloak or CERN, return None.

    Args:
        token_url: the address of the token endpoint.

    Raises:
        ConfigurationError: the address is not valid or unsafe.

    >>> from css_sdk.systems import issuer_of
    >>> issuer_of("https://login.example/auth/realms/standard/protocol/openid-connect/token")
    'https://login.example/auth/realms/standard'
    """
    # Tokens contain their issuer in this form: scheme and host in lower case, without the default port.
    address, _, _ = str(httpx.URL(_token_address(token_url))).partition("?")
    return next((address.removesuffix(path) for path in _TOKEN_PATHS if address.endswith(path)), None)
