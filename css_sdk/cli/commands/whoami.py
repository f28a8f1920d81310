"""`css whoami`."""

from __future__ import annotations

import click

from ..support import options
from ..support.options import Given, takes
from ..support.output import print_rows


@click.command()
@takes(options.json)
def whoami(given: Given) -> None:
    """Check the credentials with the service, and show their account and team.

    \b
    Example:
      css whoami
    """
    with given.client() as css:
        me = css.whoami()
        source = css.settings.file or "CSS_CLIENT_ID, CSS_CLIENT_SECRET"
    row = {"team_id": me.team_id, "client_id": me.client_id, "api_url": me.api_url, "credentials": source}
    print_rows([row], given.as_json)
