"""`css promote` and `css copy`: copy roles from one environment to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from ..support import options
from ..support.applying import Origin, preview_and_carry_out
from ..support.client import opened
from ..support.exit_codes import ExitCode
from ..support.files import OutputFile
from ..support.options import Given, flag, several, takes, together
from ..support.output import text_of
from ..support.plans import plan_option, print_plan, write_plan


def _names(_: click.Context, __: click.Parameter, renames: Sequence[str]) -> Mapping[str, str]:
    """Return the new name of each role by its old name, from the values of `--rename`."""
    from ..._service.identifiers import check_new_role_name
    from ...errors import UnusableName

    names: dict[str, str] = {}
    for each in renames:
        old, _separator, new = each.partition("=")
        if not old or not new:
            raise click.UsageError(f"--rename '{each}' is not of the form OLD=NEW.")
        if old in names:
            raise click.UsageError(f"--rename gives the role '{old}' two new names. Pass one of them.")
        try:
            check_new_role_name(new)
        except UnusableName as error:
            raise click.UsageError(f"--rename '{each}': {text_of(error)}") from None
        if new != new.strip():
            raise click.UsageError(f"--rename '{each}': the new name has blanks around it.")
        names[old] = new
    return names


_TRANSFER_OPTIONS = together(
    flag("--members", help="Copy the members of roles, too."),
    several("--rename", "names", help="Copy the role OLD under the name NEW.", metavar="OLD=NEW", callback=_names),
    plan_option("Save the plan in this file, for css apply, and change nothing."),
    options.carrying_out,
)
"""The options of a command that copies roles to another environment."""


def _transfer(
    given: Given,
    source: tuple[str, str],
    target: tuple[str, str],
    *,
    name: str,
    members: bool,
    names: Mapping[str, str],
    out: OutputFile,
) -> int:
    """Copy the roles of the source to the target, remove nothing, and return the exit code.

    Source and target are an integration and an environment each. The name of the remainder file begins with `name`. If
    `out` has a path, only save the plan.
    """
    from ... import Desired
    from ...errors import InvalidRequest
    from ...plan.transfer import promoted

    out.check()
    with opened() as css:
        state = css.integration(source[0]).environment(source[1]).state(None if members else (), width=given.width)
        try:
            wanted = promoted(state, *target, members=members, names=names)
        except InvalidRequest as error:
            raise click.UsageError(text_of(error)) from None
        plan = css.plan(Desired((wanted,)), width=given.width)
        known = tuple(state.users.values())
        if out.path is None:
            return preview_and_carry_out(css, plan, given, Origin(name), known)
        names = given.names_of(css, plan.people, [*plan.known, *known])
    print_plan(plan, names)
    write_plan(plan, out, given, names)
    return ExitCode.DONE


@click.command()
@takes(
    options.integration(),
    click.option("--from", "source", required=True, type=options.ENVIRONMENT, help="Environment to copy from."),
    click.option("--to", "target", required=True, type=options.ENVIRONMENT, help="Environment to copy to."),
    _TRANSFER_OPTIONS,
)
def promote(given: Given, source: str, target: str, **options: Any) -> int:
    """Copy roles and composite roles to another environment, without removing anything there.

    css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. With --out, css
    only saves the plan.

    \b
    Examples:
      css promote -i "Grants Portal" --from dev --to test --yes
      css promote -i 101 --from test --to prod --rename chief=admin --out plan.json
    """
    if source == target:
        raise click.UsageError("--from and --to must be different environments.")
    return _transfer(given, (given.integration, source), (given.integration, target), name="promote", **options)


@click.command()
@takes(
    options.place(),
    click.option(
        "--to-integration",
        required=True,
        metavar="ID|NAME",
        help="Integration of the target, by id or exact project name.",
    ),
    click.option("--to-environment", required=True, type=options.ENVIRONMENT, help="Environment of the target."),
    _TRANSFER_OPTIONS,
)
def copy(given: Given, to_integration: str, to_environment: str, **options: Any) -> int:
    """Copy roles and composite roles to another integration, without removing anything there.

    css shows the plan and asks for confirmation. In scripts, pass --yes, and in prod --allow-prod too. With --out, css
    only saves the plan. If members have never logged in to the target, css lists them, and the exit code is 3. Run the
    command again after their first login.

    \b
    Example:
      css copy -i "Grants Portal" -e dev --to-integration 102 --to-environment dev --members --yes
    """
    source = given.integration, given.environment
    return _transfer(given, source, (to_integration, to_environment), name="copy", **options)
