"""Read a roster from a sheet of an Excel workbook, within limits. Pure.

python-calamine reads sheets quickly. But this module first reads their XML, for two reasons:

- python-calamine keeps the whole rectangle of a sheet in memory. This module refuses large sheets.
- python-calamine returns an empty cell for a formula without a value. This module reports such a formula as a fault.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any, Final
from xml.parsers import expat

from ..errors import ConfigurationError, InvalidFile, Remedy
from .cells import CellFault, Grid, Source, plain_text

_MOST_CELLS: Final = 2_000_000
"""The largest number of cells that a sheet may have, empty cells included, because all are kept in memory."""
_UNPACKED: Final = 5
"""The largest unpacked size of a workbook, as a multiple of `Source.max_bytes`."""
_WORKBOOK: Final = "xl/workbook.xml"
_OTHER_WORKBOOKS: Final = frozenset({"content.xml", "xl/workbook.bin"})
"""Files that only workbooks of other kinds contain (.ods, .xlsb). Such workbooks are refused.

python-calamine could read such workbooks, but this module cannot check first how large their sheets are.
"""
_FILLED: Final = re.compile(rb'<c r="([A-Z]{1,3})([0-9]+)"(?:[^>]*[^/>])?>')
"""Matches a cell with content, as almost all programs write it. A cell that is only formatted ends with a slash."""
_UNUSUAL: Final = re.compile(
    rb'<(?:f[\s/>]|c(?! r="[A-Z]{1,3}[1-9][0-9]{0,6}"(?: (?:s|t|cm|vm|ph)="\w*")*/?>)[\s/>]|[^\s<>/]+:(?:c|f)[\s/>])'
)
"""Matches a formula, or a cell in a form that few programs write. A sheet with such a cell must be parsed.

