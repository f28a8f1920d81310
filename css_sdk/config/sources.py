"""Decide which source sets the settings and defaults, and read them from this source."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from .._service.addresses import API_URL, TOKEN_URL
from .._text.shells import quote
from ..errors import ConfigurationError, Remedy
from ..settings import CSS, KEEP_TOKEN, Found, Secret, Settings, is_on, settings_from_env, settings_of
from .files import CONFIG_VARIABLE, OFF, config_path, project_path, read_config, read_project_file

if TYPE_CHECKING:
    from .profiles import Profile

PROFILE_VARIABLE: Final = "CSS_PROFILE"
_CREDENTIALS: Final = ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE")
_ADDRESSES: Final = ("CSS_API_URL", "CSS_TOKEN_URL")
DEFAULTS: Final = ("integration", "environment", "width", "timeout", "allow_prod", "journal_days")
"""The options and settings for which a profile can set a default value."""
_NOT_SET: Final = "not set"
_PUBLIC: Final = "the public address"
_LOG: Final = logging.getLogger("css_sdk")


@frozen
class Default:
    """A value, and the variable, file or profile that sets it."""

    value: Any
    source: str


def find_settings(
    environ: Mapping[str, str] | None = None,
    *,
    profile: str | None = None,
    team_id: int | None = None,
    allow_http: bool = False,
    may_run: bool = True,
) -> Settings:
    """Return settings from one source: a named profile, otherwise the variables, otherwise the default profile.

    `environ` are the variables of the process by default. If other variables are passed, the default profile is used
    only if `CSS_CONFIG_FILE` is among them.

    If `may_run` is False, a profile with `credential_process` is refused.

    With a profile, `CSS_API_URL` and `CSS_TOKEN_URL` are refused. A variable could otherwise redirect the credentials
    of the profile.
    """
    variables = os.environ if environ is None else environ
    chosen = find_profile(environ, profile)
    if chosen is None:
        try:
            return settings_from_env(environ, team_id=team_id, allow_http=allow_http)
        except ConfigurationError as error:
            raise _with_profiles(error, environ) from None
    if not may_run and chosen.credential_process is not None:
        raise ConfigurationError(f"css-sdk may not run the command in credential_process of {chosen.where} here.")
    if addresses := [name for name in _ADDRESSES if variables.get(name)]:
        are_set = " and ".join(addresses) + (" is" if len(addresses) == 1 else " are")
        keys = " and ".join(name.removeprefix("CSS_").lower() for name in addresses)
        raise ConfigurationError(
            f"{are_set} set, but the credentials come from {chosen.where}. Unset {' and '.join(addresses)}, and set "
            f"{keys} in the profile if it needs other addresses."
        )
    if beside := [name for name in _CREDENTIALS if variables.get(name)]:
        _LOG.warning("css-sdk uses the credentials of %s, and not those in %s.", chosen.where, ", ".join(beside))
    return _settings_of(chosen, environ, team_id, allow_http)


def _settings_of(
    profile: Profile, environ: Mapping[str, str] | None, team_id: int | None, allow_http: bool
) -> Settings:
    names = {name: f"{name} of profile {profile.name!r}" for name in CSS.addresses}
    addresses = {name: Secret(getattr(profile, name) or "") for name in names}
    beside, folder = Found(addresses, names, "file"), Path(profile.file).parent
    if profile.credential_process is None:
        # A relative path begins at the folder of the config file, not at the current folder.
        path = folder / Path(profile.credentials_file or "").expanduser()
        found = CSS.in_a_file(path, beside, f"credentials_file of {profile.where}")
    else:
        from .process import run_credential_process

        what = f"credential_process of {profile.where}"
        printed = run_credential_process(profile.credential_process, folder, what)
        place = f"the output of credential_process of profile {profile.name!r}"
        advice = "The command must print the content of an account file."
        found = CSS.in_json(printed, beside, f"The output of {what}", place, advice)
    return settings_of(
        found,
        team_id=profile.team_id if team_id is None else team_id,
        allow_http=allow_http,
        profile=profile.name,
        keep_token=is_on(environ, KEEP_TOKEN) if profile.keep_token is None else profile.keep_token,
    )


def find_profile(environ: Mapping[str, str] | None, named: str | None) -> Profile | None:
    """Return the profile that sets the settings; None if variables set them.

    `named` is the name of a profile, by default `CSS_PROFILE`. Without a name and without credentials in the variables,
    this is the default profile.
    """
    variables = os.environ if environ is None else environ
    named_by = "You chose" if named else f"{PROFILE_VARIABLE} names"
    named = named or variables.get(PROFILE_VARIABLE) or None
    path = config_path(variables) if named else _path_for_default(environ)
    if path is None and named:
        raise ConfigurationError(
            f"{named_by} the profile {named!r}, but {CONFIG_VARIABLE} is 'off'. Unset {CONFIG_VARIABLE}, or "
            f"choose no profile."
        )
    if path is None:
        return None
    from .profiles import choose_profile, read_profiles

    must_exist = named is not None or bool(variables.get(CONFIG_VARIABLE))
    profiles, default = read_profiles(read_config(path, must_exist=must_exist, profile=named), str(path))
    if named is None and default not in profiles:
        return None
    return choose_profile(profiles, named or default, named_by, str(path))


def profile_names(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the names of the profiles in the user's config file. Run no command of a profile."""
    path = config_path(os.environ if environ is None else environ)
    if path is None:
        return ()
    from .profiles import read_profiles

    return tuple(read_profiles(read_config(path, must_exist=False), str(path))[0])


