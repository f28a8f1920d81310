"""`css assign` and `css unassign`."""

from __future__ import annotations

from typing import Any

import click

from ..support import options
from ..support.changes import change_roles
from ..support.options import Given, several, takes, together

_GRANTS = together(
    click.argument("username", nargs=-1, metavar="[USERNAME]..."),
    options.place(),
    options.roles("Name of a role."),
    several("--email", help="Whole e-mail address of a person.", metavar="ADDRESS"),
    several("--guid", help="Whole GUID of a person, with or without dashes.", metavar="GUID"),
    several("--client-id", help="Client id of a service account.", metavar="ID"),
    options.provider,
    options.logins,
)


@click.command()
@takes(_GRANTS, options.prod, options.no_names, options.journal, options.json)
def assign(given: Given, **grants: Any) -> int:
    """Give roles to users.

    css reads the users' roles first, and sends only what is missing. If an address or a GUID has several logins, choose
    with --provider, --prefer or --all-logins. In prod, css asks for the project's name. To give roles to many people
    from a file, use `css roster apply`.

    \b
    Examples:
      css assign -i "Grants Portal" -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir
      css assign -i "Grants Portal" -e dev -r reviewer --email ilse.hargreave@example.com --all-logins
      css assign -i 102 -e dev -r reader --client-id fisheries-service-102
    """
    return change_roles("grant", given, **grants)


@click.command()
@takes(_GRANTS, options.consent, options.no_names, options.journal, options.json)
def unassign(given: Given, **grants: Any) -> int:
    """Remove roles from users.

    css shows who loses what and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. css reads
    the users' roles first, and sends nothing for users who do not have the role. To remove all roles of a person, use
    css people remove.

    \b
    Examples:
      css unassign -i 101 -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir --yes
      css unassign -i 101 -e dev -r reviewer --email ilse.hargreave@example.com --provider idir --yes
    """
    return change_roles("revoke", given, **grants)
