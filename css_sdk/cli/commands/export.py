"""`css export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ..support.client import opened
from ..support.files import OutputFile, force_option
from ..support.options import places_options, print_lines, width_option
from ..support.plans import names_in, states_of

_HEADER = "Written by css export. Delete this line to keep css export from replacing the file."


@click.command()
@places_options
@click.option(
    "--additive",
    is_flag=True,
    help="Write additive sets. By default sets are exact: css plan --prune removes what the file does not list.",
)
@click.option(
    "--by-name", is_flag=True, help="Name integrations by project name where the name is unique. By default, by id."
)
@click.option("--names", is_flag=True, help="Add people's names to usernames, as comments.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file, readable only by you. An older export is replaced.",
)
@force_option
@width_option
def export(
    integrations: Sequence[str],
    environments: Sequence[str],
    additive: bool,
    by_name: bool,
    names: bool,
    output: Path | None,
    force: bool,
    width: int,
) -> None:
    """Write the current roles, composite roles and members as a roles file.

    css plan with this file shows no changes until somebody changes something.

    \b
    Examples:
      css export -i "Grants Portal" -e dev
      css export --additive --by-name --output roles.yaml
    """
    from ... import desired_as_yaml, read_desired
    from ...errors import InvalidFile
    from ...plan.transfer import export as exported

    file = OutputFile(path=output or Path(), option="--output", kind="an export", is_ours=_is_export, force=force)
    if output is not None:
        file.check()
    with opened() as css:
        states = states_of(css, integrations, environments, lambda one: one.state(width=width))
        team = css.integrations()
    wanted = exported(states, exact=not additive, by_name=by_name, team=team)
    text = desired_as_yaml(wanted, header=_HEADER, names=names_in(states) if names else {})
    try:
        read_desired(text, "the file", max_bytes=None)
    except InvalidFile as error:
        message = "A roles file cannot hold what the service holds. No file was written."
        raise InvalidFile(message, faults=error.faults) from None
    if output is None:
        print_lines([text.rstrip("\n")])
    else:
        file.write([text])


def _is_export(content: bytes) -> bool:
    return content.startswith(f"# {_HEADER}\n".encode())
