"""What css-sdk writes can be edited and applied: reports, exports and results, as CSV, JSON and workbooks."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from css_sdk import read_roster
from css_sdk._text.workbooks import workbook_of
from css_sdk.roster.cells import Source
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

Run = Callable[..., int]
ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
FORMATS = ["csv", "xlsx", "jsonl"]


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The rows on stdout."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def cells_of(file: Path) -> list[list[str]]:
    """The cells of a workbook, the header first."""
    pytest.importorskip("python_calamine")
    from css_sdk.roster.workbooks import grid_of

    grid = grid_of(file.read_bytes(), Source(file.name))
    return [list(grid.header), *([str(cell) for cell in cells] for _, cells in grid.rows)]


def edit(file: Path, old: str, new: str, *, row: int) -> None:
    """Change a cell of the row with this number, from 1, as somebody does in Excel or in an editor."""
    if file.suffix == ".xlsx":
        lines = cells_of(file)
        assert old in lines[row]
        lines[row][lines[row].index(old)] = new
        file.write_bytes(workbook_of(lines, "Edited"))
        return
    text = file.read_text(encoding="utf-8-sig").splitlines()
    at = row if file.suffix == ".csv" else row - 1
    assert old in text[at]
    text[at] = text[at].replace(old, new, 1)
    file.write_text("\n".join(text) + "\n", encoding="utf-8")


def needs_excel(ending: str) -> None:
    """Skip a test of workbooks where the extra is not installed."""
    if ending == "xlsx":
        pytest.importorskip("python_calamine")
        pytest.importorskip("xlsxwriter")


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("command", ["report", "roster export"])
def test_one_edited_cell_is_the_one_change(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, ending: str
) -> None:
    """Unchanged, there is nothing to do; roles through composite roles are not taken for grants."""
    needs_excel(ending)
    file = tmp_path / f"who.{ending}"
    assert run_css(*command.split(), "-i", 101, "-e", "dev", "--output", file) == 0
    assert run_css("roster", "check", file, "--online", "--json") == 0
    capsys.readouterr()
    assert run_css("roster", "check", file, "--online", "--json") == 0
    before = told(capsys)
    assert {row["state"] for row in before} == {"already has it"}
    assert len(before) == 4
    changed = next(row for row in before if row["role"] == "reviewer")
    first = 1 if ending == "jsonl" else 2
    edit(file, "reviewer", "approver", row=changed["line"] - first + 1)
    assert run_css("roster", "check", file, "--online", "--json") == 0
    after = told(capsys)
    assert [(row["user"], row["role"]) for row in after if row["state"] == "to do"] == [(changed["user"], "approver")]
    sent = asked(sandbox)
    assert run_css("roster", "apply", file) == 0
    assert (asked(sandbox) - sent)["POST"] == 1
    assert changed["user"] in sandbox.members(GRANTS_PORTAL, "dev", "approver")
    # An older export is replaced, a file of another kind is not.
    assert run_css(*command.split(), "-i", 101, "-e", "dev", "--output", file) == 0
    other = "roster export" if command == "report" else "report"
    if ending != "jsonl":
        assert run_css(*other.split(), "-i", 101, "-e", "dev", "--output", file) == 64


def test_an_address_that_does_not_belong_to_the_username_is_a_fault(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its line, before anything is sent: somebody changed the one and not the other."""
    file = tmp_path / "who.csv"
    assert run_css("roster", "export", "-i", 101, "-e", "dev", "--output", file) == 0
    edit(file, "ilse.hargreave@example.com", "caspian.quist@example.com", row=1)
    before = asked(sandbox)
    for command in (["check", "--online"], ["apply"]):
        assert run_css("roster", *command, file) == 64
        err = capsys.readouterr().err
        assert f"line 2: the email is 'caspian.quist@example.com', and {ILSE} has 'ilse.hargreave@example.com'" in err
    assert (asked(sandbox) - before).keys() <= {"GET", "token"}
    edit(file, "101,Grants Portal", "102,Grants Portal", row=1)
    assert run_css("roster", "check", file, "--online") == 64
    assert "line 2: the integration is '#102' (#102, Fisheries Service), but 'Grants Portal'" in capsys.readouterr().err


def test_an_export_is_printed_or_filtered(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """CSV by default; a workbook needs a file, and the name of a file shows its format."""
    assert run_css("roster", "export", "-i", 101, "-e", "dev", "--role", "reviewer") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "integration_id,integration,environment,role,username,name,email"
    assert {line.split(",")[3] for line in lines[1:]} == {"reviewer"}
    assert run_css("roster", "export", "--format", "xlsx") == 64
    assert "name a file with --output" in capsys.readouterr().err
    assert run_css("roster", "export", "--output", tmp_path / "x.html") == 64
    assert run_css("roster", "export", "--role", "nope") == 0
    assert "No environment that was read has a role nope" in capsys.readouterr().err.replace("'", "")


def test_results_of_a_workbook_are_a_workbook(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Corrected and applied, only the corrected row is sent."""
    needs_excel("xlsx")
    first, second = usernames(sandbox, 20)[-2:]
    roster = tmp_path / "people.xlsx"
    lines = [["username", "role", "note"], [first, "reviewer", ""], [second, "reviwer", ""]]
    roster.write_bytes(workbook_of(lines, "People"))
    assert run_css("roster", "apply", roster, "-i", 101, "-e", "dev", "--ignore", "note") == 3
    result = tmp_path / "people.result.xlsx"
    assert f"The rows that are left are in {result}." in capsys.readouterr().err
    header = cells_of(result)[0]
    assert header[-2:] == ["outcome", "message"]
    edit(result, "reviwer", "reviewer", row=2)
    before = asked(sandbox)
    assert run_css("roster", "apply", result) == 0
    assert (asked(sandbox) - before)["POST"] == 1
    assert {first, second} <= set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer"))


def test_a_workbook_shows_what_stands_in_it() -> None:
    """The header stays, has filters, and columns are wide enough; nothing is a formula, a link or a number."""
    needs_excel("xlsx")
    import zipfile

    cells = ["=1+1", "https://example.com", "00101", "@SUM(A1)", "'quoted", "a" * 100]
    content = workbook_of([["one", "two", "three", "four", "five", "six"], cells], "Kept")
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet
    assert '<autoFilter ref="A1:F2"/>' in sheet
    assert 'width="60' in sheet
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert sheet.count('t="s"') == 12
    [row] = read_roster(
        workbook_of([["email", "role"], ["ilse@example.com", "=1+1"]], "x"), integration="101", environment="dev"
    )
    assert row.role == "=1+1"
