"""`css roles`."""

from __future__ import annotations

import click

from ._common import json_option, place_options, print_rows


@click.command()
@place_options(required=True)
@json_option
def roles(integration: str, environment: str, as_json: bool) -> None:
    """List the roles of an integration in one environment.

    \b
    Example:
      css roles -i "Grants Portal" -e dev
    """
    from .. import Css

    with Css.from_env() as css:
        listed = css.integration(integration).environment(environment).roles.list()
    print_rows([{"role": role.name, "composite": role.composite} for role in listed], ["role", "composite"], as_json)
