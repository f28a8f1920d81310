"""Where the service is and with which credentials: read from one source, whole, never mixed."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal, overload

from attrs import field, frozen

from .errors import ConfigurationError

API_URL: Final = "https://api.loginproxy.gov.bc.ca/api/v1"
TOKEN_URL: Final = "https://loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/token"  # noqa: S105

_LOG = logging.getLogger("css_sdk")
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""This machine, the only one that plain http goes to unasked."""
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|(?!xn--)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.(?!xn--)[a-z0-9_-]+)*)"
    r"(:(?P<port>[0-9]{1,5}))?(/[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_LIKE: Final = {
    "The API address": API_URL,
    "The token address": TOKEN_URL,
    "The issuer": TOKEN_URL.partition("/protocol")[0],
}


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


@overload
def as_secret(value: str | Secret) -> Secret: ...
@overload
def as_secret(value: str | Secret | None) -> Secret | None: ...
def as_secret(value: str | Secret | None) -> Secret | None:
    """The text, covered; None for None."""
    return value if value is None or isinstance(value, Secret) else Secret(value)


def is_text(value: object) -> bool:
    """Whether it is a text, covered or not, that is not empty and can be sent."""
    text = value.reveal() if isinstance(value, Secret) else value
    try:
        return isinstance(text, str) and text.encode() != b""
    except UnicodeEncodeError:  # carries the whole text
        return False


def check_credential(what: str, value: object) -> None:
    """Refuses what can be no part of credentials; `what` begins the sentence.

    Raises:
        ConfigurationError: with the reason.
    """
    if not is_text(value):
        raise ConfigurationError(f"{what} is empty, or no text.")
    if (value.reveal() if isinstance(value, Secret) else str(value)).endswith(("\n", "\r")):
        raise ConfigurationError(f"{what} ends with a line break, as the line of a file does. Take it off: .strip().")


def _as_team_id(value: int | str | None) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(f"The team id {value!r} is no whole number.") from None


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def checked_address(
    url: object, what: str, allow_http: bool | None = None, *, may_have_query: bool = False, like: str = ""
) -> str:
    """An address that secrets and tokens may go to, without a slash at its end.

    Args:
        url: the address, as a text or as a URL of httpx.
        what: it is, to begin a sentence with.
        allow_http: whether plain `http` may go further than this machine; None where nobody could say so.
        may_have_query: whether a query may follow the path, as it may in the address of a token endpoint.
        like: an example of such an address.

    Raises:
        ConfigurationError: when it is none, or unsafe.
    """
    if (httpx := sys.modules.get("httpx")) is not None and isinstance(url, httpx.URL):
        url = str(url)
    place, mark, _ = url.partition("?") if isinstance(url, str) and may_have_query else (url, "", "")
    match = _ADDRESS.fullmatch(place) if isinstance(place, str) and isinstance(url, str) else None
    fault = _fault_of(url, may_have_query)
    if match is None or fault or int(match["port"] or 0) > 65535 or not _is_host(match["host"]):
        # The address itself stays out of the message: it may hold a password.
        raise ConfigurationError(
            f"{what} is no plain http(s) address of host and path{fault}. "
            f"It looks like {like or _LIKE.get(what, 'https://api.example.com/v1')}."
        )
    if match["scheme"].lower() == "http" and match["host"].lower() not in LOOPBACK and not allow_http:
        way_out = "" if allow_http is None else " (In Python, allow_http=True permits it.)"
        raise ConfigurationError(
            f"{what} is plain http to {match['host']}: a secret would travel readable. Use https.{way_out}"
        )
    return str(url) if mark else str(url).rstrip("/")


