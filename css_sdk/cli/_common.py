"""What several commands share: options, tables, JSON lines."""

from __future__ import annotations

import json
import os
import sys
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
    """Prints rows on stdout: JSON lines with everything, or a table of these columns for people.

    A reader who has had enough, such as `head`, is no reason to end differently.
    """
    is_unicode = "utf" in (sys.stdout.encoding or "").lower()
    lines = [json.dumps(row, ensure_ascii=not is_unicode) for row in rows] if as_json else _table(list(rows), columns)
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> list[str]:
    cells = [[column.upper() for column in columns]] + [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]


def _cell(value: object) -> str:
    return shown(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))


def shown(text: str) -> str:
    """The text as a terminal may see it: it may hold anything, and a terminal obeys control characters."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
