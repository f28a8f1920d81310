"""Lines of CSV that a spreadsheet may open: no cell of them becomes a formula, and what was written can be read again.

A program that takes `;` or a tab for the separator does not see the quotes of a file that is separated by commas, and
would begin a new cell in the middle of one. So a guard, `'`, also stands after each of these. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_FORMULA: Final = r"[^\S\t\r\n]*[=+\-@＝＋－＠]"  # noqa: RUF001 - some versions of Excel take the wide ones as well
_BEGIN: Final = r"(?:^|(?<=[;\t\r\n]))"
_TO_GUARD: Final = re.compile(rf"^(?=[\t\r\n])|{_BEGIN}(?={_FORMULA}|')")
_GUARD: Final = re.compile(rf"^'(?=[\t\r\n])|{_BEGIN}'(?={_FORMULA}|')")
_TO_QUOTE: Final = re.compile(r'[",;\t\r\n]|^\s|\s$')


def csv_line(cells: Iterable[str]) -> str:
    """Return a line of CSV, separated by commas and without a line end.

    Args:
        cells: of the line.

    >>> print(csv_line(["reviewer", "=1+1", "a;=b", "a, b"]))
    reviewer,'=1+1,"a;'=b","a, b"
    """
    return ",".join(map(_quoted, map(guarded, cells)))


def guarded(cell: str) -> str:
    """Return a cell with a `'` before all that a spreadsheet would take for a formula, and before a `'`.

    >>> guarded("=1+1"), guarded("'t Hooft"), guarded("0f3a@idir")
    ("'=1+1", "''t Hooft", '0f3a@idir')
    """
    return _TO_GUARD.sub("'", cell)


def unguarded(cell: str) -> str:
    """Return what `guarded` was given.

    A `'` that guards nothing is the user's own, as in a file that somebody wrote by hand, and stays.

    >>> unguarded("'=1+1"), unguarded("''t Hooft"), unguarded("'t Hooft")
    ('=1+1', "'t Hooft", "'t Hooft")
    """
    return _GUARD.sub("", cell)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell
