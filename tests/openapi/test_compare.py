"""compare() finds the differences of two published documents, and sorts them by what they mean for css-sdk."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openapi import prepare
from openapi.compare import Kind, compare
from tests.support import examples

BREAKING, NEW, WORDING = Kind
MEMBERS = "/integrations/{integrationId}/{environment}/roles/{roleName}/users"
ROLES = "/integrations/{integrationId}/{environment}/roles"
PUBLISHED = json.loads(prepare.PUBLISHED.read_text(encoding="utf-8"))
Document = dict[str, Any]


def schema(document: Document, name: str) -> Any:
    """Return a schema of the document."""
    return document["components"]["schemas"][name]


def call(document: Document, path: str = MEMBERS, method: str = "get") -> Any:
    """Return a call of the document."""
    return document["paths"][path][method]


def parameter(document: Document, name: str, path: str = MEMBERS) -> Any:
    """Return a parameter of a call."""
    return next(each for each in call(document, path)["parameters"] if each["name"] == name)


def new_parameter(document: Document, *, required: bool) -> None:
    """Add a parameter to the call that lists integrations."""
    wanted = {"name": "team", "in": "query", "required": required, "schema": {"type": "string"}}
    call(document, "/integrations")["parameters"] = [wanted]


def move(mapping: Any, old: str, new: str) -> None:
    """Move an entry to another key."""
    mapping[new] = mapping.pop(old)


CASES: list[tuple[str, Callable[[Document], Any], Kind, str, str]] = [
    ("a field of an answer is gone", lambda d: schema(d, "user")["properties"].pop("email"),
     BREAKING, "schema user, field email", "is gone"),
    ("a field of an answer has another type",
     lambda d: schema(d, "integration")["properties"]["id"].update(type="string"),
     BREAKING, "schema integration, field id", "its type was 'number' and is 'string'"),
    ("a new parameter is required", lambda d: new_parameter(d, required=True),
     BREAKING, "parameter team (query)", "is new and required"),
    ("a new parameter is optional", lambda d: new_parameter(d, required=False),
     NEW, "parameter team (query)", "is new and optional"),
    ("an enum has a new value", lambda d: schema(d, "status")["enum"].append("archived"),
     NEW, "schema status", "the value 'archived' is new"),
    ("an enum lost a value", lambda d: schema(d, "environment")["enum"].remove("test"),
     BREAKING, "schema environment", "the value 'test' is gone"),
    ("an endpoint is renamed", lambda d: move(d["paths"], MEMBERS, f"{ROLES}/{{roleName}}/members"),
     BREAKING, "endpoint", f"is now GET {ROLES}/{{roleName}}/members"),
    ("an endpoint is gone", lambda d: d["paths"].pop(MEMBERS), BREAKING, "endpoint", "is gone"),
    ("an endpoint is new", lambda d: d["paths"].update({"/teams": {"get": {"responses": {}}}}),
     NEW, "endpoint", "is new"),
    ("a method is new", lambda d: d["paths"][ROLES].update(patch={"responses": {}}), NEW, "endpoint", "is new"),
    ("a success has another status", lambda d: move(call(d)["responses"], "200", "206"),
     BREAKING, "answer 206", "is new"),
    ("an error is new", lambda d: call(d)["responses"].update({"429": {"description": "too many"}}),
     NEW, "answer 429", "is new"),
    ("an error is gone", lambda d: call(d)["responses"].pop("404"), BREAKING, "answer 404", "is gone"),
    ("a field that is sent becomes required", lambda d: schema(d, "roleRequest").update(required=["name", "reason"]),
     BREAKING, "schema roleRequest, field reason", "is now required"),
    ("a field that is sent becomes optional", lambda d: schema(d, "roleRequest").pop("required"),
     NEW, "schema roleRequest, field name", "is now optional"),
    ("a field of an answer is new", lambda d: schema(d, "user")["properties"].update(phone={"type": "string"}),
     NEW, "schema user, field phone", "is new"),
    ("a parameter becomes required", lambda d: parameter(d, "page").update(required=True),
     BREAKING, "parameter page (query)", "is now required"),
    ("a parameter is gone", lambda d: call(d)["parameters"].remove(parameter(d, "max")),
     BREAKING, "parameter max (query)", "is gone"),
    ("a parameter has another type", lambda d: parameter(d, "page")["schema"].update(type="integer"),
     BREAKING, "parameter page (query)", "its type was 'string' and is 'integer'"),
    ("a parameter has another default", lambda d: parameter(d, "max").update(default="20"),
     BREAKING, "parameter max (query)", f"its default was {parameter(PUBLISHED, 'max')['default']!r} and is '20'"),
    ("a parameter has a limit", lambda d: parameter(d, "roleName")["schema"].update(maxLength=20),
     BREAKING, "parameter roleName (path)", "its maxLength was not set and is 20"),
    ("JSON is no longer served", lambda d: call(d)["responses"]["200"]["content"].pop("application/json"),
     BREAKING, "answer 200", "media type application/json is gone"),
    ("XML is no longer served", lambda d: call(d)["responses"]["200"]["content"].pop("application/xml"),
     WORDING, "answer 200", "media type application/xml is gone, which css-sdk does not use"),
    ("a value may be null", lambda d: schema(d, "user")["properties"]["email"].update(nullable=True),
     BREAKING, "schema user, field email", "may now be null"),
    ("a list is no longer one", lambda d: schema(d, "user")["properties"].update(attributes={"type": "string"}),
     BREAKING, "schema user, field attributes", "its type was 'object' and is 'string'"),
    ("a call is deprecated", lambda d: call(d).update(deprecated=True), NEW, "endpoint", "is now deprecated"),
    ("a rule that the comparison does not know", lambda d: schema(d, "user").update(oneOf=[]),
     BREAKING, "schema user", "its oneOf differs"),
    ("another way to authenticate", lambda d: d.update(security=[{"accessToken": []}]),
     BREAKING, "authentication", "differs"),
    ("another summary", lambda d: call(d).update(summary="Other words"),
     WORDING, "endpoint", "its summary differs"),
    ("another example", lambda d: parameter(d, "roleName").update(example="a"),
     WORDING, "parameter roleName (path)", "its example differs"),
    ("another title", lambda d: d["info"].update(title="Other"), WORDING, "info", "differs"),
    ("a schema that nothing uses", lambda d: schema(d, "idp")["enum"].append("new"),
     WORDING, "document", "is written differently, but css-sdk uses nothing of that"),
]  # fmt: skip
assert len(CASES) >= 10


@pytest.mark.parametrize(("change", "kind", "place", "what"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_each_change_is_reported_in_its_class(
    published: Document, change: Callable[[Document], Any], kind: Kind, place: str, what: str
) -> None:
    """Each change of the document is reported with its place in the right class."""
    live = copy.deepcopy(published)
    change(live)
    assert (kind, place, what) in [(each.kind, each.place, each.what) for each in compare(published, live)]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_a_change_that_is_not_breaking_is_not_reported_as_breaking(published: Document, case: Any) -> None:
    """A change that is not breaking causes only differences of its own class."""
    live = copy.deepcopy(published)
    case[1](live)
    if case[2] is not BREAKING:
        assert {change.kind for change in compare(published, live)} == {case[2]}


def test_servers_and_the_order_of_keys_do_not_matter(published: Document) -> None:
    """A document with other servers or another order of keys does not differ."""
    live = json.loads(json.dumps(published, sort_keys=True))
    live["servers"] = [{"url": "https://elsewhere/api/v1"}]
    for flow in live["components"]["securitySchemes"]["oAuth2ClientCredentials"]["flows"].values():
        flow["tokenUrl"] = "https://elsewhere/token"
    assert compare(published, live) == []


def test_a_schema_instead_of_its_reference_is_wording(published: Document) -> None:
    """A schema that replaces a reference to the same schema is a difference in wording only."""
    live = copy.deepcopy(published)
    parameter(live, "environment")["schema"] = copy.deepcopy(schema(live, "environment"))
    assert [(change.kind, change.place) for change in compare(published, live)] == [(WORDING, "document")]


def test_names_of_path_parameters_are_wording(published: Document) -> None:
    """A new name of a path parameter is a difference in wording, because the name is never sent."""
    live = copy.deepcopy(published)
    parameter(live, "roleName")["name"] = "role"
    move(live["paths"], MEMBERS, MEMBERS.replace("roleName", "role"))
    [change] = compare(published, live)
    assert (change.kind, change.place) == (WORDING, "path")


def test_a_shared_schema_is_reported_once(published: Document) -> None:
    """A change of a schema that many calls use is one difference that lists all these calls."""
    live = copy.deepcopy(published)
    schema(live, "user")["properties"].pop("email")
    [change] = compare(published, live)
    assert change.calls[0] < change.calls[-1]
    assert f"GET {MEMBERS}" in change.calls


def test_circular_references_do_not_stop_the_comparison() -> None:
    """Schemas that contain themselves, and references that lead nowhere, do not stop the comparison."""
    node = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/node"}}}
    answers = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/node"}}}}}
    document = {"paths": {"/a": {"get": {"responses": answers}}}, "components": {"schemas": {"node": node}}}
    assert compare(document, copy.deepcopy(document)) == []
    lost = {**document, "components": {"schemas": {"node": {"$ref": "#/components/schemas/node"}}}}
    assert {change.kind for change in compare(document, lost)} == {BREAKING}


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every value in a document."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(path for key, value in inner for path in places(value, (*at, key)))]


PLACES = [path for path in places(PUBLISHED) if path and not {"servers", "tokenUrl"} & set(path)]


@settings(max_examples=examples(20))
@given(st.sampled_from(PLACES), st.sampled_from([None, 5, "x", [], {}, ["x"], {"x": 5}, "gone"]))
def test_no_change_is_overlooked(place: tuple[Any, ...], value: Any) -> None:
    """If any value of the document changes or disappears, a change is reported, and nothing fails."""
    live = copy.deepcopy(PUBLISHED)
    *path, last = place
    node = live
    for key in path:
        node = node[key]
    if value == "gone":
        del node[last]
    elif node[last] == value:
        return
    else:
        node[last] = value
    assert compare(PUBLISHED, live)
    compare(live, PUBLISHED)
