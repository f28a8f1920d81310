"""css-sdk reads rosters, reports every fault with its line, and writes files of results."""

from __future__ import annotations

import csv
import io
import string
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from css_sdk._text.escaping import hidden_in
from css_sdk._text.files import text_of
from css_sdk.errors import (
    Ambiguous,
    CssError,
    InvalidFile,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    ServiceUnavailable,
    WrongProvider,
)
from css_sdk.models import Outcome, ServiceAccount
from css_sdk.people.identities import Person
from css_sdk.roster.formats import is_file_name
from css_sdk.roster.reading import read_roster
from css_sdk.roster.results import results_as_csv
from css_sdk.roster.rows import Row, RowResult

NAME = "roster.csv"
HEADER = "username,role,integration,environment,action"
GUID = "0f3a" * 8
JANE, JOHN = f"{GUID}@idir", f"{'7c1d' * 8}@bceidbusiness"


def read(text: str, **defaults: str) -> tuple[Row, ...]:
    """Return the rows of a roster."""
    return read_roster(text, NAME, **defaults)


def faults_of(text: str, **defaults: str) -> list[str]:
    """Return the faults for which reading a roster is refused."""
    with pytest.raises(InvalidFile, match=NAME) as caught:
        read(text, **defaults)
    return list(caught.value.faults)


def a_row(**changes: Any) -> Row:
    """Return a valid row with these changes."""
    row = Row(2, Person("username", JANE), "reviewer", "Grants Portal", "dev", "grant")
    return attrs.evolve(row, **changes)


# Valid rosters


def test_each_line_of_a_roster_is_a_row_with_its_number() -> None:
    """Each line of a roster is a row with its line number, and the action is `grant` or `revoke`."""
    text = f"{HEADER}\n{JANE},reviewer,Grants Portal,dev,grant\n{JOHN},reader,102,prod,revoke\n"
    assert read(text) == (
        a_row(),
        Row(3, Person("username", JOHN), "reader", "102", "prod", "revoke"),
    )


@pytest.mark.parametrize(
    ("column", "value", "user"),
    [
        ("username", JANE, JANE),
        ("guid", GUID.upper(), None),
        ("email", "Jane.Doe@gov.bc.ca", None),
        ("client_id", "fisheries-service-102", ServiceAccount("fisheries-service-102")),
    ],
)
def test_people_are_named_in_four_ways(column: str, value: str, user: str | ServiceAccount | None) -> None:
    """A person is named in one of four columns; a GUID or an e-mail address needs a search before the
    person is known.
    """
    columns = ["username", "guid", "email", "client_id"]
    cells = ",".join(value if name == column else "" for name in columns)
    [row] = read(f"{','.join(columns)},role\n{cells},reviewer\n", integration="101", environment="dev")
    assert row.person == Person(column, value)  # type: ignore[arg-type]
    assert row.person.user == user


def test_columns_may_be_in_any_order() -> None:
    """The header names the columns in any order, in upper or lower case, with or without blanks around them."""
    text = f"Action; ROLE ;environment;Integration; userName\n;reviewer;dev;Grants Portal;{JANE}\n"
    assert read(text) == (a_row(),)


def test_defaults_fill_in_a_missing_integration_and_environment() -> None:
    """If integration and environment are missing or empty, the given defaults apply."""
    assert read(f"username,role\n{JANE},reviewer\n", integration="Grants Portal", environment="dev") == (a_row(),)
    text = f"{HEADER}\n{JANE},reviewer,,,\n{JANE},reviewer,Grants Portal,dev,\n"
    rows = read(text, integration="Grants Portal", environment="dev")
    assert [row.place for row in rows] == [("Grants Portal", "dev")] * 2


