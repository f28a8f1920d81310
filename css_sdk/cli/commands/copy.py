"""`css copy`."""

from __future__ import annotations

from typing import Any

import click

from ..support.options import place_options
from ..support.plans import ENVIRONMENTS
from ..support.transfers import transfer_options, transfer_roles


@click.command()
@place_options(required=True)
@click.option("--to-integration", required=True, metavar="ID|NAME", help="Target, by id or exact project name.")
@click.option("--to-environment", required=True, type=click.Choice(ENVIRONMENTS), help="Environment of the target.")
@transfer_options
def copy(integration: str, environment: str, to_integration: str, to_environment: str, **options: Any) -> int:
    """Give an integration the roles and composites that another one has; nothing is removed.

    What is missing is shown, and you are asked; scripts pass --yes. In prod you type the project's name; scripts pass
    --allow-prod. Members who never logged in there are listed, and the exit code is 3 then; run it again when they
    have. With --out nothing is changed: the plan is saved for css apply.

    \b
    Example:
      css copy -i "Grants Portal" -e dev --to-integration 102 --to-environment dev --members --yes
    """
    return transfer_roles((integration, environment), (to_integration, to_environment), name="copy", **options)
