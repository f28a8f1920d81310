"""Each action of the overlay fails with its name if there is nothing to repair."""

from __future__ import annotations

import copy
import functools
import json
import re
from typing import Any

import pytest
import yaml

from openapi import prepare

E = "/integrations/{integrationId}/{environment}"
ROLE = E + "/roles/{roleName}"
SCHEMAS = ("components", "schemas")
REF = "#/components/schemas/"


def answer(path: str, method: str, status: str, *rest: str) -> tuple[str | int, ...]:
    return ("paths", path, method, "responses", status, "content", "application/json", "schema", *rest)


# (action, the place of a type that it relies on, another value there)
CHANGES: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("name-the-token-endpoint", ("components", "securitySchemes", "oAuth2ClientCredentials", "type"), "openIdConnect"),
    ("integration-id-is-whole", ("paths", E + "/roles", "get", "parameters", 0, "schema", "type"), "string"),
    ("integration-id-is-whole", ("paths", E + "/logs", "get", "parameters", 0, "schema", "type"), "integer"),
    ("id-is-whole", (*SCHEMAS, "integration", "properties", "id", "type"), "string"),
    ("paging-is-whole", ("paths", ROLE + "/users", "get", "parameters", 3, "schema", "type"), "number"),
    ("paging-is-whole", ("paths", ROLE + "/users", "get", "parameters", 4, "schema", "type"), "integer"),
    ("timestamps-are-dates", (*SCHEMAS, "integration", "properties", "createdAt", "type"), "number"),
    ("timestamps-are-dates", (*SCHEMAS, "integration", "properties", "updatedAt", "type"), "number"),
    ("drop-single-environment", (*SCHEMAS, "integration", "properties", "environments"), {"type": "array"}),
    ("drop-single-environment", (*SCHEMAS, "integration", "properties", "environments", "$ref"), REF + "status"),
    ("know-growing-words", (*SCHEMAS, "authType", "type"), "integer"),
    ("know-growing-words", (*SCHEMAS, "environment", "type"), "integer"),
    ("know-growing-words", (*SCHEMAS, "status", "type"), "integer"),
    ("drop-attribute-names", (*SCHEMAS, "userAttributes", "properties", "idir_username", "type"), "string"),
    ("drop-attribute-names", (*SCHEMAS, "userAttributes", "properties", "display_name", "items", "type"), "number"),
    ("attributes-are-a-map", (*SCHEMAS, "userAttributes", "type"), "array"),
    ("name-the-role", (*SCHEMAS, "roleResponse", "properties", "composite", "type"), "string"),
    ("name-the-role", (*SCHEMAS, "compositeRoleResponse", "properties", "name", "type"), "number"),
    ("name-the-role-reference", (*SCHEMAS, "roleRequest", "properties", "name", "type"), "number"),
    ("name-the-role-reference", (*SCHEMAS, "updatedRoleRequest", "properties", "name", "type"), "number"),
    ("name-the-role-reference", (*SCHEMAS, "compositeRoleRequest", "properties", "name", "type"), "number"),
    ("name-the-logs", (*SCHEMAS, "logsResponse", "properties", "data", "type"), "string"),
    ("name-the-rest", (*SCHEMAS, "integration", "properties", "projectName", "type"), "number"),
    ("name-the-rest", (*SCHEMAS, "user", "properties", "username", "type"), "number"),
    ("split-500-504", answer(E + "/logs", "get", "500,504", "properties", "message", "type"), "number"),
    ("refer-to-the-error", answer(E + "/roles", "get", "422", "properties", "message", "type"), "array"),
    ("refer-to-the-error", answer(ROLE, "put", "409"), {"type": "string"}),
    ("refer-to-the-integration-list", answer("/integrations", "get", "200", "properties", "data", "type"), "object"),
    (
        "refer-to-the-integration-list",
        answer("/integrations", "get", "200", "properties", "data", "items", "$ref"),
        REF + "user",
    ),
    ("refer-to-the-role-list", answer(E + "/roles", "get", "200", "properties", "data", "type"), "object"),
    (
        "refer-to-the-role-list",
        answer(E + "/users/{username}/roles", "post", "201", "properties", "data", "items", "$ref"),
        REF + "user",
    ),
    ("refer-to-the-inline-role", answer(ROLE, "put", "200", "properties", "name", "type"), "number"),
    (
        "refer-to-the-inline-role",
        answer(ROLE + "/composite-roles", "post", "200", "properties", "composite", "type"),
        "string",
    ),
    ("refer-to-the-user-page", answer(ROLE + "/users", "get", "200", "properties", "page", "type"), "string"),
    ("refer-to-the-user-page", answer(ROLE + "/users", "get", "200", "properties", "data", "type"), "object"),
    (
        "refer-to-the-user-list",
        answer(
            "/{environment}/idir/users", "get", "200", "properties", "data", "items", "properties", "username", "type"
        ),
        "array",
    ),
    (
        "refer-to-the-user-list",
        answer(E + "/bceid/users", "get", "200", "properties", "data", "items", "properties", "attributes", "type"),
        "array",
    ),
    (
        "refer-to-the-role-mappings",
        answer(E + "/user-role-mappings", "post", "201", "properties", "roles", "type"),
        "object",
    ),
    (
        "list-role-references",
        ("paths", ROLE + "/composite-roles", "post", "requestBody", "content", "application/json", "schema", "type"),
        "object",
    ),
]


