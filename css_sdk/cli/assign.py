"""`css assign` and `css unassign`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ._changes import carry_out, confirm_removal, rows_of
from ._common import json_option, place_options, removal_options
from ._opening import journal_option

_role_option = click.option("-r", "--role", "roles", multiple=True, metavar="ROLE", help="May be given several times.")
_client_id_option = click.option(
    "--client-id", "client_ids", multiple=True, metavar="ID", help="A service account, by its client id."
)


@click.command()
@click.argument("users", nargs=-1, metavar="[USERNAME]...")
@place_options(required=True)
@_role_option
@_client_id_option
@journal_option
@json_option
def assign(
    users: Sequence[str],
    integration: str,
    environment: str,
    roles: Sequence[str],
    client_ids: Sequence[str],
    journal: Path | None,
    as_json: bool,
) -> int:
    """Give roles to users. For a file that says who shall have what, see `css roster`.

    \b
    Examples:
      css assign -i "Grants Portal" -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir
      css assign -i 102 -e dev -r reader --client-id fisheries-service-102
    """
    rows = rows_of("grant", users, client_ids, roles, integration, environment)
    return carry_out(rows, as_json=as_json, skip_existing=False, journal=journal)


@click.command()
@click.argument("users", nargs=-1, metavar="[USERNAME]...")
@place_options(required=True)
@_role_option
@_client_id_option
@removal_options
@journal_option
@json_option
def unassign(
    users: Sequence[str],
    integration: str,
    environment: str,
    roles: Sequence[str],
    client_ids: Sequence[str],
    yes: bool,
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Take roles from users.

    Says first what will be taken. Without a terminal it needs --yes, in prod also --allow-prod.

    \b
    Example:
      css unassign -i 101 -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir --yes
    """
    rows = rows_of("revoke", users, client_ids, roles, integration, environment)
    confirm_removal(rows, yes, allow_prod)
    return carry_out(rows, as_json=as_json, skip_existing=False, journal=journal)
