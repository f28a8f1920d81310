"""Read the credentials and addresses of a system from one source: arguments, environment variables or a file."""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, overload

from attrs import evolve, field, frozen

from ._service.addresses import API_URL, TOKEN_URL, check_pair, checked_address
from ._text.json_text import parsed_json
from ._text.words import joined
from .errors import ConfigurationError, Remedy

KEEP_TOKEN: Final = "CSS_KEEP_TOKEN"  # noqa: S105
"""The variable that says whether css-sdk keeps the token for the next run."""
_LOG = logging.getLogger("css_sdk")
_CALLED: Final = {
    "client_id": "The client id",
    "client_secret": "The client secret",
    "api_url": "The API address",
    "token_url": "The token address",
}
"""The words with which messages name each credential and address."""

Origin = Literal["arguments", "environment", "file", "process"]
"""The source of credentials: arguments, environment variables, a credentials file, or the command of a profile."""


class Secret:
    """Hold a string that is hidden from `repr`. Log lines and tracebacks do not show it.

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
            "A secret cannot be pickled, because the pickle would show it. Settings and tokens cannot be pickled "
            "either. In another process or on another machine, read the credentials there, with Css.from_env() or "
            "Css.from_file()."
        )

    def reveal(self) -> str:
        """Return the secret as a plain string, for the request that sends it."""
        return self._text


@overload
def as_secret(value: str | Secret) -> Secret: ...
@overload
def as_secret(value: str | Secret | None) -> Secret | None: ...
def as_secret(value: str | Secret | None) -> Secret | None:
    """Return the value as a `Secret`, or None for None."""
    return value if value is None or isinstance(value, Secret) else Secret(value)


def argument_name(name: str) -> str:
    """Return the name of an argument in messages: `client_secret=` for `client_secret`."""
    return f"{name}="


def is_text(value: object) -> bool:
    """Return whether a value is a `Secret` or string that is not empty and can be encoded in UTF-8."""
    text = value.reveal() if isinstance(value, Secret) else value
    try:
        return isinstance(text, str) and text.encode() != b""
    except UnicodeEncodeError:  # not raised, because the error contains the whole text
        return False


def check_credential(what: str, value: object) -> None:
    """Refuse a credential that is empty, is not a string or a `Secret`, or ends with a line break."""
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
    """Hold the credentials of an API account, and the addresses to which css-sdk may send them.

    Args:
        client_id: client id of the API account, such as `service-account-team-2016-9001`.
        client_secret: secret of the API account. It is never shown in a repr, a log line or an error.
        api_url: address of the API. It ends with `/api/v1`.
        token_url: address of the token endpoint.
        team_id: the team that the credentials must belong to, or None for any.
        allow_http: whether plain `http` is allowed to other machines.
        source: where the credentials come from; `process` means the command in `credential_process` of a profile.
        file: path of the credentials file, if the credentials come from a file.
        profile: name of the profile in the user's config file, if the settings came from one.
        keep_token: whether the token is kept for the next run, in the user's cache folder.
        names: how messages name the source of each credential and address, such as `{"client_id": "CSS_CLIENT_ID"}`.
            By default, messages name the arguments of this class.

    Raises:
        ConfigurationError: a credential is empty, an address is not valid or not safe, `team_id` is not a number, or
            one address is on this machine and the other belongs to the public service.

    >>> Settings(client_id="service-account-team-2016-9001", client_secret="s3cret").client_secret
    Secret(…)
    """

    client_id: str
    client_secret: Secret = field(converter=as_secret)
    api_url: str = API_URL
    token_url: str = TOKEN_URL
    team_id: int | None = field(default=None, converter=_as_team_id)
    allow_http: bool = False
    source: Origin = "arguments"
    file: str | None = None
    keep_token: bool = False
    profile: str | None = None
    names: Mapping[str, str] = field(factory=dict, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        for name in ("client_id", "client_secret"):
            check_credential(self._named(name), getattr(self, name))
        for name, like in (("api_url", API_URL), ("token_url", TOKEN_URL)):
            try:
                url = checked_address(
                    getattr(self, name),
                    self._named(name),
                    self.allow_http,
                    may_have_query=name == "token_url",
                    like=like,
                )
            except ConfigurationError as error:
                error.subject = "addresses"
                raise
            object.__setattr__(self, name, url)
        check_pair(self.api_url, self.token_url, self.name_of)

    def name_of(self, name: str) -> str:
        """Return the argument, variable or file key that sets a credential or an address, as messages name it.

        Args:
            name: name of the attribute, such as `client_secret`.

        >>> Settings(client_id="service-account-team-2016-9001", client_secret="s3cret").name_of("client_secret")
        'client_secret='
        """
        return self.names.get(name) or argument_name(name)

    def _named(self, name: str) -> str:
        return f"{_CALLED[name]} ({self.names[name]})" if name in self.names else _CALLED[name]


@frozen
class Found:
    """The credentials and addresses of a system, as one source sets them.

    In `values`, a value that is not set is empty. `names` has the variable or file key that sets each value.
    """

    values: Mapping[str, Secret]
    names: Mapping[str, str]
    source: Origin
    file: str | None = None

    def text(self, name: str) -> str:
        """Return a credential or address as a plain string; "" if it is not set. Do not use this for secrets."""
        return self.values[name].reveal()

    def name_of(self, name: str) -> str:
        """Return the argument, variable or file key that sets a value, as messages name it."""
        return self.names.get(name) or argument_name(name)


@frozen
class Sources:
    """The arguments, variables and file keys that can set the credentials and addresses of a system.

    All `credentials` are needed, and come from one source.

    Args:
        system: the prefix of the variables, such as `CSS`.
        credentials: the names of the credentials.
        addresses: the names of the addresses that variables can set.
        in_file: the names of the addresses that a file can also set.
        file_needs_addresses: whether a file must set the addresses in `in_file` that nothing else sets.
        file_hint: a description of the file, for messages.
        file_advice: the next step if the content of the file cannot be used.
    """

    system: str
    credentials: tuple[str, ...]
    addresses: tuple[str, ...]
    in_file: tuple[str, ...]
    file_needs_addresses: bool = False
    file_hint: str = ""
    file_advice: str = ""

    @property
    def file_variable(self) -> str:
        """Return the variable that holds the path of the credentials file."""
        return f"{self.system}_CREDENTIALS_FILE"

    def variable(self, name: str) -> str:
        """Return the variable that sets a value, such as `CSS_CLIENT_ID` for `client_id`."""
        return f"{self.system}_{name.upper()}"

    def in_arguments(self, **given: str | Secret | None) -> Found | None:
        """Return the credentials that were passed as arguments; None if none was passed.

        If some credentials are missing, raise `ConfigurationError`.
        """
        if all(value is None for value in given.values()):
            return None
        values = {name: as_secret(given[name] or "") for name in self.credentials}
        _check_whole(
            values,
            argument_name,
            f"Pass all of them, or none. If you pass none, css-sdk reads {joined(map(self.variable, values))}, or the "
            f"file in {self.file_variable}.",
        )
        nowhere = dict.fromkeys(self.addresses, Secret(""))
        return Found({**values, **nowhere}, {}, "arguments")

    def in_variables(self, environ: Mapping[str, str] | None = None) -> Found:
        """Return the credentials and addresses that variables set.

        If no variable sets a credential, read the file in `file_variable`. Variables can set the addresses that the
        file does not set.

        A value in quotes is refused, because docker's `--env-file` keeps the quotes.
        """
        names = {name: self.variable(name) for name in (*self.credentials, *self.addresses)}
        values = _variables({**names, "file": self.file_variable}, environ)
        quoted = [key for key, value in values.items() if re.fullmatch(r"""(["']).*\1""", value.reveal(), re.DOTALL)]
        if quoted:
            begin, the_value = ("begins and ends", "value") if len(quoted) == 1 else ("begin and end", "values")
            raise ConfigurationError(
                f"{joined(names.get(name, self.file_variable) for name in quoted)} {begin} with a quote: docker's "
                f"--env-file keeps quotes. Write the {the_value} without quotes."
            )
        file = values.pop("file").reveal()
        given = {name: values[name] for name in self.credentials}
        listed = joined(map(self.variable, self.credentials))
        if any(given.values()):
            _check_whole(given, self.variable, f"Set all of them, or set only {self.file_variable}.")
            if file:
                _LOG.warning(
                    "%s are set, so css-sdk does not read the file in %s. Unset those that you do not want to use.",
                    listed,
                    self.file_variable,
                )
            return Found(values, names, "environment")
        if not file:
            hint = self.file_hint or f"a JSON file that holds {joined(map(file_key, self.credentials))}"
            raise ConfigurationError(
                f"There are no credentials. Set {listed}, or set {self.file_variable} to the path of {hint}."
            )
        return self.in_a_file(file, Found(values, names, "environment"), self.file_variable)

    def in_a_file(self, path: str | os.PathLike[str], beside: Found, named_by: str = "") -> Found:
        """Return the credentials and addresses that a credentials file sets.

        If other users of the machine can read the file, css-sdk logs a warning.

        `beside` has the addresses that are set elsewhere. The file must not set these. `named_by` is the variable or
        key that holds the path.
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
        remedy = Remedy("", f"{named_by} names this file." if named_by else "")
        if reason:
            raise ConfigurationError(f"{what} cannot be read: {reason}.", remedy=remedy)
        found = self.in_json(text, beside, what, str(file.absolute()), self.file_advice, remedy)
        if os.name == "posix" and mode & (stat.S_IRGRP | stat.S_IROTH):
            _LOG.warning("Other users can read the credentials file. Run: chmod 600 %s", file)
        return evolve(found, source="file", file=str(file.absolute()))

    def in_json(
        self, text: Secret, beside: Found, what: str, place: str, advice: str = "", remedy: Remedy | None = None
    ) -> Found:
        """Return the credentials and addresses that a JSON object sets.

        `beside` has the addresses that are set elsewhere. The object must not set these. Messages begin with `what`,
        and name a key as `clientId in <place>`.
        """
        keys = {name: file_key(name) for name in (*self.credentials, *self.in_file)}
        values, other_file = _values_and_advice(text.reveal(), keys)
        if values is None:
            raise ConfigurationError(f"{what} is not a JSON object. {advice}".rstrip(), remedy=remedy)
        needed = self.credentials + (self.in_file if self.file_needs_addresses else ())
        missing = [keys[name] for name in needed if not (values[name] or beside.values.get(name))]
        if missing:
            raise ConfigurationError(
                f"{what} lacks {', '.join(missing)}. {other_file or advice}".rstrip(), remedy=remedy
            )
        names = {name: f"{key} in {place}" for name, key in keys.items()}
        for name in self.addresses:
            if beside.values[name]:
                names[name] = beside.name_of(name)
                if values.get(name):
                    raise ConfigurationError(
                        f"{names[name]} is set, and {what[0].lower()}{what[1:]} sets {keys[name]} as well. Remove "
                        f"one of the two."
                    )
        return Found(
            {name: values.get(name) or beside.values[name] for name in (*keys, *self.addresses)},
            {**beside.names, **names},
            "process",
        )


CSS: Final = Sources(
    "CSS",
    ("client_id", "client_secret"),
    ("token_url", "api_url"),
    in_file=("token_url",),
    file_needs_addresses=True,
    file_hint="the file that the CSS web app lets you download for an API account",
    file_advice="Download it again.",
)
CERN: Final = Sources("CERN", ("client_id", "client_secret"), ("token_url", "api_url"), ("token_url", "api_url"))
BSS: Final = Sources("BSS", ("client_key", "client_secret", "username", "password"), ("host",), ("host",))


def _variables(names: Mapping[str, str], environ: Mapping[str, str] | None) -> dict[str, Secret]:
    # In a function of its own, and as secrets, so that no traceback shows the environment.
    env = os.environ if environ is None else environ
    return {name: Secret(env.get(variable, "")) for name, variable in names.items()}


def file_key(name: str) -> str:
    """Return the key of a credential or address in a file: `clientId` for `client_id`."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _check_whole(credentials: Mapping[str, Secret], shown: Callable[[str], str], advice: str) -> None:
    """Refuse credentials if one is missing. The message names the missing ones, and ends with `advice`."""
    missing = [shown(name) for name, value in credentials.items() if not value]
    if missing:
        is_or_are = "is" if len(missing) == 1 else "are"
        raise ConfigurationError(
            f"{joined(missing)} {is_or_are} missing. {joined(map(shown, credentials))} are needed together. {advice}"
        )


