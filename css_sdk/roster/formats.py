"""Convert a roster to lines whose cells are named by column. Pure.

The roster can be CSV, JSON, a workbook, a DataFrame or a list of dictionaries.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from typing import Any, Final

from attrs import frozen

from .._text.csv_lines import unguarded
from .._text.files import text_of
from .._text.tables import Tabular, table
from ..errors import InvalidFile, InvalidRequest, Remedy
from .cells import CellFault, Grid, Record, Source, plain_text, sendable
from .columns import ARGUMENTS, ColumnNames, knows_several

EXPECTED_CONTENT: Final = (
    "Pass the content of the roster, Path(…).read_bytes(), and the file name as the second argument. Or pass a "
    "DataFrame, or a list with one dictionary for each row."
)

_DELIMITERS: Final = ",;\t|"
_JSON_LINES: Final = (".jsonl", ".ndjson")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
"""The ends of lines. `splitlines` would also split at characters that a text in JSON may contain."""
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_MOST_BEFORE_HEADER: Final = 20
_HOW_TO_BEGIN: Final = (
    "write a header, such as email,role,integration,environment, and a row for each grant below it; css roster export "
    "writes such a file"
)
_HOW_TO_DECODE: Final = Remedy(
    "Or name the encoding of the file with encoding=, such as cp1252.",
    "Or name the encoding of the file with --encoding, such as cp1252.",
)


@frozen
class Line:
    """A line of a roster: its number, its cells by column of a roster, and its faults.

    If the roster is not a file, `number` is the position of the row, from 1.
    """

    number: int
    cells: Mapping[str, str]
    faults: tuple[str, ...] = ()


_JSON_TYPES: Final = {"integration": int, "integration_id": int, "choice": int, "direct": bool, "service_account": bool}
"""The columns whose values need no quotes in JSON, with the type of these values."""


def is_file_name(text: str) -> bool:
    """Return whether a text looks like the name of a roster file, such as `roster.csv`."""
    return re.fullmatch(r"[^\r\n]+\.(csv|tsv|txt|json|jsonl|ndjson|xlsx|xlsm|xls)", text, re.IGNORECASE) is not None


def lines_of(content: object, source: Source, columns: ColumnNames, given: Mapping[str, str | None]) -> list[Line]:
    """Return the lines of a roster, without the header and without empty lines.

    A line with faults is returned, too. An empty object in JSON counts as a line, because somebody may have forgotten
    to fill it in.
    """
    found = _opened(content, source)
    if isinstance(found, Grid):
        return _lines_of_grid(found, source, columns, given)
    text = _json_text if isinstance(content, (str, bytes)) else plain_text
    names: dict[tuple[str, ...], tuple[tuple[str, ...], list[str]]] = {}
    lines = []
    for record in found:
        keys = tuple(key for key, _ in record.pairs)
        if keys not in names:
            names[keys] = columns.find(keys)
        meant, faults = names[keys]
        line = _line(record.number, [value for _, value in record.pairs], meant, text) or Line(record.number, {})
        wrong = (*([record.fault] if record.fault else faults), *line.faults)
        if wrong or line.cells or text is _json_text:
            lines.append(Line(record.number, {} if faults else line.cells, wrong))
    return lines


def is_frame(content: object) -> bool:
    """Return whether this is a DataFrame of pandas or polars, or a table of pyarrow."""
    return any(hasattr(content, name) for name in ("itertuples", "iter_rows", "to_pylist")) and hasattr(
        content, "columns"
    )


def _opened(content: object, source: Source) -> Grid | Iterable[Record]:
    """Return the content as a table with a header, or as records whose cells have names.

    A fault of JSON or CSV can be raised later, while the rows are read.
    """
    if isinstance(content, bytes) and content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        from .workbooks import grid_of  # noqa: PLC0415 - an extra

        _refuse(source, "a workbook", "encoding")
        return grid_of(content, source)
    if isinstance(content, (str, bytes)):
        text = text_of(content, source.name, source.max_bytes, source.encoding, _HOW_TO_DECODE)
        is_lines = source.name.lower().endswith(_JSON_LINES) or text.lstrip().startswith("{")
        if is_lines or source.name.lower().endswith(".json") or text.lstrip().startswith("["):
            _refuse(source, "JSON", "sheet", "skip_rows")
            return _json_lines(text) if is_lines else _json_array(text, source.name)
        _refuse(source, "CSV", "sheet")
        return _csv_grid(text, source)
    _refuse(source, "not a file", "sheet", "skip_rows", "encoding")
    return _grid_of_frame(content) if is_frame(content) else _records_of(content)


def _refuse(source: Source, kind: str, *options: str) -> None:
    """Raise `InvalidRequest` if `source` sets an option that does not apply to the content.

    `kind` says in the message what the content is, such as `a workbook`.
    """
    for option in options:
        if getattr(source, option):
            unused = "Leave out {}, which does not apply here."
            remedy = Remedy(unused.format(f"{option}="), unused.format(f"--{option.replace('_', '-')}"))
            raise InvalidRequest(f"{source.name} is {kind}.", remedy=remedy)


# CSV


def _csv_grid(text: str, source: Source) -> Grid:
    rows = _csv_rows(text, source)
    number, header = next(rows, (1 + source.skip_rows, []))
    return Grid(number, header, rows, lambda cell: unguarded(str(cell)))


def _csv_rows(text: str, source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the cells of each row of a CSV file. Leave out empty rows.

    A first line such as `sep=;` sets the separator. Without this line, the most frequent separator in the first row is
    used.
    """
    separator = re.match(r"\"?sep=(.)\"?[,;\t|]*(\r\n|\r|\n)", text, re.IGNORECASE)  # Excel writes and reads this line
    start, line = (separator.end(), 2) if separator else (0, 1)
    for _ in range(source.skip_rows - (line - 1)):
        end = _LINE_END.search(text, start)
        start, line = (end.end() if end else len(text)), line + 1
    first = next((row for row in text[start:].splitlines() if row.strip(_DELIMITERS + " ")), "")
    delimiter = separator[1] if separator else max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text[start:], newline=""), delimiter=delimiter, strict=True)
    before = line
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + before
    except csv.Error as error:
        raise _unreadable(source.name, line, f"this is not CSV: {error}") from None


