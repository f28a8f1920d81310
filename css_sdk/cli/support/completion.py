"""Complete integrations, environments, roles and profiles in a shell.

A completion must not disturb the shell. It never prints, and never raises an error. It waits two seconds at most, and
never runs a `credential_process`.
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
    """Return the profiles in the user's config file that begin with the incomplete word."""

    def read() -> list[list[str]]:
        from ...config.sources import profile_names

        return [[name] for name in profile_names()]

    return [CompletionItem(name) for (name,) in _printable(read) if name.startswith(incomplete)]


def complete_integrations(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the ids of integrations whose id begins with the incomplete word, or whose name contains the word.

    A completion is always an id, because names can contain blanks, and shells break words at blanks.
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
    """Return the roles that begin with the incomplete word.

    css reads the roles of the environment that the command line or the defaults name. If neither names an environment,
    return no roles.
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
    """Return the names that `find` returns. After any error, return [].

    Leave out names that have invisible characters.
    """
    import logging

    from ..._text.escaping import shown

    logging.getLogger("css_sdk").addHandler(logging.NullHandler())
    try:
        names = find()
    except Exception:
        return []
    return [parts for parts in names if all(shown(part) == part for part in parts)]


def _found(key: str, read: Callable[[Css], Iterable[list[str]]]) -> list[list[str]]:
    """Return names from the cache, or from the service if the cached names are too old.

    If the service fails, return the old names. `key` is the name of the list in the cache.
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
