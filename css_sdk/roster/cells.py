"""Describe the cells of a roster before their columns are known, and convert values to text. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from attrs import frozen

_MOST_EXACT: Final = 10**15
"""A spreadsheet keeps 15 digits of a number."""


@frozen
class Grid:
    """A table: a header with its line number, and rows of cells with their line numbers."""

    number: int
    header: Sequence[str]
    rows: Iterable[tuple[int, Sequence[object]]]
    text: Callable[[object], str]
    """A function that returns a cell as text, or raises `CellFault`."""


@frozen
class Record:
    """A row whose cells have names, such as a JSON object; or the fault of a line that is not such a row."""

    number: int
    pairs: Sequence[tuple[str, object]] = ()
    fault: str = ""


@frozen
class Source:
    """How to read the file of a roster.

    Attributes:
        name: the name of the file, for messages. `.jsonl`, `.ndjson` and `.json` mean JSON.
        skip_rows: the number of lines above the header.
        sheet: the sheet of a workbook.
        encoding: the encoding of a text. By default it is detected: UTF-8 or UTF-16.
        max_bytes: the largest size that is read; None for no limit.
    """

    name: str
    skip_rows: int = 0
    sheet: str | None = None
    encoding: str | None = None
    max_bytes: int | None = None


class CellFault(Exception):
    """Say why the value of a cell cannot be used as text. The message becomes a fault of the line."""


def plain_text(value: Any) -> str:
    """Return a cell of a workbook, a DataFrame or a dictionary as people see it. A `CellFault` is a cell without value.

    Raises:
        CellFault: the cell is not a text, or the program has changed the text that was typed.

    >>> [plain_text(value) for value in ("reviewer", 101.0, None, float("nan"), True)]
    ['reviewer', '101', '', '', 'TRUE']
    """
    if isinstance(value, str):
        return sendable(value)
    if isinstance(value, CellFault):
        raise CellFault(*value.args)
    if hasattr(value, "item") and not isinstance(value, (int, float)):
        value = value.item()  # a number of numpy
    if value is None or str(value) in ("<NA>", "NaT", "nan"):
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and abs(value) >= _MOST_EXACT:
        raise CellFault("is a long number, which a spreadsheet rounds; format the column as text and type it again")
    if isinstance(value, int | float):
        return str(int(value)) if value == int(value) else str(value)
    if isinstance(value, datetime.date | datetime.time):
        raise CellFault(f"is the date {value}, but the text that was typed may differ; format the column as text")
    raise CellFault(f"is not a text, but a value of type {type(value).__name__}")


def sendable(text: str) -> str:
    """Return a text that can be sent to the service.

    Raises:
        CellFault: the text contains half of a UTF-16 character.
    """
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise CellFault("holds characters that cannot be sent")
    return text
