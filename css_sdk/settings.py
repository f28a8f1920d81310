"""Where the service is and with which credentials: read from one source, whole, never mixed."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from attrs import field, frozen

from .errors import ConfigurationError

API_URL: Final = "https://api.loginproxy.gov.bc.ca/api/v1"
TOKEN_URL: Final = "https://loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/token"  # noqa: S105

_LOG = logging.getLogger("css_sdk")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _checked_address(url: str, what: str, allow_http: bool) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{what} is no http(s) address. It looks like {API_URL}.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(f"{what} holds more than host and path. Leave out user, query and fragment.")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not allow_http:
        raise ConfigurationError(
            f"{what} is plain http to {parts.hostname}: a secret would travel readable. Use https, or allow_http=True."
        )
    return url.rstrip("/")


@frozen(repr=False)
class Secret:
    """A text that shows itself to nobody: not in a repr, so neither in a log line nor beside a traceback."""

    _text: str

    def __repr__(self) -> str:
        return "Secret(…)"

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """The text itself, for the one request that needs it."""
        return self._text


def _as_secret(value: str | Secret) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)


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
        source: where the credentials came from, which decides whether they may reach other processes.

    Raises:
        ConfigurationError: for an empty value or an address that is none, or unsafe.
    """

    client_id: str
    client_secret: Secret = field(converter=_as_secret)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    team_id: int | None = None
    allow_http: bool = False
    source: Literal["arguments", "environment", "file"] = "arguments"

    def __attrs_post_init__(self) -> None:
        if not self.client_id or not self.client_secret:
            raise ConfigurationError("The client id or the client secret is empty. Both are in the downloaded file.")
        for name, what in (("api_url", "The API address"), ("token_url", "The token address")):
            object.__setattr__(self, name, _checked_address(getattr(self, name), what, self.allow_http))


def settings_from_env(
    environ: Mapping[str, str] | None = None, *, team_id: int | None = None, allow_http: bool = False
) -> Settings:
    """Settings from `CSS_CLIENT_ID` and `CSS_CLIENT_SECRET`, or else from the file that `CSS_CREDENTIALS_FILE` names.

    `CSS_TOKEN_URL` and `CSS_API_URL` may stand beside the pair, `CSS_API_URL` alone beside the file; the service's
    public addresses are the defaults. The two sources are never mixed.

    Args:
        environ: the variables to read; those of the process by default.

    Raises:
        ConfigurationError: when a source is half filled in, or there is none.
    """
    env = os.environ if environ is None else environ
    client_id, client_secret = env.get("CSS_CLIENT_ID"), Secret(env.get("CSS_CLIENT_SECRET", ""))
    if client_id and client_secret:
        return Settings(
            client_id=client_id,
            client_secret=client_secret,
            token_url=env.get("CSS_TOKEN_URL") or TOKEN_URL,
            api_url=env.get("CSS_API_URL") or API_URL,
            team_id=team_id,
            allow_http=allow_http,
            source="environment",
        )
    if client_id or client_secret:
        missing = "CSS_CLIENT_SECRET" if client_id else "CSS_CLIENT_ID"
        raise ConfigurationError(f"{missing} is missing: CSS_CLIENT_ID and CSS_CLIENT_SECRET belong together.")
    path = env.get("CSS_CREDENTIALS_FILE")
    if not path:
        raise ConfigurationError(
            "No credentials. Set CSS_CLIENT_ID and CSS_CLIENT_SECRET, or CSS_CREDENTIALS_FILE to the file that the "
            "CSS web app lets you download for an API account."
        )
    if env.get("CSS_TOKEN_URL"):
        raise ConfigurationError(
            "CSS_TOKEN_URL stands beside CSS_CREDENTIALS_FILE, whose own tokenUrl counts. Unset one of the two."
        )
    return settings_from_file(path, api_url=env.get("CSS_API_URL"), team_id=team_id, allow_http=allow_http)


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
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ConfigurationError(f"The credentials file {file} cannot be read: {reason}.") from None
    try:
        content = json.loads(text)
    except ValueError:
        # The parser's own error would carry the text, secret and all.
        raise ConfigurationError(f"The credentials file {file} is not JSON. Download it again.") from None
    keys = ("clientId", "clientSecret", "tokenUrl")
    values = content if isinstance(content, dict) else {}
    missing = [key for key in keys if not isinstance(values.get(key), str) or not values[key]]
    if missing:
        raise ConfigurationError(f"The credentials file {file} lacks {', '.join(missing)}. Download it again.")
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        _LOG.warning("The credentials file %s can be read by others; make it 0600.", file)
    return Settings(
        client_id=values["clientId"],
        client_secret=values["clientSecret"],
        token_url=values["tokenUrl"],
        api_url=api_url or API_URL,
        team_id=team_id,
        allow_http=allow_http,
        source="file",
    )
