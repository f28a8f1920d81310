"""`css promote`."""

from __future__ import annotations

from typing import Any

import click

from ..support.plans import ENVIRONMENTS
from ..support.transfers import transfer_options, transfer_roles


@click.command()
@click.option("-i", "--integration", required=True, metavar="ID|NAME", help="Integration, by id or exact project name.")
@click.option("--from", "source", required=True, type=click.Choice(ENVIRONMENTS), help="Environment to copy from.")
@click.option("--to", "target", required=True, type=click.Choice(ENVIRONMENTS), help="Environment to copy to.")
@transfer_options
def promote(integration: str, source: str, target: str, **options: Any) -> int:
    """Copy roles and composite roles to another environment, without removing anything there.

    css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. With --out, css
    only saves the plan.

    \b
    Examples:
      css promote -i "Grants Portal" --from dev --to test --yes
      css promote -i 101 --from test --to prod --rename chief=admin --out plan.json
    """
    if source == target:
        raise click.UsageError("--from and --to must be different environments.")
    return transfer_roles((integration, source), (integration, target), name="promote", **options)
