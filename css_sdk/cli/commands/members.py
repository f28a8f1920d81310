"""`css members`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..support.changes import Note, changes_of, preview_of, prod_of, reported
from ..support.client import journal_option, opened
from ..support.groups import Group
from ..support.options import exact_options, json_option, place_options, print_rows, usernames_argument
from ..support.questions import Answers, confirm

if TYPE_CHECKING:
    from ...models import UserLike
    from ...roster.rows import RowResult


@click.group(cls=Group)
def members() -> None:
    """List who holds a role, or make it exactly these.

    `css assign` and `css unassign` add and remove some.

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
    """List everybody who holds a role directly.

    With --json the lines come as they are read, however many there are.

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
@click.option("--client-id", "client_ids", multiple=True, metavar="ID", help="A service account, by its client id.")
@place_options(required=True)
@exact_options
@journal_option
@json_option
def set_members(
    role: str,
    users: Sequence[str],
    client_ids: Sequence[str],
    integration: str,
    environment: str,
    allow_empty: bool,
    max_removals: int | None,
    yes: bool,
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Make the members of a role exactly these.

    Shows who loses the role, and asks; where nobody does it does not ask. It adds members before it removes any, and
    removes nobody if somebody could not be added. Scripts pass --yes, in prod also --allow-prod.

    \b
    Example:
      css members set -i 101 -e dev reviewer 5167d622cb14de629107a324433cffaf@idir --yes
    """
    from ... import ServiceAccount
    from ..._service.service_limits import check_not_emptied
    from ...errors import NotTried
    from ...people.identities import Person
    from ...people.logins import name_of
    from ...plan.removal_limits import check_removals
    from ...roster.rows import Row, RowResult

    what = f"members of the role {role!r}"
    check_not_emptied([*users, *client_ids], allow_empty, what)
    with opened(journal) as css:
        dev = css.integration(integration).environment(environment)
        people: list[UserLike] = [*users, *map(ServiceAccount, client_ids)]
        wanted = {dev.users.check(user, role)[0] for user in people}
        found = dev.roles.settled_members(role)
        held = {user.username for user in found}
        for username in held - wanted:
            # From whom it could not be taken is better known before it is given to anybody.
            dev.users.check(username, role)
        gains = [Row(0, Person("username", user), role, integration, environment) for user in sorted(wanted - held)]
        losses = [
            Row(0, Person("username", user), role, integration, environment, "revoke") for user in sorted(held - wanted)
        ]
        if losses:
            check_removals(what, len(losses), len(held), max_removals)
        names = {user.username: name_of(user) for user in found}
        rows = [*gains, *losses]
        confirm(
            changes_of(rows, prod_of(dev)),
            Answers(yes=yes, allow_prod=allow_prod),
            lambda: preview_of(rows, {integration: dev.integration.project_name}, names),
            lambda: {user.username for user in dev.roles.settled_members(role)} == held,
        )

        def apply(note: Note) -> Sequence[RowResult]:
            given = css.apply_roster(gains, progress=note)
            if all(result.is_done for result in given):
                return [*given, *css.apply_roster(losses, progress=note)]
            kept = NotTried("Nobody loses the role while somebody could not be given it.")
            return [*given, *[RowResult(row, "failed", kept) for row in losses]]

        return reported(rows, apply, as_json=as_json)
