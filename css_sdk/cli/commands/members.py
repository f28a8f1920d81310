"""`css members`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ..support.changes import Note, changes_of, preview_of, prod_of, reported
from ..support.client import journal_option
from ..support.groups import Group
from ..support.options import exact_options, json_option, place_options, print_rows, usernames_argument
from ..support.questions import Answers, confirm
from ..support.role_changes import Manner

if TYPE_CHECKING:
    from ... import Plan
    from ...roster.rows import Action, Row, RowResult
    from ...state import Step, StepResult


@click.group(cls=Group)
def members() -> None:
    """List the members of a role, or set exactly these members.

    `css assign` and `css unassign` add and remove members.

    \b
    Examples:
      css members list -i "Grants Portal" -e dev reviewer
      css members set -i 101 -e dev reviewer 5167d622cb14de629107a324433cffaf@idir --yes
    """


@members.command("list")
@click.argument("role")
@place_options(required=True)
@json_option
def list_members(role: str, integration: str, environment: str, as_json: bool) -> None:
    """List the direct members of a role.

    With --json, css prints each line as soon as it is read.

    \b
    Example:
      css members list -i "Grants Portal" -e dev reviewer
    """
    from ... import Css

    columns = ["username", "email", "first_name", "last_name"]
    with Css.from_env() as css:
        users = css.integration(integration).environment(environment).roles.members(role)
        rows = ({name: getattr(user, name) for name in columns} for user in users)
        print_rows(rows, columns, as_json, empty=f"Nobody has the role {role} directly.")


@members.command("set")
@click.argument("role")
@usernames_argument
@click.option(
    "--client-id",
    "client_ids",
    multiple=True,
    metavar="ID",
    help="Client id of a service account. Can be given several times.",
)
@place_options(required=True)
@exact_options
@journal_option
@json_option
def set_members(
    role: str,
    users: Sequence[str],
    client_ids: Sequence[str],
    allow_empty: bool,
    max_removals: int | None,
    **options: Any,
) -> int:
    """Set exactly these members of a role.

    css adds before it removes, and removes nobody if somebody could not be added. If somebody loses the role, css shows
    who and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too.

    \b
    Example:
      css members set -i 101 -e dev reviewer 5167d622cb14de629107a324433cffaf@idir --yes
    """
    from ... import ServiceAccount
    from ..._service.identifiers import check_username
    from ..._service.service_limits import check_not_emptied
    from ...errors import NotAllDone
    from ...people.identities import Person
    from ...people.logins import name_of
    from ...roster.rows import Row, RowResult

    check_not_emptied([*users, *client_ids], allow_empty, f"members of the role {role!r}")
    for user in users:
        check_username(user)
    manner = Manner(**options)
    rows: dict[Step, Row] = {}

    def apply(note: Note) -> Sequence[RowResult]:
        results: dict[Step, RowResult] = {}

        def ask(plan: Plan) -> None:
            for step in plan.steps:
                action: Action = "revoke" if step.takes_away else "grant"
                rows[step] = Row(
                    0, Person("username", step.target), role, manner.integration, manner.environment, action
                )
            names = {user.username: name_of(user) for state in plan.states for user in state.users.values()}
            changes = list(rows.values())
            confirm(
                changes_of(changes, prod_of(dev)),
                Answers(yes=manner.yes, allow_prod=manner.allow_prod),
                lambda: preview_of(changes, {manner.integration: dev.integration.project_name}, names),
                lambda: True,  # the members are read again after this
            )

        def settle(result: StepResult) -> None:
            outcome = "failed" if result.outcome == "skipped" else result.outcome
            results[result.step] = RowResult(rows[result.step], outcome, result.error)
            note(results[result.step])

        with manner.opened() as dev, suppress(NotAllDone):
            dev.roles.set_members(
                role,
                [*users, *map(ServiceAccount, client_ids)],
                allow_empty=allow_empty,
                max_removals=max_removals,
                confirm=ask,
                progress=settle,
            )
        return [results[step] for step in rows]

    return reported(rows.values(), apply, as_json=manner.as_json)
