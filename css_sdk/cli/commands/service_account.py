"""`css service-account`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..support import options, records
from ..support.changes import change_roles
from ..support.groups import Group
from ..support.options import Given, takes, together
from ..support.output import print_rows

_CLIENT_ID = click.argument("client_id")
_ROLES = together(_CLIENT_ID, options.roles_argument("roles", nargs=-1, required=True, metavar="ROLE..."))


@click.group("service-account", cls=Group)
def service_account() -> None:
    """Show, give and remove the roles of a service account.

    CLIENT_ID is the client id of the integration that the service account belongs to. -i names the integration whose
    roles css shows, gives or removes. These can be two different integrations.

    \b
    Examples:
      css service-account roles -i 101 -e dev fisheries-service-102
      css service-account assign -i 101 -e dev fisheries-service-102 reviewer
    """


@service_account.command()
@takes(_CLIENT_ID, options.reading)
def roles(given: Given, client_id: str) -> None:
    """List the roles in the tokens of a service account: direct roles, and roles through composite roles.

    \b
    Example:
      css service-account roles -i 101 -e dev fisheries-service-102
    """
    from ... import ServiceAccount

    with given.place() as dev:
        account = ServiceAccount(client_id)
        direct = {role.name for role in dev.users.roles(account)}
        effective, place = dev.users.effective_roles(account), records.of_client(dev)
    rows = [
        {**place, "role": role.name, "composite": role.composite, "direct": role.name in direct} for role in effective
    ]
    print_rows(
        rows, given.as_json, ["role", "composite", "direct"], empty=f"{client_id} has no roles in {given.environment}."
    )


@service_account.command()
@takes(_ROLES, options.adding)
def assign(given: Given, client_id: str, roles: Sequence[str]) -> int:
    """Give roles to a service account. In prod, css asks for the project's name.

    \b
    Example:
      css service-account assign -i 101 -e dev fisheries-service-102 reviewer
    """
    return change_roles("grant", given, roles=roles, client_id=[client_id])


@service_account.command()
@takes(_ROLES, options.removing)
def unassign(given: Given, client_id: str, roles: Sequence[str]) -> int:
    """Remove roles from a service account.

    css shows what the account loses and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too.

    \b
    Example:
      css service-account unassign -i 101 -e dev fisheries-service-102 reviewer --yes
    """
    return change_roles("revoke", given, roles=roles, client_id=[client_id])
