"""`css composites`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import click

from ..support import options, records
from ..support.groups import Group
from ..support.losses import by_composing
from ..support.options import Given, takes, together
from ..support.output import print_rows
from ..support.role_changes import ask_and_make, make_exact, missing_role, steps_of

_PARENT = options.roles_argument("parent")
_CHILDREN = together(_PARENT, options.roles_argument("children", nargs=-1, required=True, metavar="CHILD..."))


@click.group(cls=Group)
def composites() -> None:
    """List and change the children of a composite role.

    Users who have the parent role also get its children in their tokens.

    \b
    Examples:
      css composites list -i "Grants Portal" -e dev admin
      css composites add -i "Grants Portal" -e dev admin auditor
    """


@composites.command("list")
@takes(_PARENT, options.reading)
def list_children(given: Given, parent: str) -> None:
    """List the direct children of a role.

    \b
    Example:
      css composites list -i "Grants Portal" -e dev admin
    """
    with given.place() as dev:
        place, children = records.of_client(dev), dev.roles.composites(parent).list()
    rows = [{**place, "role": role.name, "composite": role.composite} for role in children]
    print_rows(rows, given.as_json, ["role", "composite"], empty=f"The role {parent} has no children.")


@composites.command()
@takes(_CHILDREN, options.adding)
def add(given: Given, parent: str, children: Sequence[str]) -> int:
    """Add children to a role, all or none. In prod, css asks for the project's name.

    \b
    Example:
      css composites add -i "Grants Portal" -e dev admin auditor
    """
    with given.place() as dev:
        held = {role.name for role in dev.roles.composites(parent).list()}
        steps = steps_of(dev, "add_composite", children, parent)
        missing = [step for step in steps if step.target not in held]
        done = [step for step in steps if step.target in held]
        return ask_and_make(given, dev, steps, partial(by_composing, dev, parent, missing), done=done)


@composites.command()
@takes(_CHILDREN, options.removing)
def remove(given: Given, parent: str, children: Sequence[str]) -> int:
    """Remove children from a role.

    css shows who loses what and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too.

    \b
    Example:
      css composites remove -i "Grants Portal" -e dev admin auditor --yes
    """
    with given.place() as dev:
        held = {role.name for role in dev.roles.composites(parent).list()}
        # A role that does not exist gets an error, because "is not a child" would hide a typing error.
        existing = held if held.issuperset(children) else held | {role.name for role in dev.roles.list()}
        steps = steps_of(dev, "remove_composite", children, parent)
        done = [step for step in steps if step.target in existing - held]
        refused = {step: missing_role(step.target, dev, existing) for step in steps if step.target not in existing}
        preview = partial(by_composing, dev, parent, steps)
        return ask_and_make(given, dev, steps, preview, done=done, refused=refused)


@composites.command("set")
@takes(
    _PARENT,
    options.roles_argument("children", nargs=-1, metavar="[CHILD]..."),
    options.place(),
    options.exact,
    options.journal,
    options.json,
)
def set_children(given: Given, parent: str, children: Sequence[str]) -> int:
    """Set exactly these children of a role.

    css adds children before it removes other children. If a child could not be added, css removes nothing. Before css
    removes anything, it shows who loses what and asks for confirmation. In scripts, pass --yes, and in prod
    --allow-prod too.

    \b
    Example:
      css composites set -i "Grants Portal" -e dev admin reviewer auditor --yes
    """
    return make_exact(
        given,
        parent,
        children,
        "children",
        lambda dev: partial(dev.roles.composites(parent).set, *children),
        lambda dev, plan, _: by_composing(dev, parent, plan.steps),
    )
