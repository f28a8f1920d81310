"""Where the service is and with which credentials: read from one source, whole, never mixed."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn, overload

from attrs import field, frozen

from ._service.addresses import API_URL, TOKEN_URL, checked_address
from .errors import ConfigurationError, Remedy

_NAMED_BY = Remedy("", "It is the file that CSS_CREDENTIALS_FILE names (CERN_… or BSS_… for other systems).")
_LOG = logging.getLogger("css_sdk")


class Secret:
    """A text that is hidden from `repr`, so from log lines and from the locals beside a traceback.

    It cannot be pickled, and so neither can what holds it: a pickle would hold the text in clear.
    """

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

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "A secret is not pickled, nor are the settings or the token that hold it: the pickle would show it in "
            "clear. In another process or machine, read the credentials there, with Css.from_env() or Css.from_file()."
        )

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


def argument_name(name: str) -> str:
    """Return what a message calls a value that an argument gave: `client_secret=` for `client_secret`."""
    return f"{name}="


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
        raise ConfigurationError(f"{what} ends with a line break, as the line of a file does. Remove it.")


def _as_team_id(value: int | str | None) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(f"The team id {value!r} is no whole number.") from None


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
        file_has_token_url: whether the file tells the token address; else `CSS_TOKEN_URL` does.

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
    file_has_token_url: bool = True

    def __attrs_post_init__(self) -> None:
        for name, what in (("client_id", "The client id"), ("client_secret", "The client secret")):
            check_credential(self._named(what, name), getattr(self, name))
        for name, what, like in (
            ("api_url", "The API address", API_URL),
            ("token_url", "The token address", TOKEN_URL),
        ):
            url = checked_address(
                getattr(self, name),
                self._named(what, name),
                self.allow_http,
                may_have_query=name == "token_url",
                like=like,
            )
            object.__setattr__(self, name, url)

    def name_of(self, name: str) -> str:
        """Return what a message calls a credential or an address, so that a reader finds where it was set.

        Args:
            name: of the attribute, such as `client_secret`.

        >>> Settings(client_id="service-account-team-2016-9001", client_secret="s3cret").name_of("client_secret")
        'client_secret='
        """
        if self.source == "file" and name != "api_url" and (name != "token_url" or self.file_has_token_url):
            return f"{file_key(name)} in {self.file}"
        return argument_name(name) if self.source == "arguments" else f"CSS_{name.upper()}"

    def _named(self, what: str, name: str) -> str:
        return what if self.source == "arguments" else f"{what} ({self.name_of(name)})"


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
    for name, value in values.items():
        if re.fullmatch(r"""(["']).*\1""", value.reveal(), re.DOTALL):
            raise ConfigurationError(
                f"{names.get(name, name)} begins and ends with a quote, as docker's --env-file keeps it. Write the "
                f"value without quotes."
            )
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

    `CSS_TOKEN_URL` and `CSS_API_URL` may stand beside the pair, and beside the file, but `CSS_TOKEN_URL` only where the
    file has no `tokenUrl`; the service's public addresses are the defaults. The two sources are never mixed.

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
    settings = settings_from_file(
        file, api_url=api_url or None, team_id=team_id, allow_http=allow_http, token_url=token_url or None
    )
    if token_url and settings.file_has_token_url:
        raise ConfigurationError(
            "CSS_TOKEN_URL is set beside CSS_CREDENTIALS_FILE, whose own tokenUrl counts. Unset one of the two."
        )
    return settings


def _covered(text: str, keys: Iterable[str]) -> tuple[dict[str, Secret], str] | None:
    """Return the texts under these keys in a credentials file's text, and what it is instead; None for no JSON."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        # The parser's own error would carry the text, secret and all.
        return None
    content = content if isinstance(content, dict) else {}
    found = {key: content.get(key) for key in keys}
    return {key: Secret(value if isinstance(value, str) else "") for key, value in found.items()}, _other_file(
        content.keys(), found
    )


def _other_file(keys: Iterable[str], expected: Iterable[str]) -> str:
    """Say what a file is that lacks keys, in a sentence; nothing where that is not known."""
    if {"auth-server-url", "resource"} <= set(keys):
        return (
            "It is the adapter file of an integration, with which a website lets people log in (resource, "
            "auth-server-url). The API account of a team has a file of its own, named after its client id."
        )
    others = {re.sub("[^a-z]", "", key.lower()): key for key in keys if isinstance(key, str)}
    written = [f"{key}, not {other}" for key in expected if (other := others.get(key.lower(), key)) != key]
    return f"Its keys are written differently here: {'; '.join(written)}." if written else ""


def _covered_in(file: Path, keys: Iterable[str]) -> tuple[dict[str, Secret], str] | None:
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
    covered = None
    try:
        covered = _covered_in(file, [*needed, *optional])
        mode = file.stat().st_mode
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError:
        reason = "it is not text in UTF-8, or its name is none"
    if reason:
        raise ConfigurationError(f"The credentials file {str(file)!r} cannot be read: {reason}.", remedy=_NAMED_BY)
    if covered is None:
        raise ConfigurationError(f"The credentials file {str(file)!r} is not JSON. {hint}".rstrip(), remedy=_NAMED_BY)
    values, instead = covered
    missing = [key for key in needed if not values[key]]
    if missing:
        raise ConfigurationError(
            f"The credentials file {str(file)!r} lacks {', '.join(missing)}. {instead or hint}".rstrip(),
            remedy=_NAMED_BY,
        )
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        _LOG.warning("The credentials file %s can be read by others; make it 0600.", file)
    return values


def settings_from_file(
    path: str | os.PathLike[str],
    *,
    api_url: str | None = None,
    team_id: int | None = None,
    allow_http: bool = False,
    token_url: str | None = None,
) -> Settings:
    """Settings from the file that the CSS web app lets one download: `tokenUrl`, `clientId` and `clientSecret`.

    A file that others on the machine can read is worth a warning on the log.

    Args:
        path: of the file.
        api_url: address of the API; the public one by default.
        team_id: the team that the credentials must belong to.
        allow_http: whether plain `http` may go further than this machine.
        token_url: address of the token endpoint for a file that has none; the file's own goes before it.

    Raises:
        ConfigurationError: when the file cannot be read, is not JSON, or lacks one of the three.
    """
    keys = ("clientId", "clientSecret", "tokenUrl")
    needed, optional = (keys[:2], keys[2:]) if token_url else (keys, ())
    found = read_credentials(path, needed, optional, hint="Download it again.")
    return Settings(
        client_id=found["clientId"].reveal(),
        client_secret=found["clientSecret"],
        token_url=found["tokenUrl"].reveal() or token_url or TOKEN_URL,
        api_url=api_url or API_URL,
        team_id=team_id,
        allow_http=allow_http,
        source="file",
        file=str(Path(path).absolute()),
        file_has_token_url=bool(found["tokenUrl"]),
    )
