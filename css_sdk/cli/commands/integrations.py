"""`css integrations`."""

from __future__ import annotations

import click

from ..support.options import json_option, print_rows


@click.command()
@json_option
def integrations(as_json: bool) -> None:
    """List the team's Gold integrations.

    \b
    Example:
      css integrations --json
    """
    from ... import Css

    with Css.from_env() as css:
        rows = [
            {
                "id": integration.id,
                "project_name": integration.project_name,
                "environments": integration.environments,
                "auth_type": integration.auth_type,
                "status": integration.status,
            }
            for integration in css.integrations()
        ]
    print_rows(
        rows,
        ["id", "project_name", "environments", "auth_type", "status"],
        as_json,
        empty="The team has no Gold integration.",
    )
