"""The page of a report in a real browser: it shows the rows, executes no hostile name, and logs nothing."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from css_sdk import AccessReport, AccessRow, NotApplied, User, plan_as_html, report_as_html
from css_sdk._text.escaping import shown_name, with_codes
from css_sdk.people.logins import UnreadPlace
from css_sdk.state import Place, PlaceState
from tests.test_plan_page import plan_of

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

AT = datetime.datetime(2026, 11, 2, 8, 30, tzinfo=datetime.UTC)
HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"'><img src=https://evil.example/x onerror=alert(2)>",
    "<!--",
    "\u202enimda",
    "👩‍👩‍👧 ἀρχή",
    "All",
    " blank ",
)


def made(count: int) -> AccessReport:
    """Return a report of this many people with roles in six places, a composite role, and hostile names."""
    chance = random.Random(7)  # noqa: S311
    roles, first = ["admin", "reviewer", *HOSTILE], ["Ilse", "Émile", *HOSTILE]
    people = [
        User(
            f"{n:032x}@{chance.choice(['idir', 'azureidir', 'bceidbusiness'])}",
            f"p{n}@x.example",
            chance.choice(first),
            last,
        )
        for n, last in enumerate(chance.choices(["Sato", "Osei"], k=count))
    ]
    users = {user.username: user for user in [*people, User("service-account-robot-1")]}

    def place(number: int, environment: str) -> PlaceState:
        members = {role: frozenset(chance.sample(sorted(users), count // 6)) for role in roles}
        children = {"admin": frozenset(["reviewer"])}
        return PlaceState(Place(number, environment), f"Project {number}", frozenset(roles), children, members, users)

    places = [place(number, environment) for number in (1, 10) for environment in ("dev", "test", "prod")]
    unread = UnreadPlace(Place(3, "dev", HOSTILE[0]), HOSTILE[0], NotApplied(f"{HOSTILE[1]} is a draft."))
    return AccessReport(2016, tuple(places), (unread,))


def cells(row: AccessRow) -> list[str]:
    """Return the cells of a row, with their parts separated by a blank."""
    texts = (
        f"{with_codes(row.project_name)} #{row.place.integration}",
        row.place.environment,
        with_codes(row.role),
        " ".join(filter(None, (row.user.name, row.user.username))),
        row.user.email,
        row.user.provider or "service account",
        with_codes(row.held),
    )
    return [shown_name(text) for text in texts]


@pytest.fixture(scope="module")
def report() -> AccessReport:
    """Return a report with more rows than the page shows at once."""
    return made(72)


@pytest.fixture(scope="module")
def rows(report: AccessReport) -> list[list[str]]:
    """Return the rows of the report as a browser should show them."""
    return [cells(row) for row in report.rows()]


@pytest.fixture(scope="module")
def page(report: AccessReport, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the address of the report's page."""
    file: Path = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text("\n".join(report_as_html(report, AT)), encoding="utf-8")
    return file.as_uri()


def shown(browser: Chrome) -> list[list[str]]:
    """Return the cells of the rows on the page."""
    found: list[list[str]] = browser.execute_script(
        "return Array.from(document.querySelector('table').tBodies[0].rows, (row) => Array.from(row.cells, (cell) =>"
        " Array.from(cell.childNodes, (part) => part.textContent).join(' ')))"
    )
    return found


def act(browser: Chrome, name: str, value: str | None = None) -> None:
    """Type into, choose from, or click the element with this id."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.select import Select

    element = browser.find_element(By.ID, name)
    if value is None:
        element.click()
    elif element.tag_name == "select":
        Select(element).select_by_value(value)
    else:
        element.clear()
        element.send_keys(value)


def count(browser: Chrome) -> str:
    """Return the page's text about the number of rows."""
    return str(browser.execute_script("return document.getElementById('count').textContent"))


def visible(browser: Chrome, selector: str) -> bool:
    """Return whether an element is visible."""
    return bool(browser.execute_script("return document.querySelector(arguments[0]).offsetHeight > 0", selector))


def sort(browser: Chrome, column: int) -> str | None:
    """Click the head of a column and return its aria-sort."""
    return browser.execute_script(  # type: ignore[no-any-return]
        "const head = document.querySelectorAll('th')[arguments[0]]; head.querySelector('button').click();"
        "return head.getAttribute('aria-sort')",
        column,
    )


