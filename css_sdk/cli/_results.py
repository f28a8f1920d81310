"""Rosters in and results out: reading the file, and writing down what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._files import STDIN, content_of, write_whole

if TYPE_CHECKING:
    from ..roster import Row, RowResult


def rows_in(file: Path, integration: str | None, environment: str | None, *, exact: bool = False) -> Sequence[Row]:
    """The rows of a roster file, or of stdin."""
    from ..roster import read_roster

    return read_roster(*content_of(file), integration=integration, environment=environment, exact=exact)


def result_path(file: Path) -> Path | None:
    """Where the results of a roster go: beside it, and back into it where it holds results itself."""
    if file == STDIN or not file.is_file():
        return None
    return file.with_name(f"{file.stem.removesuffix('.result')}.result.csv")


def with_the_rest(settled: Sequence[RowResult], rows: Sequence[Row]) -> Sequence[RowResult]:
    """The results, and for each row that has none that it was not tried."""
    from ..errors import CssError
    from ..roster import RowResult

    tried = {id(result.row) for result in settled}
    untried = [row for row in rows if id(row) not in tried]
    return [*settled, *(RowResult(row, "failed", CssError("Interrupted before this was tried.")) for row in untried)]


def write_results(results: Sequence[RowResult], file: Path | None) -> bool:
    """Writes down what is left, whole or not at all; an older file of results is brought up to date in any case.

    It is written once, at the end: whoever is killed before runs the same again, and the service tells what is done.
    """
    from ..errors import InvalidFile
    from ..roster import results_as_csv

    is_left = any(not result.is_done for result in results)
    if file is None or not (is_left or file.exists()):
        return True
    try:
        write_whole(file, [results_as_csv(results)], "utf-8-sig")
    except InvalidFile as error:
        click.echo(f"css: {error}", err=True)
        return False
    if is_left:
        click.echo(f"What is left to do stands in {file}.", err=True)
    return True
