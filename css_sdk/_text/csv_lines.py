"""Write CSV that a spreadsheet can open safely: no cell becomes a formula, and every cell can be read back. Pure.

The guard is a `'` before a formula. Some programs take `;` or a tab as the separator, and begin a new cell there. For
this reason, a formula after `;`, a tab or a line break also gets the guard.
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
    """Return a line of CSV with commas between its guarded cells, and without a line end.

    >>> print(csv_line(["reviewer", "=1+1", "a;=b", "a, b"]))
    reviewer,'=1+1,"a;'=b","a, b"
    """
    return ",".join(map(_quoted, map(guarded, cells)))


def guarded(cell: str) -> str:
    """Return a cell with the guard `'` before each text that a spreadsheet could read as a formula.

    If the cell itself has a `'` at a place where a guard can be, this `'` gets a guard, too. Otherwise, `unguarded`
    would remove it. A tab or a line break at the beginning of the cell also gets a guard.

    >>> guarded("=1+1"), guarded("'t Hooft"), guarded("0f3a@idir")
    ("'=1+1", "''t Hooft", '0f3a@idir')
    """
    return _TO_GUARD.sub("'", cell)


def unguarded(cell: str) -> str:
    """Return the original cell from a result of `guarded`.

    Any other `'` stays, because a person wrote it.

    >>> unguarded("'=1+1"), unguarded("''t Hooft"), unguarded("'t Hooft")
    ('=1+1', "'t Hooft", "'t Hooft")
    """
    return _GUARD.sub("", cell)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _TO_QUOTE.search(cell) else cell
