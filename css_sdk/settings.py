"""Read the credentials and addresses of the service from one source: arguments, variables or a file."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, NoReturn, overload

from attrs import evolve, field, frozen

from ._service.addresses import API_URL, TOKEN_URL, checked_address
from .errors import ConfigurationError, Remedy

_NAMED_BY = Remedy("", "CSS_CREDENTIALS_FILE names this file (CERN_… or BSS_… for other systems).")
_LOG = logging.getLogger("css_sdk")


class Secret:
    """Hold a string that is hidden from `repr`, so that log lines and tracebacks do not show it.

    A secret cannot be pickled, because the pickle would show it.
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
            "A secret cannot be pickled, because the pickle would show it. This also holds for settings and tokens. In "
            "another process or machine, read the credentials there, with Css.from_env() or Css.from_file()."
        )

    def reveal(self) -> str:
        """Return the secret itself, for the request that needs it."""
        return self._text


@overload
def as_secret(value: str | Secret) -> Secret: ...
@overload
def as_secret(value: str | Secret | None) -> Secret | None: ...
def as_secret(value: str | Secret | None) -> Secret | None:
    """Return the value as a `Secret`, or None for None."""
    return value if value is None or isinstance(value, Secret) else Secret(value)


def argument_name(name: str) -> str:
    """Return what a message calls a value that an argument gave: `client_secret=` for `client_secret`."""
    return f"{name}="


def is_text(value: object) -> bool:
    """Return whether a value is a string or a `Secret` that is not empty and can be sent."""
    text = value.reveal() if isinstance(value, Secret) else value
    try:
        return isinstance(text, str) and text.encode() != b""
    except UnicodeEncodeError:  # not raised, because the error contains the whole text
        return False


def check_credential(what: str, value: object) -> None:
    """Check one credential. `what` is its name in messages.

    Raises:
        ConfigurationError: the credential is empty, not a string, or ends with a line break.
    """
    if not is_text(value):
        raise ConfigurationError(f"{what} is empty or not a string. Give it a value.")
    if (value.reveal() if isinstance(value, Secret) else str(value)).endswith(("\n", "\r")):
        raise ConfigurationError(f"{what} ends with a line break. Remove the line break.")


def _as_team_id(value: int | str | None) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(f"team_id= is {value!r}. Pass the team's id, a whole number.") from None


@frozen(kw_only=True)
class Settings:
    """Hold the credentials of an API account and the addresses that they are for.

    Args:
        client_id: client id of the API account, such as `service-account-team-2016-9001`.
        client_secret: its secret. It is never shown in a repr, a log line or an error.
        api_url: address of the API. It ends with `/api/v1`.
        token_url: address of the token endpoint.
        team_id: the team that the credentials must belong to, or None for any.
        allow_http: whether plain `http` is allowed to other machines.
        source: where the credentials came from; `process` means the command in `credential_process` of a profile.
        file: the credentials file, if they came from one.
        file_has_token_url: whether the file or the command gave the token address. Otherwise it comes from the profile
            or from `CSS_TOKEN_URL`.
        profile: name of the profile in the user's config file, if the settings came from one.
        keep_token: whether the token is kept for the next run, in the user's cache folder.

    Raises:
        ConfigurationError: for an empty value, or an address that is not valid or not safe.

    >>> Settings(client_id="service-account-team-2016-9001", client_secret="s3cret").client_secret
    Secret(…)
    """

    client_id: str
    client_secret: Secret = field(converter=as_secret)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    team_id: int | None = field(default=None, converter=_as_team_id)
    allow_http: bool = False
    source: Literal["arguments", "environment", "file", "process"] = "arguments"
    file: str | None = None
    file_has_token_url: bool = True
    keep_token: bool = False
    profile: str | None = None

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
        """Return the name of a credential or an address in messages: the argument, variable or file key that sets it.

        Args:
            name: name of the attribute, such as `client_secret`.

        >>> Settings(client_id="service-account-team-2016-9001", client_secret="s3cret").name_of("client_secret")
        'client_secret='
        """
        if (
            self.source in ("file", "process")
            and name != "api_url"
            and (name != "token_url" or self.file_has_token_url)
        ):
            return f"{file_key(name)} in {self.file or f'the output of credential_process of profile {self.profile!r}'}"
        if self.profile is not None:
            return f"{name} of profile {self.profile!r}"
        return argument_name(name) if self.source == "arguments" else f"CSS_{name.upper()}"

    def _named(self, what: str, name: str) -> str:
        return what if self.source == "arguments" else f"{what} ({self.name_of(name)})"


