"""Reports as text without active content, and as rows that are computed when they are read."""

from __future__ import annotations

import csv
import datetime
import html
import itertools
import re
from html.parser import HTMLParser

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from css_sdk import AccessReport, ServiceUnavailable, User, report_as_csv, report_as_html, report_as_markdown
from css_sdk._text.csv_lines import unguarded
from css_sdk._text.escaping import hidden_in
from css_sdk.people.logins import UnreadPlace, login_differences
from css_sdk.plan.impact import roles_leading_to
from css_sdk.report.graph import layers
from css_sdk.state import Place, PlaceState

AT = datetime.datetime(2026, 11, 2, 8, 30, tzinfo=datetime.UTC)
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><b onmouseover='x'>",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "  =1",
    "\t=1",
    "＝1",  # noqa: RUF001
    "a|b `c` *d* _e_ [f](http://evil.example) ![g](h) ~~i~~ $j$ &amp;",
    "www.evil.example https://evil.example",
    "# heading",
    "- entry",
    "1. entry",
    "    code",
    "@everyone and #1",
    "\u202enimda",
    "\x1b[2J\r\nx\u2028y\ud800",
    "👩‍👩‍👧 Zoë ἀρχή",
]


def one_place(*roles: str, users: int = 1, project: str = "Alpha") -> PlaceState:
    """Return an environment where all members have all roles."""
    people = [User(f"{n:032x}@idir", f"p{n}@x.example", roles[0], f"N{n}") for n in range(users)]
    names = frozenset(user.username for user in people)
    known = {user.username: user for user in people}
    return PlaceState(Place(1, "dev"), project, frozenset(roles), members=dict.fromkeys(roles, names), users=known)


def hostile(name: str) -> AccessReport:
    """Return a report in which every name is hostile."""
    unread = UnreadPlace(Place(2, "prod"), name, ServiceUnavailable(f"It failed for {name}."))
    return AccessReport(1, (one_place(name, project=name),), (unread,)).only(roles=[name], person=name)


names = st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=30)


@given(names)
def test_no_cell_of_csv_is_a_formula(name: str) -> None:
    """With any names, no cell of a CSV report is a formula, each row is one line, and names can be read back."""
    lines = list(report_as_csv(hostile(name)))
    assert len(lines) == 2
    assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2028\u2029\ud800-\udfff]", "".join(lines))
    [row] = csv.DictReader(lines)
    for cell in row.values():
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
    assert unguarded(row["role"]) == unguarded(row["integration"])
    if name.isprintable() and not hidden_in(name):
        assert unguarded(row["role"]) == name
    assert (row["service_account"], row["direct"], row["through"]) == ("no", "yes", "")


@given(names)
def test_no_name_has_an_effect_in_markdown(name: str) -> None:
    """With any names, the Markdown has a table of nine cells of plain text, and a list with one entry."""
    text = "\n".join(report_as_markdown(hostile(name)))
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = markdown.parse(text)
    kinds = [token.type for token in tokens]
    assert (kinds.count("td_open"), kinds.count("list_item_open"), kinds.count("heading_open")) == (9, 1, 1)
    children = [child for token in tokens for child in token.children or ()]
    assert {child.type for child in children} <= {"text", "text_special", "strong_open", "strong_close"}
    assert not {"html_block", "code_block", "fence"} & {*kinds}
    assert not re.search(r"(?<![A-Za-z0-9_&])[@#]\w|(?<!\\):(?=//)|www\.", text)
    if name.isprintable() and not hidden_in(name) and name == name.strip():
        assert name in html.unescape(markdown.render(text)).replace("\u200b", "")


