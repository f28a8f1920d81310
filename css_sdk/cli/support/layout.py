"""Lay out tables as lines of text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._text.escaping import shown

Paint = Callable[[str, str], str]
"""A function that takes a column and the text of a cell, and returns the text in colour."""
BELOW = "message"
"""The column whose cells are printed below their rows if the table is too wide."""


def text_width(text: str) -> int:
    """Return how many columns of a terminal a text needs. A wide character needs two columns, a combining accent none.

    >>> text_width("abc"), text_width("日本"), text_width("e\\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def table_lines(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], most: int | None = None, paint: Paint = lambda _, it: it
) -> list[str]:
    """Return the lines of a table with these columns.

    If the table is wider than `most` characters, print each message below its row. If the table is still too wide,
    print each cell on its own line.

    >>> rows = [{"role": "reviewer", "message": "There is no such role."}]
    >>> table_lines(rows, ["role", "message"])
    ['ROLE      MESSAGE', 'reviewer  There is no such role.']
    >>> table_lines(rows, ["role", "message"], 20)
    ['ROLE', 'reviewer', '  There is no such', '  role.']
    """
    cells = [{column: cell_text(row[column]) for column in columns} for row in rows]
    widths = {column: max(map(text_width, (column, *(row[column] for row in cells)))) for column in columns}

    def is_too_wide(among: Sequence[str]) -> bool:
        return most is not None and sum(widths[column] for column in among) + 2 * (len(among) - 1) > most

    if not is_too_wide(columns):
        return _lines(cells, columns, widths, paint)
    short = [column for column in columns if column != BELOW]
    if most is None or is_too_wide(short):
        return [line for row in cells for line in _block(row, columns, most or 0, paint)]
    header, *lines = _lines(cells, short, widths, paint)
    below = [[f"  {part}" for part in wrapped(row.get(BELOW, ""), most - 2)] for row in cells]
    return [header, *(part for line, parts in zip(lines, below, strict=True) for part in (line, *parts))]


def _lines(
    cells: Sequence[Mapping[str, str]], columns: Sequence[str], widths: Mapping[str, int], paint: Paint
) -> list[str]:
    header = {column: column.upper() for column in columns}

    def line(row: Mapping[str, str], paint: Paint) -> str:
        parts = [(row[column], paint(column, row[column]), widths[column]) for column in columns]
        while parts and not parts[-1][0]:
            parts.pop()
        *before, last = parts or [("", "", 0)]
        return "".join(
            [*(f"{painted}{' ' * (width - text_width(text))}  " for text, painted, width in before), last[1]]
        )

    return [line(header, lambda _, it: it), *(line(row, paint) for row in cells)]


def _block(row: Mapping[str, str], columns: Sequence[str], most: int, paint: Paint) -> list[str]:
    """Return a row as several lines, one for each cell that is not empty. Add an empty line."""
    indent = max(map(len, columns)) + 2
    lines = []
    for column in columns:
        first, *others = wrapped(row[column], max(most - indent, 20)) or [""]
        if first:
            lines += [f"{column.upper():{indent}}{paint(column, first)}", *(" " * indent + part for part in others)]
    return [*lines, ""]


def wrapped(text: str, most: int) -> list[str]:
    """Return a text in lines of at most `most` columns, broken at blanks. Break only words that are longer than a line.

    >>> wrapped("There is no such role.", 12)
    ['There is no', 'such role.']
    """
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(lines[-1]) + 1 + text_width(word) <= most:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for each in word:
            if text_width(lines[-1]) + text_width(each) > most:
                lines.append("")
            lines[-1] += each
    return lines


def cell_text(value: object) -> str:
    """Return the text of a cell: "yes" or "no" for a truth value, and "" for None. Join a list with commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return shown(", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))