def _variables(names: Mapping[str, str], environ: Mapping[str, str] | None) -> dict[str, Secret]:
    # In a function of its own, and as secrets, so that no traceback shows the environment.
    env = os.environ if environ is None else environ
    return {name: Secret(env.get(variable, "")) for name, variable in names.items()}


def file_key(name: str) -> str:
    """Return the key of a credential in a file: `clientId` for `client_id`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def check_whole(credentials: Mapping[str, Secret], shown: Callable[[str], str], advice: str) -> None:
    """Check that no credential is missing.

    Args:
        credentials: the credentials by name; a missing one is empty.
        shown: returns the name of a credential in messages.
        advice: the next step.

    Raises:
        ConfigurationError: if one is missing. The message names it.
    """
    missing = [shown(name) for name, value in credentials.items() if not value]
    if missing:
        is_or_are = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(
            f"{_listed(missing)} {is_or_are} missing. {_listed(map(shown, credentials))} are needed together. {advice}"
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
    """Read the variables of a system. If both credentials and a file are set, the credentials count.

    Args:
        system: the prefix of the variables.
        credentials: the names of the credentials, which are needed together.
        addresses: the names of addresses that can be set in addition.
        environ: the variables to read; by default those of the process.
        file_hint: a description of the file, for messages.

    Returns:
        The values, empty for variables that are not set; and the name of the file, empty if it is not used.

    Raises:
        ConfigurationError: there are no credentials and no file, or some credentials without the others, or a value
            is in quotes.
    """
    names = {name: f"{system}_{name.upper()}" for name in (*credentials, *addresses)}
    file_variable = f"{system}_CREDENTIALS_FILE"
    values = _variables({**names, file_variable: file_variable}, environ)
    for name, value in values.items():
        if re.fullmatch(r"""(["']).*\1""", value.reveal(), re.DOTALL):
            raise ConfigurationError(
                f"{names.get(name, name)} begins and ends with a quote: docker's --env-file keeps quotes. Write the "
                f"value without quotes."
            )
    file = values.pop(file_variable).reveal()
    found = {name: values[name] for name in credentials}
    if any(found.values()):
        check_whole(found, names.__getitem__, f"Set all of them, or set only {file_variable}.")
        if file:
            _LOG.warning(
                "%s are set, so css-sdk does not read the file in %s. Unset the ones that you do not want.",
                _listed(names[name] for name in credentials),
                file_variable,
            )
        return values, ""
    if not file:
        hint = file_hint or f"a JSON file that holds {_listed(map(file_key, credentials))}"
        raise ConfigurationError(
            f"There are no credentials. Set {_listed(names[name] for name in credentials)}, or set {file_variable} to "
            f"{hint}."
        )
    return values, file


def settings_from_env(
    environ: Mapping[str, str] | None = None, *, team_id: int | None = None, allow_http: bool = False
) -> Settings:
    """Read settings from `CSS_CLIENT_ID` and `CSS_CLIENT_SECRET`, otherwise from the file in `CSS_CREDENTIALS_FILE`.

    If both are set, the variables count, and a warning is logged. `CSS_API_URL` and `CSS_TOKEN_URL` can be set in
    addition, but not `CSS_TOKEN_URL` with a file that has a `tokenUrl`. The defaults are the public addresses.
    `CSS_KEEP_TOKEN=on` keeps the token for the next run.

    Args:
        environ: the variables to read; by default those of the process.
        team_id: the team that the credentials must belong to.
        allow_http: whether plain `http` is allowed to other machines.

    Raises:
        ConfigurationError: if there are no credentials, or only some, or `CSS_KEEP_TOKEN` is neither on nor off.
    """
    values, file = variables_of(
        "CSS",
        ("client_id", "client_secret"),
        ("token_url", "api_url"),
        environ,
        "the file that the CSS web app lets you download for an API account",
    )
    token_url, api_url = values["token_url"].reveal(), values["api_url"].reveal()
    if not file:
        return Settings(
            client_id=values["client_id"].reveal(),
            client_secret=values["client_secret"],
            token_url=token_url or TOKEN_URL,
            api_url=api_url or API_URL,
            team_id=team_id,
            allow_http=allow_http,
            source="environment",
            keep_token=keeps_token(environ),
        )
    settings = settings_from_file(
        file, api_url=api_url or None, team_id=team_id, allow_http=allow_http, token_url=token_url or None
    )
    if token_url and settings.file_has_token_url:
        raise ConfigurationError(
            "CSS_TOKEN_URL is set, and the file in CSS_CREDENTIALS_FILE has a tokenUrl, too. Unset CSS_TOKEN_URL."
        )
    return evolve(settings, keep_token=keeps_token(environ))


def keeps_token(environ: Mapping[str, str] | None) -> bool:
    """Return whether `CSS_KEEP_TOKEN` is on.

    Args:
        environ: the variables to read; by default those of the process.

    Raises:
        ConfigurationError: if it is neither on nor off.
    """
    value = _variables({"keep": "CSS_KEEP_TOKEN"}, environ)["keep"].reveal()
    if value not in ("", "on", "off"):
        raise ConfigurationError(f"CSS_KEEP_TOKEN is {value!r}. Set it to on or off.")
    return value == "on"


def _values_and_advice(text: str, keys: Iterable[str]) -> tuple[dict[str, Secret], str] | None:
    """Return the values of these keys, and a sentence of advice. Return None if the text is not JSON.

    The advice is empty, unless the text looks like another kind of file or spells the keys differently.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        # The parser's own error would contain the text with the secret.
        return None
    content = content if isinstance(content, dict) else {}
    found = {key: content.get(key) for key in keys}
    return {key: Secret(value if isinstance(value, str) else "") for key, value in found.items()}, _other_file(
        content.keys(), found
    )


def _other_file(keys: Iterable[str], expected: Iterable[str]) -> str:
    """Return advice if these are the keys of another kind of file, or are spelled differently; otherwise ""."""
    if {"auth-server-url", "resource"} <= set(keys):
        return (
            "It is the adapter file of an integration (resource, auth-server-url), for the login of a website. "
            "Download the file of your team's API account instead. It is named after its client id."
        )
    others = {re.sub("[^a-z]", "", key.lower()): key for key in keys if isinstance(key, str)}
    written = [f"{key}, not {other}" for key in expected if (other := others.get(key.lower(), key)) != key]
    return f"Write its keys like this: {'; '.join(written)}." if written else ""


def parse_credentials(
    text: Secret,
    needed: Sequence[str],
    optional: Sequence[str],
    what: str,
    hint: str = "",
    remedy: Remedy | None = None,
) -> dict[str, Secret]:
    """Return the values of credentials in JSON by key; a missing optional value is empty.

    Args:
        text: the JSON object.
        needed: the required keys.
        optional: the optional keys.
        what: the name of the file or output that contains the text. Error messages begin with it.
        hint: the next step if the text cannot be used.
        remedy: the remedy of the error.

    Raises:
        ConfigurationError: if the text is not JSON, or lacks a required key.
    """
    found = _values_and_advice(text.reveal(), [*needed, *optional])
    if found is None:
        raise ConfigurationError(f"{what} is not JSON. {hint}".rstrip(), remedy=remedy)
    values, advice = found
    missing = [key for key in needed if not values[key]]
    if missing:
        raise ConfigurationError(f"{what} lacks {', '.join(missing)}. {advice or hint}".rstrip(), remedy=remedy)
    return values


def read_credentials(
    path: str | os.PathLike[str], needed: Sequence[str], optional: Sequence[str] = (), hint: str = ""
) -> dict[str, Secret]:
    """Read a credentials file and return its values by key; a missing optional value is empty.

    If others on the machine can read the file, a warning is logged.

    Args:
        path: path of the file, which holds a JSON object.
        needed: the required keys.
        optional: the optional keys.
        hint: the next step if the file cannot be used.

    Raises:
        ConfigurationError: if the file cannot be read, is not JSON, or lacks a required key.
    """
    try:
        file = Path(path)
    except TypeError:
        raise ConfigurationError(
            f"The path of a credentials file must be a string or a Path, not {type(path).__name__}."
        ) from None
    reason = ""
    try:
        text = Secret(file.read_text(encoding="utf-8-sig"))
        mode = file.stat().st_mode
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except ValueError:
        reason = "it is not UTF-8 text, or its name is not valid"
    what = f"The credentials file {str(file)!r}"
    if reason:
        raise ConfigurationError(f"{what} cannot be read: {reason}.", remedy=_NAMED_BY)
    values = parse_credentials(text, needed, optional, what, hint, _NAMED_BY)
    if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
        _LOG.warning("Other users can read the credentials file. Run: chmod 600 %s", file)
    return values


def settings_from_file(
    path: str | os.PathLike[str],
    *,
    api_url: str | None = None,
    team_id: int | None = None,
    allow_http: bool = False,
    token_url: str | None = None,
) -> Settings:
    """Read settings from the account file of the CSS web app: `tokenUrl`, `clientId` and `clientSecret`.

    If others on the machine can read the file, a warning is logged.

    Args:
        path: path of the file.
        api_url: address of the API; by default the public one.
        team_id: the team that the credentials must belong to.
        allow_http: whether plain `http` is allowed to other machines.
        token_url: address of the token endpoint, for a file that has none.

    Raises:
        ConfigurationError: if the file cannot be read, is not JSON, or lacks a key.
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