# JSON


def _json_lines(text: str) -> Iterator[Record]:
    """Yield a record for each line that is not empty. If a line is not a JSON object, its record has a fault."""
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if line.strip():
            try:
                # Objects become tuples of pairs, so that a repeated key is not lost.
                yield _record(number, json.loads(line, object_pairs_hook=tuple))
            except (ValueError, RecursionError) as error:
                yield Record(number, fault=_not_json(error))


def _json_array(text: str, name: str) -> Iterator[Record]:
    """Yield a record for each value of a JSON array, with the number of the line on which the value begins.

    If a value is not an object, its record has a fault.
    """
    decoder = json.JSONDecoder(object_pairs_hook=tuple)
    starts = [end.end() for end in _LINE_END.finditer(text)]
    at = _next(text, 0)
    for expected in chain("[", repeat(",")):
        if expected == "," and text.startswith("]", at):
            break
        if not text.startswith(expected, at):
            fault = f"this is not a JSON array of objects; {expected!r} is expected"
            raise _unreadable(name, bisect(starts, at) + 1, fault)
        at = _next(text, at + 1)
        if expected == "[" and text.startswith("]", at):
            break
        number = bisect(starts, at) + 1
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else number
            raise _unreadable(name, line, _not_json(error)) from None
        yield _record(number, value)
        at = _next(text, end)
    if text[at + 1 :].strip():
        raise _unreadable(name, bisect(starts, at) + 1, "something follows the JSON array")


def _next(text: str, at: int) -> int:
    """Return the position after the blanks and line ends that begin at the position `at`."""
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _unreadable(name: str, number: int, fault: str) -> InvalidFile:
    return InvalidFile(f"{name}:{number}: {fault}. Nothing was sent.", faults=[f"{name}:{number}: {fault}"])


def _not_json(error: ValueError | RecursionError) -> str:
    said = f": {error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    return f"this is not JSON{said}"


def _record(number: int, value: Any) -> Record:
    is_object = isinstance(value, tuple)
    return Record(number, value) if is_object else Record(number, fault="this is not a JSON object")


