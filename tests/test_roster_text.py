"""Rosters as JSON lines, and exact rosters: css-sdk reads them and reports every fault with its line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import EmptySet, InvalidFile, InvalidRequest, Person, Refused, Row, read_roster
from css_sdk.roster.results import results_as_csv
from css_sdk.roster.rows import RowResult, check_exact

JANE = f"{'0f3a' * 8}@idir"
PLACE = {"integration": "Grants Portal", "environment": "dev"}


def faults_of(text: str, name: str = "r.jsonl") -> list[str]:
    """Return the faults of a file."""
    with pytest.raises(InvalidFile, match=r"(?i)nothing was sent") as caught:
        read_roster(text, name, **PLACE)
    return list(caught.value.faults)


@pytest.mark.parametrize("name", ["r.jsonl", "R.NDJSON", "r.csv", "stdin"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_json_lines_are_a_roster(name: str, end: str) -> None:
    """JSON lines are recognized by file name or first character, with a byte order mark, blank lines and any line
    ending.
    """
    objects: list[dict[str, Any]] = [
        {"username": JANE, "role": "Prü\u2028fer", **PLACE, "action": "Revoke"},
        {"Email": "jane.doe@gov.bc.ca", "role": "reader", "integration": None, "guid": ""},
    ]
    first, second = (json.dumps(each, ensure_ascii=False) for each in objects)
    rows = read_roster(f"\ufeff{end}{first}{end}{end}{second}".encode(), name, **PLACE)
    assert rows == (
        Row(2, Person("username", JANE), "Prü\u2028fer", "Grants Portal", "dev", "revoke"),
        Row(4, Person("email", "jane.doe@gov.bc.ca"), "reader", "Grants Portal", "dev"),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "this is not JSON"),
        ("username,role", "this is not JSON"),
        ("[" * 100_000, "this is not JSON"),
        ('{"role": ' + "9" * 5000 + "}", "this is not JSON"),
        ("[]", "not a JSON object"),
        ('[["role", "x"]]', "not a JSON object"),
        ('"role"', "not a JSON object"),
        (f'{{"username": "{JANE}", "role": "x", "role": "x"}}', "'role' appears twice"),
        (f'{{"username": "{JANE}", "role": "x", "ROLE ": "y"}}', "'role' appears twice"),
        (f'{{"username": "{JANE}", "role": "x", "comment": "y"}}', "no column 'comment'"),
        (f'{{"username": "{JANE}", "role": 5}}', "the role is not a text"),
        (f'{{"username": "{JANE}", "role": "x", "integration": 101.5}}', "the integration is not a text"),
        (f'{{"username": "{JANE}", "role": null}}', "the role is missing; fill in the cell"),
        (f'{{"username": "{JANE}", "role": {{"a": "b"}}}}', "the role is not a text"),
        (f'{{"username": "{JANE}", "role": "x", "integration": "\\ud800"}}', "cannot be sent"),
        (f'{{"username": "{JANE}", "role": ".."}}', "'..'"),
        ('{"role": "x"}', "nobody is named"),
    ],
)
def test_a_faulty_json_line_is_refused_with_its_number(line: str, expected: str) -> None:
    """A JSON line that is not a valid row is refused with its line number and the reason."""
    good = f'{{"username": "{JANE}", "role": "good"}}'
    [fault] = faults_of(f"{good}\n\n{line}\n{good}")
    assert fault.startswith("r.jsonl:3: ")
    assert expected in fault


def test_all_faults_of_json_lines_are_reported_at_once() -> None:
    """Faults of structure and content, and contradictions, are all reported at once."""
    lines = ['{"x": "", "role": 1}', f'{{"username": "{JANE}", "role": "a"}}', '{"guid": "-", "role": "."}']
    lines.append(f'{{"username": "{JANE.upper()}", "role": "a", "action": "revoke"}}')
    assert [fault.split(":")[1] for fault in faults_of("\n".join(lines))] == ["1", "1", "3", "3", "4"]
    assert faults_of("", "r.jsonl") == ["r.jsonl:1: it names nobody; write a row for each person and role"]


JOHN = f"{'7c1d' * 8}@bceidbusiness"
CELLS = st.sampled_from([JANE, JOHN, "reviewer", "a,b", '"', "dev", "grant", "revoke", " ", "", "="])


@given(st.lists(st.fixed_dictionaries({"username": CELLS, "role": CELLS, "action": CELLS}), min_size=1, max_size=4))
def test_csv_and_json_lines_give_the_same_rows(rows: list[dict[str, str]]) -> None:
    """The same cells give the same rows, or the same number of faults, from CSV and from JSON lines."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["username", "role", "action"])
    writer.writeheader()
    writer.writerows(row for row in rows if any(value.strip() for value in row.values()))
    lines = "\n".join(json.dumps(row) for row in rows if any(value.strip() for value in row.values()))

    def outcome(text: str, name: str) -> Any:
        try:
            found = read_roster(text, name, **PLACE)
        except InvalidFile as error:
            return len(error.faults)
        return [(row.person, row.role, row.action) for row in found]

    assert outcome(out.getvalue(), "r.csv") == outcome(lines, "r.jsonl")