For example, a cell can have two addresses. python-calamine would use the last address.
"""
_AS_CSV: Final = "Or save the sheet as «CSV UTF-8». Nothing was sent."


def grid_of(content: bytes, source: Source) -> Grid:
    """Return the header and the rows of a sheet of a workbook, with the values that people see in Excel.

    Each cell of a merged range has the value of this range. If the value of a cell is not known, the cell has a
    `CellFault`.
    """
    name = source.name
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        is_encrypted = "EncryptedPackage".encode("utf-16-le") in content
        what = "protected by a password" if is_encrypted else "in the old format .xls"
        how = "Save it without the password" if is_encrypted else "Save it as .xlsx"
        raise InvalidFile(f"{name} is {what}. {how}. {_AS_CSV}")
    extents = _scan(content, source)
    try:
        import python_calamine as calamine  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(f'A workbook needs python-calamine: pip install "css-sdk[excel]". {_AS_CSV}') from None
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet = _sheet(workbook, source)
        merged = sheet.merged_cell_ranges or []
        rows = list(sheet.iter_rows())
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise _unreadable(name, str(error)) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # python-calamine is written in Rust
            raise
        raise _unreadable(name, "its content is damaged") from None
    if extents and sheet.name not in extents:
        raise _unreadable(name, f"the data of the sheet {sheet.name!r} cannot be found")
    trouble = extents.get(sheet.name, {})
    first_column = sheet.start[1] if sheet.start else 0
    for (row, column), why in trouble.items():
        if row < len(rows) and 0 <= column - first_column < len(rows[row]):
            rows[row][column - first_column] = why
    _fill_merged(rows, merged, first_column, name)
    filled = (
        (number, cells)
        for number, cells in enumerate(rows, start=1)
        if number > source.skip_rows and any(str(cell).strip() for cell in cells)
    )
    number, header = next(filled, (1 + source.skip_rows, []))
    return Grid(number, [_heading(cell) for cell in header], filled, plain_text)


def _heading(value: object) -> str:
    try:
        return plain_text(value)
    except CellFault:
        return str(value)


def _sheet(workbook: Any, source: Source) -> Any:
    """Return the sheet that `source` names, ignoring case. If it names none, return the only sheet with content.

    If no visible sheet has content, return the first visible sheet.
    """
    named = source.sheet and source.sheet.strip().casefold()
    if named:
        found = [each for each in workbook.sheet_names if each.strip().casefold() == named]
        if not found:
            every = ", ".join(map(repr, workbook.sheet_names))
            raise InvalidFile(f"{source.name} has no sheet {source.sheet!r}. Its sheets are {every}. Nothing was sent.")
        return workbook.get_sheet_by_name(found[0])
    names = [each.name for each in workbook.sheets_metadata if _is_visible_sheet(each)]
    sheets = [workbook.get_sheet_by_name(each) for each in names]
    filled = [sheet for sheet in sheets if sheet.height]
    if len(filled) > 1:
        listed = ", ".join(repr(sheet.name) for sheet in filled)
        raise InvalidFile(
            f"{source.name} has {len(filled)} sheets: {listed}. Nothing was sent.",
            remedy=Remedy("Name the sheet to read with sheet=.", "Name the sheet to read with --sheet."),
        )
    if not sheets:
        raise _unreadable(source.name, "it has no visible sheet")
    return (filled or sheets)[0]


def _is_visible_sheet(each: Any) -> bool:
    return str(each.typ).endswith("WorkSheet") and str(each.visible).endswith(".Visible")


def _fill_merged(rows: Sequence[list[Any]], merged: Iterable[Any], first_column: int, name: str) -> None:
    """Write the value of each merged range into all its cells."""
    count = 0
    for (top, left), (bottom, right) in merged:
        last = min(bottom, len(rows) - 1)
        if not (0 <= top <= last and left >= first_column) or left - first_column >= len(rows[top]):
            continue
        end = min(right - first_column + 1, len(rows[top]))
        count += (last - top + 1) * (end - left + first_column)
        if count > _MOST_CELLS:
            raise _too_wide(name)
        value = rows[top][left - first_column]
        for row in rows[top : last + 1]:
            row[left - first_column : end] = [value] * (end - left + first_column)


# The XML of the sheets


def _scan(content: bytes, source: Source) -> dict[str, dict[tuple[int, int], CellFault]]:
    """Return the fault of each cell whose value is not known, by sheet, and then by row and column from 0.

    If no sheet has a fault, return an empty mapping. If any sheet has one, the mapping has an entry for each sheet of
    the workbook. But a sheet has no entry if its data cannot be found in the file.
    """
    name, most = source.name, None if source.max_bytes is None else _UNPACKED * source.max_bytes
    trouble: dict[str, dict[tuple[int, int], CellFault]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = set(archive.namelist())
            if _WORKBOOK not in entries or _OTHER_WORKBOOKS & {name.replace("\\", "/").lower() for name in entries}:
                raise InvalidFile(f"{name} is not an Excel workbook (.xlsx). Save it as .xlsx. {_AS_CSV}")
            if most is not None and sum(info.file_size for info in archive.infolist()) > most:
                raise InvalidFile(
                    f"{name} unpacks to more than {most / 2**20:g} MiB. It may have many empty rows that are "
                    f"formatted. Copy the filled cells to a new workbook. {_AS_CSV}"
                )
            for entry in archive.infolist():
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise zipfile.BadZipFile
                # Read all entries, because each may be the sheet. Reading also checks that their stated sizes are true.
                extent = _extent(archive.read(entry))
                if extent.rows * extent.columns > _MOST_CELLS:
                    raise _too_wide(name)
                if extent.trouble:
                    trouble[entry.filename] = extent.trouble
            if not trouble:
                return {}
            sheets = _sheet_entries(archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
        raise _unreadable(name, "it is damaged") from None
    except (expat.ExpatError, LookupError, ValueError):
        raise _unreadable(name, "its XML is damaged") from None
    return {sheet: trouble.get(entry, {}) for sheet, entry in sheets.items() if entry in entries}


def _extent(data: bytes) -> _Extent:
    """Return the extent of a sheet; an empty extent if the file in the workbook is not a sheet.

    XML in the usual form is searched with a regular expression, because this is fast. Any other XML is parsed.
    """
    if b"sheetData" not in data:
        return _Extent()  # python-calamine finds no cells without this element
    if b't="e"' in data or b"t='e'" in data or _UNUSUAL.search(data):
        return _Extent().parse(data)
    filled = _FILLED.findall(data)
    columns = {column.decode() for column in {column for column, _ in filled}}
    rows = {row for _, row in filled}
    return _Extent(max(map(int, rows), default=0), max(map(_column, columns), default=0))


def _column(letters: str) -> int:
    """Return the number of a column from its letters: 1 for A.

    >>> _column("A"), _column("AA")
    (1, 27)
    """
    return reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters, 0)


class _Extent:
    """The used area of a sheet, and the cells whose values are not known.

    Attributes:
        rows: the number of the last row that has a value, from 1.
        columns: the number of the last column that has a value, from 1.
        trouble: the fault of each cell with an error of Excel, or with a formula without a value. The key is the row
            and the column, from 0. Only `parse` finds these faults.
    """

    def __init__(self, rows: int = 0, columns: int = 0) -> None:
        self.rows, self.columns = rows, columns
        self.trouble: dict[tuple[int, int], CellFault] = {}
        self._row = self._at = 0
        self._cell: tuple[int, int] = (0, 0)
        self._is_error = self._has_formula = False
        self._inside = ""
        self._value = ""

    def parse(self, data: bytes) -> _Extent:
        """Fill in this extent from the XML of a sheet, and return it."""
        _parse(data, self._start, self._end, self._characters)
        return self

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._row, self._at = int(attributes.get("r") or self._row + 1), 0
            case "c":
                found = re.fullmatch("([A-Z]{1,3})([0-9]{1,7})", attributes.get("r", ""))
                if "r" in attributes and not found:
                    raise expat.ExpatError
                self._at = _column(found[1]) if found else self._at + 1
                self._cell = (int(found[2]) if found else self._row, self._at)
                self._is_error, self._has_formula, self._value = attributes.get("t") == "e", False, ""
            case "f":
                self._has_formula = True
            case "v" | "t" as inside:
                self._inside = inside

    def _characters(self, text: str) -> None:
        if self._inside:
            self._value = (self._value + text)[:20]

    def _end(self, name: str) -> None:
        self._inside = ""
        if name.rpartition(":")[2] != "c" or not (self._value or self._has_formula):
            return
        row, column = self._cell
        self.rows, self.columns = max(self.rows, row), max(self.columns, column)
        if self._is_error:
            self.trouble[row - 1, column - 1] = CellFault(f"is an error of Excel, {self._value}")
        elif self._has_formula and not self._value:
            self.trouble[row - 1, column - 1] = CellFault(
                "is a formula without a value; open the workbook in Excel and save it, or write the value"
            )


def _sheet_entries(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the path of each sheet in the ZIP archive, by the name of the sheet."""
    targets: dict[str, str] = {}
    found: dict[str, str] = {}

    def relation(name: str, attributes: Mapping[str, str]) -> None:
        if name.endswith("Relationship"):
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def sheet(name: str, attributes: Mapping[str, str]) -> None:
        if name.rpartition(":")[2] == "sheet":
            target = targets.get(next((text for key, text in attributes.items() if key.endswith(":id")), ""), "")
            found[attributes.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    rels = "xl/_rels/workbook.xml.rels"
    if rels in archive.namelist():
        _parse(archive.read(rels), relation)
        _parse(archive.read(_WORKBOOK), sheet)
    return found


def _parse(data: bytes, start: Any, end: Any = None, characters: Any = None) -> None:
    """Parse XML, and call a function for each start tag, each end tag and each text.

    XML that declares a document type is refused, because a workbook never declares one.
    """
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise expat.ExpatError

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.Parse(data, True)


def _too_wide(name: str) -> InvalidFile:
    return InvalidFile(
        f"{name} has a sheet whose cells lie too far apart: with the empty cells between them, it has more than "
        f"{_MOST_CELLS:,} cells. Copy the filled cells to a new workbook. {_AS_CSV}"
    )


def _unreadable(name: str, why: str) -> InvalidFile:
    return InvalidFile(f"{name} cannot be read as a workbook: {why}. Open it in Excel and save it again. {_AS_CSV}")


def header_of(content: bytes) -> list[str]:
    """Return the header of the only sheet of a workbook; an empty list if the workbook cannot be read."""
    try:
        return list(grid_of(content, Source("the file")).header)
    except InvalidFile:
        return []
