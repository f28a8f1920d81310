"""`css assign` and `css unassign`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._common import json_option, place_options, print_rows

if TYPE_CHECKING:
    from ..roster import Action, Row, RowResult

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
@click.option("--from", "file", type=click.Path(path_type=Path), help="CSV with a row per grant.")
@click.option("--result", type=click.Path(path_type=Path), help="Where to write the results of --from.")
@click.option("--provider", "providers", multiple=True, metavar="IDP", help="Whose logins a GUID or e-mail may mean.")
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
    from ..errors import InvalidFile
    from ..roster import read_roster, text_of

    if file is None:
        rows = _rows("grant", users, client_ids, roles, integration, environment)
        return _carry_out(rows, None, providers, as_json, skip_existing=False)
    if users or client_ids or roles:
        raise click.UsageError("--from takes users and roles from the file; name none beside it.")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror}.") from None
    rows = read_roster(text_of(content, file.name), file.name, integration=integration, environment=environment)
    _confirm_removal([row for row in rows if row.action == "revoke"], yes, allow_prod)
    return _carry_out(rows, result or file.with_suffix(".result.csv"), providers, as_json, skip_existing=True)


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
    rows = _rows("revoke", users, client_ids, roles, integration, environment)
    _confirm_removal(rows, yes, allow_prod)
    return _carry_out(rows, None, (), as_json, skip_existing=False)


def _rows(
    action: Action,
    users: Sequence[str],
    client_ids: Sequence[str],
    roles: Sequence[str],
    integration: str | None,
    environment: str | None,
) -> Sequence[Row]:
    from ..roster import Person, Row

    if not integration or not environment:
        raise click.UsageError("Say where: --integration and --environment.")
    if not roles:
        raise click.UsageError("Say which role: --role.")
    if not users and not client_ids:
        raise click.UsageError("Say who: usernames, or --client-id for a service account.")
    people = [Person("username", user) for user in users] + [Person("client_id", client) for client in client_ids]
    return [Row(0, person, role, integration, environment, action) for person in people for role in roles]


def _confirm_removal(rows: Sequence[Row], yes: bool, allow_prod: bool) -> None:
    """Says who loses what, and goes on only when that is wanted."""
    from ..errors import NotConfirmed

    if not rows:
        return
    for integration, environment in dict.fromkeys(row.place for row in rows):
        there = [row for row in rows if row.place == (integration, environment)]
        for role in dict.fromkeys(row.role for row in there):
            people = len({row.person for row in there if row.role == role})
            who = "1 user loses" if people == 1 else f"{people} users lose"
            click.echo(f"{who} the role {role!r} in {integration}, {environment}.", err=True)
    if any(row.environment == "prod" for row in rows) and not allow_prod:
        raise NotConfirmed("Roles would be taken away in prod. Nothing was sent; say --allow-prod if you mean it.")
    if yes:
        return
    if not sys.stdin.isatty():
        raise NotConfirmed("Roles would be taken away, and there is no terminal to ask. Nothing was sent; say --yes.")
    if not click.confirm("Take them away?", err=True):
        raise NotConfirmed("Not confirmed. Nothing was sent.")


def _carry_out(
    rows: Sequence[Row], result_file: Path | None, providers: Sequence[str], as_json: bool, *, skip_existing: bool
) -> int:
    from .. import Css
    from ..models import EMPLOYEE_PROVIDERS
    from ..roster import results_as_csv

    settled: list[RowResult] = []
    try:
        with Css.from_env() as css:
            results = css.apply_roster(
                rows, skip_existing=skip_existing, providers=providers or EMPLOYEE_PROVIDERS, progress=settled.append
            )
    except KeyboardInterrupt:
        _report(settled, as_json)
        raise
    left = [result for result in results if not result.is_done]
    if left and result_file is not None:
        # With the mark by which Excel knows UTF-8, and the line ends of CSV left alone.
        result_file.write_bytes(results_as_csv(results).encode("utf-8-sig"))
    _report(results, as_json)
    if left and result_file is not None:
        click.echo(f"What is left to do stands in {result_file}.", err=True)
    return _exit_code(results)


def _report(results: Sequence[RowResult], as_json: bool) -> None:
    rows = [
        {
            "line": result.row.line,
            "state": result.state,
            "action": result.row.action,
            "role": result.row.role,
            "integration": result.row.integration,
            "environment": result.row.environment,
            "user": result.row.person.value,
            "message": str(result.error or ""),
        }
        for result in results
    ]
    columns = ["line", "state", "action", "role", "integration", "environment", "user", "message"]
    print_rows(rows, columns if any(row["line"] for row in rows) else columns[1:], as_json)
    counts = {state: sum(row["state"] == state for row in rows) for state in dict.fromkeys(r["state"] for r in rows)}
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()), err=True)


def _exit_code(results: Sequence[RowResult]) -> int:
    from ..errors import Refused

    left = [result for result in results if not result.is_done]
    if not left:
        return 0
    if len(results) > 1 or left[0].outcome == "unknown":
        return 3
    return 4 if isinstance(left[0].error, Refused) else 1
