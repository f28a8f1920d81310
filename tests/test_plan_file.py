"""A plan that was written to a file is read back unchanged, and any other file is refused."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from css_sdk.errors import InvalidFile, InvalidRequest
from css_sdk.people.identification import Unresolved
from css_sdk.people.identities import Person
from css_sdk.plan.dates import Dates, Ending
from css_sdk.plan.diff import Unmanaged
from css_sdk.plan.planner import Plan, PlannedPlace
from css_sdk.plan.preconditions import check_complete
from css_sdk.plan.serialization import plan_as_json, read_plan
from css_sdk.state import Place, Step
from tests.support import case_name, examples
from tests.test_plan_properties import a_case

SCHEMA: Final = json.loads((Path(__file__).parent.parent / "css_sdk/plan/schema.json").read_text(encoding="utf-8"))
VALIDATOR: Final = jsonschema.Draft202012Validator(SCHEMA)
DEV: Final = Place(101, "dev")
TODAY: Final = datetime.date(2026, 11, 21)
ANN: Final = "0f3a0f3a0f3a0f3a@idir"
JANE: Final = Person("email", "jane.doe@example.com", "idir")
SAVED: Final = Plan(
    api_url="https://api.loginproxy.gov.bc.ca/api/v1",
    team_id=2016,
    version="1.0",
    created_at="2026-11-21T12:00:00+00:00",
    prune=True,
    places=(PlannedPlace(DEV, "Grants Portal", ("a", "b"), "0123456789abcdef" * 4, Unmanaged(1, 2, 3)),),
    steps=(Step("create_role", DEV, "prüfer 🦫"), Step("add_member", DEV, "a", ANN, 1), Step("delete_role", DEV, "b")),
    withheld=(Step("remove_composite", DEV, "a", "b"),),
    protected=(Step("rename_role", DEV, "a", "b", 3),),
    unresolved=(Unresolved(DEV, JANE, "ambiguous", (ANN,), ("a",)),),
    notes=("something",),
    left_out=("Grants Portal prod",),
    dates=Dates("America/Vancouver", TODAY, TODAY, (Ending(DEV, "a", ANN, TODAY),)),
    names={ANN: "Ann Ó Brien"},
)


def record(**changes: Any) -> dict[str, Any]:
    """Return the record of a valid plan with these changes."""
    found: dict[str, Any] = json.loads(plan_as_json(SAVED))
    return {**found, **changes}


def faults_of(record: object) -> tuple[str, ...]:
    """Return the faults for which reading a plan is refused."""
    with pytest.raises(InvalidFile, match=r"plan\.json") as caught:
        read_plan(json.dumps(record), "plan.json")
    return caught.value.faults


def test_names_are_only_for_readers() -> None:
    """They are of people in the plan, at most 255 characters long, and neither they nor changes of them count."""
    names = {ANN: "x" * 1000, "other@idir": "Bob"}
    written = json.loads(plan_as_json(SAVED, names=names))
    assert written["names"] == {ANN: "x" * 255}
    assert (
        json.loads(plan_as_json(SAVED, names={}))["names"] == json.loads(plan_as_json(SAVED, mask=True))["names"] == {}
    )
    for changed in ({}, {ANN: "y" * 999}, {"other@idir": "\x1b[31m"}):
        read = read_plan(json.dumps({**written, "names": changed}), "plan.json")
        assert (read, read.id) == (SAVED, SAVED.id)
        assert all(len(name) <= 255 for name in read.names.values())
    del written["names"]  # by somebody who passes the plan on
    assert read_plan(json.dumps(written), "plan.json").names == {}
    assert faults_of(record(names={ANN: 1})) == ("names: this is not a text",)
    assert faults_of(record(names=[])) == ("names: this is not an object",)


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_plan_is_read_back(as_bytes: bool) -> None:
    """Everything that a later run needs is read back, counts of people included, from text and from bytes."""
    text = plan_as_json(SAVED)
    read = read_plan(text.encode() if as_bytes else text, "plan.json")
    assert read == SAVED
    assert read.names == SAVED.names
    assert [step.people for step in read.steps] == [0, 1, 0]
    assert read.unmanaged == {DEV: Unmanaged(1, 2, 3)}


@settings(max_examples=examples(16), deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_every_plan_follows_the_schema(seed: int, mask: bool) -> None:
    """Every plan follows the published schema, masked or not."""
    facts = {"api_url": SAVED.api_url, "team_id": 2016, "version": "1", "created_at": SAVED.created_at}
    for saved in (SAVED, evolve(a_case(seed).plan(), **facts)):
        VALIDATOR.validate(json.loads(plan_as_json(saved, mask)))


def test_the_schema_is_valid_and_requires_all_keys() -> None:
    """The published schema is valid, and requires all keys that every plan contains."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["required"]) == SCHEMA["properties"].keys() == record().keys()