class Reader(HTMLParser):
    """Collect the elements of a page and the text of its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, frozenset[str]]] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, frozenset(name for name, _ in attrs)))
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data


def elements_of(report: AccessReport) -> tuple[list[tuple[str, frozenset[str]]], list[str]]:
    """Return the elements of a page, and the text of its cells."""
    reader = Reader()
    reader.feed("\n".join(report_as_html(report, AT)))
    return reader.elements, reader.cells


@given(names)
def test_no_name_adds_an_element_to_the_page(name: str) -> None:
    """With any names, the HTML page has the same elements and attributes."""
    elements, cells = elements_of(hostile(name))
    assert elements == elements_of(hostile("plain"))[0]
    "\n".join(report_as_html(hostile(name), AT)).encode()
    if name.isprintable() and not hidden_in(name):
        assert cells[2] == name


def test_the_page_loads_nothing_and_follows_its_policy() -> None:
    """The HTML page loads nothing, has no inline code that its policy forbids, and names team and time in its title."""
    page = "\n".join(report_as_html(hostile("plain"), AT))
    assert re.findall(r'(?:src|href|action)="([^"]*)"', page) == ["data:,"]
    assert "url(" not in page
    assert not re.search(r"\son\w+=|\sstyle=", page)
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert policy.count("'sha256-") == page.count("<style>") + page.count("<script>") == 3
    assert "<title>Who has what in team 1, 2026-11-02 08:30 UTC</title>" in page


@pytest.mark.parametrize(
    ("children", "columns"),
    [
        ({}, []),
        ({"a": "b"}, [["a"], ["b"]]),
        ({"a": "bc", "b": "c"}, [["a"], ["b"], ["c"]]),
        ({"B": "c", "a": "c"}, [["a", "B"], ["c"]]),
        ({"a": "b", "b": "c", "c": "ab"}, [["a"], ["b"], ["c"]]),
        ({"a": "a"}, [["a"]]),
        ({"x": "a", "a": "b", "b": "a"}, [["x"], ["a"], ["b"]]),
    ],
)
def test_children_stand_to_the_right_of_their_parents(children: dict[str, str], columns: list[list[str]]) -> None:
    """In a graph of composite roles, children are to the right of their parents, even with several paths and cycles."""
    assert layers({role: frozenset(names) for role, names in children.items()}) == columns


def composed(name: str, count: int = 1) -> AccessReport:
    """Return a report of one environment whose role `name` contains roles."""
    below = frozenset(f"{name}{number}" for number in range(count))
    return AccessReport(1, (evolve(one_place(name, *below), children={"none": frozenset(), name: below}),))


@given(names)
@example("none")
def test_no_name_adds_an_element_to_a_graph(name: str) -> None:
    """With any names, a graph has the same elements and attributes, and shows all roles."""
    assert elements_of(composed(name))[0] == elements_of(composed("plain"))[0]
    "\n".join(report_as_html(composed(name), AT)).encode()
    if name.isprintable() and not hidden_in(name):
        assert f"<title>{html.escape(name)}</title>" in "\n".join(report_as_html(composed(name), AT))


def test_a_graph_with_too_many_roles_is_not_drawn() -> None:
    """If a graph has too many roles to draw, the page names a command instead. Without composites there
    is no section.
    """
    assert "<svg" in "\n".join(report_as_html(composed("a", 149), AT))
    page = "\n".join(report_as_html(composed("a", 150), AT))
    assert "<svg" not in page
    assert "151 roles are too many to draw. To list them, run: css roles tree" in page
    assert '<section id="graphs">' in page
    assert '<section id="graphs">' not in "\n".join(report_as_html(hostile("plain"), AT))


def test_environments_that_could_not_be_read_are_named_in_markdown_and_html() -> None:
    """If an environment could not be read, the Markdown and the HTML page name it with the reason, and the filters."""
    for text in (report_as_markdown(hostile("plain")), report_as_html(hostile("plain"), AT)):
        found = "\n".join(text)
        assert "1 place could not be read" in found
        assert "prod: It failed for plain." in found
        assert "Only the role plain." in found


def test_rows_are_computed_when_they_are_read() -> None:
    """The first of a million rows is computed without the others, and again for each reading."""
    report = AccessReport(1, (one_place(*(f"role {n}" for n in range(1000)), users=1000),))
    assert [row.role for row in itertools.islice(report.rows(), 2)] == ["role 0", "role 0"]
    assert next(report_as_csv(report)).startswith("integration_id,")
    assert next(report.rows()) == next(report.rows())


def test_rows_are_ordered_by_project_environment_role_and_name() -> None:
    """Rows are ordered by project, environment, role and name, which does not depend on the order of reading."""
    users = {
        name: User(name, first_name=first) for name, first in (("1@idir", "Zoe"), ("2@idir", "ann"), ("3@idir", ""))
    }
    members = {"b": frozenset(users), "A": frozenset(["1@idir"])}
    places = [
        PlaceState(Place(number, environment), project, frozenset("bA"), members=members, users=users)
        for number, project in ((1, "zeta"), (2, "Alpha"))
        for environment in ("test", "prod", "dev")
    ]
    found = [
        (row.project_name, row.place.environment, row.role, row.user.username)
        for row in AccessReport(1, (*places,)).rows()
    ]
    assert found == [
        (project, environment, role, username)
        for project in ("Alpha", "zeta")
        for environment in ("dev", "test", "prod")
        for role, username in (("A", "1@idir"), ("b", "3@idir"), ("b", "2@idir"), ("b", "1@idir"))
    ]


def test_a_summary_counts_people_once() -> None:
    """Two logins with one GUID are one person, and a service account is not a person."""
    usernames = ["1@idir", "1@azureidir", "2@idir", "service-account-x"]
    users = {name: User(name) for name in usernames}
    state = PlaceState(Place(1, "dev"), "Alpha", frozenset("ab"), members={"a": frozenset(users)}, users=users)
    found = AccessReport(1, (state,)).summary()
    assert (found.places, found.roles, found.people, found.service_accounts, found.rows) == (1, 1, 2, 1, 4)


def test_a_report_is_narrowed_to_roles_and_people() -> None:
    """A report can be limited to exact role names, and to people by a part of username, name or
    address, ignoring case.
    """
    report = AccessReport(1, (one_place("reader", "Reader", users=12),))
    assert {row.role for row in report.only(roles=["reader"]).rows()} == {"reader"}
    for person, count in (("n11", 1), ("P1@X", 1), ("@IDIR", 12), ("reader n3", 1), ("nobody", 0)):
        assert len(list(report.only(roles=["reader"], person=person).rows())) == count, person


def test_each_composite_that_includes_a_role_has_the_shortest_chain() -> None:
    """All composite roles through which a person has a role are found, each with the shortest chain."""
    children = {"top": frozenset(["a", "b"]), "a": frozenset("b"), "b": frozenset("c"), "c": frozenset("a")}
    users = {"1@idir": User("1@idir")}
    members = {"top": frozenset(users)}
    state = PlaceState(Place(1, "dev"), "Alpha", frozenset(["top", *"abc"]), children, members, users)
    found = {row.role: (row.direct, row.through) for row in AccessReport(1, (state,)).rows()}
    assert found == {"a": (False, ("top",)), "b": (False, ("top",)), "c": (False, ("top > b",)), "top": (True, ())}
    for role in state.roles:
        assert ("top" in roles_leading_to(state.tree, role)) == (role in found)


def test_members_without_a_known_name_are_reported() -> None:
    """A member of whom only the username is known is still reported."""
    state = PlaceState(Place(1, "dev"), "Alpha", frozenset({"a"}), members={"a": frozenset({"0f3a@idir"})})
    assert [row.user.username for row in AccessReport(1, (state,)).rows()] == ["0f3a@idir"]
    assert [found.username for found in login_differences(state.members, {})] == ["0f3a@azureidir"]
