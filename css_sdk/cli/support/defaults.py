"""Find defaults for options that the user left out: in variables, `css.toml` and the user's profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

_GIVEN: Final = "css_sdk.cli.request_options"
"""The key of the request options in the `meta` of a click context."""
_FOUND: Final = "css_sdk.cli.defaults"
"""The key of the defaults in the `meta` of a click context."""


def given_options() -> dict[str, Any]:
    """Return the request options that the user gave before or after the command, by name.

    Within one command, this is always the same dictionary, and callers may change it. Outside of commands, it is empty.
    """
    context = click.get_current_context(silent=True)
    found: dict[str, Any] = context.meta.setdefault(_GIVEN, {}) if context else {}
    return found


def given_profile() -> str | None:
    """Return the value of `--profile`, or None if it is not given."""
    return given_options().get("profile")


def default_of(name: str, otherwise: Any = None) -> Callable[[], Any]:
    """Return a function for the argument `default` of an option.

    click calls the function only for an option that is not given. `otherwise` is the value if the default is not set.
    """

    def find() -> Any:
        return found_defaults().get(name, otherwise)

    return find


def found_defaults() -> dict[str, Any]:
    """Return the defaults that are set, by name.

    css reads the defaults once for a command. During a completion, return {}.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.resilient_parsing:
        return {}
    if _FOUND not in context.meta:
        context.meta[_FOUND] = read_defaults()
    values: dict[str, Any] = context.meta[_FOUND]
    return values


def read_defaults() -> dict[str, Any]:
    """Read the defaults from variables, css.toml and the profile, and return them by name."""
    from ...config.sources import find_defaults

    return {name: default.value for name, default in find_defaults(profile=given_profile()).items()}
