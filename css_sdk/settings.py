"""Where the service is and with which credentials: read from one source, whole, never mixed."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from attrs import field, frozen

from .errors import ConfigurationError

API_URL: Final = "https://api.loginproxy.gov.bc.ca/api/v1"
TOKEN_URL: Final = "https://loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/token"  # noqa: S105

_LOG = logging.getLogger("css_sdk")
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|(?!xn--)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.(?!xn--)[a-z0-9_-]+)*)"
    r"(:(?P<port>[0-9]{1,5}))?(/[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)


class Secret:
    """A text that shows itself to nobody: not in a repr, so neither in a log line nor beside a traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def reveal(self) -> str:
        """The text itself, for the one request that needs it."""
        return self._text


def as_secret(value: str | Secret) -> Secret:
    """The text, covered."""
    return value if isinstance(value, Secret) else Secret(value)


def _as_team_id(value: int | str | None) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ConfigurationError(f"The team id {value!r} is no whole number.") from None


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def checked_address(url: str, what: str, allow_http: bool = False) -> str:
    """An address that secrets and tokens may go to, without a slash at its end.

    Args:
        url: the address.
        what: it is, to begin a sentence with.
        allow_http: whether plain `http` may go further than this machine.

    Raises:
        ConfigurationError: when it is none, or unsafe.
    """
    match = _ADDRESS.fullmatch(url) if isinstance(url, str) and not set(url) & set("?#@\\") else None
    if match is None or int(match["port"] or 0) > 65535 or not _is_host(match["host"]):
        # The address itself stays out of the message: it may hold a password.
        raise ConfigurationError(f"{what} is no plain http(s) address of host and path. It looks like {API_URL}.")
    if match["scheme"].lower() == "http" and match["host"].lower() not in LOOPBACK and not allow_http:
        raise ConfigurationError(
            f"{what} is plain http to {match['host']}: a secret would travel readable. Use https, or allow_http=True."
        )
    return url.rstrip("/")


@frozen(kw_only=True)
class Settings:
    """Credentials of an API account and the addresses that they are for.

    Args:
        client_id: of the API account, such as `service-account-team-2016-9001`.
        client_secret: never shown in a repr, a log line or an error.
        api_url: address of the API, up to and with `/api/v1`.
        token_url: address of the token endpoint.
        team_id: the team that the credentials must belong to, or None for any.
        allow_http: whether plain `http` may go further than this machine.
        source: where the credentials came from, which decides how they may reach other processes.
        file: the credentials file, where they came from one.

    Raises:
        ConfigurationError: for an empty value or an address that is none, or unsafe.

    >>> Settings(client_id="service-account-team-2016-9001", client_secret="s3cret").client_secret
    Secret(…)
    """

    client_id: str
    client_secret: Secret = field(converter=as_secret)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    team_id: int | None = field(default=None, converter=_as_team_id)
    allow_http: bool = False
    source: Literal["arguments", "environment", "file"] = "arguments"
    file: str | None = None

    def __attrs_post_init__(self) -> None:
        if not self.client_id or not self.client_secret:
            raise ConfigurationError("The client id or the client secret is empty. Both are in the downloaded file.")
        for name, what in (("api_url", "The API address"), ("token_url", "The token address")):
            object.__setattr__(self, name, checked_address(getattr(self, name), what, self.allow_http))


@frozen
class _Variables:
    """The environment variables that count. Apart from the rest, so that no traceback shows the secret among them."""

    client_id: str
    client_secret: Secret
    token_url: str
    api_url: str
    credentials_file: str


def _variables(environ: Mapping[str, str] | None) -> _Variables:
    env = os.environ if environ is None else environ
    return _Variables(
        client_id=env.get("CSS_CLIENT_ID", ""),
        client_secret=Secret(env.get("CSS_CLIENT_SECRET", "")),
        token_url=env.get("CSS_TOKEN_URL", ""),
        api_url=env.get("CSS_API_URL", ""),
        credentials_file=env.get("CSS_CREDENTIALS_FILE", ""),
    )


