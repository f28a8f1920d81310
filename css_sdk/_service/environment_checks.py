"""Check that an environment exists, and that an integration has it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..errors import EnvironmentMissing, NotApplied
from ..models import Integration
from . import arguments

ENVIRONMENTS: Final = ("dev", "test", "prod")
"""All environments. Upper and lower case matter in their names."""


def check_environment(integration: Integration, environment: str) -> str:
    """Return the environment, if the integration has it and is not a draft.

    This check is necessary because the service reports success for a rename or deletion in a missing environment.
    """
    name = f"Integration {integration.project_name!r} (#{integration.id})"
    if environment not in integration.environments:
        known = ", ".join(integration.environments)
        raise EnvironmentMissing(
            f"{name} has no environment {environment!r}. {f'It has: {known}.' if known else 'It has no environments.'}"
        )
    if integration.status == "draft":
        raise NotApplied(f"{name} is a draft: submit it in the CSS web app and wait until it is applied.")
    return environment


def check_known_environment(environment: str) -> None:
    """Refuse an environment other than `dev`, `test` and `prod`."""
    if environment not in ENVIRONMENTS:
        raise EnvironmentMissing(f"{environment!r} is not an environment. Use one of: {', '.join(ENVIRONMENTS)}.")


def known_environments(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the given environments, each once, in the order dev, test, prod. For None, return all environments."""
    if given is None:
        return ENVIRONMENTS
    named = arguments.distinct(given, "environment")
    for environment in named:
        check_known_environment(environment)
    return tuple(name for name in ENVIRONMENTS if name in named)
