"""`css integrations`."""

from __future__ import annotations

import click

from ..support import options
from ..support.options import Given, takes
from ..support.output import print_rows


@click.command()
@takes(options.json)
def integrations(given: Given) -> None:
    """List the team's Gold integrations.

    \b
    Example:
      css integrations --json
    """
    names = ["environments", "auth_type", "status"]
    with given.client() as css:
        rows = [
            {"integration_id": one.id, "integration": one.project_name, **{name: getattr(one, name) for name in names}}
            for one in css.integrations()
        ]
    print_rows(rows, given.as_json, empty="The team has no Gold integration.")
