"""`css assign` and `css unassign`."""

from __future__ import annotations

from typing import Any

import click

from ..support.changes import change_roles
from ..support.client import journal_option
from ..support.options import json_option, place_options, usernames_argument
from ..support.questions import consent_options, prod_option

_role_option = click.option(
    "-r", "--role", "roles", multiple=True, metavar="ROLE", help="Name of a role. Can be given several times."
)
_client_id_option = click.option(
    "--client-id",
    "client_ids",
    multiple=True,
    metavar="ID",
    help="Client id of a service account. Can be given several times.",
)


@click.command()
@usernames_argument
@place_options(required=True)
@_role_option
@_client_id_option
@prod_option
@journal_option
@json_option
def assign(**options: Any) -> int:
    """Give roles to users.

    css reads the users' roles first, and sends only what is missing. In prod, css asks for the project's name. To give
    roles to many people from a file, use `css roster apply`.

    \b
    Examples:
      css assign -i "Grants Portal" -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir
      css assign -i 102 -e dev -r reader --client-id fisheries-service-102
    """
    return change_roles("grant", **options)


@click.command()
@usernames_argument
@place_options(required=True)
@_role_option
@_client_id_option
@consent_options
@journal_option
@json_option
def unassign(**options: Any) -> int:
    """Remove roles from users.

    css shows who loses what and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. css reads
    the users' roles first, and sends nothing for users who do not have the role.

    \b
    Example:
      css unassign -i 101 -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir --yes
    """
    return change_roles("revoke", **options)
