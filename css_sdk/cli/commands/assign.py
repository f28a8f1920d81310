"""`css assign` and `css unassign`."""

from __future__ import annotations

from typing import Any

import click

from ..support.changes import change_roles
from ..support.options import (
    Given,
    client_ids_option,
    consent_options,
    journal_option,
    json_option,
    place_options,
    prod_option,
    takes,
    together,
    usernames_argument,
)

_GRANTS = together(
    usernames_argument,
    place_options(),
    click.option(
        "-r", "--role", "roles", multiple=True, metavar="ROLE", help="Name of a role. Can be given several times."
    ),
    client_ids_option,
)


@click.command()
@takes(_GRANTS, prod_option, journal_option, json_option)
def assign(given: Given, **grants: Any) -> int:
    """Give roles to users.

    css reads the users' roles first, and sends only what is missing. In prod, css asks for the project's name. To give
    roles to many people from a file, use `css roster apply`.

    \b
    Examples:
      css assign -i "Grants Portal" -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir
      css assign -i 102 -e dev -r reader --client-id fisheries-service-102
    """
    return change_roles("grant", given, **grants)


@click.command()
@takes(_GRANTS, consent_options, journal_option, json_option)
def unassign(given: Given, **grants: Any) -> int:
    """Remove roles from users.

    css shows who loses what and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. css reads
    the users' roles first, and sends nothing for users who do not have the role.

    \b
    Example:
      css unassign -i 101 -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir --yes
    """
    return change_roles("revoke", given, **grants)
