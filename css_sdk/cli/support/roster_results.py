"""Read roster files, and write files with the results of their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...roster.rows import Row, RowResult
    from .files import OutputFile


def rows_in(
    file: Path,
    integration: str | None,
    environment: str | None,
    *,
    exact: bool = False,
    ignore: Sequence[str] = (),
) -> Sequence[Row]:
    """Return the rows of a roster file, or of standard input."""
    from ...roster.rows import read_roster
    from .files import content_of

    content, name = content_of(file)
    where = {"integration": integration, "environment": environment}
    # Its size was checked where it was read.
    return read_roster(content, name, **where, exact=exact, ignore=ignore, max_bytes=None)


def result_path(file: Path) -> Path | None:
    """Return the result file of a roster: beside it, or the file itself if it holds results."""
    from .files import STDIN

    if file == STDIN or not file.is_file():
        return None
    return file.with_name(f"{file.stem.removesuffix('.result')}.result.csv")


def with_the_rest(settled: Sequence[RowResult], rows: Iterable[Row]) -> Sequence[RowResult]:
    """Return the results, and a skipped result for each row without one."""
    from ...errors import Skipped
    from ...roster.rows import RowResult

    tried = {id(result.row) for result in settled}
    untried = [row for row in rows if id(row) not in tried]
    return [
        *settled,
        *(RowResult(row, "failed", Skipped("css-sdk was interrupted before it sent this.")) for row in untried),
    ]


def result_file(path: Path, *, force: bool) -> OutputFile:
    """Return the output file for the results of a roster."""
    from .files import OutputFile

    return OutputFile(path=path, option="--result", kind="a file of results", is_ours=_is_file_of_results, force=force)


def _is_file_of_results(content: bytes) -> bool:
    """Return whether the first line names the columns of a file of results, with any separator."""
    from ...roster.formats import ALL_COLUMNS

    first = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").partition("\n")[0]
    return [cell.strip().strip('"') for cell in re.split("[,;\t]", first)] == list(ALL_COLUMNS)


def write_results(results: Sequence[RowResult], file: OutputFile | None, *, always: bool) -> tuple[bool, list[str]]:
    """Write the result of each row to a file, completely or not at all.

    The file is written once, at the end. If the program was killed, apply the same roster again: css-sdk reads from the
    service what is done already.

    Args:
        results: of the rows.
        file: the file to write; None to write nothing.
        always: write the file even if no row is left to do and no older file has to be updated.

    Returns:
        Whether the file could be written, and sentences about the rows that are left, for the end of the report.
    """
    from ...errors import InvalidFile, Withheld
    from ...roster.rows import results_as_csv

    waiting = sum(isinstance(result.error, Withheld) for result in results)
    is_left = sum(not result.is_done for result in results) > waiting
    sentences = []
    if waiting:
        removals = "1 removal waits" if waiting == 1 else f"{waiting} removals wait"
        sentences.append(f"{removals}: correct the roster, and apply it again with --exact.")
    if file is None or not (is_left or always or file.path.exists()):
        return True, sentences
    try:
        file.write([results_as_csv(results)], "utf-8-sig")
    except InvalidFile as error:
        return False, [*sentences, f"css: {error}"]
    if is_left:
        rows = f"The rows that are left to do are in {file.path}; removals that wait are not."
        sentences.append(rows if waiting else f"What is left to do is in {file.path}.")
    return True, sentences
