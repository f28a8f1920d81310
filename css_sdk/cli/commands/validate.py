"""`css validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._text.escaping import shown
from ..support import options
from ..support.exit_codes import USAGE
from ..support.files import STDIN
from ..support.next_steps import print_error
from ..support.options import Given, takes
from ..support.output import json_line, print_lines
from ..support.plans import desired_in

if TYPE_CHECKING:
    from ...plan.desired import Desired


def print_schema(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the schema and end the command, if it is asked for."""
    if is_asked:
        from importlib.resources import files

        print_lines([files("css_sdk.roles_file").joinpath("schema.json").read_text(encoding="utf-8").rstrip("\n")])
        ctx.exit()


@click.command()
@click.option(
    "--schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_schema,
    help="Print the JSON Schema of roles files, for editors, and exit.",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@takes(options.json)
def validate(given: Given, files: Sequence[Path]) -> int:
    """Check roles files without contacting the service.

    css prints all faults at once, each with its line. FILE can be - for standard input. To check whether integrations,
    people and roles exist, use css plan.

    Exit codes: 0 no faults; 64 at least one fault.

    \b
    Examples:
      css validate roles.yaml
      css validate environments/*.yaml --json
      css validate --schema > roles.schema.json
    """
    from ...errors import InvalidFile

    has_faults = False
    for file in files:
        name = "stdin" if file == STDIN else str(file)
        row: dict[str, Any] = {"file": name, "faults": []}
        try:
            row |= _counts(desired_in(file))
        except InvalidFile as error:
            has_faults = True
            row["faults"] = list(error.faults) or [str(error)]
            if error.fault_count > len(error.faults):
                row["fault_count"] = error.fault_count
            print_error(error)
        if given.as_json:
            print_lines([json_line(row)])
        elif not row["faults"]:
            counted = [f"{row[what]} {what if row[what] != 1 else what[:-1]}" for what in ("places", "roles", "grants")]
            print_lines([shown(f"{name}: {', '.join(counted)}")])
    return USAGE if has_faults else 0


def _counts(desired: Desired) -> dict[str, int]:
    places = desired.places
    return {
        "places": len(places),
        "roles": sum(len(place.roles.items) for place in places if place.roles is not None),
        "grants": sum(len(place.grants) for place in places),
    }