def _with_profiles(error: ConfigurationError, environ: Mapping[str, str] | None) -> ConfigurationError:
    """Return an error about missing credentials. Add the names of the profiles that the user can choose instead."""
    path = _path_for_default(environ)
    profiles = sorted(profile_names(environ)) if path else []
    if not profiles:
        return error
    names = ", ".join(map(repr, profiles))
    known = f"The profiles in {path} are: {names}."
    return ConfigurationError(
        str(error),
        remedy=Remedy(
            f"Or choose a profile with profile= or {PROFILE_VARIABLE}. {known}",
            f"Or choose a profile, for example --profile {quote(profiles[0])}. {known}",
        ),
    )


def _path_for_default(environ: Mapping[str, str] | None) -> Path | None:
    """Return the path of the config file, if its default profile may be used; otherwise None.

    The default profile is not used if a variable sets a credential. It is also not used if a caller passed variables
    without `CSS_CONFIG_FILE`.
    """
    variables = os.environ if environ is None else environ
    is_excluded = environ is not None and CONFIG_VARIABLE not in environ
    return None if is_excluded or any(variables.get(name) for name in _CREDENTIALS) else config_path(variables)


def find_defaults(
    environ: Mapping[str, str] | None = None, *, profile: str | None = None, folder: Path | None = None
) -> dict[str, Default]:
    """Return the default values that are set, by the name of the option.

    The first source that sets a value decides: a variable, the project's `css.toml`, the profile. css-sdk looks for
    `css.toml` first in `folder`.
    """
    variables = os.environ if environ is None else environ
    found: dict[str, Default] = {}
    chosen = find_profile(environ, profile)
    if chosen is not None:
        values = {name: getattr(chosen, name) for name in DEFAULTS}
        found |= {name: Default(value, chosen.where) for name, value in values.items() if value is not None}
    project = None if variables.get(CONFIG_VARIABLE) == OFF else project_path(folder)
    if project is not None:
        from .profiles import read_project

        values = read_project(read_project_file(project), str(project))
        found |= {name: Default(value, str(project)) for name, value in values.items()}
    for name in ("integration", "environment", "journal_days"):
        variable = f"CSS_{name.upper()}"
        if value := variables.get(variable):
            from .profiles import checked_variable

            is_number = name == "journal_days" and re.fullmatch("[0-9]{1,5}", value)
            given: Any = int(value) if is_number else value
            found[name] = Default(checked_variable(name, given, variable), variable)
    return found


def describe_config(environ: Mapping[str, str] | None = None, *, profile: str | None = None) -> dict[str, Default]:
    """Return every setting by name, with its value and its source, for people to read.

    Secrets are not shown, and no command of a profile runs. If credentials or addresses cannot be used, their value is
    the error message.
    """
    variables = os.environ if environ is None else environ
    chosen = find_profile(environ, profile)
    path = config_path(variables)
    named_by = "--profile" if profile else PROFILE_VARIABLE if variables.get(PROFILE_VARIABLE) else "default profile"
    set_by = CONFIG_VARIABLE if variables.get(CONFIG_VARIABLE) else "default"
    found = {
        "config_file": Default(OFF if path is None else str(path), set_by),
        "profile": Default("", _NOT_SET) if chosen is None else Default(chosen.name, named_by),
    }
    found |= _described_settings(environ, profile, chosen)
    if chosen is not None and chosen.team_id is not None:
        found["team_id"] = Default(chosen.team_id, chosen.where)
    defaults = find_defaults(environ, profile=profile)
    return found | {name: defaults.get(name, Default("", _NOT_SET)) for name in DEFAULTS}


def _described_settings(
    environ: Mapping[str, str] | None, profile: str | None, chosen: Profile | None
) -> dict[str, Default]:
    variables = os.environ if environ is None else environ
    public = {"api_url": API_URL, "token_url": TOKEN_URL}
    own = {name: getattr(chosen, name) if chosen else variables.get(CSS.variable(name)) for name in public}
    if chosen is not None and chosen.credential_process is not None:
        place = f"credential_process of {chosen.where}"
        found = {"credentials": Default("printed by a command when they are needed", place)}
        addresses = {name: Default(own[name] or address, chosen.where) for name, address in public.items()}
    else:
        try:
            settings = find_settings(environ, profile=profile)
        except ConfigurationError as error:
            return {error.subject or "credentials": Default(error.text_for("command_line"), "not usable")}
        found = {"client_id": Default(settings.client_id, settings.name_of("client_id"))}
        found["client_secret"] = Default("set, not shown", settings.name_of("client_secret"))
        addresses = {name: Default(getattr(settings, name), settings.name_of(name)) for name in public}
    for name, address in addresses.items():
        is_set = own[name] or address.value != public[name]
        found[name] = address if is_set else Default(address.value, _PUBLIC)
    return found
