"""Check the content of the user's config file and of a project's `css.toml`, and return its values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, fields, frozen

from .._service.arguments import is_number
from .._text.suggestions import similar
from ..errors import ConfigurationError

ENVIRONMENTS: Final = ("dev", "test", "prod")
PROJECT_KEYS: Final = ("integration", "environment", "width", "timeout")
"""The only keys that a project may set in `css.toml`.

With other keys, a cloned repository could run a command, redirect a secret, or switch off a guard.
"""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != "" and value.isprintable()


def _is_command(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _key(is_valid: Callable[[Any], bool], valid: str, **options: Any) -> Any:
    """Return the attrs field for an optional key of a profile.

    `is_valid` returns whether a value is valid. `valid` describes valid values in messages.
    """
    return field(default=None, metadata={"rule": (is_valid, valid)}, **options)


@frozen(kw_only=True)
class Profile:
    """A named set of settings in the user's config file.

    Attributes:
        name: name of the profile.
        file: path of the config file.
        credentials_file: path of the account file.
        credential_process: program and arguments of the command that prints the content of an account file.
        api_url: address of the API, if it is not the public one.
        token_url: address of the token endpoint, if neither the account file nor the command sets it.
        team_id: the team that the credentials must belong to.
        allow_prod: whether commands write in prod without asking for the project's name.
        keep_token: whether the token is kept for the next run. If it is None, `CSS_KEEP_TOKEN` decides.
        integration: the default for `--integration`.
        environment: the default for `--environment`.
        width: the default for `--width`.
        timeout: the default for `--timeout`, in seconds.
        journal_days: the number of days after which css-sdk removes a journal.
    """

    name: str
    file: str
    credentials_file: str | None = _key(_is_text, "the path of an account file, as a text")
    credential_process: tuple[str, ...] | None = _key(
        _is_command,
        'a list of texts, such as ["vault-print", "css/grants"], because no shell runs the command',
        repr=False,
    )
    api_url: str | None = _key(_is_text, "an address, as a text")
    token_url: str | None = _key(_is_text, "an address, as a text")
    team_id: int | None = _key(lambda value: type(value) is int, "the id of a team, a whole number")
    allow_prod: bool | None = _key(lambda value: type(value) is bool, "true or false")
    keep_token: bool | None = _key(lambda value: type(value) is bool, "true or false")
    integration: str | None = _key(lambda value: _is_text(value) or type(value) is int, "an id or a project name")
    environment: str | None = _key(lambda value: value in ENVIRONMENTS, "dev, test or prod")
    width: int | None = _key(lambda value: type(value) is int and 1 <= value <= 8, "a whole number from 1 to 8")
    timeout: float | None = _key(is_number, "a number of seconds greater than 0")
    journal_days: int | None = _key(
        lambda value: type(value) is int and 1 <= value < 100_000, "a whole number of days, 1 or more"
    )

    @property
    def where(self) -> str:
        """Return the name that messages give to the profile."""
        return f"the profile {self.name!r} ({self.file})"


_LONGEST_SHOWN: Final = 20
"""The most characters of a wrong value that a message shows. Secrets are longer."""
_RULES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    each.name: each.metadata["rule"] for each in fields(Profile) if "rule" in each.metadata
}
"""For each key of a profile: a function that checks a value, and a description of valid values."""


def read_profiles(content: Mapping[str, Any], file: str) -> tuple[dict[str, Profile], str]:
    """Return the profiles of a config file by name, and the name of the default profile.

    Messages never repeat a wrong value, because it may be a secret.

    >>> read_profiles({"profiles": {"grants": {"credentials_file": "team.json"}}}, "config.toml")[0]["grants"].name
    'grants'
    """
    _check_keys(content, ("default_profile", "profiles"), file)
    tables = content.get("profiles", {})
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ConfigurationError(f"{file}: each profile must be a table. Begin it with [profiles.NAME].")
    profiles = {name: _profile(name, table, file) for name, table in tables.items()}
    default = content.get("default_profile", "default")
    if "default_profile" in content and default not in profiles:
        raise ConfigurationError(
            f"{file}: default_profile does not name a profile of this file. {_names(profiles)} Correct default_profile."
        )
    return profiles, default


def _profile(name: str, table: Mapping[str, Any], file: str) -> Profile:
    where = f"{file}, profile {name!r}"
    _check_keys(table, tuple(_RULES), where)
    values = checked_values(table, where)
    if ("credentials_file" in values) == ("credential_process" in values):
        raise ConfigurationError(
            f"{where}: the credentials must come from exactly one source. Set either credentials_file or "
            f"credential_process."
        )
    if "credential_process" in values:
        values["credential_process"] = tuple(values["credential_process"])
    return Profile(name=name, file=file, **values)


def read_project(content: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return the defaults that a project sets, by key. An integration is always a text.

    >>> read_project({"integration": 101, "environment": "dev"}, "css.toml")
    {'integration': '101', 'environment': 'dev'}
    """
    for key in content:
        if (key in _RULES and key not in PROJECT_KEYS) or key in ("profile", "profiles", "default_profile"):
            raise ConfigurationError(
                f"{file}: a project cannot set {key}, because the author of the project could then use your "
                f"credentials. Remove {key}. A project can set {', '.join(PROJECT_KEYS)}."
            )
    _check_keys(content, PROJECT_KEYS, file)
    return checked_values(content, file)


def checked_values(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return values of a profile or a project, after checking each value. An integration is always a text.

    `where` says where the values are set. Error messages begin with this text.
    """
    faults = [f"{key} must be {_RULES[key][1]}." for key, value in values.items() if not _RULES[key][0](value)]
    if faults:
        raise ConfigurationError(f"{where}: {' '.join(faults)}")
    return {key: str(value) if key == "integration" else value for key, value in values.items()}


def checked_variable(key: str, value: Any, variable: str) -> Any:
    """Return the value of a variable that sets a key, after checking the value."""
    is_valid, valid = _RULES[key]
    if not is_valid(value):
        # A long value may be a secret.
        wrong = f", not {value!r}" if len(str(value)) <= _LONGEST_SHOWN else ""
        raise ConfigurationError(f"{variable} must be {valid}{wrong}.")
    return value


def choose_profile(profiles: Mapping[str, Profile], name: str, named_by: str, file: str) -> Profile:
    """Return the profile with this name. If it does not exist, the message lists the names of all profiles.

    `named_by` says who named the profile, such as `You chose`. The message begins with this text.
    """
    if name not in profiles:
        raise ConfigurationError(
            f"{named_by} the profile {name!r}, which is not in {file}. {_names(profiles)} Correct the name, or "
            f"add the profile."
        )
    return profiles[name]


def _names(profiles: Mapping[str, Profile]) -> str:
    return f"The profiles are: {', '.join(map(repr, sorted(profiles)))}." if profiles else "There are no profiles."


def _check_keys(content: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    if {"client_secret", "clientSecret", "client_id", "clientId"} & content.keys():
        raise ConfigurationError(
            f"{where}: credentials do not belong in this file. Put them into an account file, and set "
            f"credentials_file to its path."
        )
    faults = []
    for key in content:
        if key not in known:
            close = similar(key, known)
            meant = f"Did you mean {close[0]!r}?" if close else f"The keys are: {', '.join(known)}."
            faults.append(f"there is no key {key!r}. {meant}")
    if faults:
        raise ConfigurationError(f"{where}: {' '.join(faults)}")
