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
    """Copy roles and composite roles to another integration, without removing anything there.

    css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. With --out, css
    only saves the plan. If members have never logged in to the target, css lists them, and the exit code is 3. Run the
    command again after their first login.

    \b
    Example:
      css copy -i "Grants Portal" -e dev --to-integration 102 --to-environment dev --members --yes
    """
    return transfer_roles((integration, environment), (to_integration, to_environment), name="copy", **options)
