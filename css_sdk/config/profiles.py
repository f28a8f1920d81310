"""The content of the user's config file and of a project's `css.toml`, checked. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, fields, frozen

from .._text.suggestions import similar
from ..errors import ConfigurationError

ENVIRONMENTS: Final = ("dev", "test", "prod")
PROJECT_KEYS: Final = ("integration", "environment", "width", "timeout")
"""What a project may set. Nothing else: a cloned repository must not run a command, redirect a secret or switch off a
guard."""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != "" and value.isprintable()


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf


def _is_command(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _key(is_valid: Callable[[Any], bool], valid: str, **options: Any) -> Any:
    """Return the field for a key that a profile may have.

    Args:
        is_valid: returns whether a value is valid.
        valid: what a valid value is, for messages.
        options: of the field.
    """
    return field(default=None, metadata={"rule": (is_valid, valid)}, **options)


@frozen(kw_only=True)
class Profile:
    """A named set of settings in the user's config file.

    Attributes:
        name: of the profile.
        file: the config file.
        credentials_file: path of the account file.
        credential_process: program and arguments of the command that prints the content of such a file.
        api_url: address of the API, if it is not the public one.
        token_url: address of the token endpoint, if neither the account file nor the command gives one.
        team_id: the team that the credentials must belong to.
        allow_prod: whether commands write in prod without the question for the project's name.
        keep_token: whether the token is kept for the next run; by default as `CSS_KEEP_TOKEN` says.
        integration: the default for `--integration`.
        environment: the default for `--environment`.
        width: the default for `--width`.
        timeout: the default for `--timeout`, in seconds.
        journal_days: the days after which a journal is removed.
    """

    name: str
    file: str
    credentials_file: str | None = _key(_is_text, "the path of an account file, as a text")
    credential_process: tuple[str, ...] | None = _key(
        _is_command, 'a list of texts, such as ["vault-print", "css/grants"]: it is not run by a shell', repr=False
    )
    api_url: str | None = _key(_is_text, "an address, as a text")
    token_url: str | None = _key(_is_text, "an address, as a text")
    team_id: int | None = _key(lambda value: type(value) is int, "the id of a team, a whole number")
    allow_prod: bool | None = _key(lambda value: type(value) is bool, "true or false")
    keep_token: bool | None = _key(lambda value: type(value) is bool, "true or false")
    integration: str | None = _key(lambda value: _is_text(value) or type(value) is int, "an id or a project name")
    environment: str | None = _key(lambda value: value in ENVIRONMENTS, "dev, test or prod")
    width: int | None = _key(lambda value: type(value) is int and 1 <= value <= 8, "a whole number from 1 to 8")
    timeout: float | None = _key(_is_number, "a number of seconds, more than 0")
    journal_days: int | None = _key(
        lambda value: type(value) is int and 1 <= value < 100_000, "a whole number of days, 1 or more"
    )

    @property
    def where(self) -> str:
        """Return the name of the profile in messages."""
        return f"the profile {self.name!r} ({self.file})"


_RULES: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    each.name: each.metadata["rule"] for each in fields(Profile) if "rule" in each.metadata
}
"""By key: whether a value is valid, and what a valid one is."""


def read_profiles(content: Mapping[str, Any], file: str) -> tuple[dict[str, Profile], str]:
    """Return the profiles of a config file by name, and the name of the default profile.

    Args:
        content: of the file.
        file: its name, for messages.

    Raises:
        ConfigurationError: if it holds an unknown key or a wrong value. The message never repeats the value.

    >>> read_profiles({"profiles": {"grants": {"credentials_file": "team.json"}}}, "config.toml")[0]["grants"].name
    'grants'
    """
    _check_keys(content, ("default_profile", "profiles"), file)
    tables = content.get("profiles", {})
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise ConfigurationError(f"{file}: a profile is a table. Begin it with [profiles.NAME].")
    profiles = {name: _profile(name, table, file) for name, table in tables.items()}
    default = content.get("default_profile", "default")
    if "default_profile" in content and default not in profiles:
        raise ConfigurationError(
            f"{file}: default_profile does not name one of its profiles. {_names(profiles)} Correct default_profile."
        )
    return profiles, default


def _profile(name: str, table: Mapping[str, Any], file: str) -> Profile:
    where = f"{file}, profile {name!r}"
    _check_keys(table, tuple(_RULES), where)
    values = checked_values(table, where)
    if ("credentials_file" in values) == ("credential_process" in values):
        raise ConfigurationError(
            f"{where}: the credentials come from one source. Set either credentials_file or credential_process."
        )
    if "credential_process" in values:
        values["credential_process"] = tuple(values["credential_process"])
    return Profile(name=name, file=file, **values)


def read_project(content: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return the defaults of a project.

    Args:
        content: of its `css.toml`.
        file: its name, for messages.

    Raises:
        ConfigurationError: if it sets anything else than a default, or a wrong value.

    >>> read_project({"integration": 101, "environment": "dev"}, "css.toml")
    {'integration': '101', 'environment': 'dev'}
    """
    for key in content:
        if (key in _RULES and key not in PROJECT_KEYS) or key in ("profile", "profiles", "default_profile"):
            raise ConfigurationError(
                f"{file}: a project cannot set {key}, because css-sdk would then do what the author of the project "
                f"wants with your credentials. Remove it. A project can set {', '.join(PROJECT_KEYS)}."
            )
    _check_keys(content, PROJECT_KEYS, file)
    return checked_values(content, file)


def checked_values(values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return values whose keys are known, after checking each.

    Args:
        values: by key.
        where: where the values are set. Error messages begin with these words.

    Raises:
        ConfigurationError: if values are not valid. The message names each key and what a valid value is.
    """
    faults = [f"{key} must be {_RULES[key][1]}." for key, value in values.items() if not _RULES[key][0](value)]
    if faults:
        raise ConfigurationError(f"{where}: {' '.join(faults)}")
    return {key: str(value) if key == "integration" else value for key, value in values.items()}


def choose_profile(profiles: Mapping[str, Profile], name: str, named_by: str, file: str) -> Profile:
    """Return the profile that has a certain name.

    Args:
        profiles: all profiles, by name.
        name: the name.
        named_by: words that say who asks for the profile, such as `You chose`. The error message begins with them.
        file: the config file, for messages.

    Raises:
        ConfigurationError: if no profile has the name. The message lists the profiles.
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
            f"{where}: credentials do not belong into this file. Put them into an account file, and set "
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