def settings_from_env(
    environ: Mapping[str, str] | None = None, *, team_id: int | None = None, allow_http: bool = False
) -> Settings:
    """Settings from `CSS_CLIENT_ID` and `CSS_CLIENT_SECRET`, or else from the file that `CSS_CREDENTIALS_FILE` names.

    `CSS_TOKEN_URL` and `CSS_API_URL` may stand beside the pair, `CSS_API_URL` alone beside the file; the service's
    public addresses are the defaults. The two sources are never mixed.

    Args:
        environ: the variables to read; those of the process by default.
        team_id: the team that the credentials must belong to.
        allow_http: whether plain `http` may go further than this machine.

    Raises:
        ConfigurationError: when a source is half filled in, or there is none.
    """
    given = _variables(environ)
    if given.client_id and given.client_secret:
        return Settings(
            client_id=given.client_id,
            client_secret=given.client_secret,
            token_url=given.token_url or TOKEN_URL,
            api_url=given.api_url or API_URL,
            team_id=team_id,
            allow_http=allow_http,
            source="environment",
        )
    if given.client_id or given.client_secret:
        missing = "CSS_CLIENT_SECRET" if given.client_id else "CSS_CLIENT_ID"
        raise ConfigurationError(f"{missing} is missing: CSS_CLIENT_ID and CSS_CLIENT_SECRET belong together.")
    if not given.credentials_file:
        raise ConfigurationError(
            "No credentials. Set CSS_CLIENT_ID and CSS_CLIENT_SECRET, or CSS_CREDENTIALS_FILE to the file that the "
            "CSS web app lets you download for an API account."
        )
    if given.token_url:
        raise ConfigurationError(
            "CSS_TOKEN_URL stands beside CSS_CREDENTIALS_FILE, whose own tokenUrl counts. Unset one of the two."
        )
    return settings_from_file(
        given.credentials_file, api_url=given.api_url or None, team_id=team_id, allow_http=allow_http
    )


def _covered(text: str, keys: Iterable[str]) -> dict[str, Secret] | None:
    """The texts under these keys in a credentials file's text, or None where it is not JSON."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        # The parser's own error would carry the text, secret and all.
        return None
    found = {key: content.get(key) if isinstance(content, dict) else None for key in keys}
    return {key: Secret(value if isinstance(value, str) else "") for key, value in found.items()}


def _covered_in(file: Path, keys: Iterable[str]) -> dict[str, Secret] | None:
    # In a function of its own, so that the text is gone before anything is raised about it.
    return _covered(file.read_text(encoding="utf-8-sig"), keys)


def read_credentials(
    path: str | os.PathLike[str], needed: Sequence[str], optional: Sequence[str] = (), hint: str = ""
) -> dict[str, Secret]:
    """The values in a credentials file, by their keys and all of them covered; an empty one where there is none.

    A file that others on the machine can read is worth a warning on the log.

    Args:
        path: of the file, which holds a JSON object.
        needed: the keys that must be there.
        optional: keys that may be there.
        hint: what to do about a file that is no good.

    Raises:
        ConfigurationError: when the file cannot be read, is not JSON, or lacks what is needed.
    """
    file = Path(path)
    reason = ""
    values = None
    try:
        values = _covered_in(file, [*needed, *optional])
        mode = file.stat().st_mode
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError:
        reason = "it is not text in UTF-8, or its name is none"
    if reason:
        raise ConfigurationError(f"The credentials file {str(file)!r} cannot be read: {reason}.")
    if values is None:
        raise ConfigurationError(f"The credentials file {str(file)!r} is not JSON. {hint}".rstrip())
    missing = [key for key in needed if not values[key]]
    if missing:
        raise ConfigurationError(f"The credentials file {str(file)!r} lacks {', '.join(missing)}. {hint}".rstrip())
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        _LOG.warning("The credentials file %s can be read by others; make it 0600.", file)
    return values


def settings_from_file(
    path: str | os.PathLike[str],
    *,
    api_url: str | None = None,
    team_id: int | None = None,
    allow_http: bool = False,
) -> Settings:
    """Settings from the file that the CSS web app lets one download: `tokenUrl`, `clientId` and `clientSecret`.

    A file that others on the machine can read is worth a warning on the log.

    Raises:
        ConfigurationError: when the file cannot be read, is not JSON, or lacks one of the three.
    """
    found = read_credentials(path, ("clientId", "clientSecret", "tokenUrl"), hint="Download it again.")
    return Settings(
        client_id=found["clientId"].reveal(),
        client_secret=found["clientSecret"],
        token_url=found["tokenUrl"].reveal(),
        api_url=api_url or API_URL,
        team_id=team_id,
        allow_http=allow_http,
        source="file",
        file=str(Path(path).absolute()),
    )
