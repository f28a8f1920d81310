"""Write the results of a roster as a roster that can be corrected and applied again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._text.csv_lines import csv_line
from ..errors import Ambiguous, Withheld
from ..models import User
from ..people.cells import PERSON_COLUMNS
from .columns import ALL_COLUMNS, CANDIDATES
from .rows import RowResult


def results_as_csv(results: Iterable[RowResult]) -> str:
    """Return results as a roster in CSV. If this roster is applied, css-sdk carries out only rows that are not done.

    If a spreadsheet would read a cell as a formula, the cell begins with a `'`, which `read_roster` removes. Removals
    that were withheld are left out. To carry them out, correct the original roster, and apply it again.
    """
    return "".join(f"{csv_line(cells)}\r\n" for cells in results_as_cells(list(results)))


def results_as_cells(results: Sequence[RowResult]) -> Iterator[list[str]]:
    """Yield the header of a result file, and then the cells of each row. Removals that were withheld are left out.

    If a row is ambiguous, the file has the columns `choice` and `candidate_1` to `candidate_3`. The user writes the
    number of a candidate into `choice`, and applies the file again.
    """
    is_ambiguous = any(isinstance(result.error, Ambiguous) for result in results)
    has_ends = any(result.row.until is not None for result in results)
    yield [*ALL_COLUMNS, *(("choice", *CANDIDATES) if is_ambiguous else ()), *(("until",) if has_ends else ())]
    for result in results:
        if not isinstance(result.error, Withheld):
            until = str(result.row.until or "")
            yield [*_cells(result, candidates=is_ambiguous), *([until] if has_ends else [])]


def _cells(result: RowResult, *, candidates: bool) -> list[str]:
    row, error = result.row, result.error
    named = {row.person.by: row.person.value}
    if row.email:
        named["email"] = row.email
    person = [named.get(by, "") for by in PERSON_COLUMNS]
    place = [row.person.provider or "", row.role, row.integration, row.environment, row.action]
    cells = [*person, *place, result.state, "" if error is None else error.text_for("file")]
    if candidates:
        found = error.candidates if isinstance(error, Ambiguous) else ()
        # The username is the last word: `choice` finds it there.
        names = [f"{user.name} {user.username}".strip() for user in found if isinstance(user, User)]
        cells += ["", *[*names, *[""] * len(CANDIDATES)][: len(CANDIDATES)]]
    return cells
