"""Write tables as Excel workbooks in which no cell is a formula, a link or a number. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Final

from ..errors import ConfigurationError, InvalidFile

_WIDEST: Final = 60
_FIRST_ROWS: Final = 1000
"""The number of first rows that decide the widths of the columns."""


def workbook_of(lines: Iterable[Sequence[str]], title: str) -> bytes:
    """Return the bytes of an Excel workbook with one sheet. Write all cells as texts.

    The first line is the header. It stays visible when the user scrolls, and has filters.
    """
    try:
        import xlsxwriter  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError('To write a workbook, install XlsxWriter: pip install "css-sdk[excel]".') from None
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet(title)
        bold = workbook.add_format({"bold": True})
        widths: list[int] = []
        last = 0
        for last, cells in enumerate(lines):
            if last < _FIRST_ROWS:
                widths = [max(pair) for pair in zip(widths or [0] * len(cells), map(len, cells), strict=True)]
            for column, cell in enumerate(cells):
                if cell and sheet.write_string(last, column, cell, bold if last == 0 else None) != 0:
                    raise InvalidFile(
                        f"Row {last + 1} does not fit into a sheet. A sheet can hold 1,048,576 rows, and a cell 32,767 "
                        f"characters. Write CSV instead."
                    )
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(last, 1), max(len(widths) - 1, 0))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width + 2, _WIDEST))
    return written.getvalue()