@pytest.mark.parametrize(
    ("word", "action"),
    [("", "grant"), (" ", "grant"), ("grant", "grant"), ("GRANT", "grant"), (" Revoke ", "revoke")],
)
def test_the_action_is_grant_or_revoke_in_any_case(word: str, action: str) -> None:
    """The action can be in upper or lower case. If it is empty, it is `grant`."""
    [row] = read(f"{HEADER}\n{JANE},reviewer,Grants Portal,dev,{word}\n")
    assert row.action == action


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "utf-16-be-bom"])
def test_every_separator_line_ending_and_encoding_is_read(separator: str, end: str, encoding: str) -> None:
    """css-sdk reads every separator, line ending and encoding that spreadsheets and editors write."""
    lines = [HEADER.split(","), [JANE, "Prüfer 🦫", "Grants Portal", "dev", "grant"], [""] * 5]
    text = "".join(separator.join(cells) + end for cells in lines)
    content = {
        "utf-16-le-bom": b"\xff\xfe" + text.encode("utf-16-le"),
        "utf-16-be-bom": b"\xfe\xff" + text.encode("utf-16-be"),
    }.get(encoding)
    assert read(text_of(content or text.encode(encoding), NAME)) == (a_row(role="Prüfer 🦫"),)


def test_a_byte_order_mark_in_a_text_is_ignored() -> None:
    """A byte order mark at the beginning of a text is ignored."""
    assert read(f"\ufeff{HEADER}\n{JANE},reviewer,Grants Portal,dev,grant\n") == (a_row(),)


@pytest.mark.parametrize(
    "content", ["0f3a é".encode("latin-1"), b"PK\x03\x04\x14\x00\xff\xff", b"\xff\xfea", b"\xff\xfe\x00\xd8"]
)
def test_a_file_in_an_unknown_encoding_is_refused(content: bytes) -> None:
    """A file in an unknown encoding, such as a workbook, is refused with the advice to use UTF-8."""
    with pytest.raises(InvalidFile, match=f"{NAME}.*UTF-8"):
        text_of(content, NAME)


def test_cells_may_be_quoted() -> None:
    """Quoted cells may contain separators, quotation marks and line breaks."""
    text = f'{HEADER}\n{JANE},"review, ""all""","Grants\nPortal",dev,grant\n'
    assert read(text) == (a_row(role='review, "all"', integration="Grants\nPortal"),)


def test_lines_are_counted_as_an_editor_does() -> None:
    """A row has the number of the line where it begins, also after blank lines and cells with line breaks."""
    text = (
        f"{HEADER}\n"
        "\n"
        f'{JANE},reviewer,"Grants\nPortal",dev,grant\n'
        ",,,,\n"
        f"{JANE},reader,Grants Portal,dev,grant\r\n"
        " \n"
        f"{JANE},writer,Grants Portal,dev,grant\n"
    )
    assert [(row.line, row.role) for row in read(text)] == [(3, "reviewer"), (6, "reader"), (8, "writer")]
    faults = faults_of(text.replace("writer", "."))
    assert [fault.partition(": ")[0] for fault in faults] == [f"{NAME}:8"]


def test_blank_lines_before_the_header_are_ignored() -> None:
    """Blank lines before the header change neither the detected separator nor the numbers of the lines."""
    text = f"\n ; ;\n{HEADER}\n{JANE},reviewer,Grants Portal,dev,grant\n".replace(",", ";")
    assert read(text) == (a_row(line=4),)
    assert faults_of("\n\nusername,rôle\n", integration="101", environment="dev")[0].startswith(f"{NAME}:3: ")


def test_empty_cells_at_the_end_do_not_count() -> None:
    """Empty cells that a spreadsheet leaves behind a row or the header are ignored."""
    assert read(f"{HEADER}\n{JANE},reviewer,Grants Portal,dev,grant,, ,\n") == (a_row(),)
    assert read(f"{HEADER},,\n{JANE},reviewer,Grants Portal,dev,grant,,\n") == (a_row(),)


@pytest.mark.parametrize("role", ["=1+1", "+1", "-1", "@sum", "'quoted", "007", "TRUE", "1e5", "=HYPERLINK(A1)"])
def test_a_role_that_looks_like_a_formula_is_read_and_written_as_text(role: str) -> None:
    """A role whose name looks like a formula is read as text, and read back from a file of results unchanged."""
    [row] = read(f"{HEADER}\n{JANE},{role},Grants Portal,dev,grant\n")
    assert row.role == role
    [again] = read(results_as_csv([RowResult(row, "failed", NotFound("no such role", what="role"))]))
    assert again.role == role