def settings_of(found: Found, **options: Any) -> Settings:
    """Return the settings of an API account. An address that is not set becomes the public one."""
    return Settings(
        client_id=found.text("client_id"),
        client_secret=found.values["client_secret"],
        api_url=found.text("api_url") or API_URL,
        token_url=found.text("token_url") or TOKEN_URL,
        source=found.source,
        file=found.file,
        names=found.names,
        **options,
    )


def settings_from_env(
    environ: Mapping[str, str] | None = None, *, team_id: int | None = None, allow_http: bool = False
) -> Settings:
    """Read settings from `CSS_CLIENT_ID` and `CSS_CLIENT_SECRET`, otherwise from the file in `CSS_CREDENTIALS_FILE`.

    If both are set, css-sdk uses the two variables, and logs a warning.

    `CSS_API_URL` and `CSS_TOKEN_URL` set the addresses. But if the file has a `tokenUrl`, `CSS_TOKEN_URL` is refused.
    `CSS_KEEP_TOKEN=on` keeps the token for the next run.
    """
    found = CSS.in_variables(environ)
    return settings_of(found, team_id=team_id, allow_http=allow_http, keep_token=is_on(environ, KEEP_TOKEN))


def is_on(environ: Mapping[str, str] | None, variable: str, *, otherwise: bool = False) -> bool:
    """Return whether a variable is `on`. Refuse other values than `on` and `off`.

    If the variable is not set or is empty, return `otherwise`.

    >>> is_on({"CSS_JOURNAL": "off"}, "CSS_JOURNAL", otherwise=True)
    False
    """
    value = (os.environ if environ is None else environ).get(variable, "").strip().lower()
    if value not in ("", "on", "off"):
        raise ConfigurationError(f"{variable} is {value!r}. Set it to on or off.")
    return value == "on" if value else otherwise