# Exact rosters


@pytest.mark.parametrize("text", ["", " \r\n", ",,;\t\n", "username,role\n", "username,role\n,\n"], ids=repr)
def test_an_empty_exact_roster_raises_empty_set(text: str) -> None:
    """An exact roster without rows raises `EmptySet`, because everybody would lose their roles."""
    with pytest.raises(EmptySet, match=r"r\.csv names nobody"):
        read_roster(text, "r.csv", **PLACE, exact=True)


def test_results_are_refused_as_an_exact_roster() -> None:
    """A file of results is refused as an exact roster, since it lists only the remaining rows and all others would lose
    roles.
    """
    result = RowResult(Row(2, Person("username", JANE), "reviewer", "101", "dev"), "unknown")
    text = results_as_csv([result])
    assert len(read_roster(text, "r.result.csv")) == 1
    with pytest.raises(Refused, match="Pass the roster itself"):
        read_roster(text, "r.result.csv", exact=True)
    line = json.dumps({"username": JANE, "role": "reviewer", "outcome": "failed"})
    with pytest.raises(Refused, match="Pass the roster itself"):
        read_roster(line, "r.jsonl", **PLACE, exact=True)


def test_rows_that_revoke_contradict_an_exact_roster() -> None:
    """An exact roster with rows that revoke is refused, and the error names their lines."""
    row = Row(2, Person("username", JANE), "reviewer", "101", "dev")
    check_exact([row])
    with pytest.raises(Refused, match=r"\(lines 3, 4\)"):
        check_exact([row, *(Row(line, row.person, "r", "101", "dev", "revoke") for line in (3, 4))])
    text = f"username,role,action\n{JANE},reviewer,grant\n{JANE},admin,revoke\n"
    with pytest.raises(Refused, match=r"\(line 3\)"):
        read_roster(text, "r.csv", exact=True, **PLACE)


def test_a_row_that_contradicts_the_value_for_all_rows_is_a_fault() -> None:
    """If a row names another integration or environment than the one given for all rows, this is a fault."""
    with pytest.raises(InvalidFile) as caught:
        read_roster(f"username,role,integration,environment\n{JANE},reviewer,Other,test\n", "r.csv", **PLACE)
    assert caught.value.faults == (
        "r.csv:2: the integration is 'Other', but 'Grants Portal' was given for all rows",
        "r.csv:2: the environment is 'test', but 'dev' was given for all rows",
    )
    assert tuple(caught.value.__notes__) == caught.value.faults


def test_a_column_with_another_name_is_one_fault() -> None:
    """A misnamed column is one fault with a suggestion. The roster lists synonyms. A reversed mapping is recognised."""
    for header, suggestion in (("email,Rolle", "role=Rolle"), ("E-Mial,role", "email=E-Mial")):
        [fault] = faults_of(f"{header}\na@example.com,reviewer\n", "r.csv")
        assert f"Then pass --column {suggestion}" in fault
    roster = read_roster("UPN,Role name\na@example.com,reviewer\n", **PLACE)
    assert roster.synonyms == {"UPN": "email", "Role name": "role"}
    assert read_roster("e-mail,ROLE\na@example.com,reviewer\n", **PLACE).synonyms == {}
    with pytest.raises(InvalidRequest, match=r"comes first: columns=\{'role': 'Rolle'\}") as caught:
        read_roster("email,Rolle\n", columns={"Rolle": "role"}, **PLACE)
    assert "comes first: --column role=Rolle" in caught.value.text_for("command_line")


def test_columns_of_reports_in_a_file_of_ones_own_are_named() -> None:
    """A roster lists the columns that are not used. A column that means something else than in a report is a fault."""
    text = f"username,role,Held,First name,Message,Project,env\n{JANE},reviewer,since May,Jane,hi,Grants Portal,dev\n"
    roster = read_roster(text)
    assert roster.unused == ("Held", "First name", "Message")
    assert roster.synonyms == {"Project": "integration", "env": "environment"}
    assert read_roster(text, ignore=["held", "First name"]).unused == ("Message",)
    accounts = "role,Service account\nreviewer,fisheries-service-102\n"
    [fault] = faults_of(accounts, "r.csv")
    assert fault.endswith("css-sdk does not use the column 'Service account'")
    [row] = read_roster(accounts, columns={"client_id": "Service account"}, **PLACE)
    assert row.person == Person("client_id", "fisheries-service-102")
    assert faults_of(f"username,role,Service account\n{JANE},reviewer,fisheries-service-102\n", "r.csv") == [
        "r.csv:2: the column 'Service account' is 'fisheries-service-102', but must be yes or no. If it names "
        "accounts, pass --column client_id='Service account'. To ignore it, pass --ignore 'Service account'"
    ]
    assert read_roster(f"username,role,Service account\n{JANE},reviewer,No\n", **PLACE).unused == ("Service account",)
    [fault] = faults_of(f"username,role,project,Project name\n{JANE},reviewer,A,A\n", "r.csv")
    assert fault.endswith("'integration' appears twice: 'project' and 'Project name'; leave out one with --ignore")


