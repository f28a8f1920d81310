"""Results of calls as tables: flat rows for pandas and CSV files, safe HTML, and masked for other readers."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import css_sdk
from css_sdk import (
    Ambiguous,
    ClientCredentials,
    Css,
    CssError,
    InvalidFile,
    InvalidRequest,
    LogLine,
    NotFound,
    PersonRoles,
    Role,
    SearchResult,
    Settings,
    UnreadPlace,
    User,
    WhoAmI,
    read_roster,
    table,
)
from css_sdk._text.escaping import with_codes
from css_sdk._text.tables import Tabular
from css_sdk.people.searches import named
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, PlaceState
from tests.support import GRANTS_PORTAL

TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
ROSTER = f"username,role\n{TOBIAS},approver\n{'0' * 32}@idir,reviewer\n"


@pytest.fixture
def css(sandbox: Sandbox) -> Iterator[Css]:
    """Yield a client of the first team."""
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        yield css


class Cells(HTMLParser):
    """The visible cells of an HTML table, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.elements: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        assert not attrs or tag == "table"
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.removesuffix("\n")


def shown(value: Any) -> list[list[str]]:
    """Return the cells that a notebook shows, column names first."""
    return Cells(value._repr_html_()).rows


def test_a_result_of_a_roster_is_one_flat_row(css: Css) -> None:
    """A result of a roster is one flat row with person, role and outcome, errors as text, and a notebook shows the
    same.
    """
    results = css.apply_roster(read_roster(ROSTER, "roster.csv", integration="101", environment="dev"))
    rows = table(results)
    assert list(rows[0].items()) == [
        ("line", 2),
        ("by", "username"),
        ("person", TOBIAS),
        ("provider", None),
        ("role", "approver"),
        ("integration", "101"),
        ("environment", "dev"),
        ("action", "grant"),
        ("outcome", "already"),
        ("error", None),
        ("state", "already has it"),
    ]
    assert rows[1]["error"] == str(results[1].error)
    assert shown(rows) == [
        list(rows[0]),
        *(["" if cell is None else str(cell) for cell in row.values()] for row in rows),
    ]


def test_nested_results_become_rows_of_users_logins_roles_and_members(css: Css) -> None:
    """Nested results become flat rows: a search by user, a person by login, a tree by role, a state by member."""
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    found = table(css.find_people(email="maren.fairweather@example.com"))
    assert [(row["name"], row["username"].partition("@")[2], row["environments"]) for row in found] == [
        ("Maren Fairweather", "idir", "dev, test, prod"),
        ("Maren Fairweather", "azureidir", "dev, test, prod"),
    ]
    assert [(row["role"], row["through"]) for row in table(css.roles_of("ilse.hargreave@example.com"))] == [
        ("admin", ""),
        ("approver", "admin"),
        ("reviewer", "admin"),
    ]
    assert [tuple(row.values()) for row in table(dev.roles.tree())] == [
        ("admin", True, "approver, reviewer"),
        ("approver", False, ""),
        ("reviewer", False, ""),
    ]
    dev.roles.create("idle")
    assert [(row["role"], row["last_name"]) for row in table(dev.state())] == [
        ("admin", "Hargreave"),
        ("approver", "Bellwether"),
        ("idle", ""),
        ("reviewer", "Fairweather"),
        ("reviewer", "Bellwether"),
    ]
    assert {row["role"] for row in table(dev.state(["idle"]))} == {"idle"}
    assert [row["username"] for row in table(dev.people.search("idir", email="ilse"))] == [
        "d6dff8c2546921b01198b4efd12cb3bc@idir"
    ]
    assert [row["other_login"].partition("@")[2] for row in table(dev.login_differences())] == ["azureidir"] * 3


def test_incomplete_and_empty_results_say_so() -> None:
    """An incomplete search and environments that could not be read are shown, and an empty table says `no rows`."""
    assert shown(SearchResult((), complete=False)) == [["complete"], ["no"]]
    unread = (UnreadPlace(Place(101, "dev"), "Grants Portal", CssError("It is away.")),)
    assert shown(PersonRoles((), unread=unread))[-1] == ["101", "dev", "Grants Portal", "It is away."]
    assert Cells(table([])._repr_html_()).text.strip() == "no rows"