def _values_and_advice(text: str, keys: Mapping[str, str]) -> tuple[dict[str, Secret] | None, str]:
    """Return the values that a JSON object sets, by name, and a sentence of advice.

    For any other text, the first result is None. The advice is empty, unless the text looks like another kind of file.
    """
    content = parsed_json(text)
    if not isinstance(content, dict):
        return None, ""
    found = {name: content.get(key) for name, key in keys.items()}
    values = {name: Secret(value if isinstance(value, str) else "") for name, value in found.items()}
    return values, _other_file(content.keys(), keys.values())


def _other_file(keys: Iterable[str], expected: Iterable[str]) -> str:
    """Return advice if a file is of another kind, or spells a key like `client_id`; otherwise ""."""
    if {"auth-server-url", "resource"} <= set(keys):
        return (
            "It is the adapter file of an integration (resource, auth-server-url), for the login of a website. "
            "Download the file of your team's API account instead. Its name begins with service-account-team."
        )
    others = {re.sub("[^a-z]", "", key.lower()): key for key in keys if isinstance(key, str)}
    written = [f"{key}, not {other}" for key in expected if (other := others.get(key.lower(), key)) != key]
    return f"Write its keys like this: {'; '.join(written)}." if written else ""


def settings_from_file(
    path: str | os.PathLike[str],
    *,
    api_url: str | None = None,
    team_id: int | None = None,
    allow_http: bool = False,
    token_url: str | None = None,
) -> Settings:
    """Read settings from the account file of the CSS web app: `tokenUrl`, `clientId` and `clientSecret`.

    If other users of the machine can read the file, css-sdk logs a warning. `token_url` is for a file without a
    `tokenUrl`.
    """
    addresses = {"api_url": api_url, "token_url": token_url}
    beside = Found({name: Secret(url or "") for name, url in addresses.items()}, {}, "arguments")
    return settings_of(CSS.in_a_file(path, beside), team_id=team_id, allow_http=allow_http)
