"""`css assign` and `css unassign`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ._changes import carry_out, confirm_removal, result_path, rows_in, rows_of, writable
from ._common import json_option, place_options

_role_option = click.option("-r", "--role", "roles", multiple=True, metavar="ROLE", help="May be given several times.")
_client_id_option = click.option(
    "--client-id", "client_ids", multiple=True, metavar="ID", help="A service account, by its client id."
)
_yes_option = click.option("--yes", is_flag=True, help="Take roles away without asking.")
_prod_option = click.option("--allow-prod", is_flag=True, help="Take roles away in prod, too.")


@click.command()
@click.argument("users", nargs=-1, metavar="[USERNAME]...")
@place_options(required=False)
@_role_option
@_client_id_option
@click.option("--from", "file", type=click.Path(path_type=Path), help="CSV with a row per grant; - for stdin.")
@click.option(
    "--result",
    type=click.Path(path_type=Path),
    help="Where to write the results of --from. Default: FILE.result.csv beside the file; none for stdin.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    type=click.Choice(["idir", "azureidir", "githubbcgov", "githubpublic", "bceidbasic", "bceidbusiness", "bceidboth"]),
    help="Whose logins a GUID or e-mail address may mean. Default: idir and azureidir.",
)
@_yes_option
@_prod_option
@json_option
def assign(
    users: Sequence[str],
    integration: str | None,
    environment: str | None,
    roles: Sequence[str],
    client_ids: Sequence[str],
    file: Path | None,
    result: Path | None,
    providers: Sequence[str],
    yes: bool,
    allow_prod: bool,
    as_json: bool,
) -> int:
    """Give roles to users, or do what a CSV file says.

    The file's columns: username, guid, email or client_id; role; integration; environment; action (grant or
    revoke). Integration and environment may be left to the options. What is already so is left alone; what could not
    be done is written to a result file that can be given to --from again.

    \b
    Examples:
      css assign -i "Grants Portal" -e dev -r reviewer 0f3a0f3a0f3a0f3a0f3a0f3a0f3a0f3a@idir
      css assign -i 102 -e dev -r reader --client-id fisheries-service-102
      css assign --from roster.csv
    """
    if file is None:
        stray = [name for name, value in (("--result", result), ("--provider", providers), ("--yes", yes)) if value]
        if stray or allow_prod:
            raise click.UsageError(f"{', '.join(stray or ['--allow-prod'])} is for --from only.")
        rows = rows_of("grant", users, client_ids, roles, integration, environment)
        return carry_out(rows, as_json=as_json, skip_existing=False)
    if users or client_ids or roles:
        raise click.UsageError("--from takes users and roles from the file; name none beside it.")
    rows = rows_in(file, integration, environment)
    result = writable(result or result_path(file))
    confirm_removal([row for row in rows if row.action == "revoke"], yes, allow_prod)
    return carry_out(rows, as_json=as_json, skip_existing=True, result_file=result, providers=providers)


@click.command()
@click.argument("users", nargs=-1, metavar="[USERNAME]...")
@place_options(required=True)
@_role_option
@_client_id_option
@_yes_option
@_prod_option
@json_option
def unassign(
    users: Sequence[str],
    integration: str,
    environment: str,
    roles: Sequence[str],
    client_ids: Sequence[str],
    yes: bool,
    allow_prod: bool,
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
    return carry_out(rows, as_json=as_json, skip_existing=False)