def test_rows_of_a_table_can_be_filtered_and_written_as_csv(css: Css) -> None:
    """A table is a list of dictionaries: selected rows are a table again, and `csv` can write them."""
    rows = table(css.integrations())
    gold = table([{"id": row["id"], "at": row["created_at"]} for row in rows if row["id"] == GRANTS_PORTAL])
    assert shown(gold) == [["id", "at"], ["101", "2026-01-05 17:00:00+00:00"]]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    assert [row["environments"] for row in csv.DictReader(io.StringIO(out.getvalue()))] == [
        "dev, test, prod",
        "dev, prod",
        "dev",
    ]


def test_a_notebook_shows_only_the_first_rows_of_a_long_table() -> None:
    """A notebook shows 200 rows of a long table and the number of the others; the table has all rows."""
    rows = table(Role(str(number)) for number in range(10_000))
    assert len(rows) == 10_000
    assert len(shown(rows)) == 201
    assert "and 9800 more" in rows._repr_html_()


@given(st.text(), st.text())
def test_names_have_no_effect_in_html(name: str, email: str) -> None:
    """For every name, the HTML is a table and shows the name without its invisible characters."""
    html = table(User(name, email))._repr_html_()
    page = Cells(html)
    assert page.elements == {"table", "thead", "tbody", "tr", "th", "td"}
    harmless = [
        "".join(each if each.isprintable() else "\ufffd" for each in with_codes(text)) for text in (name, email)
    ]
    assert page.rows[1][:2] == harmless
    assert html.replace("\n", "").isprintable()
    assert 'class="tex2jax_ignore mathjax_ignore"' in html


@given(st.emails(), st.text(alphabet="0123456789abcdefABCDEF", min_size=32, max_size=32), st.text(min_size=1))
def test_masked_tables_hide_names_addresses_and_guids(email: str, guid: str, name: str) -> None:
    """A masked table hides names and e-mail addresses, also in errors, shortens GUIDs, and keeps all else."""
    error = NotFound(f"2 logins have email {email!r}: {guid}@idir, {guid}@azureidir. Give the username.")
    user = User(f"{guid}@idir", email, name, name)
    [row] = table(user, mask=True)
    assert row == {"username": f"{guid[:6]}…@idir", "email": "…", "first_name": "…", "last_name": "…"}
    [row] = table(UnreadPlace(Place(1, "dev"), "Grants Portal", error), mask=True)
    assert row["project_name"] == "Grants Portal"
    assert re.fullmatch(rf"2 logins have email \S*…\S*: {guid[:6]}…@idir, {guid[:6]}…@azureidir\. .*", row["error"])
    assert email not in row["error"]
    assert not re.search(r"@[\w-]+\.\w", row["error"])
    [row] = table(LogLine(datetime.datetime.now(datetime.UTC), f"username={name}", {}), mask=True)
    assert row["message"] == "…"


@pytest.mark.parametrize("name", ["Ann Example", "Ann (Annie) Example", "A. Example", "Ann, Example"])
def test_masked_messages_hide_the_names_of_candidates(name: str) -> None:
    """A masked message about several logins hides the names of all candidates."""
    users = [User(f"{'aa' * 16}@idir", first_name=name), User(f"{'bb' * 16}@azureidir", first_name=name)]
    error = Ambiguous(f"2 logins have it: {named(users)}. Use the username.")
    [row] = table(UnreadPlace(Place(1, "dev"), "Grants Portal", error), mask=True)
    assert row["error"] == "2 logins have it: aaaaaa…@idir, bbbbbb…@azureidir. Use the username."


PUBLIC = [getattr(css_sdk, name) for name in css_sdk.__all__ if not name.startswith("_")]
SHOWN = [thing for thing in PUBLIC if isinstance(thing, type) and issubclass(thing, Tabular)]


def test_only_tabular_types_have_an_html_form() -> None:
    """Only tabular types, `WhoAmI` included, show HTML in a notebook."""
    assert [thing for thing in PUBLIC if isinstance(thing, type) and hasattr(thing, "_repr_html_")] == SHOWN
    assert WhoAmI in SHOWN


@pytest.mark.parametrize("kind", SHOWN)
def test_no_tabular_type_has_a_field_for_secrets(kind: type) -> None:
    """No field of a tabular type holds a secret, settings or credentials, by its name or type."""
    for field in attrs.fields(kind):
        assert not re.search("secret|token|password|credential|settings", f"{field.name} {field.type}", re.IGNORECASE)


