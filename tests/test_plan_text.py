"""Plans as people read them: on a terminal and in a pull request."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from css_sdk._text.masking import mask_name
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.diff import Unmanaged
from css_sdk.plan.planner import Plan, PlannedPlace
from css_sdk.plan.text import masked, plan_as_markdown, plan_as_text
from css_sdk.state import Place, PlaceState, Step
from tests.support import examples

DEV, PROD = Place(101, "dev"), Place(101, "prod")
ANN, BOB = "0f3a0f3a0f3a0f3a@idir", "7c1d7c1d7c1d7c1d@bceidbusiness"
JANE = Person("email", "jane.doe@example.com")

PLAN = Plan(
    steps=(
        Step("create_role", DEV, "reviewer"),
        Step("rename_role", DEV, "old name", "new", 2),
        Step("add_composite", DEV, "admin", "reviewer"),
        Step("add_member", DEV, "reviewer", ANN, 1),
        Step("remove_member", DEV, "admin", BOB, 1),
        Step("remove_composite", DEV, "admin", "reader", 40),
        Step("delete_role", PROD, "x", people=1_200),
    ),
    withheld=(Step("remove_member", DEV, "reviewer", BOB, 1),),
    protected=(Step("delete_role", DEV, "break-glass", people=1),),
    unresolved=(
        Unresolved(DEV, JANE, "ambiguous", (ANN, BOB), ("reviewer", "old name")),
        Unresolved(DEV, Person("guid", "ab12"), "never logged in"),
    ),
    places=(
        PlannedPlace.of(PlaceState(DEV, "Grants Portal", frozenset()), Unmanaged(3, 1, 0)),
        PlannedPlace.of(PlaceState(PROD, "Grants Portal", frozenset())),
    ),
    notes=("Grants Portal dev: 'a' and 'b' both exist",),
)


def test_the_text_of_a_plan_has_a_line_for_each_step() -> None:
    """The text lists each step by environment, the steps that are not done with the reason, and a sum at the end."""
    total = "Plan: 1 to create, 1 to rename, 2 to add, 2 to remove, 1 to delete."
    left = "Not planned: 1 withheld, 1 protected, 2 not resolved."
    hint = "Use one of these usernames"
    assert (
        plan_as_text(PLAN, {ANN: "Ann Ó Brien"})
        == f"""\
Grants Portal (#101) dev
  + create role reviewer
  ~ rename role 'old name' to new, with 2 members
  + add reviewer to composite admin
  + add {ANN} ('Ann Ó Brien') to reviewer
  - remove {BOB} from admin
  - remove reader from composite admin (40 people lose reader)
  ! would remove {BOB} from reviewer
  = protected: would delete role break-glass (1 person loses break-glass)
  ? ambiguous: jane.doe@example.com, for reviewer and 'old name'. {hint}: {ANN} ('Ann Ó Brien') or {BOB}
  ? never logged in: ab12, among the users
  unmanaged, left alone: 3 roles, 1 composite

Grants Portal (#101) prod
  - delete role x (1,200 people lose x)

Note: Grants Portal dev: 'a' and 'b' both exist.
{total} {left}"""
    )


def test_markdown_is_readable_in_a_log() -> None:
    """Names without markup are in the Markdown as they are."""
    plan = Plan(steps=(Step("add_member", DEV, "report_reader-2 (old)", ANN),), notes=("'a' isn't: used!",))
    text = plan_as_markdown(plan, {ANN: "Ann Ó Brien"})
    assert f"| + | add `{ANN}` (`Ann Ó Brien`) to `report_reader-2 (old)` |" in text
    assert "- Note: `'a' isn't: used!`" in text
    assert "&#" not in text


def test_a_plan_without_steps_says_that_there_are_no_changes() -> None:
    """A plan without steps says that there are no changes, as text and as Markdown."""
    assert plan_as_text(Plan()) == "No changes."
    assert plan_as_text(Plan(withheld=PLAN.withheld)).splitlines()[-1] == "No changes. Not planned: 1 withheld."
    assert plan_as_markdown(Plan()) == "**No changes.**\n"


def test_the_markdown_of_a_plan_has_a_table_for_each_environment() -> None:
    """The Markdown has a table for each environment, and each line of the plan is a row."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(plan_as_markdown(PLAN))
    assert html.count("<table>") == 2
    assert html.count("<tr>") == 2 + 11
    assert "<h3><code>Grants Portal (#101) dev</code></h3>" in html
    assert "<strong>Plan: 1 to create" in html


HOSTILE = "@octocat | [x](http://evil.example) `code` <img src=x> *b* _i_ #12 \x1b[31m \u202e www.evil.example\n| a |"


def test_names_have_no_effect_in_text_and_markdown() -> None:
    """No name controls a terminal, mentions a user, becomes a link or an image, or breaks a table."""
    plan = Plan(
        steps=(Step("create_role", DEV, HOSTILE), Step("add_member", DEV, HOSTILE, ANN)),
        unresolved=(Unresolved(DEV, Person("email", HOSTILE), HOSTILE),),
        places=(PlannedPlace.of(PlaceState(DEV, HOSTILE, frozenset())),),
        notes=(HOSTILE,),
    )
    text = plan_as_text(plan, {ANN: HOSTILE})
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) == 7
    markdown = plan_as_markdown(plan, {ANN: HOSTILE})
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown)
    outside = re.sub(r"<code>[^<]*</code>", "", html)
    assert not re.search(r"octocat|evil|<a |<img|<em>|\x1b", outside)
    assert "<a " not in html
    assert html.count("<tr>") == 1 + 3


@settings(max_examples=examples(24), deadline=None)
@given(st.text(max_size=20))
def test_any_role_name_stays_in_its_cell(name: str) -> None:
    """For every role name, its row has two cells and shows the name."""
    html = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .render(plan_as_markdown(Plan(steps=(Step("create_role", DEV, name),))))
    )
    assert (html.count("<tr>"), html.count("<td>"), html.count("<code>")) == (2, 2, 2)


@pytest.mark.parametrize("tell", [plan_as_text, plan_as_markdown])
def test_people_can_be_masked(tell: type[plan_as_text]) -> None:  # type: ignore[valid-type]
    """A masked plan contains no username, address or name, and still shows which steps are about the same person."""
    whole, hidden = tell(PLAN, {ANN: "Ann"}), tell(PLAN, {ANN: "Ann"}, mask=True)
    for private in ("0f3a0f3a", "7c1d7c1d", "doe", "example", "Ann", "ab12"):
        assert private in whole
        assert private not in hidden
    assert "0f3a" in hidden
    assert "7c1d" in hidden


@settings(max_examples=examples(40), deadline=None)
@given(st.from_regex(r"[a-z0-9.]{1,40}@[a-z]{1,9}(\.[a-z]{2,3})?", fullmatch=True))
def test_no_more_than_a_quarter_is_shown(name: str) -> None:
    """Masking leaves at most a quarter of a login or address, and at most six characters."""
    own = name.partition("@")[0]
    shown = mask_name(name).partition("…")[0]
    assert own.startswith(shown)
    assert len(shown) <= min(6, len(own) / 4)


def test_masking_changes_nothing_else() -> None:
    """Masking does not change roles, counts, notes and environments."""
    hidden = masked(PLAN)
    assert [(step.kind, step.role, step.people) for step in hidden.steps] == [
        (step.kind, step.role, step.people) for step in PLAN.steps
    ]
    assert (hidden.unmanaged, hidden.notes, hidden.project_names) == (PLAN.unmanaged, PLAN.notes, PLAN.project_names)
