"""Split the text of a roster file into lines of named cells, from CSV in its forms or from JSON lines. Pure."""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from .._text.csv_lines import unguarded
from ..errors import InvalidFile
from ..people.cells import PERSON_COLUMNS

COLUMNS: Final = (*PERSON_COLUMNS, "provider", "role", "integration", "environment", "action")
ALL_COLUMNS: Final = (*COLUMNS, "outcome", "message")
_DELIMITERS: Final = ",;\t"
_JSON_LINES: Final = (".jsonl", ".ndjson")


@frozen
class Line:
    """A line that is not empty: its number, its cells by column, and what is wrong with it as a whole."""

    number: int
    cells: Mapping[str, str]
    faults: tuple[str, ...] = ()


def is_file_name(text: str) -> bool:
    """Return whether this is the name of a roster file, and not its content."""
    return re.fullmatch(r"[^\r\n]+\.(csv|tsv|txt|jsonl|ndjson)", text, re.IGNORECASE) is not None


def is_blank(text: str) -> bool:
    """Return whether a file holds nothing but the separators that a spreadsheet leaves of empty cells."""
    return all(character.isspace() or character in _DELIMITERS for character in text)


def lines_of(
    text: str, name: str, integration: str | None, environment: str | None, ignore: Collection[str] = ()
) -> list[Line]:
    """Return the lines of a roster, without the header of CSV.

    Args:
        text: of the file.
        name: of the file, for messages; an ending `.jsonl` or `.ndjson` means JSON lines, otherwise the text decides.
        integration, environment: for lines that name none.
        ignore: columns that hold something else.

    Raises:
        InvalidFile: for text that is not valid CSV, or a header without the columns of a roster.
    """
    ignored = {column.strip().lower() for column in ignore} - {*ALL_COLUMNS}
    if name.lower().endswith(_JSON_LINES) or text.lstrip().startswith("{"):
        return [_json_line(number, line, ignored) for number, line in _numbered(text) if line.strip()]
    (number, header), *rows = [*_cells(text, name)] or [(1, [])]
    columns = [cell.strip().lower() for cell in _without_empty_end(header)]
    _check_header(columns, f"{name}:{number}", integration, environment, ignored)
    return [_csv_line(number, cells, columns) for number, cells in rows]


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    # Not `splitlines`: a JSON text may hold the other characters that it takes for ends of lines.
    return enumerate(re.split(r"\r\n|\n|\r", text), start=1)


def _json_line(number: int, line: str, ignored: Collection[str]) -> Line:
    """Return a JSON object as a line of cells."""
    try:
        # Objects become tuples of pairs, so that a key which appears twice is seen.
        pairs: Any = json.loads(line, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        said = f": {error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        return Line(number, {}, (f"this is not JSON{said}",))
    if not isinstance(pairs, tuple):
        return Line(number, {}, ("this is not a JSON object",))
    cells: dict[str, str] = {}
    faults = []
    for key, value in pairs:
        column = key.strip().lower()
        if column in ignored or (value is None and column in ALL_COLUMNS):
            continue
        if column not in ALL_COLUMNS:
            faults.append(_unknown(key))
        elif column in cells:
            faults.append(f"the column {column!r} appears twice")
        elif column == "integration" and type(value) is int:
            cells[column] = f"#{value}"
        elif not isinstance(value, str):
            faults.append(f"the {column} is not a text in quotes")
        elif any("\ud800" <= character <= "\udfff" for character in value):
            faults.append(f"the {column} holds characters that cannot be sent")
        else:
            cells[column] = value
    return Line(number, cells, tuple(faults))


def _cells(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with the number of the line on which each begins."""
    separator = re.match(r"sep=(.)\r?\n", text)  # a line that Excel reads, and some programs write for it
    first = next((line for line in text.splitlines() if line.strip(_DELIMITERS + " ")), "")
    delimiter = separator[1] if separator else max(_DELIMITERS, key=first.count)
    reader = csv.reader(
        io.StringIO(text[separator.end() if separator else 0 :], newline=""), delimiter=delimiter, strict=True
    )
    before = line = 2 if separator else 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + before
    except csv.Error as error:
        raise InvalidFile(f"{name}:{line}: this is not CSV: {error}.", faults=[f"{name}:{line}: {error}"]) from None


def _csv_line(number: int, cells: list[str], columns: Sequence[str]) -> Line:
    if len(_without_empty_end(cells)) > len(columns):
        named = "name the column in the header, and pass --ignore with that name (in Python ignore=)"
        return Line(number, {}, (f"{len(cells)} cells where the header has {len(columns)}; {named}",))
    return Line(number, dict(zip(columns, map(unguarded, cells), strict=False)))


def _without_empty_end(cells: list[str]) -> list[str]:
    """Return the cells without the empty ones that a spreadsheet leaves at the end."""
    filled = [number for number, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: filled[-1]] if filled else []


def _check_header(
    columns: Sequence[str], where: str, integration: str | None, environment: str | None, ignored: Collection[str]
) -> None:
    known = {*ALL_COLUMNS, *ignored}
    faults = [f"{where}: {_unknown(column)}" for column in columns if column not in known]
    faults += [f"{where}: the column {column!r} appears twice" for column in ALL_COLUMNS if columns.count(column) > 1]
    if not set(PERSON_COLUMNS) & set(columns):
        faults.append(f"{where}: no column names the users: username, guid, email or client_id")
    given = {"role": None, "integration": integration, "environment": environment}
    faults += [
        f"{where}: the column {column!r} is missing" + (", and was not given for all rows" if column != "role" else "")
        for column, value in given.items()
        if column not in columns and not value
    ]
    if faults:
        reason = "these are not the columns of a roster" if any(columns) else "the file is empty"
        raise InvalidFile(f"{where}: {reason}; nothing was sent.", faults=faults)


def _unknown(column: str) -> str:
    close = difflib.get_close_matches(re.sub(r"[\W_]", "", column), COLUMNS, n=1)
    hint = f"to leave it out, pass --ignore {shlex.quote(column)} (in Python ignore=)"
    meant = f"did you mean {close[0]!r}?" if close else hint
    return f"there is no column {column!r}; {meant}; the columns are {', '.join(COLUMNS)}"
