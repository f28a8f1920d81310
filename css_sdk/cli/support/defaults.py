"""Find the values of options that the user left out: in variables, the project's `css.toml` and the user's profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import click

_PROFILE: Final = "css_sdk.cli.profile"
"""The key in the context's `meta` under which the value of `--profile` is."""
_FOUND: Final = "css_sdk.cli.defaults"
"""The key in the context's `meta` under which the values that were found are."""


def keep_profile(context: click.Context, option: click.Parameter, value: str | None) -> None:
    """Remember the value of `--profile`, which can stand before or after the command."""
    if value is not None:
        context.meta[_PROFILE] = value


def given_profile() -> str | None:
    """Return the value of `--profile`, or None if it is not given."""
    context = click.get_current_context(silent=True)
    return context.meta.get(_PROFILE) if context else None


def default_of(name: str, otherwise: Any = None) -> Callable[[], Any]:
    """Return a function for `default` of an option. It is called only if the option is not given.

    Args:
        name: of the value, such as `integration`.
        otherwise: the value if it is set nowhere.
    """

    def find() -> Any:
        return found_defaults().get(name, otherwise)

    return find


def found_defaults() -> dict[str, Any]:
    """Return the values that are set, by name. They are read once for a command, and not for a completion."""
    context = click.get_current_context(silent=True)
    if context is None or context.resilient_parsing:
        return {}
    if _FOUND not in context.meta:
        context.meta[_FOUND] = read_defaults()
    values: dict[str, Any] = context.meta[_FOUND]
    return values


def read_defaults() -> dict[str, Any]:
    """Return the values that are set, by name. Read them now, for a completion, too."""
    from ...config.sources import find_defaults

    return {name: default.value for name, default in find_defaults(profile=given_profile()).items()}
