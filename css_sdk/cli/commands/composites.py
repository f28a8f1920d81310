"""`css composites`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..support.changes import Change, change_each, prod_of, refuse_missing
from ..support.client import journal_option, opened
from ..support.groups import Group
from ..support.options import exact_options, json_option, place_options, print_rows
from ..support.questions import Answers, Changes, confirm, consent_options, prod_option

if TYPE_CHECKING:
    from ... import EnvironmentClient


@click.group(cls=Group)
def composites() -> None:
    """List and change what a composite role is made of.

    Whoever holds the parent has its children in their tokens too.

    \b
    Examples:
      css composites list -i "Grants Portal" -e dev admin
      css composites add -i "Grants Portal" -e dev admin auditor
    """


@composites.command("list")
@click.argument("parent")
@place_options(required=True)
@json_option
def list_children(parent: str, integration: str, environment: str, as_json: bool) -> None:
    """List the direct children of a role.

    \b
    Example:
      css composites list -i "Grants Portal" -e dev admin
    """
    from ... import Css

    with Css.from_env() as css:
        children = css.integration(integration).environment(environment).roles.composites(parent).list()
    rows = [{"role": role.name, "composite": role.composite} for role in children]
    print_rows(rows, ["role", "composite"], as_json, empty=f"The role {parent} has no children.")


@composites.command()
@click.argument("parent")
@click.argument("children", nargs=-1, required=True, metavar="CHILD...")
@place_options(required=True)
@prod_option
@journal_option
@json_option
def add(
    parent: str,
    children: Sequence[str],
    integration: str,
    environment: str,
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Make roles children of a role, all of them or none. Writing in prod asks for the project's name.

    \b
    Example:
      css composites add -i "Grants Portal" -e dev admin auditor
    """
    with opened(journal) as css:
        dev = css.integration(integration).environment(environment)
        below = dev.roles.composites(parent)
        held = {role.name for role in below.list()}
        missing = [child for child in dict.fromkeys(children) if child not in held]
        _confirm(dev, parent, missing, [], Answers(allow_prod=allow_prod))
        adding = _once(partial(below.add, *missing) if missing else _nothing)
        changes: list[Change] = [
            ("add", parent, child, None if child in held else adding) for child in dict.fromkeys(children)
        ]
        return change_each(changes, (integration, environment), as_json=as_json)


@composites.command()
@click.argument("parent")
@click.argument("children", nargs=-1, required=True, metavar="CHILD...")
@place_options(required=True)
@consent_options
@journal_option
@json_option
def remove(
    parent: str,
    children: Sequence[str],
    integration: str,
    environment: str,
    yes: bool,
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Remove roles from a role.

    Shows who loses what, and asks; scripts pass --yes, in prod also --allow-prod.

    \b
    Example:
      css composites remove -i "Grants Portal" -e dev admin auditor --yes
    """
    with opened(journal) as css:
        dev = css.integration(integration).environment(environment)
        below = dev.roles.composites(parent)
        unwanted = list(dict.fromkeys(children))
        held = {role.name for role in below.list()}
        there = [child for child in unwanted if child in held]
        _confirm(dev, parent, [], unwanted if there else [], Answers(yes=yes, allow_prod=allow_prod))
        # Of a role that does not exist, "is not a child" would hide a typing error.
        existing = {role.name for role in dev.roles.list()} if len(there) < len(unwanted) else set()
        place = f"{dev.integration.project_name}, {dev.name}"

        def change_of(child: str) -> Callable[[], object] | None:
            if child in held:
                return partial(below.remove, child)
            return None if child in existing else partial(refuse_missing, child, place)

        changes: list[Change] = [("remove", parent, child, change_of(child)) for child in unwanted]
        return change_each(changes, (integration, environment), as_json=as_json)


@composites.command("set")
@click.argument("parent")
@click.argument("children", nargs=-1, metavar="[CHILD]...")
@place_options(required=True)
@exact_options
@journal_option
@json_option
def set_children(
    parent: str,
    children: Sequence[str],
    integration: str,
    environment: str,
    allow_empty: bool,
    max_removals: int | None,
    yes: bool,
    allow_prod: bool,
    journal: Path | None,
    as_json: bool,
) -> int:
    """Make the children of a role exactly these.

    Shows who loses what, and asks; where nothing is removed it does not ask. It adds before it removes, and removes
    nothing if something could not be added. Scripts pass --yes, in prod also --allow-prod.

    \b
    Example:
      css composites set -i "Grants Portal" -e dev admin reviewer auditor --yes
    """
    from ..._service.service_limits import check_not_emptied, check_separable
    from ...errors import CssError, NotTried
    from ...plan.removal_limits import check_removals

    what = f"children of the role {parent!r}"
    check_not_emptied(children, allow_empty, what)
    wanted = list(dict.fromkeys(children))
    with opened(journal) as css:
        dev = css.integration(integration).environment(environment)
        below = dev.roles.composites(parent)
        held = [role.name for role in below.list()]
        missing = [child for child in wanted if child not in held]
        unwanted = [child for child in held if child not in wanted]
        check_removals(what, len(unwanted), len(held), max_removals)
        # What could not be taken out is better known before anything is added.
        check_separable(dev.integration.id, environment, parent, unwanted)
        _confirm(dev, parent, missing, unwanted, Answers(yes=yes, allow_prod=allow_prod))
        adding = _once(partial(below.add, *missing) if missing else _nothing)

        def take_out(child: str) -> None:
            try:
                adding()
            except CssError:
                raise NotTried("Nothing is removed while something could not be added.") from None
            below.remove(child)

        changes: list[Change] = [("add", parent, child, adding) for child in missing]
        changes += [("remove", parent, child, partial(take_out, child)) for child in unwanted]
        return change_each(changes, (integration, environment), as_json=as_json)


def _confirm(
    dev: EnvironmentClient, parent: str, added: Sequence[str], removed: Sequence[str], answers: Answers
) -> None:
    from ..support.losses import by_composing

    changes = Changes(adds=bool(added), removes=bool(removed), prod=prod_of(dev))
    confirm(changes, answers, lambda: by_composing(dev, dev.roles.tree(), parent, added, removed))


def _once(call: Callable[[], object]) -> Callable[[], None]:
    """The call for each of those that it is made for: made the first time, and ended the same way every time."""
    from ...errors import CssError

    @cache
    def made() -> CssError | None:
        try:
            call()
        except CssError as error:
            return error
        return None

    def again() -> None:
        error = made()
        if error is not None:
            raise error

    return again


def _nothing() -> None:
    """There is nothing to add."""
