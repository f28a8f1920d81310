"""A plan as an HTML page for reviewers: its content, and that no name can add anything active."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from css_sdk import Place, Step, plan_as_html
from css_sdk._text.escaping import hidden_in
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.planner import Plan, PlannedPlace
from tests.test_report import HOSTILE

DEV, PROD = Place(101, "dev"), Place(102, "prod")
ANN = f"{'0f3a' * 8}@idir"


def plan_of(name: str) -> Plan:
    """Return a plan with a line of each kind, in which every name is this one."""
    return Plan(
        steps=(
            Step("create_role", DEV, name),
            Step("add_member", DEV, name, ANN, 1),
            Step("rename_role", PROD, name, f"{name}2", 3),
            Step("delete_role", PROD, name, people=2),
        ),
        withheld=(Step("remove_member", DEV, name, ANN, 1),),
        protected=(Step("remove_composite", PROD, name, name, 1),),
        unresolved=(Unresolved(DEV, Person("email", name), "not found", (name,)),),
        places=(PlannedPlace(DEV, name, (), "f"), PlannedPlace(PROD, name, (), "f")),
        notes=(f"A note about {name}",),
        api_url="https://api.example/v1",
        team_id=2016,
    )


def page(plan: Plan, mask: bool = False) -> str:
    """Return the page as one text."""
    return "\n".join(plan_as_html(plan, {ANN: "Ann Sato"}, mask=mask))


def test_a_page_shows_the_steps_with_signs_names_and_plan_id() -> None:
    """The page shows each step with its sign and people with names, explains the signs, and names the command to apply
    it.
    """
    text = page(plan_of("clerk"))
    assert f"<code>{ANN}</code> (<code>Ann Sato</code>)" in text
    assert "+ adds; - removes; ~ renames; ! would remove" in text
    assert f"css apply FILE --plan-id {plan_of('clerk').id}" in text
    assert re.findall(r"<td>(.)</td>", text) == ["+", "+", "!", "?", "~", "-", "="]
    assert '<h2 class="prod">clerk (#102) prod</h2>' in text
    assert "Plan: 1 to create, 1 to rename, 1 to add, 1 to delete." in text.replace("<strong>", "")
    assert "Ann" not in page(plan_of("clerk"), mask=True)
    assert "0f3a0f…@idir" in page(plan_of("clerk"), mask=True)


def test_the_page_of_an_empty_plan_says_that_there_are_no_changes() -> None:
    """The page of a plan without steps says that there are no changes, and shows no plan id."""
    assert "No changes." in page(Plan())
    assert "plan-id" not in page(Plan())


@given(st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=30))
def test_no_name_adds_an_element_to_the_page_of_a_plan(name: str) -> None:
    """With any names, a page has the same elements, no script, and nothing that its policy forbids."""
    text = page(plan_of(name))
    assert re.findall(r"<[a-z/!][^ >]*", text) == re.findall(r"<[a-z/!][^ >]*", page(plan_of("plain")))
    assert "<script" not in text
    assert "script-src 'none'" in text
    assert re.findall(r'(?:src|href|action)="([^"]*)"', text) == ["data:,"]
    assert not re.search(r"<[^>]*\s(?:on\w+|style)=", text)
    text.encode()
    if name.isalnum() and not hidden_in(name):
        assert f"create role <code>{name}</code>" in text