def _json_text(value: object) -> str:
    """Return a text from JSON; "" for null. Raise `CellFault` for any other value."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CellFault("is not a text in quotes")
    return sendable(value)


# DataFrames and dictionaries


def _grid_of_frame(frame: Any) -> Grid:
    if hasattr(frame, "to_pylist"):
        names = frame.column_names
        rows = zip(*(column.to_pylist() for column in frame.columns), strict=True)
    else:
        names = list(frame.columns)
        rows = frame.itertuples(index=False, name=None) if hasattr(frame, "itertuples") else frame.iter_rows()
    return Grid(1, [str(name) for name in names], enumerate(rows, start=1), plain_text)


def _records_of(content: object) -> Iterator[Record]:
    if isinstance(content, Tabular):
        content = table(content)
    if isinstance(content, Mapping) or not isinstance(content, Iterable):
        content = [content]
    for number, each in enumerate(content, start=1):
        rows = table(each) if isinstance(each, Tabular) else [each]
        for row in rows:
            if not isinstance(row, Mapping):
                raise InvalidRequest(EXPECTED_CONTENT)
            yield Record(number, [(str(key), value) for key, value in row.items()])


# Lines


def _lines_of_grid(grid: Grid, source: Source, columns: ColumnNames, given: Mapping[str, str | None]) -> list[Line]:
    header = _without_empty_end([" ".join(name.split()) for name in grid.header])
    meant, faults = columns.find(header)
    faults = [*faults, *columns.missing(given, header)]
    if faults:
        where, remedy = f"{source.name}:{grid.number}", Remedy(ARGUMENTS, "")
        below = [number for number, cells in islice(grid.rows, _MOST_BEFORE_HEADER) if knows_several(map(str, cells))]
        if below and not knows_several(header):
            above = below[0] - 1
            hint = f"If line {below[0]} is the header, pass"
            remedy = Remedy(f"{hint} skip_rows={above}. {ARGUMENTS}", f"{hint} --skip-rows {above}.")
        reason = "the columns do not fit a roster"
        if not any(header):
            reason, faults = "the file is empty", [_HOW_TO_BEGIN]
        raise InvalidFile(
            f"{where}: {reason}. Nothing was sent.", faults=[f"{where}: {fault}" for fault in faults], remedy=remedy
        )
    lines = []
    for number, cells in grid.rows:
        if len(cells) > len(meant) and len(filled := _without_empty_end(cells)) > len(meant):
            fault = (
                f"the row has {len(filled)} cells, but the header has {len(meant)}. To ignore the cells at the end, "
                f"name their columns in the header, and pass --ignore with each name"
            )
            lines.append(Line(number, {}, (fault,)))
        elif (line := _line(number, cells, meant, grid.text)) is not None:
            lines.append(line)
    return lines


def _line(number: int, values: Sequence[object], columns: Sequence[str], text: Callable[[object], str]) -> Line | None:
    """Return a line with its cells by column of a roster, or None if all cells are empty.

    A cell whose column is "" is ignored. If `text` raises `CellFault`, the line gets this fault.
    """
    cells: dict[str, str] = {}
    faults = []
    for column, value in zip(columns, values, strict=False):
        if not column:
            continue
        try:
            if column == "until" and isinstance(value, datetime.date) and str(value) != "NaT":
                cells[column] = value.isoformat().removesuffix("T00:00:00")  # a spreadsheet has a time for each day
            elif text is _json_text and type(value) is _JSON_TYPES.get(column):
                cells[column] = f"#{value}" if column == "integration" else str(value)
            else:
                cells[column] = text(value)
        except CellFault as fault:
            faults.append(f"the {column} {fault}")
    return Line(number, cells, tuple(faults)) if faults or any(map(str.strip, cells.values())) else None


def _without_empty_end(cells: Sequence[Any]) -> Sequence[Any]:
    """Return the cells without the empty ones that a spreadsheet leaves at the end."""
    filled = [number for number, cell in enumerate(cells, start=1) if str(cell).strip()]
    return cells[: filled[-1]] if filled else cells[:0]