# Faults


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", ["write a header, such as email,role,integration,environment, and a row for each grant below it"]),
        ("\n\n", ["write a header, such as email,role,integration,environment, and a row for each grant below it"]),
        (",,", ["write a header, such as email,role,integration,environment, and a row for each grant below it"]),
        ("role,integration,environment", ["identifies the users"]),
        ("username,integration,environment", ["'role' is missing"]),
        ("username,role,environment", ["'integration' is missing"]),
        ("username,role,integration", ["'environment' is missing"]),
        ("who,role,integration,environment", ["no column 'who'", "identifies the users"]),
        (HEADER + ",comment", ["no column 'comment'"]),
        (HEADER + ",role", ["'role' appears twice"]),
        (HEADER + ", ROLE ", ["'role' appears twice"]),
        (HEADER + ",outcome,outcome", ["'outcome' appears twice"]),
        ("guid,guid,email,x,y", ["'x'", "'y'", "'guid' appears twice", "'role'", "'integration'", "'environment'"]),
    ],
)
def test_all_faults_of_a_header_are_reported(header: str, expected: list[str]) -> None:
    """All faults of a header are reported, also for an empty file."""
    faults = faults_of(header + "\n")
    for words in expected:
        assert any(words in fault for fault in faults), words
    assert all(fault.startswith(f"{NAME}:") for fault in faults)


@pytest.mark.parametrize("text", [HEADER, f"{HEADER}\n", f"{HEADER}\r\n,,,,\r\n\r\n"], ids=repr)
def test_a_roster_without_rows_is_refused(text: str) -> None:
    """A roster without rows is refused, because it is probably a mistake."""
    assert faults_of(text)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (",,reviewer,Grants Portal,dev,", "nobody is named"),
        (f"{JANE},{'1' * 32},reviewer,Grants Portal,dev,", "the guid is "),
        ("jane.doe@gov.bc.ca,,reviewer,Grants Portal,dev,", "gov.bc.ca"),
        ("0f3a@bcservicescard,,reviewer,Grants Portal,dev,", "bcservicescard"),
        ("0f3a,,reviewer,Grants Portal,dev,", "is not a username"),
        (f"{JANE},,,Grants Portal,dev,", "the role is missing; fill in the cell, or pass --role"),
        (f"{JANE},,..,Grants Portal,dev,", "'..'"),
        (f"{JANE},, reviewer,Grants Portal,dev,", "blanks"),
        (f"{JANE},,reviewer\u00a0,Grants Portal,dev,", "blanks"),
        (f"{JANE},,re\x07viewer,Grants Portal,dev,", "cannot be sent"),
        (f"{JANE},,reviewer,,dev,", "integration"),
        (f"{JANE},,reviewer,Grants Portal,,", "environment"),
        (f"{JANE},,reviewer,Grants Portal,TEST,", "'TEST' is not an environment"),
        (f"{JANE},,reviewer,Grants Portal,stage,", "'stage' is not an environment"),
        (f"{JANE},,reviewer,Grants Portal,dev,give", "neither grant nor revoke"),
        (f"{JANE},,reviewer,Grants Portal,dev,grant,more", "the row has 7 cells, but the header has 6"),
        (f'{JANE},,"revie"wer,Grants Portal,dev,grant', ""),
        (f'{JANE},,"reviewer,Grants Portal,dev,grant', ""),
    ],
)
def test_a_faulty_row_is_refused_with_its_line(cells: str, expected: str) -> None:
    """A faulty row is refused with its line number and the reason."""
    [fault] = faults_of(f"username,guid,role,integration,environment,action\n\n{cells}\n")
    assert fault.startswith(f"{NAME}:3: ")
    assert expected in fault


@pytest.mark.parametrize("client_id", ["a\x07b", "\u200b\x00"], ids=repr)
def test_client_ids_are_checked_too(client_id: str) -> None:
    """A client id that cannot be sent is a fault of its row."""
    [fault] = faults_of(f"client_id,role\n{client_id},reviewer\n", integration="101", environment="dev")
    assert fault.startswith(f"{NAME}:2: ")


