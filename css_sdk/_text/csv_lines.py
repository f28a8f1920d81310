"""Write CSV that a spreadsheet can open safely: no cell becomes a formula, and every cell can be read back. Pure.

A program that reads `;` or a tab as the separator ignores the quotes of a comma-separated file, and begins a new cell
in the middle of a quoted one. So a guard, `'`, is also written after each `;` and tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_FORMULA: Final = r"[^\S\t\r\n]*[=+\-@＝＋－＠]"  # noqa: RUF001 - some versions of Excel accept the wide characters as well
_BEGIN: Final = r"(?:^|(?<=[;\t\r\n]))"
_TO_GUARD: Final = re.compile(rf"^(?=[\t\r\n])|{_BEGIN}(?={_FORMULA}|')")
_GUARD: Final = re.compile(rf"^'(?=[\t\r\n])|{_BEGIN}'(?={_FORMULA}|')")
_TO_QUOTE: Final = re.compile(r'[",;\t\r\n]|^\s|\s$')


def csv_line(cells: Iterable[str]) -> str:
    """Return a line of CSV, separated by commas and without a line end.

    Args:
        cells: the cells of the line.

    >>> print(csv_line(["reviewer", "=1+1", "a;=b", "a, b"]))
    reviewer,'=1+1,"a;'=b","a, b"
    """
    return ",".join(map(_quoted, map(guarded, cells)))


def guarded(cell: str) -> str:
    """Return a cell with a `'` before everything that a spreadsheet could read as a formula, and before a `'`.

    >>> guarded("=1+1"), guarded("'t Hooft"), guarded("0f3a@idir")
    ("'=1+1", "''t Hooft", '0f3a@idir')
    """
    return _TO_GUARD.sub("'", cell)


def unguarded(cell: str) -> str:
    """Return the original cell from a result of `guarded`.

    A `'` that guards nothing stays: it is part of the text, as in a file that was written by hand.

    >>> unguarded("'=1+1"), unguarded("''t Hooft"), unguarded("'t Hooft")
    ('=1+1', "'t Hooft", "'t Hooft")
    """
    return _GUARD.sub("", cell)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell
