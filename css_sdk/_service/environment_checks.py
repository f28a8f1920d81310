"""Which environments exist, and whether an integration has one that can be managed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..errors import EnvironmentMissing, NotApplied
from ..models import Integration
from . import arguments

ENVIRONMENTS: Final = ("dev", "test", "prod")
"""The environments there are; their names are matched with case."""


def check_environment(integration: Integration, environment: str) -> str:
    """Return the environment if the integration has it and the login server knows the integration.

    In an environment that the integration lacks the service answers a rename and a deletion with success.

    Raises:
        NotApplied: for a draft.
        EnvironmentMissing: for another environment; upper and lower case matter, so `TEST` is another one than `test`.
    """
    name = f"Integration {integration.project_name!r} (#{integration.id})"
    if environment not in integration.environments:
        raise EnvironmentMissing(
            f"{name} has no environment {environment!r}. It has: {', '.join(integration.environments) or 'none'}."
        )
    if integration.status == "draft":
        raise NotApplied(f"{name} is a draft: submit it in the CSS web app and wait until it is applied.")
    return environment


def check_known_environment(environment: str) -> None:
    """Refuse an environment that does not exist.

    Raises:
        EnvironmentMissing: for anything but `dev`, `test` and `prod`.
    """
    if environment not in ENVIRONMENTS:
        raise EnvironmentMissing(f"{environment!r} is not an environment. Use one of: {', '.join(ENVIRONMENTS)}.")


def known_environments(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the environments that are named, in their usual order; all if the argument is None.

    Raises:
        EnvironmentMissing: for an environment that does not exist.
        InvalidRequest: for an empty list.
    """
    if given is None:
        return ENVIRONMENTS
    named = arguments.distinct(given, "environment")
    for environment in named:
        check_known_environment(environment)
    return tuple(name for name in ENVIRONMENTS if name in named)