def test_all_faults_are_reported_at_once_in_the_order_of_lines() -> None:
    """The error contains every fault of every row, in the order of the lines, and the message contains their number."""
    text = (
        f"{HEADER}\n"
        ",..,,stage,give\n"
        f"{JANE},reviewer,Grants Portal,dev,grant\n"
        f"{JANE},reviewer,Grants Portal,dev,grant,more\n"
        f"{JANE},reviewer,Grants Portal,dev,revoke\n"
    )
    with pytest.raises(InvalidFile, match=r"7 faults\. Nothing was sent") as caught:
        read(text)
    assert [fault.split(":")[1] for fault in caught.value.faults] == ["2"] * 5 + ["4", "5"]


CONTRARY = [
    (("username", JANE), ("username", JANE)),
    (("username", JANE), ("username", JANE.upper())),
    (("guid", GUID), ("guid", GUID.upper())),
    (("email", "jane.doe@gov.bc.ca"), ("email", "Jane.Doe@GOV.bc.ca")),
    (("client_id", "fisheries-102"), ("client_id", "Fisheries-102")),
    (("client_id", "fisheries-102"), ("username", "service-account-fisheries-102")),
]


@pytest.mark.parametrize(("one", "other"), CONTRARY)
def test_rows_that_grant_and_revoke_the_same_role_contradict(one: tuple[str, str], other: tuple[str, str]) -> None:
    """If two rows grant and revoke the same role of the same person, however written, the error names both lines."""
    columns = ["username", "guid", "email", "client_id", "role", "integration", "environment", "action"]
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for (column, value), action in ((one, "grant"), (other, "revoke")):
        place = {"role": "reviewer", "integration": "Grants Portal", "environment": "dev"}
        writer.writerow({column: value, **place, "action": action})
    [fault] = faults_of(out.getvalue())
    assert fault.startswith(f"{NAME}:3: ")
    assert "line 2" in fault


@pytest.mark.parametrize(
    "other",
    [
        f"{JANE},reviewer,Grants Portal,dev,grant",
        f"{JOHN},reviewer,Grants Portal,dev,revoke",
        f"{JANE},Reviewer,Grants Portal,dev,revoke",
        f"{JANE},reviewer,Other,dev,revoke",
        f"{JANE},reviewer,Grants Portal,test,revoke",
    ],
)
def test_rows_about_different_people_roles_or_environments_do_not_contradict(other: str) -> None:
    """Granting twice is no contradiction, and neither are rows that differ in person, role, integration
    or environment.
    """
    assert len(read(f"{HEADER}\n{JANE},reviewer,Grants Portal,dev,grant\n{other}\n")) == 2


# Results

STATES: list[tuple[Outcome, CssError | None, str, bool]] = [
    ("done", None, "done", True),
    ("already", None, "already has it", True),
    ("unknown", OutcomeUnknown("nobody knows"), "unknown", False),
    ("failed", NotFound("who?", what="user"), "never logged in", False),
    ("failed", NotFound("which?", what="role"), "failed", False),
    ("failed", WrongProvider("another login"), "wrong provider", False),
    ("failed", Ambiguous("two"), "ambiguous", False),
    ("failed", ServiceUnavailable("later"), "failed", False),
]


@pytest.mark.parametrize(("outcome", "error", "state", "is_done"), STATES)
def test_each_outcome_has_its_state(outcome: Outcome, error: CssError | None, state: str, is_done: bool) -> None:
    """Each outcome of a row, and each kind of error with its own next step, has its own state."""
    result = RowResult(a_row(), outcome, error)
    assert (result.state, result.is_done) == (state, is_done)


def test_a_file_of_results_is_a_roster_of_the_remaining_rows() -> None:
    """Reading a file of results gives only the rows that are not done."""
    results = [RowResult(a_row(role=f"role {n}"), outcome, error) for n, (outcome, error, _, _) in enumerate(STATES)]
    rows = read(results_as_csv(results))
    assert [row.role for row in rows] == [f"role {n}" for n, (_, _, _, is_done) in enumerate(STATES) if not is_done]


def test_a_file_of_results_without_remaining_rows_is_read_as_empty() -> None:
    """If every row in a file of results is done, reading it gives no rows and no error."""
    assert read(results_as_csv([RowResult(a_row(), "done"), RowResult(a_row(), "already")])) == ()


