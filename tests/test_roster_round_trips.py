"""Files that css-sdk writes can be edited and applied: reports, exports and results, as CSV, JSON and workbooks."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from css_sdk import Ambiguous, CssError, InvalidRequest, Person, Refused, Row, RowResult, User, read_roster
from css_sdk._service.identifiers import check_role_name
from css_sdk._text.csv_lines import csv_line
from css_sdk._text.escaping import hidden_in
from css_sdk._text.workbooks import workbook_of
from css_sdk.report.rows import AccessReport
from css_sdk.report.text import grants_as_cells, report_as_cells
from css_sdk.roster.cells import Source
from css_sdk.roster.results import results_as_cells
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, PlaceState
from tests.support import GRANTS_PORTAL, asked, examples, json_rows, usernames

Run = Callable[..., int]
ILSE = "d6dff8c2546921b01198b4efd12cb3bc@idir"
FORMATS = ["csv", "xlsx", "jsonl"]


def cells_of(file: Path) -> list[list[str]]:
    """Return the cells of a workbook, the header first."""
    pytest.importorskip("python_calamine")
    from css_sdk.roster.workbooks import grid_of

    grid = grid_of(file.read_bytes(), Source(file.name))
    return [list(grid.header), *([str(cell) for cell in cells] for _, cells in grid.rows)]


def edit(file: Path, old: str, new: str, *, row: int) -> None:
    """Change a cell in the row with this number, from 1, as a user does in Excel or in an editor."""
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
    """Skip a test of workbooks if the extra is not installed."""
    if ending == "xlsx":
        pytest.importorskip("python_calamine")
        pytest.importorskip("xlsxwriter")


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("command", ["report", "roster export"])
def test_one_edited_cell_of_an_export_leads_to_one_change(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, ending: str
) -> None:
    """An unchanged report or export needs no change, and one edited cell leads to one. Roles through composites are
    left out.
    """
    needs_excel(ending)
    file = tmp_path / f"who.{ending}"
    assert run_css(*command.split(), "-i", 101, "-e", "dev", "--output", file) == 0
    assert run_css("roster", "check", file, "--online", "--json") == 0
    capsys.readouterr()
    assert run_css("roster", "check", file, "--online", "--json") == 0
    out, err = capsys.readouterr()
    assert ("css leaves out rows of people who have the role only through" in err) is (command == "report")
    before = [json.loads(line) for line in out.splitlines()]
    assert {row["state"] for row in before} == {"already has it"}
    assert len(before) == 4
    changed = next(row for row in before if row["role"] == "reviewer")
    first = 1 if ending == "jsonl" else 2
    edit(file, "reviewer", "approver", row=changed["line"] - first + 1)
    assert run_css("roster", "check", file, "--online", "--json") == 0
    after = json_rows(capsys)
    assert [(row["person"], row["role"]) for row in after if row["state"] == "to do"] == [
        (changed["person"], "approver")
    ]
    sent = asked(sandbox)
    assert run_css("roster", "apply", file) == 0
    assert (asked(sandbox) - sent)["POST"] == 1
    assert changed["person"] in sandbox.members(GRANTS_PORTAL, "dev", "approver")
    # An older export is replaced, but no file of another kind.
    assert run_css(*command.split(), "-i", 101, "-e", "dev", "--output", file) == 0
    other = "roster export" if command == "report" else "report"
    if ending != "jsonl":
        assert run_css(*other.split(), "-i", 101, "-e", "dev", "--output", file) == 64


def test_an_address_that_does_not_belong_to_the_username_is_a_fault(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If only one of username and address in a row was changed, this is a fault with its line, and
    nothing is written.
    """
    file = tmp_path / "who.csv"
    assert run_css("roster", "export", "-i", 101, "-e", "dev", "--output", file) == 0
    edit(file, "ilse.hargreave@example.com", "caspian.quist@example.com", row=1)
    before = asked(sandbox)
    for command in (["check", "--online"], ["apply"]):
        assert run_css("roster", *command, file) == 64
        err = capsys.readouterr().err
        assert f"line 2: the email is 'caspian.quist@example.com', but {ILSE} has 'ilse.hargreave@example.com'" in err
    assert (asked(sandbox) - before).keys() <= {"GET", "token"}
    edit(file, "101,Grants Portal", "102,Grants Portal", row=1)
    assert run_css("roster", "check", file, "--online") == 64
    assert "line 2: the integration is '#102' (#102, Fisheries Service), but 'Grants Portal'" in capsys.readouterr().err