def put(document: Any, place: tuple[str | int, ...], value: Any) -> None:
    for key in place[:-1]:
        document = document[key]
    assert place[-1] in document or isinstance(place[-1], int)
    document[place[-1]] = value


@pytest.mark.parametrize(("action", "place", "value"), CHANGES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CHANGES)])
def test_a_changed_type_names_the_action(published: Any, overlay: Any, action: str, place: Any, value: Any) -> None:
    """If a type that an action relies on changes, even in one of many places, the error names the action."""
    put(published, place, value)
    with pytest.raises(prepare.PrepareError, match=re.escape(f'overlay action "{action}"')):
        prepare.apply_overlay(prepare.tidy(published), overlay)


def with_other_types(node: Any) -> Any:
    """Return a document in which every type and every reference is different."""
    if isinstance(node, list):
        return [with_other_types(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"no {value}" if key in ("type", "$ref") and isinstance(value, str) else with_other_types(value)
        for key, value in node.items()
    }


def test_every_action_with_a_type_in_its_target_relies_on_it(published: Any, overlay: Any) -> None:
    """Each action whose target asks for a type fails with its name if all types are different."""
    document = prepare.name_operations(prepare.tidy(published), overlay["x-operations"])
    for action in overlay["actions"]:
        if re.search(r"\.type==|\['\$ref'\]==", action["target"]):
            with pytest.raises(prepare.PrepareError, match=action["x-name"]):
                prepare.apply_overlay(with_other_types(document), {"actions": [action]})
        document = prepare.apply_overlay(document, {"actions": [action]})


ACTIONS = yaml.safe_load(prepare.OVERLAY.read_text("utf-8"))["actions"]


@functools.cache
def above(index: int) -> Any:
    """Return the committed document after all actions above this one. Each is applied once."""
    if index == 0:
        return prepare.tidy(json.loads(prepare.PUBLISHED.read_text("utf-8")))
    return prepare.apply_overlay(above(index - 1), {"actions": [ACTIONS[index - 1]]})


@pytest.mark.parametrize("index", range(len(ACTIONS)))
def test_an_action_without_a_match_is_named(overlay: Any, index: int) -> None:
    """If the target of an action matches nothing, the error names the action and the target."""
    action = overlay["actions"][index]
    action["target"] = "$.nowhere"
    action.pop("x-among", None)
    with pytest.raises(prepare.PrepareError, match=rf'"{action["x-name"]}": its target matches nothing: \$\.nowhere'):
        prepare.apply_overlay(above(index), {"actions": overlay["actions"][index:]})


def test_every_action_has_a_name_and_a_description(overlay: Any) -> None:
    """Each action has its own name and a description, and the overlay is an Overlay 1.0 document."""
    assert overlay["overlay"] == "1.0.0"
    names = [action["x-name"] for action in overlay["actions"]]
    assert len(set(names)) == len(names)
    assert all(action["description"].endswith(".") for action in overlay["actions"])


def test_an_update_merges_objects_and_extends_lists() -> None:
    """An update merges objects key by key, extends lists and replaces other values."""
    before = {"a": {"list": [1], "word": "old", "kept": True}, "b": [1]}
    after = prepare.apply_overlay(
        before,
        {
            "actions": [
                {"target": "$.a", "update": {"list": [2], "word": "new", "deep": {"x": 1}}},
                {"target": "$.b", "update": {"y": 1}},
            ]
        },
    )
    assert after == {"a": {"list": [1, 2], "word": "new", "kept": True, "deep": {"x": 1}}, "b": [1, {"y": 1}]}
    assert before == {"a": {"list": [1], "word": "old", "kept": True}, "b": [1]}


def test_several_items_of_a_list_are_removed_correctly() -> None:
    """Removing several items of a list, or items within other removed items, removes the right ones."""
    before = {"list": [0, {"go": 1}, 2, {"go": {"go": 1}}, 4]}
    items = {"actions": [{"target": "$.list[?@.go]", "remove": True}]}
    nested = {"actions": [{"target": "$..go", "remove": True}]}
    assert prepare.apply_overlay(before, items) == {"list": [0, 2, 4]}
    assert prepare.apply_overlay(before, nested) == {"list": [0, {}, 2, {}, 4]}


@pytest.mark.parametrize(
    "action",
    [
        {"target": "$.a"},
        {"target": "$.a", "remove": True, "update": {}},
        {"target": "$.a", "udpate": {"x": 1}},
        {"target": "$.a.word", "update": {"x": 1}},
        {"target": "$.a[", "remove": True},
    ],
)
def test_a_malformed_action_is_named(action: dict[str, Any]) -> None:
    """An action that cannot be carried out raises an error that names it."""
    with pytest.raises(prepare.PrepareError, match='overlay action "mine"'):
        prepare.apply_overlay({"a": {"word": "x"}}, {"actions": [copy.deepcopy(action) | {"x-name": "mine"}]})