def test_results_have_columns_for_outcome_and_message() -> None:
    """A file of results has the outcome and the error's message in columns of their own."""
    error = ServiceUnavailable('the service said "no", twice;\nthat is\tall')
    [line] = csv.DictReader(io.StringIO(results_as_csv([RowResult(a_row(), "failed", error)]), newline=""))
    assert (line["outcome"], line["message"]) == ("failed", str(error))
    assert (line["username"], line["guid"], line["email"], line["client_id"]) == (JANE, "", "", "")


SENDABLE = st.characters(exclude_categories=("Cc", "Cs"))
CELL = st.one_of(
    st.sampled_from(["=1+1", "+a", "-", "@x", "'", '"', '""', ",", ";;", "a,b;c", "..a", "#"]), st.text(SENDABLE)
).map(str.strip)
FILLED = CELL.filter(lambda cell: bool(cell) and not hidden_in(cell))
GUIDS = st.text(string.hexdigits, min_size=32, max_size=32)
PEOPLE = st.one_of(
    st.builds("{}@{}".format, GUIDS, st.sampled_from(["idir", "GithubPublic"])).map(lambda v: Person("username", v)),
    st.builds("service-account-{}".format, GUIDS).map(lambda v: Person("username", v)),
    GUIDS.map(lambda v: Person("guid", v)),
    st.builds("{}@gov.bc.ca".format, GUIDS).map(lambda v: Person("email", v)),
    GUIDS.map(lambda v: Person("client_id", v)),
)
ROWS = st.builds(
    Row,
    line=st.just(0),
    person=PEOPLE,
    role=FILLED.filter(lambda name: name not in (".", "..")),
    integration=st.one_of(FILLED, st.just("Grants\nPortal"), st.just("a\rb"), st.just("a\r\nb")),
    environment=st.sampled_from(["dev", "test", "prod"]),
    action=st.just("grant"),
)
MESSAGES = st.text(st.one_of(st.sampled_from('\r\n",;\t='), SENDABLE))
RESULTS = st.one_of(
    st.builds(RowResult, ROWS, st.sampled_from(["done", "already"])),
    st.builds(RowResult, ROWS, st.sampled_from(["failed", "unknown"]), st.builds(CssError, MESSAGES)),
)


@given(st.lists(RESULTS, min_size=1))
@example([RowResult(a_row(line=0), "failed", CssError("one\rtwo"))])
@example([RowResult(a_row(line=0), "failed", CssError("one\r\ntwo\n"))])
def test_the_remaining_rows_of_results_are_read_back_unchanged(results: list[RowResult]) -> None:
    """For all rows and messages, reading a file of results returns exactly the rows that are left."""
    text = results_as_csv(results)
    left = [result.row for result in results if not result.is_done]
    assert [attrs.evolve(row, line=0) for row in read(text)] == left
    assert [attrs.evolve(row, line=0) for row in read(text_of(text.encode("utf-16"), NAME))] == left


@given(st.binary() | st.binary().map(b"\xff\xfe".__add__) | st.binary().map(b"\xef\xbb\xbf".__add__))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Any bytes are read or refused, without another error."""
    try:
        read_roster(content, NAME, integration="101", environment="dev")
    except InvalidFile:
        return


BITS = ["username", "guid", "role", "integration", "environment", "action", "outcome", "message"]
BITS += [JANE, "dev", "grant", "revoke", "done", "x", "=", ".", "\x00", " ", "\u2028", "\x0b", "\x85", "\ud800"]
BITS += [",", ";", "\t", "\n", "\r\n", "\r", '"', '""'] * 3
TEXTS = st.lists(st.sampled_from(BITS)).map("".join)


@given(st.one_of(st.text(st.characters()), TEXTS, TEXTS.map(f"{HEADER},outcome\n".__add__)))
@example("x" * 200_000)
@example(f"{HEADER}\n{'x' * 200_000}")
@example("0.JSON")
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text gives rows or all its faults, or is refused as the name of a file, without another error."""
    try:
        rows = read(text, integration="101", environment="dev")
    except InvalidRequest as error:
        assert "file name" in str(error)
        assert is_file_name(text)
    except InvalidFile as error:
        assert error.faults
        assert all(fault.startswith(f"{NAME}:") for fault in error.faults)
    else:
        assert all(row.role and row.person.value and row.integration for row in rows)