def _fault_of(url: object, may_have_query: bool) -> str:
    """What is plainly wrong with an address, to go on a sentence with; nothing where nothing is."""
    if not isinstance(url, str):
        return f": it is no text, but of type {type(url).__name__}"
    if not url:
        return ": it is empty"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return ": it holds a blank, or a character that no address holds as it is"
    if not url.lower().startswith(("http://", "https://")):
        return ": it does not begin with https://"
    if "@" in url.partition("?")[0]:
        return ": it holds credentials, before an @"
    if "#" in url:
        return ": it has a fragment, after a #"
    return "" if may_have_query or "?" not in url else ": it has a query, after a ?"


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
        for name, value in (("id", self.client_id), ("secret", self.client_secret)):
            check_credential(f"The client {name}", value)
        for name, what in (("api_url", "The API address"), ("token_url", "The token address")):
            url = checked_address(getattr(self, name), what, self.allow_http, may_have_query=name == "token_url")
            object.__setattr__(self, name, url)


def _variables(names: Mapping[str, str], environ: Mapping[str, str] | None) -> dict[str, Secret]:
    # In a function of its own, and covered, so that no traceback shows the environment.
    env = os.environ if environ is None else environ
    return {name: Secret(env.get(variable, "")) for name, variable in names.items()}


def file_key(name: str) -> str:
    """A credential's key in a file: `clientId` for `client_id`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def check_whole(credentials: Mapping[str, Secret], shown: Callable[[str], str], advice: str) -> None:
    """Refuses credentials of which some are missing.

    Args:
        credentials: by name; empty where one is missing.
        shown: what a name is called where they come from.
        advice: what else there is to do.

    Raises:
        ConfigurationError: which names those that are missing.
    """
    missing = [shown(name) for name, value in credentials.items() if not value]
    if missing:
        is_or_are = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(
            f"{_listed(missing)} {is_or_are} missing: {_listed(map(shown, credentials))} belong together. {advice}"
        )


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def variables_of(
    system: str,
    credentials: Sequence[str],
    addresses: Sequence[str],
    environ: Mapping[str, str] | None = None,
    file_hint: str = "",
) -> tuple[dict[str, Secret], str]:
    """What the environment tells of a system, by name and empty where it tells nothing; and its credentials' file.

    Args:
        system: what its variables begin with.
        credentials: the names of those that belong together.
        addresses: the names of addresses that may stand beside them, or beside the file.
        environ: the variables to read; those of the process by default.
        file_hint: what the file is.

    Returns:
        The values, and the name of the file, which is empty when the variables hold credentials.

    Raises:
        ConfigurationError: when there are no credentials, or only some.
    """
    names = {name: f"{system}_{name.upper()}" for name in (*credentials, *addresses)}
    file_variable = f"{system}_CREDENTIALS_FILE"
    values = _variables({**names, file_variable: file_variable}, environ)
    file = values.pop(file_variable).reveal()
    found = {name: values[name] for name in credentials}
    if any(found.values()):
        check_whole(found, names.__getitem__, f"Set all of them, or none of them and {file_variable}.")
        return values, ""
    if not file:
        hint = file_hint or f"a JSON file that holds {_listed(map(file_key, credentials))}"
        raise ConfigurationError(
            f"No credentials. Set {_listed(names[name] for name in credentials)}, or {file_variable} to {hint}."
        )
    return values, file


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
    told, file = variables_of(
        "CSS",
        ("client_id", "client_secret"),
        ("token_url", "api_url"),
        environ,
        "the file that the CSS web app lets you download for an API account",
    )
    token_url, api_url = told["token_url"].reveal(), told["api_url"].reveal()
    if not file:
        return Settings(
            client_id=told["client_id"].reveal(),
            client_secret=told["client_secret"],
            token_url=token_url or TOKEN_URL,
            api_url=api_url or API_URL,
            team_id=team_id,
            allow_http=allow_http,
            source="environment",
        )
    if token_url:
        raise ConfigurationError(
            "CSS_TOKEN_URL is set beside CSS_CREDENTIALS_FILE, whose own tokenUrl counts. Unset one of the two."
        )
    return settings_from_file(file, api_url=api_url or None, team_id=team_id, allow_http=allow_http)


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
    try:
        file = Path(path)
    except TypeError:
        raise ConfigurationError(f"A credentials file is named by its path, not by {type(path).__name__}.") from None
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
