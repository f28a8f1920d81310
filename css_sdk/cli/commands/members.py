"""`css members`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ..support import options
from ..support.changes import Note, changes_of, preview_of, prod_of, reported
from ..support.groups import Group
from ..support.options import Given, takes
from ..support.output import print_rows
from ..support.questions import confirm

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
@takes(click.argument("role"), options.reading)
def list_members(given: Given, role: str) -> None:
    """List the direct members of a role.

    With --json, css prints each line as soon as it is read.

    \b
    Example:
      css members list -i "Grants Portal" -e dev reviewer
    """
    columns = ["username", "email", "first_name", "last_name"]
    with given.place() as dev:
        rows = ({name: getattr(user, name) for name in columns} for user in dev.roles.members(role))
        print_rows(rows, given.as_json, empty=f"Nobody has the role {role} directly.")


@members.command("set")
@takes(
    click.argument("role"),
    options.usernames,
    options.client_ids,
    options.place(),
    options.exact,
    options.journal,
    options.json,
)
def set_members(given: Given, role: str, users: Sequence[str], client_ids: Sequence[str]) -> int:
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

    check_not_emptied([*users, *client_ids], given.allow_empty, f"members of the role {role!r}")
    for user in users:
        check_username(user)
    rows: dict[Step, Row] = {}

    def apply(note: Note) -> Sequence[RowResult]:
        results: dict[Step, RowResult] = {}

        def ask(plan: Plan) -> None:
            for step in plan.steps:
                action: Action = "revoke" if step.takes_away else "grant"
                rows[step] = Row(0, Person("username", step.target), role, given.integration, given.environment, action)
            names = {user.username: name_of(user) for state in plan.states for user in state.users.values()}
            changes = list(rows.values())
            confirm(
                changes_of(changes, prod_of(dev)),
                given.answers,
                lambda: preview_of(changes, {given.integration: dev.integration.project_name}, names),
                lambda: True,  # the members are read again after this
            )

        def settle(result: StepResult) -> None:
            outcome = "failed" if result.outcome == "skipped" else result.outcome
            results[result.step] = RowResult(rows[result.step], outcome, result.error)
            note(results[result.step])

        with given.place() as dev, suppress(NotAllDone):
            dev.roles.set_members(
                role,
                [*users, *map(ServiceAccount, client_ids)],
                allow_empty=given.allow_empty,
                max_removals=given.max_removals,
                confirm=ask,
                progress=settle,
            )
        return [results[step] for step in rows]

    return reported(rows.values(), apply, as_json=given.as_json)