def test_a_state_counts_as_outcome_only_in_results_of_css_sdk() -> None:
    """`State` leaves out rows only beside another column of results. The roster names the column that did so."""
    [fault] = faults_of(f"username,role,State\n{JANE},reviewer,done\n", "r.csv")
    assert "a roster has no column 'State'. To ignore this column of your file, pass --ignore State." in fault
    for columns, found in (("State,error", ("State",)), ("Outcome,message", ("Outcome",)), ("state,outcome", None)):
        roster = read_roster(f"username,role,{columns}\n{JANE},reviewer,done,\n", **PLACE)
        assert len(roster.finished) == 1
        assert roster.outcome_columns == (found or ("outcome", "state"))


def test_unknown_columns_get_a_suggestion_and_can_be_ignored() -> None:
    """Columns can be ignored by name, without case. The fault of an unknown column suggests a column or `--ignore`."""
    unknown = faults_of("Usr Name,Notes,role\n", "r.csv")
    assert "Did you mean 'username'? Then pass --column username='Usr Name'. To ignore" in unknown[0]
    assert "a roster has no column 'Notes'. To ignore this column of your file, pass --ignore Notes." in unknown[1]
    assert faults_of(f"username,role\n{JANE},reviewer,note\n", "r.csv") == [
        "r.csv:2: the row has 3 cells, but the header has 2. To ignore the cells at the end, name their columns in the "
        "header, and pass --ignore with each name"
    ]
    with pytest.raises(InvalidFile, match=r"In Python, pass arguments instead: .*columns= for --column") as caught:
        read_roster("username,role,Notes (in Python 3)\n")
    assert "pass --ignore 'Notes (in Python 3)'." in caught.value.faults[0]
    text = f"username,Notes,role\n{JANE},hello,reviewer\n"
    [row] = read_roster(text, ignore=["NOTES", "role"], role="reader", **PLACE)
    assert (row.person.value, row.role) == (JANE, "reader")
    with pytest.raises(InvalidFile, match="the columns do not fit") as caught:
        read_roster(text, ignore=["NOTES", "role"], **PLACE)
    assert "the column 'role' is missing: pass one value for all rows with --role" in caught.value.faults[0]


@pytest.mark.parametrize("content", ["roster.csv", Path("roster.csv"), None])
def test_a_path_in_place_of_content_is_refused(content: Any) -> None:
    """If a path is passed as content, the error says what to pass."""
    with pytest.raises(InvalidRequest, match="read_bytes"):
        read_roster(content)


DASHED = "0F3AC878-06AA-7F21-5A7C-0D4CC4D9E799"


def test_a_guid_may_have_dashes() -> None:
    """A GUID with dashes means the same as without, and a GUID that lacks a digit is refused."""
    [row] = read_roster(f"guid,role\n{DASHED},reviewer", integration="101", environment="dev")
    assert row.person == Person("guid", DASHED.replace("-", ""))
    with pytest.raises(InvalidFile):
        read_roster(f"guid,role\n{DASHED[:-1]},reviewer", integration="101", environment="dev")


@pytest.mark.parametrize(
    ("said", "own", "meant"),
    [(None, 101, "#101"), ("101", 101, "#101"), ("#101", 101, "#101"), ("102", 101, None), ("x", "#x", None)],
)
def test_a_number_in_json_is_the_id_of_an_integration(said: str | None, own: object, meant: str | None) -> None:
    """A number in JSON is the id of an integration. If the same id is passed for all rows, this is not
    a contradiction.
    """
    line = json.dumps({"username": JANE, "role": "a", "environment": "dev", "integration": own})
    if meant is None:
        with pytest.raises(InvalidFile, match="1 fault"):
            read_roster(line, integration=said)
    else:
        assert [row.integration for row in read_roster(line, integration=said)] == [meant]


def test_a_row_may_name_the_provider_of_a_guid_or_address() -> None:
    """A row may name the provider of a GUID or address, without case, and its result means the same when it is read
    again.
    """
    head = "username,guid,email,provider,role\n"
    rows = read_roster(f"{head},,a@b.example,AzureIDIR,x\n{',' + JANE[:32]},,idir,x\n", **PLACE)
    assert [row.person for row in rows] == [
        Person("email", "a@b.example", "azureidir"), Person("guid", JANE[:32], "idir"),
    ]  # fmt: skip
    again = read_roster(results_as_csv([RowResult(row, "failed") for row in rows]), "r.result.csv")
    assert [row.person for row in again] == [row.person for row in rows]
    assert ["'ldap' is not a provider" in fault or "but the username is" in fault for fault in faults_of(
        f"{head},,a@b.example,ldap,x\n{JANE},,,azureidir,x\n", "r.csv"
    )] == [True, True]  # fmt: skip
