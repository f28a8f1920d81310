"""`css validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..._text.escaping import shown
from ..._text.words import counted
from ..support import options
from ..support.exit_codes import ExitCode
from ..support.file_kinds import check_kind
from ..support.files import limit
from ..support.next_steps import print_error
from ..support.options import Given, takes
from ..support.output import json_line, print_lines, say
from ..support.plans import contents_of

if TYPE_CHECKING:
    from ...errors import InvalidFile
    from ...plan.desired import Desired


def print_schema(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """If `--schema` is given, print the JSON Schema of roles files and end the command."""
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
@takes(options.roles_files, options.json)
def validate(given: Given, files: Sequence[Path]) -> int:
    """Check roles files without contacting the service.

    css prints all faults at once, each with its line. FILE is a roles file, a folder with roles files, or - for
    standard input. css checks all files together: a file can use the groups of another one. But two files must not
    list the same group, or the same role or user of an environment. To check whether integrations, people and roles
    exist, use css plan.

    Exit codes: 0 no faults; 64 at least one fault.

    \b
    Example of a roles file:
      version: 1
      integrations:
        - integration: Grants Portal
          environments:
            dev:
              roles:
                - name: reviewer
                  composites: [auditor]
                  members: [0f3ac87806aa7f215a7c0d4cc4d9e799@idir]

    \b
    Examples:
      css validate roles.yaml
      css validate access/ --json
      css validate --schema > roles.schema.json
    """
    from ...errors import InvalidFile
    from ...roles_file.parser import read_each

    contents: dict[str, bytes] = {}
    errors: dict[str, InvalidFile] = {}
    for file in files:
        try:
            found = contents_of([file])
            for name, content in found.items():
                check_kind(content, name, "roles file")
            contents |= found
        except InvalidFile as error:
            errors[str(file)] = error
    read = read_each(contents, max_bytes=limit(), is_complete=not errors)
    for each in read.files:
        _print_file(given, each.name, each.desired, each.error)
    for name, unreadable in errors.items():
        _print_file(given, name, None, unreadable)
    for warning in read.desired.warnings:
        say(f"Note: {warning}.")
    return ExitCode.USAGE if errors or any(each.error for each in read.files) else ExitCode.DONE


def _print_file(given: Given, name: str, desired: Desired | None, error: InvalidFile | None) -> None:
    row: dict[str, Any] = {"file": name, "faults": []}
    if error is not None:
        row["faults"] = list(error.faults) or [str(error)]
        if error.fault_count > len(error.faults):
            row["fault_count"] = error.fault_count
        print_error(error)
    elif desired is not None:
        row |= _counts(desired)
    if given.as_json:
        print_lines([json_line(row)])
    elif not row["faults"]:
        counts = [counted(row[what], what.removesuffix("s")) for what in ("places", "roles", "grants")]
        print_lines([shown(f"{name}: {', '.join(counts)}")])


def _counts(desired: Desired) -> dict[str, int]:
    places = desired.places
    return {
        "places": len(places),
        "roles": sum(len(place.roles.items) for place in places if place.roles is not None),
        "grants": sum(len(place.grants) for place in places),
    }
