"""Rosters as people have them: each file of a folder is read correctly, or refused with the line
and the option to use.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from css_sdk import ConfigurationError, InvalidFile, InvalidRequest, Refused, read_roster
from css_sdk.roster.columns import read_mapping

FOLDER = Path(__file__).parent / "roster_files"
DEV = {"integration": "101", "environment": "dev"}
ILSE, CASPIAN = "ilse@example.com", "caspian@example.com"
JANE = "0f3a" * 8
ONE = [(2, ILSE, "reviewer")]

READ: dict[str, tuple[str, dict[str, Any], list[tuple[int, str, str]]]] = {
    "a version above the header": ("version-line.csv", {"skip_rows": 2}, [(5, ILSE, "reviewer")]),
    "a line for Excel": ("semicolons.csv", {}, [(3, ILSE, "reviewer")]),
    "an old encoding": ("windows-1252.csv", {"encoding": "cp1252"}, [(2, ILSE, "Prüfer")]),
    "addresses of Outlook": ("outlook.csv", {}, [(2, ILSE, "reviewer"), (3, CASPIAN, "reviewer")]),
    "a JSON array": ("array.json", {}, [(2, ILSE, "reviewer"), (3, CASPIAN, "lead")]),
    "pipes": ("pipes.txt", {"action": "revoke"}, ONE),
    "tabs": ("tabs.tsv", {}, ONE),
    "UTF-16 without a mark": ("utf-16.csv", {}, ONE),
    "a GUID in braces": ("braces.csv", {}, [(2, JANE.upper(), "reviewer")]),
    "other names": ("synonyms.csv", {"integration": None, "environment": None}, ONE),
    "another language": (
        "german.csv",
        {"columns": {"email": "anschrift", "role": "Rolle"}, "ignore": "Bemerkung"},
        ONE,
    ),
    "several roles": (
        "several-roles.csv",
        {"split": ";"},
        [(2, ILSE, "reviewer"), (2, ILSE, "lead"), (3, CASPIAN, "lead")],
    ),
    "several people": ("several-people.csv", {"split": ";"}, [(2, ILSE, "reviewer"), (2, CASPIAN, "reviewer")]),
    "a column to ignore": ("notes.csv", {"ignore": ["notes"]}, ONE),
    "a known column to ignore": ("old-addresses.csv", {"ignore": ["email"]}, [(2, f"{JANE}@idir", "reviewer")]),
    "one of two columns": ("two-addresses.csv", {"ignore": ["E-mail"]}, ONE),
    "the other of two columns": (
        "two-addresses.csv",
        {"columns": {"email": "E-mail"}, "ignore": ["email"]},
        [(2, "ilse@old.example.com", "reviewer")],
    ),
    "one role for all": ("no-role.csv", {"role": "lead"}, [(2, ILSE, "lead"), (3, CASPIAN, "lead")]),
    "a report": (
        "report.csv",
        {"integration": None, "environment": None},
        [(2, f"{JANE}@idir", "lead"), (4, "service-account-grants-102", "reviewer")],
    ),
    "members": ("members.jsonl", {"role": "reviewer"}, [(1, f"{JANE}@idir", "reviewer")]),
    "a choice": ("chosen.result.csv", {}, [(2, f"{JANE}@azureidir", "reviewer")]),
    "guards": ("guarded.csv", {}, [(2, ILSE, "=lead"), (3, CASPIAN, "'t Hooft")]),
    "empty cells": ("empty-cells.csv", {}, [(4, ILSE, "reviewer")]),
    "ids as numbers": (
        "plain.xlsx",
        {"integration": None, "environment": None},
        [(2, ILSE, "reviewer"), (5, CASPIAN, "reviewer")],
    ),
    "a sheet": ("two-sheets.xlsx", {"sheet": "2026"}, ONE),
    "merged cells": ("merged.xlsx", {"skip_rows": 1}, [(3, ILSE, "reviewer"), (4, CASPIAN, "reviewer")]),
}

REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "a version above the header": ("version-line.csv", {}, "version-line.csv:1:", "pass skip_rows=3."),
    "an old encoding": ("windows-1252.csv", {}, "windows-1252.csv:2: this is not UTF-8", "--encoding"),
    "broken JSON": ("broken.json", {}, "broken.json:3: this is not JSON: Expecting ',' delimiter", ""),
    "contradictions": ("contradicting.csv", {}, "contradicting.csv:3: it contradicts line 2", ""),
    "another action": (
        "pipes.txt",
        {"action": "grant"},
        "pipes.txt:2: the action is 'revoke', but 'grant' was given",
        "",
    ),
    "a Windows login": ("windows-login.csv", {}, "is a Windows login, which the service does not know", ""),
    "another language": ("german.csv", {}, "no column 'Rolle'. Did you mean 'role'? Then pass --column role=Rolle", ""),
    "a mapping without its column": (
        "notes.csv",
        {"columns": {"email": "Anschrift"}, "ignore": "notes"},
        "the file has no column 'Anschrift', but 'Anschrift' was given as the name of the column 'email'; pass a name "
        "that the file has, with --column email=NAME",
        "",
    ),
    "several people": ("several-people.csv", {}, "pass the separator between them with --split", ""),
    "an unknown column": ("notes.csv", {}, "To ignore this column of your file, pass --ignore Notes", ""),
    "two columns": (
        "two-addresses.csv",
        {},
        "the column 'email' appears twice: 'email' and 'E-mail'; leave out one",
        "",
    ),
    "no role": ("no-role.csv", {}, "'role' is missing: pass one value for all rows with --role", ""),
    "a difference": ("username-and-guid.csv", {}, "username-and-guid.csv:2: the guid is", ""),
    "a wrong choice": (
        "wrong-choice.result.csv",
        {},
        "the choice '2' is neither the number of a candidate (1) nor a username",
        "",
    ),
    "more cells than names": (
        "one-column-more.csv",
        {},
        "one-column-more.csv:2: the row has 3 cells, but the",
        "",
    ),
    "another place": ("placed-elsewhere.csv", {}, ":2: the environment is 'prod', but 'dev' was given", ""),
    "a result file where all must stand": ("chosen.result.csv", {"exact": True}, "", "Pass the roster itself"),
    "two sheets": (
        "two-sheets.xlsx",
        {},
        "",
        "has 2 sheets: '2025', '2026'. Nothing was sent. Name the sheet to read with sheet=.",
    ),
    "a sheet that is not there": ("two-sheets.xlsx", {"sheet": "2027"}, "", "Its sheets are '2025', '2026'"),
    "a formula without a value": ("formulas.xlsx", {}, "formulas.xlsx:3: the role is a formula without a value", ""),
    "an error of Excel": ("errors.xlsx", {}, "errors.xlsx:2: the role is an error of Excel, #N/A", ""),
    "a date": ("changed.xlsx", {}, "changed.xlsx:2: the role is the date 2026-02-01", ""),
    "a rounded number": (
        "changed.xlsx",
        {},
        "changed.xlsx:3: the guid is a long number, which a spreadsheet rounds",
        "",
    ),
    "a stray cell": ("far-apart.xlsx", {}, "", "cells lie too far apart"),
    "an empty workbook": ("empty.xlsx", {}, "empty.xlsx:1: write a header, such as email,role", "the file is empty"),
    "a password": ("password.xlsx", {}, "", "is protected by a password. Save it without the password"),
    "the old format": ("old.xls", {}, "", "is in the old format .xls. Save it as .xlsx"),
}


def read(name: str, **how: Any) -> Any:
    """Return the rows of a file of the folder."""
    if name.endswith(".xlsx"):
        pytest.importorskip("python_calamine")
    return read_roster((FOLDER / name).read_bytes(), name, **DEV | how)


@pytest.mark.parametrize("case", READ)
def test_a_file_is_read_correctly_with_its_options(case: str) -> None:
    """The file is read with the options of its case, and each row has the right line, person and role."""
    name, how, expected = READ[case]
    rows = read(name, **how)
    assert [(row.line, row.person.value, row.role) for row in rows] == expected
    assert {row.environment for row in rows} == {"dev"}
    assert {row.integration for row in rows} <= {"101", "#101", "Grants Portal"}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_is_refused_with_its_fault_and_the_option_to_use(case: str) -> None:
    """The file is refused with its line, the fault, and the option that helps."""
    name, how, fault, said = REFUSED[case]
    with pytest.raises((InvalidFile, Refused)) as caught:
        read(name, **how)
    assert said in f"{caught.value} {caught.value.text_for('command_line')}"
    assert not fault or any(fault in each for each in caught.value.faults), caught.value.faults


def test_every_file_of_the_folder_is_tested() -> None:
    """Every file of the folder is in a test case, and there are more than thirty."""
    used = {name for name, *_ in (*READ.values(), *REFUSED.values())} | {"german-columns.txt"}
    assert used == {path.name for path in FOLDER.iterdir() if path.suffix not in (".py", "")}
    assert len(used) > 30


def test_a_mapping_of_columns_can_be_read_from_a_file() -> None:
    """A file maps one column a line, and an invalid line is refused."""
    mapping = read_mapping((FOLDER / "german-columns.txt").read_text(encoding="utf-8"), "german-columns.txt")
    assert mapping == {"email": "Anschrift", "role": "Rolle"}
    assert len(read("german.csv", columns=mapping, ignore="Bemerkung")) == 1
    for text, said in (("role", "is not of the form"), ("role=a\nrole=b", "appears twice"), ("=x", "not of the form")):
        with pytest.raises(InvalidRequest, match=said):
            read_mapping(text, "columns.txt")
    for columns in ({"rolle": "Role"}, {"role": "x", "email": "X"}):
        with pytest.raises(InvalidRequest):
            read("german.csv", columns=columns)


def with_sheet(change: Any) -> bytes:
    """Return the plain workbook with a changed sheet."""
    out = io.BytesIO()
    fast = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": 1}
    with zipfile.ZipFile(FOLDER / "plain.xlsx") as old, zipfile.ZipFile(out, "w", **fast) as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info.filename, change(data) if info.filename.endswith("sheet1.xml") else data)
    return out.getvalue()


def test_rows_with_formatting_only_are_ignored() -> None:
    """Rows of a workbook that contain only formatting are ignored, however many there are."""
    pytest.importorskip("python_calamine")
    rows = "".join(f'<row r="{row}"><c r="A{row}" s="1"/></row>' for row in range(6, 150_000))
    content = with_sheet(lambda data: data.replace(b"</sheetData>", rows.encode() + b"</sheetData>"))
    assert [row.line for row in read_roster(content, "p.xlsx")] == [2, 5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data + b" " * (101 * 2**20), "unpacks to more than 100 MiB"),
        (lambda data: data.replace(b'<c r="A5"', b'<c s="0" r="XFD1048576"'), "too far apart"),
        (lambda data: data.replace(b'<c r="A5"', b'<c r="&#65;5"'), ""),
        (lambda data: data.replace(b'<c r="A5"', b'<c r="A5" r="XFD1048576"'), "its XML is damaged"),
        (lambda data: data.replace(b'<c r="A5"', b'<c r="A5" x=">" r="XFD1048576"'), "its XML is damaged"),
        (lambda data: data.replace(b"</sheetData>", '<é:c r="XFD1048576"><é:v>1</é:v></é:c></sheetData>'.encode()),
         "too far apart"),
        (lambda data: b't="e"' + data.replace(b'<c r="A5"', b'<c r="XFD1048576"'), "its XML is damaged"),
        (lambda data: data.replace(b'<c r="A5"', b'<c r="A5x"'), "its XML is damaged"),
        (lambda data: data.replace(b"<worksheet", b"<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet", 1).replace(
            b'<c r="A5"', b'<c  r="A5"'), "its XML is damaged"),
        (lambda data: data.replace(b"UTF-8", b"TF-8").replace(b'<c r="A5"', b'<c  r="A5"'), "its XML is damaged"),
        (lambda data: data.replace(b'<row r="2"', b'<row r="x"').replace(b'<c r="A5"', b'<c  r="A5"'),
         "its XML is damaged"),
        (lambda data: data[:-40], ""),
    ],
    ids=["bomb", "stray", "entity", "two addresses", "hidden", "prefix", "text before", "address", "doctype",
         "encoding", "row", "cut"],
)  # fmt: skip
def test_a_harmful_or_damaged_workbook_is_refused(change: Any, said: str) -> None:
    """A workbook that expands too much or is damaged is refused with a clear error."""
    pytest.importorskip("python_calamine")
    try:
        rows = read_roster(with_sheet(change), "p.xlsx")
    except InvalidFile as error:
        assert said in str(error)
        assert "Nothing was sent" in str(error)
    else:
        assert not said
        assert [row.line for row in rows] == [2, 5]


def test_a_workbook_with_a_changed_byte_is_read_or_refused() -> None:
    """If a broken download changed one byte of a workbook, the workbook is read or refused as an invalid file."""
    pytest.importorskip("python_calamine")
    content = (FOLDER / "plain.xlsx").read_bytes()
    refused = 0
    for position in range(30, len(content), 41):
        changed = bytearray(content)
        changed[position] ^= 0x55
        try:
            read_roster(bytes(changed), "p.xlsx", **DEV)
        except InvalidFile:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("entry", ["content.xml", "xl/workbook.bin", "XL\\workbook.bin"])
def test_a_workbook_that_is_of_another_kind_too_is_refused(entry: str) -> None:
    """A file that is also a workbook of another kind is refused, because css-sdk could not limit its size."""
    content = io.BytesIO((FOLDER / "plain.xlsx").read_bytes())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr(entry, "<x/>")
    with pytest.raises(InvalidFile, match="is not an Excel workbook"):
        read_roster(content.getvalue(), "p.xlsx")


def test_a_header_that_is_an_error_of_excel_can_be_ignored() -> None:
    """The name of a column that is an error of Excel is this error, and the column can be ignored by this name."""
    pytest.importorskip("python_calamine")
    content = with_sheet(lambda data: data.replace(b"</row>", b'<c r="E1" t="e"><v>#N/A</v></c></row>', 1))
    with pytest.raises(InvalidFile) as caught:
        read_roster(content, "p.xlsx")
    name = "is an error of Excel, #N/A"
    assert f"a roster has no column {name!r}" in caught.value.faults[0]
    assert [row.line for row in read_roster(content, "p.xlsx", ignore=name)] == [2, 5]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("array.json", {"skip_rows": 1}),
        ("members.jsonl", {"sheet": "x", "role": "reviewer"}),
        ("no-role.csv", {"sheet": "x", "role": "reviewer"}),
        ("plain.xlsx", {"encoding": "cp1252"}),
    ],
)
def test_an_option_that_does_not_apply_is_refused(name: str, how: dict[str, Any]) -> None:
    """An option that does not apply to the kind of file, or to dictionaries, is refused instead of being ignored."""
    with pytest.raises(InvalidRequest, match=r"Leave out (skip_rows|sheet|encoding)=, which does not") as caught:
        read(name, **how)
    assert "Leave out --" in caught.value.text_for("command_line")
    with pytest.raises(InvalidRequest, match=r"The roster is not a file\. Leave out skip_rows="):
        read_roster([{"email": ILSE, "role": "reviewer"}], **DEV | {"skip_rows": 1})


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"username": f"{JANE}@idir", "person": f"{'7c1d' * 8}@idir"}, "but another column says"),
        ({"username": f"{JANE}@idir", "choice": "1", "candidate_1": f"A {'7c1d' * 8}@idir"}, "another column says"),
        ({"username": f"{JANE}@idir", "choice": f"{'7c1d' * 8}@idir"}, "another column says"),
        ({"email": ILSE, "choice": "1"}, "the choice is '1', but the row has no candidates; write a username"),
        ({"email": ILSE, "choice": "3", "candidate_1": "a@idir", "candidate_2": "b@idir"}, "of a candidate (1 or 2)"),
        ({"username": f"{JANE}@idir", "client_id": "grants-102"}, "the client_id is"),
        ({"username": f"{JANE}@idir", "email": "ilse at example"}, "is not an e-mail address"),
        ({"username": "service-account-grants-102", "guid": JANE}, "the guid is"),
        ({"email": ILSE, "guid": JANE}, "guid and email are filled in; fill in only one of them, or add the username"),
        ({"client_id": "Grants Portal"}, "'Grants Portal' is not a client id. Copy the client id of the service acc"),
        ({"client_id": "a@idir"}, "'a@idir' is not a client id"),
        ({"person": "Ilse"}, "is not a GUID: it has 4 characters"),
        ({"person": ILSE, "by": "guid"}, "is not a GUID"),
        ({"username": f"{JANE}@idir", "direct": "perhaps"}, "must be yes or no"),
    ],
)
def test_cells_of_a_row_that_name_different_people_are_a_fault(cells: dict[str, str], fault: str) -> None:
    """If the cells of a row name different people or do not fit together, this is a fault, because either could be
    wrong.
    """
    with pytest.raises(InvalidFile) as caught:
        read_roster([cells | {"role": "reviewer"}], **DEV)
    assert fault in caught.value.faults[0]


def test_cells_of_a_row_that_agree_name_one_person() -> None:
    """Several cells of a row may name the same person, in upper or lower case."""
    cells = {"username": f"{JANE}@idir", "guid": f"{{{JANE.upper()}}}", "provider": "IDIR", "person": f"{JANE}@IDIR"}
    [row] = read_roster([cells | {"email": ILSE, "role": "reviewer"}], **DEV)
    assert (row.person.value, row.email) == (f"{JANE}@idir", ILSE)


def test_without_the_extra_a_workbook_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the package for workbooks is missing, the error names the extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(ConfigurationError, match=r'pip install "css-sdk\[excel\]"'):
        read_roster((FOLDER / "plain.xlsx").read_bytes(), "plain.xlsx")


def test_other_archives_are_refused_as_workbooks() -> None:
    """An archive that is not a workbook, or is damaged, is refused."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    for content in (out.getvalue(), b"PK\x03\x04damaged"):
        with pytest.raises(InvalidFile, match="workbook"):
            read_roster(content, "r.ods", **DEV)
