"""`css roles`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from ..._text.escaping import shown
from ..support import options, records
from ..support.groups import Group
from ..support.losses import by_deleting
from ..support.options import Given, takes
from ..support.output import print_lines, print_rows
from ..support.role_changes import ask_and_make, missing_role, steps_of

if TYPE_CHECKING:
    from ...models import RoleTree

_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")


@click.group(cls=Group)
def roles() -> None:
    """List, create, rename and delete roles.

    \b
    Examples:
      css roles list -i "Grants Portal" -e dev
      css roles create -i "Grants Portal" -e dev auditor
    """


@roles.command("list")
@takes(options.reading)
def list_roles(given: Given) -> None:
    """List the roles of an integration in one environment.

    \b
    Example:
      css roles list -i "Grants Portal" -e dev
    """
    with given.place() as dev:
        place = records.of_client(dev)
        rows = [{**place, "role": role.name, "composite": role.composite} for role in dev.roles.list()]
    print_rows(rows, given.as_json, ["role", "composite"], empty=f"There are no roles in {given.environment}.")


@roles.command()
@takes(options.reading)
def tree(given: Given) -> None:
    """Show the roles with their children.

    If a role appears again, css does not show its children again. With --json, css prints one object for each role,
    with its children and all roles that it contains.

    \b
    Example:
      css roles tree -i "Grants Portal" -e dev
    """
    with given.place() as dev:
        read, place = dev.roles.tree(), records.of_client(dev)
    if not given.as_json:
        return print_lines(indented(read))
    rows = (
        {
            **place,
            "role": role.name,
            "composite": role.composite,
            "children": list(read.children.get(role.name, ())),
            "descendants": sorted(read.descendants(role.name)),
        }
        for role in read.roles
    )
    return print_rows(rows, given.as_json)


@roles.command()
@takes(_NAMES, options.adding)
def create(given: Given, names: Sequence[str]) -> int:
    """Create roles. In prod, css asks for the project's name.

    \b
    Example:
      css roles create -i "Grants Portal" -e dev auditor inspector
    """
    return _create(given, names, may_exist=False)


@roles.command()
@takes(_NAMES, options.adding)
def ensure(given: Given, names: Sequence[str]) -> int:
    """Create the roles that do not exist yet. In prod, css asks for the project's name.

    If a role exists already, css roles ensure succeeds, and css roles create fails. A script can run css roles ensure
    several times.

    \b
    Example:
      css roles ensure -i "Grants Portal" -e dev auditor inspector
    """
    return _create(given, names, may_exist=True)


def _create(given: Given, names: Sequence[str], *, may_exist: bool) -> int:
    """Create roles, and return the exit code. With `may_exist`, accept roles that exist already."""
    with given.place() as dev:
        existing = {role.name for role in dev.roles.list()} if may_exist else set()
        steps = steps_of(dev, "create_role", names)
        done = [step for step in steps if step.role in existing]
        new = [step for step in steps if step.role not in existing]
        preview = [f"the role {step.role!r} is created in {step.place}; nobody has it yet" for step in new]
        return ask_and_make(given, dev, steps, lambda: preview, done=done, may_exist=may_exist)


@roles.command()
@takes(options.roles_argument("old"), click.argument("new"), options.adding)
def rename(given: Given, old: str, new: str) -> int:
    """Rename a role. Its members keep it.

    In prod, css asks for the project's name. Change programs that check the old name: tokens contain the new one.

    \b
    Example:
      css roles rename -i "Grants Portal" -e dev auditor examiner
    """
    from ...state import Step

    with given.place() as dev:
        step = Step("rename_role", dev.roles.place, old, new)
        existing = {role.name for role in dev.roles.list()}
        refused = {} if old in existing else {step: missing_role(old, dev, existing)}
        renamed = (
            f"the role {old!r} gets the name {new!r}. Its members keep the role. Programs must check for the new name."
        )
        return ask_and_make(given, dev, [step], lambda: [renamed], refused=refused)


@roles.command()
@takes(options.roles_argument("names", nargs=-1, required=True, metavar="NAME..."), options.removing)
def delete(given: Given, names: Sequence[str]) -> int:
    """Delete roles, and remove them from everybody who has them.

    css shows who loses what and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too.

    \b
    Example:
      css roles delete -i "Grants Portal" -e dev examiner inspector --yes
    """
    from ..._service.service_limits import list_is_complete

    with given.place() as dev:
        listed = dev.roles.list()
        existing = {role.name for role in listed}
        steps = steps_of(dev, "delete_role", names)
        # If the list of roles may be incomplete, a role that is not on it may still exist.
        missing = [step for step in steps if step.role not in existing] if list_is_complete(listed) else []
        refused = {step: missing_role(step.role, dev, existing) for step in missing}
        return ask_and_make(given, dev, steps, partial(by_deleting, dev, list(dict.fromkeys(names))), refused=refused)


def indented(tree: RoleTree) -> Iterator[str]:
    """Yield the tree as lines, each child indented below its parent. Mark roles that appear again, and circles."""
    below = {child for children in tree.children.values() for child in children}
    names = [role.name for role in tree.roles]
    seen: set[str] = set()
    # A circle has no root if all its roles are children. Then the first role that is left becomes the root.
    for root in [name for name in names if name not in below] + names:
        if root in seen:
            continue
        path: list[str] = []
        waiting = [(root, 0)]
        while waiting:
            name, depth = waiting.pop()
            del path[depth:]
            children = tree.children.get(name, ())
            if name in path:
                note = " (a circle)"
            elif name in seen and children:
                note = " (see above)"
            else:
                note = ""
                waiting += [(child, depth + 1) for child in reversed(children)]
            path.append(name)
            seen.add(name)
            yield "  " * depth + shown(name) + note
