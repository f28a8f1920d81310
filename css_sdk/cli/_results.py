"""Rosters in and results out: reading the file, and writing down what is left to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..roster import Row, RowResult

STDIN = Path("-")


def rows_in(file: Path, integration: str | None, environment: str | None, *, exact: bool = False) -> Sequence[Row]:
    """The rows of a roster file, or of stdin."""
    from ..errors import InvalidFile
    from ..roster import read_roster

    name = "stdin" if file == STDIN else file.name
    try:
        content = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror}.") from None
    return read_roster(content, name, integration=integration, environment=environment, exact=exact)


def result_path(file: Path) -> Path | None:
    """Where the results of a roster go: beside it, and back into it where it holds results itself."""
    if file == STDIN or not file.is_file():
        return None
    return file.with_name(f"{file.stem.removesuffix('.result')}.result.csv")


def writable(file: Path | None) -> Path | None:
    """The file, when it can be written; better known before anything is sent."""
    from ..errors import InvalidFile

    if file is not None and (file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK)):
        raise InvalidFile(f"{file} cannot be written. Nothing was sent; say --result FILE.")
    return file


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
    from ..roster import results_as_csv

    is_left = any(not result.is_done for result in results)
    if file is None or not (is_left or file.exists()):
        return True
    draft = file.with_name(f"{file.name}.tmp")
    try:
        # With the mark by which Excel knows UTF-8, and the line ends of CSV left alone.
        draft.write_bytes(results_as_csv(results).encode("utf-8-sig"))
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        click.echo(f"css: the results could not be written to {file}: {error.strerror}.", err=True)
        return False
    if is_left:
        click.echo(f"What is left to do stands in {file}.", err=True)
    return True