def test_an_export_is_csv_by_default_and_can_be_limited_to_roles(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An export is CSV by default and can be limited to roles. A workbook needs a file, whose name shows the format."""
    assert run_css("roster", "export", "-i", 101, "-e", "dev", "--role", "reviewer") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "integration_id,integration,environment,role,username,name,email"
    assert {line.split(",")[3] for line in lines[1:]} == {"reviewer"}
    assert run_css("roster", "export", "--format", "xlsx") == 64
    assert "name a file with --output" in capsys.readouterr().err
    assert run_css("roster", "export", "--output", tmp_path / "x.html") == 64
    assert run_css("roster", "export", "--role", "nope") == 1
    assert "No environment that was read has a role nope" in capsys.readouterr().err.replace("'", "")


def test_results_of_a_workbook_are_a_workbook(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The results of a workbook are a workbook. If one row is corrected and it is applied, only that row is sent."""
    needs_excel("xlsx")
    first, second = usernames(sandbox, 20)[-2:]
    roster = tmp_path / "people.xlsx"
    lines = [["username", "role", "note"], [first, "reviewer", ""], [second, "reviwer", ""]]
    roster.write_bytes(workbook_of(lines, "People"))
    assert run_css("roster", "apply", roster, "-i", 101, "-e", "dev", "--ignore", "note") == 3
    result = tmp_path / "people.result.xlsx"
    assert f"All results are in {result}." in capsys.readouterr().err
    header = cells_of(result)[0]
    assert header[-2:] == ["outcome", "message"]
    edit(result, "reviwer", "reviewer", row=2)
    before = asked(sandbox)
    assert run_css("roster", "apply", result) == 0
    assert (asked(sandbox) - before)["POST"] == 1
    assert {first, second} <= set(sandbox.members(GRANTS_PORTAL, "dev", "reviewer"))


def test_the_json_of_a_check_can_be_applied(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The JSON output of a check can be applied: rows to do are done, others left out. With `--exact` it is refused."""
    [new] = usernames(sandbox, 20)[-1:]
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0]
    roster = tmp_path / "r.csv"
    roster.write_text(
        f"username,email,role\n{new},,reviewer\n{held},,reviewer\n,caspian.quist@example.com,reviewer\n",
        encoding="utf-8",
    )
    assert run_css("roster", "check", roster, "-i", 101, "-e", "dev", "--online", "--json") == 0
    checked = tmp_path / "checked.jsonl"
    checked.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run_css("roster", "apply", checked, "--exact", "--yes") == 4
    assert run_css("roster", "apply", checked, "--json") == 0
    assert [(row["line"], row["state"]) for row in json_rows(capsys)] == [(1, "done"), (3, "done")]


def test_a_workbook_contains_only_text_and_has_filters() -> None:
    """In a workbook the header is frozen and has filters, and all cells are text: no formula, link or number."""
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


def is_role_name(text: str) -> bool:
    """Return whether a role of this name could be assigned, and be in a roster without a fault."""
    try:
        check_role_name(text)
    except Refused:
        return False
    return text == text.strip() and not hidden_in(text) and text.isprintable()


NASTY = st.text(st.sampled_from("=+-@'\"; ,|ax\uff1d_x0041_é\u1401"), min_size=1, max_size=12)
ROLES = (NASTY | st.text(min_size=1, max_size=12)).filter(is_role_name)
PROJECTS = ROLES.filter(lambda name: not name.startswith("#"))
PEOPLE = st.one_of(
    st.builds(lambda guid: Person("username", f"{guid}@idir"), st.from_regex("[0-9a-f]{32}", fullmatch=True)),
    st.builds(lambda guid: Person("guid", guid, "azureidir"), st.from_regex("[0-9a-f]{32}", fullmatch=True)),
    st.builds(lambda name: Person("email", f"{name}@example.com"), st.from_regex("[a-z.]{0,5}[a-z]", fullmatch=True)),
    st.just(Person("client_id", "grants-102")),
)
ROWS = st.builds(Row, st.just(2), PEOPLE, ROLES, PROJECTS, st.sampled_from(["dev", "test", "prod"]))
ERRORS = st.one_of(
    st.builds(InvalidRequest, NASTY),
    st.builds(lambda text: Ambiguous(text, candidates=[User(ILSE, first_name=text)]), NASTY),
)


def forms_of(lines: list[list[str]]) -> list[tuple[bytes, str]]:
    """Return the same cells as CSV and, if the extra is installed, as a workbook."""
    forms = [("".join(f"{csv_line(cells)}\r\n" for cells in lines).encode("utf-8-sig"), "r.csv")]
    if find_spec("xlsxwriter") and find_spec("python_calamine"):
        forms.append((workbook_of(lines, "Roster"), "r.xlsx"))
    return forms


@settings(deadline=None, max_examples=examples(20))
@given(st.lists(ROWS, min_size=1, max_size=4, unique_by=lambda row: (row.person, row.role, row.place)), ERRORS)
def test_results_are_read_as_they_were_written(rows: list[Row], error: CssError) -> None:
    """Rows are read back unchanged from CSV and from a workbook, including cells that look like formulas."""
    lines = list(results_as_cells([RowResult(row, "failed", error) for row in rows]))
    for content, name in forms_of(lines):
        read = read_roster(content, name)
        assert [(row.person, row.role, row.place, row.action) for row in read] == [
            (row.person, row.role, row.place, row.action) for row in rows
        ], name


@settings(deadline=None, max_examples=examples(20))
@given(st.dictionaries(ROLES, st.sets(st.sampled_from([ILSE, "service-account-x-1"])), max_size=4), PROJECTS, NASTY)
def test_exports_and_reports_are_read_as_they_were_written(
    members: dict[str, set[str]], project: str, name: str
) -> None:
    """The grants in exports and reports are read back unchanged from each format, with any names of people."""
    users = {user: User(user, first_name=name) for user in (ILSE, "service-account-x-1")}
    held = {role: frozenset(found) for role, found in members.items()}
    state = PlaceState(Place(101, "dev"), project, frozenset(members), {}, held, users)
    report = AccessReport(None, (state,))
    grants = {(user, role) for role, found in members.items() for user in found}
    if not grants:
        return
    as_json = "\n".join(json.dumps(row.as_record()) for row in report.rows()).encode()
    forms = [(as_json, "r.jsonl"), *forms_of(list(grants_as_cells(report))), *forms_of(list(report_as_cells(report)))]
    for content, file in forms:
        rows = read_roster(content, file)
        assert {(row.person.value, row.role) for row in rows} == grants, file
        assert {(row.integration, row.given) for row in rows} == {("#101", (project,))}, file
