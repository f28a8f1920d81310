"""Rosters in and results out: reading the file, and writing down what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._files import STDIN, content_of, write_whole

if TYPE_CHECKING:
    from ..roster import Row, RowResult


def rows_in(
    file: Path,
    integration: str | None,
    environment: str | None,
    *,
    exact: bool = False,
    ignore: Sequence[str] = (),
) -> Sequence[Row]:
    """The rows of a roster file, or of stdin."""
    from ..roster import read_roster

    content, name = content_of(file)
    return read_roster(content, name, integration=integration, environment=environment, exact=exact, ignore=ignore)


def result_path(file: Path) -> Path | None:
    """Where the results of a roster go: beside it, and back into it where it holds results itself."""
    if file == STDIN or not file.is_file():
        return None
    return file.with_name(f"{file.stem.removesuffix('.result')}.result.csv")


def with_the_rest(settled: Sequence[RowResult], rows: Sequence[Row]) -> Sequence[RowResult]:
    """The results, and for each row that has none that it was not tried."""
    from ..errors import NotTried
    from ..roster import RowResult

    tried = {id(result.row) for result in settled}
    untried = [row for row in rows if id(row) not in tried]
    return [*settled, *(RowResult(row, "failed", NotTried("Interrupted before this was tried.")) for row in untried)]


def write_results(results: Sequence[RowResult], file: Path | None, *, always: bool) -> bool:
    """Writes down what became of each row, whole or not at all.

    It is written once, at the end: whoever is killed before runs the same again, and the service tells what is done.

    Args:
        results: of the rows.
        file: where to; nowhere, if there is none.
        always: whether it was asked for; else it is written where anything is left, or an older one has to be brought
            up to date.
    """
    from ..errors import HeldBack, InvalidFile
    from ..roster import results_as_csv

    waiting = sum(isinstance(result.error, HeldBack) for result in results)
    is_left = sum(not result.is_done for result in results) > waiting
    if waiting:
        removals = "1 removal waits" if waiting == 1 else f"{waiting} removals wait"
        click.echo(f"{removals}: mend the roster, and apply it again.", err=True)
    if file is None or not (is_left or always or file.exists()):
        return True
    try:
        write_whole(file, [results_as_csv(results)], "utf-8-sig")
    except InvalidFile as error:
        click.echo(f"css: {error}", err=True)
        return False
    if is_left:
        click.echo(f"What is left to do is in {file}.", err=True)
    return True
