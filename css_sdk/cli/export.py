"""`css export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ._common import places_options, print_lines, width_option
from ._files import check_may_replace, write_whole
from ._opening import opened
from ._plans import environments_of, is_file_of_roles, names_in


@click.command()
@places_options
@click.option("--additive", is_flag=True, help="Let the file only add; else what it does not list shall not be.")
@click.option("--by-name", is_flag=True, help="Name integrations by project name where it cannot mean another.")
@click.option("--names", is_flag=True, help="Write people's names behind their usernames, as comments.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it there, whole or not at all; only its owner may read it. An older file of roles is replaced.",
)
@width_option
def export(
    integrations: Sequence[str],
    environments: Sequence[str],
    additive: bool,
    by_name: bool,
    names: bool,
    output: Path | None,
    width: int,
) -> None:
    """Write down what is there as a file of roles; the plan of it is empty.

    \b
    Examples:
      css export -i "Grants Portal" -e dev
      css export --additive --by-name --output roles.yaml
    """
    from .. import desired_as_yaml, read_desired
    from ..errors import InvalidFile
    from ..transfer import export as exported

    if output is not None:
        check_may_replace(output, is_file_of_roles, "a file of roles")
    with opened() as css:
        states = [one.state(width=width) for one in environments_of(css, integrations, environments)]
        team = css.integrations()
    wanted = exported(states, exact=not additive, by_name=by_name, team=team)
    text = desired_as_yaml(wanted, names=names_in(states) if names else {})
    try:
        read_desired(text, "the file")
    except InvalidFile as error:
        told = "What is there cannot be told by a file of roles. Nothing was written."
        raise InvalidFile(told, faults=error.faults) from None
    if output is None:
        print_lines([text.rstrip("\n")])
    else:
        write_whole(output, [text])
