"""Lines of CSV: no cell becomes a formula, for any separator, and written cells are read back unchanged."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk._text.csv_lines import csv_line, guarded, unguarded
from css_sdk.errors import InvalidRequest
from css_sdk.people.identities import Person
from css_sdk.roster.reading import read_roster
from css_sdk.roster.results import results_as_csv
from css_sdk.roster.rows import Row, RowResult

CELLS = st.text(st.sampled_from("=+-@'\"; ,\t\r\nax\uff1d"), max_size=8)
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")  # noqa: RUF001


@given(CELLS)
def test_a_guard_is_reversible(cell: str) -> None:
    """This is true for every content of a cell."""
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["'t Hooft", "it's", "a'=b", "'", "reviewer", "a - b", "a@b.example"])
def test_what_guards_nothing_stays(cell: str) -> None:
    """A file that somebody wrote by hand, with names that hold a `'`."""
    assert unguarded(cell) == cell


@given(st.lists(CELLS.map(lambda cell: cell.replace('"', "")), min_size=2, max_size=3), st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_whatever_separates_cells(cells: list[str], delimiter: str) -> None:
    """A spreadsheet that takes another separator does not see the quotes, and begins cells where it finds its own."""
    line = csv_line(cells)
    if delimiter == ",":
        [found] = csv.reader(io.StringIO(line, newline=""), strict=True)
        assert [unguarded(cell) for cell in found] == cells
        assert not any(map(FORMULA.match, found))
        return
    for piece in re.split(f"[{delimiter}\r\n]", line):
        assert not FORMULA.match(piece.lstrip('"'))


def test_a_cell_that_holds_a_separator_is_quoted() -> None:
    """Any that a program may take for one."""
    assert csv_line(["x;=cmd|' /C calc'!A0", "a\tb", "plain"]) == '"x;\'=cmd|\' /C calc\'!A0","a\tb",plain'


@pytest.mark.parametrize("role", ["=1+1", "'quoted", "x;=cmd", "+a", "@b", "-", "a,b", 'say "no"'])
def test_results_are_read_again_as_they_were(role: str) -> None:
    """A role that looks like a formula is tried again by its own name."""
    row = Row(2, Person("username", f"{'0f' * 16}@idir"), role, "101", "dev")
    text = results_as_csv([RowResult(row, "failed", InvalidRequest("=no; @all\n-"))])
    assert [again.role for again in read_roster(text, "r.result.csv")] == [role]
    for line in text.splitlines():
        assert not any(FORMULA.match(cell) for cell in re.split('[,;"]', line) if cell)
