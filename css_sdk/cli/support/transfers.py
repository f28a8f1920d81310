"""Plan for one environment what another one has, for `css promote` and `css copy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from .applying import Manner, Origin, manner_options, preview_and_carry_out
from .client import opened
from .files import force_option
from .options import text_of
from .plans import plan_file, print_plan, write_plan

Function = TypeVar("Function", bound=Callable[..., Any])


def transfer_options(function: Function) -> Function:
    """Add the options of a command that copies roles to another environment."""
    members = click.option("--members", is_flag=True, help="Copy the members of roles, too.")
    rename = click.option(
        "--rename",
        "renames",
        multiple=True,
        metavar="OLD=NEW",
        help="Copy the role OLD under the name NEW. Can be given several times.",
    )
    out = click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="PLAN.json",
        help="Only save the plan, for css apply.",
    )
    return members(rename(out(force_option(manner_options(function)))))


def transfer_roles(
    source: tuple[str, str],
    target: tuple[str, str],
    *,
    name: str,
    members: bool,
    renames: Sequence[str],
    out: Path | None,
    force: bool,
    **options: Any,
) -> int:
    """Copy the roles of the source to the target, remove nothing, and return the exit code.

    Args:
        source: integration and environment.
        target: integration and environment.
        name: the first part of the names of the files for the plan and the journal.
        members: whether members are copied.
        renames: as the options give them.
        out: where to save the plan instead of carrying it out.
        force: whether that file may be replaced even if it is not a plan.
        options: as `Manner` takes them.
    """
    from ... import Desired
    from ...errors import InvalidRequest
    from ...plan.transfer import promoted

    names = _names(renames)
    target_file = None if out is None else plan_file(out, force=force)
    manner = Manner(**options)
    with opened() as css:
        state = css.integration(source[0]).environment(source[1]).state(None if members else (), width=manner.width)
        try:
            wanted = promoted(state, *target, members=members, names=names)
        except InvalidRequest as error:
            raise click.UsageError(text_of(error)) from None
        plan = css.plan(Desired((wanted,)), width=manner.width)
        known = [*plan.states, state]
        if target_file is None:
            return preview_and_carry_out(css, plan, manner, Origin(name), known)
    print_plan(plan, known)
    write_plan(plan, target_file)
    return 0


def _names(renames: Sequence[str]) -> Mapping[str, str]:
    from ..._service.identifiers import check_new_role_name
    from ...errors import UnusableName

    names: dict[str, str] = {}
    for each in renames:
        old, _, new = each.partition("=")
        if not old or not new or old in names:
            raise click.UsageError(f"--rename takes OLD=NEW, each role once, and not {each!r}.")
        try:
            check_new_role_name(new)
        except UnusableName as error:
            raise click.UsageError(f"--rename {each!r}: {text_of(error)}") from None
        if new != new.strip():
            raise click.UsageError(f"--rename {each!r}: the new name has blanks around it.")
        names[old] = new
    return names
