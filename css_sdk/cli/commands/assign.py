"""`css assign` and `css unassign`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ..support.changes import carry_out, rows_of
from ..support.client import journal_option
from ..support.options import json_option, place_options, usernames_argument
from ..support.questions import Answers, consent_options, prod_option

_role_option = click.option("-r", "--role", "roles", multiple=True, metavar="ROLE", help="May be given several times.")
_client_id_option = click.option(
    "--client-id", "client_ids", multiple=True, metavar="ID", help="A service account, by its client id."
)


@click.command()
@usernames_argument
@place_options(required=True)
@_role_option
@_client_id_option
@prod_option
@journal_option
@json_option
def assign(
    users: Sequence[str],
    integration: str,
    environment: str,
    roles: Sequence[str],
    client_ids: Sequence[str],
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Give roles to users. For a file that says who must have what, see `css roster`.

    Reads first: somebody who already has a role is left alone. Writing in prod asks for the project's name.

    \b
    Examples:
      css assign -i "Grants Portal" -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir
      css assign -i 102 -e dev -r reader --client-id fisheries-service-102
    """
    rows = rows_of("grant", users, client_ids, roles, integration, environment)
    return carry_out(rows, Answers(allow_prod=allow_prod), as_json=as_json, journal=journal)


@click.command()
@usernames_argument
@place_options(required=True)
@_role_option
@_client_id_option
@consent_options
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
    """Remove roles from users.

    Shows who loses what, and asks; scripts pass --yes, in prod also --allow-prod. Reads first: somebody who does not
    have a role is left alone.

    \b
    Example:
      css unassign -i 101 -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir --yes
    """
    rows = rows_of("revoke", users, client_ids, roles, integration, environment)
    return carry_out(rows, Answers(yes=yes, allow_prod=allow_prod), as_json=as_json, journal=journal)
