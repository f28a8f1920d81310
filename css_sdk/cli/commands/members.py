"""`css members`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from ..support import options, records
from ..support.changes import preview_of
from ..support.files import OutputFile
from ..support.groups import Group
from ..support.options import Given, output_option, takes
from ..support.output import print_rows
from ..support.reports import ROSTER_FORMATS, format_of, is_roster, json_lines, write_table
from ..support.role_changes import make_exact

if TYPE_CHECKING:
    from ... import Plan
    from ...models import UserLike


@click.group(cls=Group)
def members() -> None:
    """List the members of a role, or set exactly who is a member.

    `css assign` and `css unassign` add and remove members.

    \b
    Examples:
      css members list -i "Grants Portal" -e dev reviewer
      css members set -i 101 -e dev reviewer 5167d622cb14de629107a324433cffaf@idir --yes
    """


@members.command("list")
@takes(
    options.roles_argument("role"),
    options.reading,
    output_option(
        "--output",
        "a list of members",
        is_roster,
        "Write the members to this file: .csv, .xlsx or .jsonl. You can edit the file and apply it as a roster. An "
        "older list is replaced, even if somebody has changed its rows.",
    ),
)
def list_members(given: Given, role: str, output: OutputFile) -> None:
    """List the direct members of a role.

    With --json, css prints each line as soon as it is read.

    \b
    Examples:
      css members list -i "Grants Portal" -e dev reviewer
      css members list -i "Grants Portal" -e dev reviewer --output reviewers.xlsx
    """
    from ...report.text import members_as_cells

    output.check()
    kind = format_of(None, output.path, given.as_json, ROSTER_FORMATS)
    with given.place() as dev:
        place = records.of_client(dev)
        rows = ({**place, "role": role, **records.of_user(user)} for user in dev.roles.members(role))
        if output.path is not None and kind == "jsonl":
            return output.write(json_lines(rows))
        if output.path is not None:
            return write_table(output, kind, lambda: members_as_cells(rows), "Members")
        print_rows(rows, given.as_json, ["name", "username", "email"], empty=f"Nobody has the role {role} directly.")
    return None


@members.command("set")
@takes(
    options.roles_argument("role"),
    options.usernames,
    options.client_ids,
    options.place(),
    options.exact,
    options.no_names,
    options.journal,
    options.json,
)
def set_members(given: Given, role: str, users: Sequence[str], client_ids: Sequence[str]) -> int:
    """Set exactly these members of a role.

    css adds members before it removes other members. If somebody could not be added, css removes nobody. Before css
    removes anybody, it shows who loses the role and asks for confirmation. In scripts, pass --yes, and in prod
    --allow-prod too.

    \b
    Example:
      css members set -i 101 -e dev reviewer 5167d622cb14de629107a324433cffaf@idir --yes
    """
    from ... import ServiceAccount
    from ..._service.identifiers import check_username

    for user in users:
        check_username(user)

    def preview(_: object, plan: Plan, names: Mapping[str, str]) -> list[str]:
        changes = ((records.ACTIONS[step.kind], step.role, step.place, step.target) for step in plan.steps)
        return preview_of(changes, names)

    wanted: list[UserLike] = [*users, *map(ServiceAccount, client_ids)]
    return make_exact(given, role, wanted, "members", lambda dev: partial(dev.roles.set_members, role, wanted), preview)
