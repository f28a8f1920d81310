"""`python -m tests.roster_files` writes the workbooks of this folder again."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter

HERE = Path(__file__).parent
ILSE, CASPIAN = "ilse@example.com", "caspian@example.com"


def plain(book: Any, sheet: Any) -> None:
    """Write ids as numbers, empty rows, and a hidden sheet with other content."""
    sheet.write_row(0, 0, ["Email", "Role name", "Integration", "Env"])
    sheet.write_row(1, 0, [ILSE, "reviewer", 101, "dev"])
    sheet.write_row(4, 0, [CASPIAN, "reviewer", 101, "dev"])
    hidden = book.add_worksheet("Lists")
    hidden.write_row(0, 0, ["dev", "test", "prod"])
    hidden.hide()


def two_sheets(book: Any, sheet: Any) -> None:
    """Write two lists into one workbook."""
    sheet.name = "2025"
    sheet.write_row(0, 0, ["email", "role"])
    sheet.write_row(1, 0, [CASPIAN, "reviewer"])
    other = book.add_worksheet("2026")
    other.write_row(0, 0, ["email", "role"])
    other.write_row(1, 0, [ILSE, "reviewer"])


def merged(book: Any, sheet: Any) -> None:
    """Write a title over all columns, and one merged role for two people."""
    sheet.merge_range(0, 0, 0, 1, "Access list, version 3")
    sheet.write_row(1, 0, ["email", "role"])
    for row, person in enumerate((ILSE, CASPIAN), start=2):
        sheet.write(row, 0, person)
    sheet.merge_range(2, 1, 3, 1, "reviewer")


def formulas(book: Any, sheet: Any) -> None:
    """Write a formula with a stored value, and one without, as programs do that do not calculate."""
    sheet.write_row(0, 0, ["email", "role"])
    sheet.write_row(1, 0, [ILSE])
    sheet.write_formula(1, 1, '="review"&"er"', None, "reviewer")
    sheet.write_row(2, 0, [CASPIAN])
    sheet.write_formula(2, 1, '="review"&"er"', None, "")


def errors(book: Any, sheet: Any) -> None:
    """Write a lookup without a result."""
    sheet.write_row(0, 0, ["email", "role"])
    sheet.write_row(1, 0, [ILSE])
    sheet.write_formula(1, 1, "=VLOOKUP(A2,Roles!A:B,2,FALSE)", None, "#N/A")


def changed(book: Any, sheet: Any) -> None:
    """Write what Excel makes of the role `1-2` and of a GUID of digits."""
    sheet.write_row(0, 0, ["guid", "role"])
    sheet.write_string(1, 0, "0f3a" * 8)
    sheet.write_datetime(1, 1, datetime.datetime(2026, 2, 1), book.add_format({"num_format": "d-mmm"}))
    sheet.write_number(2, 0, float("12345678901234567890123456789012"))
    sheet.write_string(2, 1, "reviewer")


def far_apart(book: Any, sheet: Any) -> None:
    """Write a single cell in the last row and column."""
    sheet.write_row(0, 0, ["email", "role"])
    sheet.write_row(1, 0, [ILSE, "reviewer"])
    sheet.write_string(1_048_575, 16_383, "x")


def empty(book: Any, sheet: Any) -> None:
    """Write an empty sheet."""


BOOKS: dict[str, Callable[[Any, Any], None]] = {
    "plain": plain,
    "two-sheets": two_sheets,
    "merged": merged,
    "formulas": formulas,
    "errors": errors,
    "changed": changed,
    "far-apart": far_apart,
    "empty": empty,
}

if __name__ == "__main__":
    for name, fill in BOOKS.items():
        with xlsxwriter.Workbook(HERE / f"{name}.xlsx") as book:
            book.set_properties({"created": datetime.datetime(2026, 11, 28)})
            fill(book, book.add_worksheet())
