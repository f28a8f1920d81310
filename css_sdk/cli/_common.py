"""What several commands share: options, tables, JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def json_option(function: Function) -> Function:
    """The option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, one line per row.")(function)


def place_options(*, required: bool) -> Callable[[Function], Function]:
    """The options that name an integration and one of its environments."""

    def decorate(function: Function) -> Function:
        environment = click.option(
            "-e",
            "--environment",
            required=required,
            metavar="ENV",
            help="dev, test or prod.",
        )
        integration = click.option(
            "-i", "--integration", required=required, metavar="ID|NAME", help="Id or exact project name."
        )
        return integration(environment(function))

    return decorate


def print_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], as_json: bool) -> None:
    """Prints rows on stdout: JSON lines with everything, or a table of these columns for people."""
    rows = list(rows)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    cells = [[column.upper() for column in columns]] + [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    # A name may hold anything, and a terminal obeys control characters.
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