def test_all_rows_are_shown_and_hostile_names_are_text(browser: Chrome, page: str, rows: list[list[str]]) -> None:
    """The page shows all rows step by step, and hostile names are text and not part of the page."""
    browser.get(page)
    assert shown(browser) == rows[:200]
    assert count(browser) == f"Showing 200 of {len(rows):,} rows"
    act(browser, "next")
    assert shown(browser) == rows[:400]
    act(browser, "all")
    assert shown(browser) == rows
    assert count(browser) == f"Showing {len(rows):,} of {len(rows):,} rows"
    assert not visible(browser, "#more")
    assert browser.execute_script("return [document.scripts.length, document.images.length]") == [2, 0]
    assert browser.title == "Who has what in team 2016, 2026-11-02 08:30 UTC"
    warning = browser.execute_script("return document.querySelector('.unread').textContent")
    assert HOSTILE[0] in warning
    assert HOSTILE[1] in warning


Kept = Callable[[list[str]], bool]


@pytest.mark.parametrize(
    ("actions", "kept"),
    [
        ({"search": "ilse sato"}, lambda row: all(word in "\n".join(row).lower() for word in ("ilse", "sato"))),
        ({"search": "ÉMILE"}, lambda row: "émile" in row[3].lower()),
        ({"search": "<SCRIPT>alert"}, lambda row: "<script>alert" in "\n".join(row)),
        ({"search": "service-account"}, lambda row: row[5] == "service account"),
        ({"search": "through"}, lambda row: "through" in row[6]),
        ({"search": "nobody at all"}, lambda row: False),
        ({"role": HOSTILE[0]}, lambda row: row[2] == HOSTILE[0]),
        ({"role": "All"}, lambda row: row[2] == "All"),
        ({"role": " blank "}, lambda row: row[2] == " blank "),
        ({"environment": "prod", "integration": "Project 10 #10"}, lambda row: row[:2] == ["Project 10 #10", "prod"]),
        ({"provider": "azureidir"}, lambda row: row[5] == "azureidir"),
        ({"provider": "service account", "environment": "dev"}, lambda row: row[1] == "dev" and row[5][0] == "s"),
        ({"held": "directly"}, lambda row: row[6].startswith("directly")),
        ({"held": "through composite roles"}, lambda row: "through admin" in row[6]),
        ({"role": "admin", "environment": "dev"}, lambda row: row[1:3] == ["dev", "admin"]),
        ({"role": "admin", "search": "osei"}, lambda row: row[2] == "admin" and "Osei" in row[3]),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else "",
)
def test_search_and_filters_show_the_matching_rows(
    browser: Chrome, page: str, rows: list[list[str]], actions: dict[str, str], kept: Kept
) -> None:
    """Search and filters show exactly the matching rows and their number, and "clear" shows all rows again."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.select import Select

    browser.get(page)
    for name, value in actions.items():
        if value == "All":  # not the first option, which means all, but the role with this name
            select = Select(browser.find_element(By.ID, name))
            select.select_by_index([option.text for option in select.options].index("All", 1))
        else:
            act(browser, name, value)
    wanted = [row for row in rows if kept(row)]
    if len(wanted) > 200:
        assert count(browser) == f"Showing 200 of {len(wanted):,} rows that match, of {len(rows):,} in all"
        act(browser, "all")
    assert shown(browser) == wanted
    assert count(browser) == f"Showing {len(wanted):,} of {len(rows):,} rows"
    act(browser, "clear")
    assert shown(browser) == rows[:200]


def test_each_column_sorts_in_both_directions(browser: Chrome, page: str, rows: list[list[str]]) -> None:
    """Each column sorts in both directions, keeps the order of equal rows, and sorts environments by stage."""
    browser.get(page)
    act(browser, "search", "ilse")
    rows = [row for row in rows if "ilse" in row[3].lower()]
    for column in range(len(rows[0])):
        for direction in ("ascending", "descending"):
            assert sort(browser, column) == direction
            found = shown(browser)
            assert sorted(found) == sorted(rows)
            order = list(dict.fromkeys(row[column] for row in found))
            # Rows with equal values stay together and keep their order.
            assert found == [row for value in order for row in rows if row[column] == value]
            if column == 1:
                assert order == ["dev", "test", "prod"][:: 1 if direction == "ascending" else -1]
            if column == 0:
                assert order == ["Project 1 #1", "Project 10 #10"][:: 1 if direction == "ascending" else -1]
    assert browser.execute_script("return document.querySelectorAll('[aria-sort]').length") == 1


def test_every_control_is_reachable_by_keyboard(browser: Chrome, page: str) -> None:
    """The keyboard reaches every control in its visible order, and Enter on the head of a column sorts."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.get(page)
    reached: list[str] = []
    for _ in range(19):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        reached.append(browser.execute_script("const at = document.activeElement; return at.id || at.textContent"))
    heads = ["Integration", "Environment", "Role", "Person", "E-mail", "Provider", "Held"]
    assert reached == [
        *("search", "integration", "environment", "role", "provider", "held", "clear"),
        *("view-list", "view-matrix", "view-graphs"),
        *(*heads, "next", "all"),
    ]
    browser.execute_script("document.querySelectorAll('th button')[2].focus()")
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    assert browser.execute_script("return document.querySelectorAll('th')[2].ariaSort") == "ascending"
    labelled = "return Array.from(document.querySelectorAll('input, select'), (each) => each.labels[0].firstChild.data)"
    assert browser.execute_script(labelled) == ["Search", *heads[:3], *heads[5:]]


def test_printing_shows_all_matching_rows_and_no_controls(browser: Chrome, page: str, rows: list[list[str]]) -> None:
    """Printing shows all matching rows and hides the controls, and afterwards the page is as before."""
    browser.get(page)
    act(browser, "environment", "dev")
    browser.execute_script("window.printed = 0; addEventListener('beforeprint', () => { window.printed ="
                           " document.querySelector('table').tBodies[0].rows.length })")  # fmt: skip
    browser.execute_cdp_cmd("Page.printToPDF", {})
    assert browser.execute_script("return window.printed") == len([row for row in rows if row[1] == "dev"])
    assert len(shown(browser)) == 200
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not visible(browser, ".controls")
    assert not visible(browser, "#more")
    assert visible(browser, "table")
    assert visible(browser, ".unread")


def matrix(browser: Chrome) -> list[list[str]]:
    """Return the rows of the matrix: the roles, and then each person with a mark for each role."""
    found: list[list[str]] = browser.execute_script(
        "return Array.from(document.querySelectorAll('#matrix tr:not(:first-child), #matrix tbody tr'), (row) =>"
        " Array.from(row.cells, (cell) => Array.from(cell.childNodes, (part) => part.textContent).join(' ')))"
    )
    return found


def test_the_matrix_has_a_mark_for_each_role_of_each_person(browser: Chrome, page: str, rows: list[list[str]]) -> None:
    """The matrix shows the roles of all integrations side by side, and a mark says whether a role is direct."""
    browser.get(page)
    act(browser, "environment", "dev")
    act(browser, "view-matrix")
    wanted = [row for row in rows if row[1] == "dev"]
    roles = list(dict.fromkeys((row[0], row[2]) for row in wanted))
    head, *lines = matrix(browser)
    assert head[1:] == [role for _, role in roles]
    held = {(row[0], row[2], row[3]): "●" if row[6].startswith("directly") else "○" for row in wanted}
    people = {row[3] for row in wanted}
    assert {line[0] for line in lines} == people
    assert len(lines) == len(people)
    for person, *signs in lines:
        assert signs == [held.get((*role, person), "") for role in roles]
    assert count(browser).startswith(f"Showing {len(people)} people and {len(roles)} roles. ● directly")
    assert not visible(browser, "#list")


def test_a_matrix_that_is_too_large_asks_for_a_filter(browser: Chrome, page: str) -> None:
    """If more than 50 roles match, the matrix is empty and the page asks for a filter."""
    browser.get(page)
    act(browser, "view-matrix")
    assert matrix(browser) == []
    assert "and 54 roles match. The matrix shows at most 200 people and 50 roles. Search, or" in count(browser)
    act(browser, "environment", "test")
    assert len(matrix(browser)) > 1


def test_graphs_use_the_filters_of_places_and_roles(browser: Chrome, page: str) -> None:
    """The page shows a graph for each place. Filters of places and roles apply to it, and the others are disabled."""
    browser.get(page)
    assert not visible(browser, "#graphs")
    act(browser, "view-graphs")
    shown_figures = "return Array.from(document.querySelectorAll('figure')).filter((each) => each.offsetHeight).length"
    assert browser.execute_script(shown_figures) == 6
    act(browser, "environment", "prod")
    assert browser.execute_script(shown_figures) == 2
    assert count(browser) == "Showing 2 of 6 graphs"
    act(browser, "role", "reviewer")
    assert browser.execute_script(shown_figures) == 2
    act(browser, "role", HOSTILE[0])
    assert browser.execute_script(shown_figures) == 0
    assert browser.execute_script("return ['search', 'provider', 'held'].map((id) => document.getElementById(id)"
                                  ".disabled)") == [True] * 3  # fmt: skip
    act(browser, "view-list")
    assert shown(browser)
    assert browser.execute_script("return document.getElementById('search').disabled") is False


def test_printing_shows_the_chosen_view(browser: Chrome, page: str) -> None:
    """Printing shows only the chosen view, and its filters."""
    browser.get(page)
    act(browser, "environment", "prod")
    act(browser, "view-matrix")
    browser.execute_cdp_cmd("Page.printToPDF", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert [visible(browser, f"#{view}") for view in VIEWS] == [False, True, False]
    assert not visible(browser, ".views")
    assert visible(browser, "#filters")


def test_printing_shows_the_filters(browser: Chrome, page: str) -> None:
    """A printed page names the search and the filters. On a screen, the controls show them."""
    browser.get(page)
    act(browser, "search", "Osei ")
    act(browser, "environment", "prod")
    act(browser, "held", "directly")
    assert not visible(browser, "#filters")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert visible(browser, "#filters")
    text = browser.execute_script("return document.getElementById('filters').textContent")
    assert text == "Filters: Search: Osei; Environment: prod; Held: directly"
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    act(browser, "clear")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not visible(browser, "#filters")


VIEWS = ("list", "matrix", "graphs")
SCREENS = (320, 768, 800, 900, 1024, 1280, 1920)
PAPERS = {"A4": 1032, "Letter": 965, "A4 upright": 703, "Letter upright": 725}
"""Widths of paper without margins, in CSS pixels."""

BROKEN = r"""
const wide = document.documentElement.clientWidth, found = [];
if (document.documentElement.scrollWidth > wide) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
for (const each of document.querySelectorAll("h1, h2, p, dt, dd, label, select, button, th, td, small, figcaption")) {
  if (!each.offsetHeight || (each.closest(".wide") && !matchMedia("print").matches)) continue;
  const box = each.getBoundingClientRect();
  if (box.right > wide + 1) found.push(`${each.tagName} ends at ${box.right}: ${each.textContent}`);
  if (each.matches("th, th button, td") && each.scrollWidth > each.clientWidth + 1)
    found.push(`${each.tagName} is too narrow: ${each.textContent}`);
}
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let left = 4000; left && words.nextNode(); left--) {
  const text = words.currentNode;
  if (!text.parentElement.offsetHeight || text.parentElement.closest("script, style, option")) continue;
  for (const word of text.data.matchAll(/(?<![^\s])[\p{L}\d@#.]{1,14}(?![^\s])/gu)) {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    if (new Set(Array.from(range.getClientRects(), (box) => box.top)).size > 1) found.push(`broken: ${word[0]}`);
  }
}
return found.slice(0, 5);
"""
"""Return elements that are wider than the page or their cell, and short words that are broken."""


def resize(browser: Chrome, width: int, *, media: str = "", scheme: str = "light") -> None:
    """Set the width, the medium and the colour scheme of the page."""
    device = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SCREENS)
def test_the_report_fits_each_screen(browser: Chrome, page: str, width: int, scheme: str) -> None:
    """On each screen, nothing is wider than the screen or its cell, and no short word is broken."""
    resize(browser, width, scheme=scheme)
    browser.get(page)
    act(browser, "environment", "dev")
    for view in VIEWS:
        act(browser, f"view-{view}")
        assert browser.execute_script(BROKEN) == [], view
    assert visible(browser, "#search")


@pytest.mark.parametrize("paper", PAPERS)
def test_the_report_fits_each_paper(browser: Chrome, page: str, paper: str) -> None:
    """On each paper, also upright, nothing is wider than the paper or its cell, and no short word is broken."""
    browser.get(page)
    act(browser, "environment", "dev")
    for view in VIEWS:
        resize(browser, 1280)
        act(browser, f"view-{view}")
        resize(browser, PAPERS[paper], media="print")
        assert browser.execute_script(BROKEN) == [], view


def test_the_largest_matrix_fits_each_paper(browser: Chrome, tmp_path: Path) -> None:
    """A matrix of the largest size, 200 people and 50 roles, fits each paper."""
    users = {f"{n:032x}@azureidir": User(f"{n:032x}@azureidir", "", "Ilse", "Hargreave") for n in range(200)}
    members = {f"grants-approver-{n:02d}": frozenset(sorted(users)[n::3]) for n in range(50)}
    place = PlaceState(Place(1, "prod"), "Grants Portal", frozenset(members), members=members, users=users)
    file = tmp_path / "report.html"
    file.write_text("\n".join(report_as_html(AccessReport(1, (place,)), AT)), encoding="utf-8")
    browser.get(file.as_uri())
    act(browser, "view-matrix")
    assert count(browser).startswith("Showing 200 people and 50 roles.")
    for paper, width in PAPERS.items():
        resize(browser, width, media="print")
        assert browser.execute_script(BROKEN) == [], paper


@pytest.mark.parametrize("width", [320, 900])
@pytest.mark.parametrize("media", ["", "print"])
def test_the_page_of_a_plan_fits(browser: Chrome, tmp_path: Path, width: int, media: str) -> None:
    """The page of a plan with hostile names fits phones, screens and paper."""
    file = tmp_path / "plan.html"
    file.write_text("\n".join(plan_as_html(plan_of(HOSTILE[1]))), encoding="utf-8")
    resize(browser, width, media=media)
    browser.get(file.as_uri())
    assert browser.execute_script(BROKEN) == []


CONTRAST = r"""
const light = (colour) => {
  const parts = colour.match(/\d+/g).slice(0, 3).map((part) => part / 255);
  const [red, green, blue] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const paper = light(getComputedStyle(document.body).backgroundColor);
return arguments[0].map((selector) => {
  const ink = light(getComputedStyle(document.querySelector(selector)).color);
  return (Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05);
});
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(browser: Chrome, page: str, scheme: str) -> None:
    """In both colour schemes, text has a contrast of at least 4.5 to 1, as WCAG 2 requires."""
    resize(browser, 1280, scheme=scheme)
    browser.get(page)
    act(browser, "environment", "prod")
    texts = ["h1", "td", "td small", "td.prod", ".soft", "dt", "label", "button", "th button"]
    found = browser.execute_script(CONTRAST, texts)
    assert min(found) >= 4.5, dict(zip(texts, found, strict=True))


def test_without_javascript_the_page_shows_the_whole_table(
    start_browser: Callable[..., Chrome], page: str, rows: list[list[str]]
) -> None:
    """Without JavaScript, the page shows every row and all graphs, and hides the controls."""
    from selenium.webdriver.common.by import By

    browser = start_browser(**{"profile.managed_default_content_settings.javascript": 2})
    browser.get(page)
    text = browser.find_element(By.TAG_NAME, "body").text
    assert text.count("@x.example") == sum("@x.example" in row[4] for row in rows)
    assert browser.find_element(By.ID, "count").text == f"{len(rows):,} rows"
    assert not browser.find_element(By.ID, "controls").is_displayed()
    assert not browser.find_element(By.ID, "more").is_displayed()
    assert not browser.find_element(By.ID, "views").is_displayed()
    assert len(browser.find_elements(By.CSS_SELECTOR, "#graphs svg")) == 6
    assert not browser.find_elements(By.CSS_SELECTOR, "th button")
