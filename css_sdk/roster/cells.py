"""Hold the table or the records of a roster before its columns are identified, and convert cells to text. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from attrs import frozen

_MOST_EXACT: Final = 10**15
"""Floats of this size or more are refused, because a spreadsheet keeps only 15 digits of a number."""


@frozen
class Grid:
    """A table with a header, such as a CSV file.

    `number` is the line of the header. Each row in `rows` has its own line number.
    """

    number: int
    header: Sequence[str]
    rows: Iterable[tuple[int, Sequence[object]]]
    text: Callable[[object], str]
    """A function that returns a cell as text, or raises `CellFault`."""


@frozen
class Record:
    """A row that names its cells, such as a JSON object.

    Attributes:
        number: the line of the row; for a dictionary, its position in the list, from 1.
        fault: what is wrong with a row that is not an object; "" for an object.
    """

    number: int
    pairs: Sequence[tuple[str, object]] = ()
    fault: str = ""


@frozen
class Source:
    """How to read the file of a roster.

    Attributes:
        name: the name of the file. If it ends in `.jsonl`, `.ndjson` or `.json`, a text is read as JSON.
        sheet: the name of the sheet to read in a workbook; None if only one sheet has content.
        encoding: the encoding of a text; None to detect UTF-8 or UTF-16.
    """

    name: str
    skip_rows: int = 0
    sheet: str | None = None
    encoding: str | None = None
    max_bytes: int | None = None


class CellFault(Exception):
    """Report that the value of a cell cannot be used as text.

    The message continues the name of the column. For example, "is a long number" becomes "the guid is a long number".
    """


def plain_text(value: Any) -> str:
    """Return the value of a cell as the text that people see; "" for an empty cell.

    Raise `CellFault` for a date, a time or a float of more than 15 digits, because a program may have changed what
    somebody typed. A workbook has a `CellFault` instead of a value that could not be read. Raise this fault, too.

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
        raise CellFault(
            f"is the date {value}, which a program may have made from other text; format the column as text and type "
            f"it again"
        )
    raise CellFault(f"is not a text, but a value of type {type(value).__name__}")


def sendable(text: str) -> str:
    """Return the text unchanged, or raise `CellFault` if it cannot be sent to the service.

    Half of a UTF-16 character (a surrogate) has no encoding in UTF-8.
    """
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise CellFault("contains characters that cannot be sent to the service")
    return text