def test_table_refuses_settings_credentials_and_other_values(settings: Settings, sandbox: Sandbox) -> None:
    """`table` refuses settings, credentials and other values that no call returns, and the error shows no secret."""
    given = sandbox.credentials()
    credentials = ClientCredentials(given["token_url"], given["client_id"], given["client_secret"])
    for thing in (settings, credentials, "text", 7, [settings], [None]):
        with pytest.raises(InvalidRequest, match="needs the result of a call") as caught:
            table(thing)  # type: ignore[arg-type]
        assert given["client_secret"] not in str(caught.value)
    for thing in (settings, credentials):
        assert not hasattr(thing, "_repr_html_")
        assert given["client_secret"] not in repr(thing)


def test_the_table_of_a_report_has_a_row_for_each_role_of_each_member(css: Css) -> None:
    """The columns are those of people and places elsewhere. A line below the table names what could not be read."""
    report = css.report(environments=["dev"]).only(roles=["reviewer"])
    rows = table(report)
    assert rows == table(report.rows())
    assert [(row["last_name"], row["direct"], row["through"]) for row in rows] == [
        ("Hargreave", False, "admin"),
        ("Fairweather", True, ""),
        ("Bellwether", True, ""),
    ]
    assert rows[0].keys() >= {"integration", "environment", "project_name", "role", "username", "email"}
    unread = evolve(report, places=(), unread=(UnreadPlace(Place(1, "dev"), "X", NotFound("gone")),))
    assert "gone" in Cells(unread._repr_html_()).text


def results(css: Css) -> dict[str, Any]:
    """Return a result of each kind of call, by its name."""
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    rows = read_roster(ROSTER, "roster.csv", integration="101", environment="dev")
    return {
        "integrations": css.integrations(),
        "roles": dev.roles.list(),
        "roles of a user": dev.users.roles(TOBIAS),
        "members": list(dev.roles.members("reviewer")),
        "a page of members": dev.roles.members_page("reviewer", 1),
        "a search": dev.people.search("idir", email="ilse"),
        "people": css.find_people(email="maren.fairweather@example.com"),
        "roles of a person": css.roles_of("ilse.hargreave@example.com"),
        "tree": dev.roles.tree(),
        "state": dev.state(),
        "differences": dev.login_differences(),
        "report": css.report(environments=["dev"]),
        "roster": css.check_roster(rows),
        "grants": dev.bulk.assign_many([(TOBIAS, "approver")], skip_existing=True),
        "created": dev.bulk.create_roles(["admin"], skip_existing=True),
        "rows": rows,
    }


def test_every_result_iterates_over_the_rows_of_its_table(css: Css) -> None:
    """Iterating over a result gives the rows of its table, and a notebook shows a list of results as a table."""
    for name, found in results(css).items():
        rows = [dict(row) for row in found]
        assert rows == table(found), name
        assert rows, name
        if name not in ("members", "rows"):
            assert Cells(found._repr_html_()).rows[0] == list(dict.fromkeys(key for row in rows for key in row)), name