def test_every_field_is_described() -> None:
    """The schema describes every field that a plan can contain, directly or through a reference."""

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        return SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema

    def fields(schema: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, below in schema.get("properties", {}).items():
            yield f"{where}{name}", resolved(below)
            yield from fields(resolved(below), f"{where}{name}.")
        if "items" in schema:
            yield from fields(resolved(schema["items"]), where)

    found = dict(fields(SCHEMA, ""))
    assert len(found) == 18 + 4 + 5 + 9 + 3 * 6 + 8
    assert [name for name, schema in found.items() if not schema.get("description", "").endswith(".")] == []


def test_a_masked_plan_names_nobody_and_cannot_be_read_back() -> None:
    """A masked plan contains no username or e-mail address, and reading it is refused unless masked
    plans are allowed.
    """
    text = plan_as_json(SAVED, mask=True)
    assert not [private for private in (ANN, "jane.doe", "example.com", "Brien") if private in text]
    with pytest.raises(InvalidFile, match="masked"):
        read_plan(text, "plan.json")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{}",
        "{",
        b"\xff\xfe",
        b"\x80",
        "[" * 100_000,
        "9" * 5_000,
        '{"version": 1, "version": 1}',
        json.dumps(record(version=2)),
        json.dumps(record(version=True)),
        json.dumps(record(version="1")),
    ],
    ids=lambda content: case_name(content[:20]),
)
def test_content_that_is_not_a_plan_is_refused(content: str | bytes) -> None:
    """Other JSON, invalid JSON, deeply nested JSON and other versions are refused with an error that names the file."""
    with pytest.raises(InvalidFile, match=r"plan\.json"):
        read_plan(content, "plan.json")


STEP: Final = {"step": "add_member", "integration": 101, "environment": "dev", "role": "a", "target": ANN}
TO_C: Final = {**STEP, "step": "rename_role", "target": "c"}
ENDING: Final = {**record()["dates"]["endings"][0], "integration": 102}
DELETION: Final = {**{key: value for key, value in STEP.items() if key != "target"}, "step": "delete_role"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"extra": 1}, "'extra'"),
        ({"api_url": "file:///etc"}, "api_url"),
        ({"api_url": "https://x y"}, "api_url"),
        ({"team_id": True}, "team_id"),
        ({"team_id": -1}, "team_id"),
        ({"created_at": "2026-11-21T12:00:00"}, "time zone"),
        ({"created_at": "soon"}, "created_at"),
        ({"prune": 1}, "prune"),
        ({"leads_back": "no"}, "leads_back"),
        ({"masked": None}, "masked"),
        ({"notes": [1]}, "notes, number 1"),
        ({"left_out": "dev"}, "left_out: this is not a list"),
        ({"dates": {}}, "dates: missing keys: 'timezone', 'day', 'last_day', 'endings'"),
        ({"dates": {**record()["dates"], "day": "21.11.2026"}}, "'21.11.2026' is not a day"),
        ({"dates": {**record()["dates"], "endings": [ENDING]}}, "#102 dev is not among the places"),
        ({"dates": {**record()["dates"], "last_day": "2026-11-22"}}, "plan_id: somebody changed the plan"),
        ({"places": record()["places"] * 2}, "twice"),
        ({"places": [{**record()["places"][0], "fingerprint": "x"}]}, "fingerprint"),
        ({"places": [{**record()["places"][0], "environment": "DEV"}]}, "'DEV'"),
        ({"steps": {}}, "steps: this is not a list"),
        ({"steps": [None]}, "steps, number 1"),
        ({"steps": [{**STEP, "integration": 102}]}, "not among the places of the plan"),
        ({"steps": [{**STEP, "role": ".."}]}, "'..'"),
        ({"steps": [{**STEP, "role": "\ud800"}]}, "cannot be sent"),
        ({"steps": [{**STEP, "target": "jane.doe@example.com"}]}, "e-mail"),
        ({"steps": [{**STEP, "target": ANN.upper()}]}, "lower case"),
        ({"steps": [{**STEP, "step": "rename_role", "target": "."}]}, "'.'"),
        ({"steps": [{**STEP, "step": "run"}]}, "'run' is not a kind of step"),
        ({"steps": [{**STEP, "people": 1.5}]}, "whole numbers"),
        ({"steps": [STEP]}, "plan_id: somebody changed the plan. Its content has the id"),
        ({"plan_id": "0" * 64}, "plan_id"),
        ({"plan_id": None}, "plan_id"),
        ({"steps": [STEP, STEP]}, "plan_id: somebody changed the plan. Its content has the id"),
        ({"places": [1]}, "places, number 1: "),
        ({"places": [{**record()["places"][0], "fingerprint": "x"}]}, "'x' is not a fingerprint"),
        ({"withheld": [{**STEP, "role": ".."}]}, "withheld, number 1: "),
        ({"protected": [STEP, {**STEP, "role": ".."}]}, "protected, number 2: "),
        ({"api_url": "file:///etc"}, "api_url: 'file:///etc' is not an address"),
        ({"extra": 1}, "the plan: "),
        ({"unresolved": [{"by": "email"}]}, "unresolved, number 1: "),
        ({"unresolved": [{"by": "email"}]}, "missing"),
        ({"unresolved": [1]}, "unresolved, number 1: "),
        ({"unresolved": [{**record()["unresolved"][0], "by": "name"}]}, "'name'"),
    ],
)
def test_an_invalid_plan_is_refused_with_the_faulty_entry(changes: dict[str, Any], fault: str) -> None:
    """If somebody changed a plan so that it is not valid, the error names the faulty entry, and the
    plan is not used.
    """
    assert any(fault in each for each in faults_of(record(**changes)))


