"""`css service-account`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ..support.changes import change_roles
from ..support.client import journal_option
from ..support.groups import Group
from ..support.options import json_option, place_options, print_rows
from ..support.questions import consent_options, prod_option


@click.group("service-account", cls=Group)
def service_account() -> None:
    """Show, give and remove the roles of a service account.

    CLIENT_ID names the service account: it is the client id of its integration. -i names the integration whose roles
    are meant. The two integrations can differ.

    \b
    Examples:
      css service-account roles -i 101 -e dev fisheries-service-102
      css service-account assign -i 101 -e dev fisheries-service-102 reviewer
    """


@service_account.command()
@click.argument("client_id")
@place_options(required=True)
@json_option
def roles(client_id: str, integration: str, environment: str, as_json: bool) -> None:
    """List the roles in the tokens of a service account: direct ones, and those through composite roles.

    \b
    Example:
      css service-account roles -i 101 -e dev fisheries-service-102
    """
    from ... import Css, ServiceAccount

    with Css.from_env() as css:
        users = css.integration(integration).environment(environment).users
        account = ServiceAccount(client_id)
        direct = {role.name for role in users.roles(account)}
        effective = users.effective_roles(account)
    rows = [{"role": role.name, "composite": role.composite, "direct": role.name in direct} for role in effective]
    print_rows(rows, ["role", "composite", "direct"], as_json, empty=f"{client_id} has no roles in {environment}.")


@service_account.command()
@click.argument("client_id")
@click.argument("role_names", nargs=-1, required=True, metavar="ROLE...")
@place_options(required=True)
@prod_option
@journal_option
@json_option
def assign(client_id: str, role_names: Sequence[str], **options: Any) -> int:
    """Give roles to a service account. In prod, css asks for the project's name.

    \b
    Example:
      css service-account assign -i 101 -e dev fisheries-service-102 reviewer
    """
    return change_roles("grant", roles=role_names, client_ids=[client_id], **options)


@service_account.command()
@click.argument("client_id")
@click.argument("role_names", nargs=-1, required=True, metavar="ROLE...")
@place_options(required=True)
@consent_options
@journal_option
@json_option
def unassign(client_id: str, role_names: Sequence[str], **options: Any) -> int:
    """Remove roles from a service account.

    css shows what the account loses and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too.

    \b
    Example:
      css service-account unassign -i 101 -e dev fisheries-service-102 reviewer --yes
    """
    return change_roles("revoke", roles=role_names, client_ids=[client_id], **options)
