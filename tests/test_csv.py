"""css-sdk writes CSV in which no cell becomes a formula, for any separator, and reads its cells back unchanged."""

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
def test_a_guarded_cell_is_read_back_unchanged(cell: str) -> None:
    """A cell of any content that was guarded against formulas is read back unchanged."""
    assert unguarded(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["'t Hooft", "it's", "a'=b", "'", "reviewer", "a - b", "a@b.example"])
def test_an_apostrophe_that_guards_no_formula_stays(cell: str) -> None:
    """An apostrophe in a handwritten cell stays, unless it guards a formula."""
    assert unguarded(cell) == cell


@given(st.lists(CELLS.map(lambda cell: cell.replace('"', "")), min_size=2, max_size=3), st.sampled_from(",;\t"))
def test_no_cell_is_a_formula_for_any_separator(cells: list[str], delimiter: str) -> None:
    """No cell is a formula, even if a spreadsheet splits the line at another separator and ignores the quotes."""
    line = csv_line(cells)
    if delimiter == ",":
        [found] = csv.reader(io.StringIO(line, newline=""), strict=True)
        assert [unguarded(cell) for cell in found] == cells
        assert not any(map(FORMULA.match, found))
        return
    for piece in re.split(f"[{delimiter}\r\n]", line):
        assert not FORMULA.match(piece.lstrip('"'))


def test_a_cell_that_holds_a_separator_is_quoted() -> None:
    """A cell that contains a comma, a semicolon or a tab is quoted."""
    assert csv_line(["x;=cmd|' /C calc'!A0", "a\tb", "plain"]) == '"x;\'=cmd|\' /C calc\'!A0","a\tb",plain'


@pytest.mark.parametrize("role", ["=1+1", "'quoted", "x;=cmd", "+a", "@b", "-", "a,b", 'say "no"'])
def test_roles_that_look_like_formulas_are_read_back_from_results(role: str) -> None:
    """If a role's name looks like a formula, a file of results guards it, and reading the file gives the same name."""
    row = Row(2, Person("username", f"{'0f' * 16}@idir"), role, "101", "dev")
    text = results_as_csv([RowResult(row, "failed", InvalidRequest("=no; @all\n-"))])
    assert [again.role for again in read_roster(text, "r.result.csv")] == [role]
    for line in text.splitlines():
        assert not any(FORMULA.match(cell) for cell in re.split('[,;"]', line) if cell)