def test_a_single_result_is_a_mapping_of_its_columns(css: Css) -> None:
    """A single result is a mapping of its columns, and is compared and hashed by its attributes."""
    [role, *_] = css.integration(GRANTS_PORTAL).environment("dev").roles.list()
    assert (role["role"], dict(role), len(role)) == (role.name, {"role": "admin", "composite": True}, 2)
    assert {**role} == {"role": "admin", "composite": True}
    assert role == Role("admin", composite=True)
    assert role != {"role": "admin", "composite": True}
    assert len({role, Role("admin", composite=True)}) == 1
    with pytest.raises(KeyError):
        role["name"]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_data_frame_accepts_every_result(css: Css, library: str) -> None:
    """A data frame of a result has the same columns and as many rows as its table."""
    frames = pytest.importorskip(library)
    for name, found in results(css).items():
        expected = table(found)
        frame = frames.DataFrame(found if library == "pandas" else list(found))
        assert list(frame.columns) == list(dict.fromkeys(key for row in expected for key in row)), name
        assert len(frame) == len(expected), name


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_an_edited_data_frame_can_be_applied_as_a_roster(css: Css, library: str) -> None:
    """A data frame of a report, members or results can be edited and applied, and only the edit leads to a change."""
    frames = pytest.importorskip(library)
    dev = css.integration(GRANTS_PORTAL).environment("dev")
    report = [dict(row) for row in css.report(environments=["dev"]) if row["project_name"] == "Grants Portal"]
    members = [dict(user) | {"role": "reviewer"} for user in dev.roles.members("reviewer")]
    mistyped = f"username,role\n{TOBIAS},aprover\n{'0' * 32}@idir,reviewer\n"
    failed = css.apply_roster(read_roster(mistyped, integration="101", environment="dev"))
    for rows, how, already in (
        (report, {}, 4),
        (members, {"integration": "101", "environment": "dev"}, 2),
    ):
        unchanged = css.check_roster(read_roster(frames.DataFrame(rows), **how))
        assert [result.state for result in unchanged] == ["already has it"] * already
        at = next(n for n, row in enumerate(rows) if row["role"] == "reviewer" and row.get("direct", True))
        edited = [row | ({"role": "admin"} if n == at else {}) for n, row in enumerate(rows)]
        [changed] = [
            result
            for result in css.check_roster(read_roster(frames.DataFrame(edited), **how))
            if result.state == "to do"
        ]
        assert (changed.row.role, changed.row.person.value) == ("admin", edited[at]["username"])
    frame = frames.DataFrame([dict(result) | {"role": result.row.role.replace("apr", "appr")} for result in failed])
    assert [result.state for result in css.apply_roster(frame)] == ["already has it", "never logged in"]


def test_missing_values_of_frames_are_empty_cells(css: Css) -> None:
    """Missing values of pandas are empty cells, numbers are read as text, and a row of missing values is ignored."""
    pandas = pytest.importorskip("pandas")
    numpy = pytest.importorskip("numpy")
    frame = pandas.DataFrame(
        {
            "email": ["ilse@example.com", numpy.nan, None, "caspian@example.com"],
            "guid": [None, "0f3a" * 8, pandas.NA, pandas.NaT],
            "role": pandas.Series(["reviewer", "lead", None, numpy.str_("lead")], dtype=object),
            "integration": [numpy.float64(101), 101, numpy.nan, numpy.int64(101)],
            "env": pandas.Categorical(["dev", "dev", None, "test"]),
        }
    )
    rows = read_roster(frame, "the frame")
    assert [(row.line, row.person.by, row.role, row.integration, row.environment) for row in rows] == [
        (1, "email", "reviewer", "101", "dev"),
        (2, "guid", "lead", "101", "dev"),
        (4, "email", "lead", "101", "test"),
    ]
    twice = pandas.DataFrame([["a@example.com", "x", "y"]], columns=["email", "role", "role"])
    with pytest.raises(InvalidFile) as caught:
        read_roster(twice, integration="101", environment="dev")
    assert "appears twice" in caught.value.faults[0]
    with pytest.raises(InvalidFile, match="1 fault") as caught:
        css.apply_roster(pandas.DataFrame([{"email": "a@example.com", "role": ["x"], "project": "101", "env": "dev"}]))
    assert caught.value.faults[0] == "The roster:1: the role is not a text, but a value of type list"
    for wrong in ([["a", "b"]], 7, [None]):
        with pytest.raises(InvalidRequest):
            css.apply_roster(wrong)


@pytest.mark.notebooks
def test_pandas_reads_a_table_with_its_types(css: Css) -> None:
    """pandas reads a table with its columns, numbers and times, and None as missing."""
    import pandas

    results = css.apply_roster(read_roster(ROSTER, "roster.csv", integration="101", environment="dev"))
    frame = pandas.DataFrame(table(results))
    assert frame["state"].tolist() == ["already has it", "never logged in"]
    assert frame["line"].sum() == 5
    assert frame["error"].isna().tolist() == [True, False]
    integrations = pandas.DataFrame(table(css.integrations()))
    assert integrations["created_at"].dt.year.tolist() == [2026] * 3


def test_a_state_has_a_row_for_each_member_and_each_empty_role() -> None:
    """The table of a state names members who are not known by name, and roles that have no members."""
    state = PlaceState(
        Place(101, "dev"), "Grants", frozenset("ab"), members={"a": frozenset(), "b": frozenset(["x@idir"])}
    )
    assert [(row["role"], row["username"], row["project_name"]) for row in table(state)] == [
        ("a", "", "Grants"),
        ("b", "x@idir", "Grants"),
    ]
