"""`css whoami`."""

from __future__ import annotations

import click

from ..support.options import json_option, print_rows


@click.command()
@json_option
def whoami(as_json: bool) -> None:
    """Check the credentials with the service and show whose they are.

    \b
    Example:
      css whoami
    """
    from ... import Css

    with Css.from_env() as css:
        me = css.whoami()
        source = css.settings.file or "CSS_CLIENT_ID, CSS_CLIENT_SECRET"
    row = {"team_id": me.team_id, "client_id": me.client_id, "api_url": me.api_url, "credentials": source}
    print_rows([row], list(row), as_json)