def test_an_undo_plan_may_contain_the_same_step_twice() -> None:
    """The same step may occur twice if renames in between make it a step of another role."""
    to_a = {**TO_C, "role": "b", "target": "a"}
    same_again = evolve(SAVED, steps=tuple(map(Step.from_record, (STEP, TO_C, to_a, STEP))))
    assert len(read_plan(plan_as_json(same_again), "plan.json").steps) == 4


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("id,role", "line 1, column 1: Expecting value"),
        ('{"version": 1,\n "version": 1}', "a key appears twice in one object"),
        ('{"version": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "it is too deeply nested"),
        ("9" * 5000, "a number has 5,000 digits"),
    ],
)
def test_a_file_that_is_not_json_is_refused_with_the_reason(content: str, expected: str) -> None:
    """The error says in plain words why the file is not valid JSON, and what to do next."""
    with pytest.raises(InvalidFile) as caught:
        read_plan(content, "plan.json")
    assert str(caught.value) == (
        f"plan.json is not a plan, because it is not valid JSON ({expected}). Nothing was sent. Make the plan again, "
        f"or name a file that holds a plan."
    )


def test_a_plan_made_by_hand_is_not_written() -> None:
    """A plan made by hand cannot be written, because it does not say for which service and team it is."""
    with pytest.raises(InvalidRequest, match="made by hand"):
        plan_as_json(Plan(steps=SAVED.steps))


def test_an_incomplete_plan_made_by_hand_is_refused() -> None:
    """A plan made by hand is refused if it lacks the state of an environment."""
    with pytest.raises(InvalidRequest, match="the state of #101 dev was not read"):
        check_complete(Plan(steps=(Step("add_member", DEV, "a", ANN),) * 2))


def test_all_faults_of_a_plan_are_reported() -> None:
    """All faults of a plan are reported at once."""
    broken = record(team_id=None, steps=[STEP, {**STEP, "role": ""}, {**STEP, "role": "."}])
    del broken["prune"]
    assert [fault.split(":")[0] for fault in faults_of(broken)] == [
        "team_id",
        "prune is missing",
        "steps, number 2",
        "steps, number 3",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=examples(24), deadline=None)
@given(st.sampled_from(sorted(record())), json_values)
def test_any_value_is_read_or_refused(key: str, value: Any) -> None:
    """With any value at any key, reading returns a plan or refuses the file."""
    found = json.dumps(record(**{key: value}))
    try:
        assert isinstance(read_plan(found, "plan.json"), Plan)
    except InvalidFile as error:
        assert str(error)


def test_a_masked_plan_can_be_read_to_show_it() -> None:
    """With `allow_masked`, a masked plan can be read. It has no address of the service, so nothing can
    be sent with it.
    """
    shown = read_plan(plan_as_json(SAVED, mask=True), "plan.json", allow_masked=True)
    assert shown.api_url == ""
    assert [step.role for step in shown.steps] == [step.role for step in SAVED.steps]
    assert shown.places == SAVED.places


def test_each_value_of_a_plan_file_is_on_its_own_line() -> None:
    """Each value of a plan file is on a line of its own, so that people can read it."""
    assert plan_as_json(SAVED).count('\n "') > 10
    assert '\n  "' not in plan_as_json(
        Plan(api_url=SAVED.api_url, team_id=2016, version="1.0", created_at=SAVED.created_at)
    )
