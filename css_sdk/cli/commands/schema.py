"""`css schema`."""

from __future__ import annotations

import json

import click

from ..support.output import print_lines, print_rows
from ..support.schemas import FILES, RECORDS, schema_of


@click.command()
@click.argument("name", required=False, type=click.Choice([*RECORDS, *FILES]), metavar="[NAME]")
def schema(name: str | None) -> None:
    """Print the JSON schema of a file, or of the objects that --json prints.

    Without NAME, css lists the schemas. A JSON key has the same meaning in the output of every command.

    \b
    Examples:
      css schema
      css schema changes
    """
    if name is not None:
        return print_lines([json.dumps(schema_of(name), indent=2)])
    described = {name: description for name, (description, *_) in RECORDS.items()}
    described |= {name: f"The file: {name}." for name in FILES}
    return print_rows([{"name": name, "describes": text} for name, text in sorted(described.items())], False)
