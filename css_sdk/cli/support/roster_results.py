"""Read roster files, and write files with the results of their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..._text.words import counted
from .file_kinds import check_kind
from .files import OutputFile, content_of, limit
from .reports import header_of

if TYPE_CHECKING:
    from ...roster.rows import Roster, Row, RowResult

_RESULT: Final = re.compile(r"\.result(-[0-9]+)?\.[a-z]+$", re.IGNORECASE)
"""The end of the name of a result file."""


def rows_in(file: Path, **how: Any) -> Roster:
    """Return the rows of a roster file, or of stdin. `how` has further arguments of `read_roster`.

    Raises:
        InvalidFile: when the file cannot be read, is too large, or has faults.
    """
    from ...roster.reading import read_roster

    content, name = content_of(file)
    check_kind(content, name, "roster")
    return read_roster(content, name, max_bytes=limit(), **how)


def with_the_rest(settled: Sequence[RowResult], rows: Iterable[Row]) -> Sequence[RowResult]:
    """Return the results. For each row without a result, add a result with the error `Skipped`."""
    from ...errors import Skipped
    from ...roster.rows import RowResult

    tried = {id(result.row) for result in settled}
    untried = [row for row in rows if id(row) not in tried]
    return [
        *settled,
        *(RowResult(row, "failed", Skipped("css-sdk was interrupted before it sent this change.")) for row in untried),
    ]


def result_file(
    roster: Path, named: Path | None, rows: Sequence[Row], *, exact: bool, force: bool
) -> tuple[OutputFile | None, str]:
    """Return the output file for the results of a roster, and a sentence to print.

    Without `--result`, the file is beside the roster. If the roster is itself a result file, css updates it. For a
    roster from stdin, the file is None.

    css does not replace a result file that somebody may have corrected, because the corrections would be lost. Without
    `--result`, css chooses a different name. With `--result`, css raises an error. With `--force`, css replaces the
    file.

    Raises:
        InvalidFile: when the file cannot be written, or must not be replaced.
        UsageError: when `--result` names the roster itself.
    """
    from ...errors import InvalidFile
    from .files import STDIN

    is_file = roster != STDIN and roster.is_file()
    is_result = is_file and _RESULT.search(roster.name) is not None
    if named is not None:
        is_same = is_file and named.exists() and named.samefile(roster)
        if is_same and not is_result:
            raise click.UsageError(f"--result {named} is the roster itself; name another file.")
        file = _output(named, force=force)
        where = None if force or is_same else _corrected(named, rows, exact=exact)
        if where:
            raise InvalidFile(
                f"{where}. css does not replace that file, because somebody may have corrected it. Nothing was sent. "
                f"Apply that file, name another file with --result, or replace the file with --force."
            )
        return file, ""
    if not is_file:
        return None, ""
    if is_result:
        return _output(roster, force=force), ""
    ending = ".xlsx" if roster.suffix.lower() == ".xlsx" else ".csv"
    kept = ""
    for number in count(1):
        path = roster.with_name(f"{roster.stem}.result{f'-{number}' if number > 1 else ''}{ending}")
        file = _output(path, force=force)
        where = None if force else _corrected(path, rows, exact=exact)
        if where is None:
            sentence = f"{kept}. css keeps that file, because somebody may have corrected it. The results go to {path}."
            return file, kept and sentence
        kept = kept or where
    raise AssertionError  # `count` is endless


def _output(path: Path, *, force: bool) -> OutputFile:

    file = OutputFile(path=path, option="--result", kind="a file of results", is_ours=_is_file_of_results, force=force)
    file.check()
    if path.suffix.lower() == ".xlsx":
        from ..._text.workbooks import workbook_of

        workbook_of([], "Results")  # fails now, before anything is sent, if css cannot write workbooks
    return file


def _corrected(path: Path, rows: Sequence[Row], *, exact: bool) -> str | None:
    """Return a sentence if a result file has a fault, or a row that is not in the roster. Otherwise, return None.

    Somebody may have corrected the file. The sentence has no full stop.
    """
    import datetime

    from ...errors import InvalidFile
    from ...roster.reading import read_roster
    from ...roster.rows import find_other

    if not path.exists():
        return None
    content, name = content_of(path)
    if not content.strip():
        return None
    try:
        other = find_other(read_roster(content, name, day=datetime.date.min, max_bytes=None), rows, exact=exact)
    except InvalidFile as error:
        return error.faults[0].rstrip(".") if error.faults else None
    return None if other is None else f"{path} has a row that is not in the roster (line {other.line})"


def _is_file_of_results(content: bytes) -> bool:
    """Return whether a content begins like a result file: CSV or a workbook.

    The separator of the CSV must be a comma, a semicolon or a tab. Without the library for workbooks, return False for
    a workbook.
    """
    from ...roster.columns import ALL_COLUMNS

    return header_of(content)[: len(ALL_COLUMNS)] == list(ALL_COLUMNS)


def write_results(results: Sequence[RowResult], file: OutputFile | None, *, always: bool) -> tuple[bool, list[str]]:
    """Write the result of each row to a file, completely or not at all.

    css writes the file once, at the end. If the program was killed, apply the same roster again, because css-sdk reads
    from the service what is already done.

    If no row is left to do, css writes a new file only if `always` is true. But css always updates an existing file.

    Returns:
        First, False if writing failed, otherwise True. Second, sentences about the rows that are left.
    """
    from ...errors import Ambiguous, InvalidFile, Withheld

    waiting = sum(isinstance(result.error, Withheld) for result in results)
    is_left = sum(not result.is_done for result in results) > waiting
    sentences = []
    if waiting:
        removals = counted(waiting, "removal was withheld", "removals were withheld")
        sentences.append(f"{removals}, because other rows failed. Correct the roster, and apply it again with --exact.")
    if file is None or file.path is None or not (is_left or always or file.path.exists()):
        return True, sentences
    from ...roster.results import results_as_cells, results_as_csv

    try:
        if file.path.suffix.lower() == ".xlsx":
            from ..._text.workbooks import workbook_of

            file.write(workbook_of(results_as_cells(results), "Results"))
        else:
            file.write([results_as_csv(results)], "utf-8-sig")
    except InvalidFile as error:
        return False, [*sentences, f"css: {error}"]
    if is_left and waiting:
        sentences.append(f"All results except withheld removals are in {file.path}.")
    elif is_left:
        sentences.append(f"All results are in {file.path}. Correct the rows that are left, and apply this file.")
        if any(isinstance(result.error, Ambiguous) for result in results):
            sentences.append("If a row is ambiguous, write the number of the right candidate into its column `choice`.")
    return True, sentences
