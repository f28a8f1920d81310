"""Complete integrations, environments, roles and profiles in a shell.

css takes integrations and roles from a cache, or asks the service. If this fails, it completes nothing. A completion
never prints, never raises an error, waits two seconds at most, and never runs a `credential_process`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from .defaults import given_profile, read_defaults

if TYPE_CHECKING:
    from ... import Css

_SECONDS: Final = 2.0
"""The time limit of each attempt and of the whole call, in seconds."""
_LIFE: Final = 300.0
"""The number of seconds for which css uses names in the cache without asking the service."""


def complete_environments(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the environments that begin with the incomplete word."""
    return [CompletionItem(name) for name in ("dev", "test", "prod") if name.startswith(incomplete)]


def complete_profiles(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the profiles of the user's config file that begin with the incomplete word."""

    def read() -> list[list[str]]:
        from ...config.sources import profile_names

        return [[name] for name in profile_names()]

    return [CompletionItem(name) for (name,) in _printable(read) if name.startswith(incomplete)]


def complete_integrations(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids of integrations that match the incomplete word, with the names as help.

    The word is the beginning of an id, or a part of a name. The completion is always an id, because shells break names
    at blanks.
    """
    found = _printable(
        lambda: _found("integrations", lambda css: [[str(one.id), one.project_name] for one in css.integrations()])
    )
    wanted = incomplete.lower()
    return [
        CompletionItem(number, help=name)
        for number, name in found
        if wanted in name.lower() or number.startswith(wanted)
    ]


def complete_roles(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the roles that begin with the incomplete word, in the integration and environment of the command.

    If the command line does not name the integration or the environment, css uses the default from a variable, css.toml
    or the profile. If there is no default, return no roles.
    """

    def find() -> list[list[str]]:
        defaults = read_defaults()
        integration, environment = (
            context.params.get(name) or defaults.get(name) for name in ("integration", "environment")
        )
        if not integration or not environment:
            return []
        return _found(
            f"{integration}/{environment}",
            lambda css: [[role.name] for role in css.integration(integration).environment(environment).roles.list()],
        )

    return [CompletionItem(name) for (name,) in _printable(find) if name.startswith(incomplete)]


def _printable(find: Callable[[], list[list[str]]]) -> list[list[str]]:
    """Return the names that `find` returns, except names with invisible characters. After any error, return []."""
    import logging

    from ..._text.escaping import shown

    logging.getLogger("css_sdk").addHandler(logging.NullHandler())
    try:
        names = find()
    except Exception:
        return []
    return [parts for parts in names if all(shown(part) == part for part in parts)]


def _found(key: str, read: Callable[[Css], Iterable[list[str]]]) -> list[list[str]]:
    """Return names from the cache, or if these are too old, from the service. If the service fails, return old names.

    Args:
        key: the name of the list in the cache.
        read: reads the list from the service.
    """
    from ... import Backoff, Css
    from ..._http.kept_values import KeptValue
    from ...config.sources import find_settings
    from ...errors import CssError

    settings = find_settings(profile=given_profile(), may_run=False)
    kept = KeptValue("completion", [settings.client_id, settings.api_url, key], settings.client_secret)
    names, seconds = kept.read()
    if seconds > 0:
        return list(names)
    try:
        with Css(settings, timeout=_SECONDS, deadline=_SECONDS, retry=Backoff(tries=1)) as css:
            names = list(read(css))
    except CssError:
        return list(names or ())
    kept.write(names, _LIFE)
    return names
