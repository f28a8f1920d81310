"""css-sdk turns answers into models, or raises `MalformedAnswer` and no other error."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from css_sdk_openapi.api.integrations import get_integration, list_integrations
from css_sdk_openapi.api.role_mapping import assign_user_roles, list_role_members, list_user_roles, unassign_user_role
from css_sdk_openapi.api.roles import create_role, get_role, list_roles
from css_sdk_openapi.api.users import search_bceid_users, search_github_public_users, search_idir_users
from hypothesis import given, settings
from hypothesis import strategies as st

from css_sdk._http import answers
from css_sdk.errors import MalformedAnswer
from css_sdk.models import Integration, Role, User
from tests.support import examples

REQUEST = "GET /integrations"

INTEGRATION: dict[str, Any] = {
    "id": 101,
    "projectName": "Grants Portal",
    "authType": "browser-login",
    "environments": ["dev", "test"],
    "status": "applied",
    "createdAt": "2024-03-01T17:00:00.000Z",
    "updatedAt": "2024-03-02T17:00:00.000Z",
}
USER: dict[str, Any] = {
    "username": "0f3a@idir",
    "email": "jane.doe@gov.bc.ca",
    "firstName": "Jane",
    "lastName": "Doe",
    "attributes": {"display_name": ["Doe, Jane"], "idir_username": ["JDOE"]},
}
ROLE: dict[str, Any] = {"name": "reviewer", "composite": False}

Reader = Callable[[Any], Any]
CALLS: list[tuple[answers.Operation, int, Reader]] = [
    (list_integrations, 200, answers.integrations),
    (get_integration, 200, answers.integration),
    (list_roles, 200, answers.roles),
    (get_role, 200, answers.role),
    (create_role, 201, answers.role),
    (list_user_roles, 200, answers.roles),
    (assign_user_roles, 201, answers.roles),
    (list_role_members, 200, answers.users),
    (search_idir_users, 200, answers.users),
    (search_github_public_users, 200, answers.users),
    (search_bceid_users, 200, answers.users),
]
EVERY_CALL = pytest.mark.parametrize(
    ("operation", "status", "reader"), CALLS, ids=[operation.__name__.rpartition(".")[2] for operation, _, _ in CALLS]
)


def answer(operation: answers.Operation, status: int, reader: Reader, body: Any = None, **content: Any) -> Any:
    """Return the result of a call that gets this answer."""
    response = httpx.Response(status, **(content or {"json": body}))
    return answers.parsed(operation, response, REQUEST, reader)


def integration_from(**changes: Any) -> Any:
    """Return the integration of an answer with these changes."""
    return answer(get_integration, 200, answers.integration, {**INTEGRATION, **changes})


def user_from(**changes: Any) -> Any:
    """Return the user of an answer with these changes."""
    [user] = answer(search_idir_users, 200, answers.users, {"data": [{**USER, **changes}]})
    return user


def role_from(body: Any) -> Any:
    """Return the role of an answer with this body."""
    return answer(get_role, 200, answers.role, body)


# Valid answers


def test_all_fields_of_an_integration_are_read() -> None:
    """css-sdk reads all fields of an integration."""
    assert integration_from() == Integration(
        id=101,
        project_name="Grants Portal",
        auth_type="browser-login",
        environments=("dev", "test"),
        status="applied",
        created_at=datetime.datetime(2024, 3, 1, 17, tzinfo=datetime.UTC),
        updated_at=datetime.datetime(2024, 3, 2, 17, tzinfo=datetime.UTC),
    )


def test_integrations_keep_their_order_and_roles_are_sorted() -> None:
    """css-sdk keeps the order of integrations, and sorts roles by name. Lists may be empty."""
    second = {**INTEGRATION, "id": 102}
    read = answer(list_integrations, 200, answers.integrations, {"data": [second, INTEGRATION]})
    assert [integration.id for integration in read] == [102, 101]
    roles = {"data": [ROLE, {"name": "all", "composite": True}]}
    assert answer(list_roles, 200, answers.roles, roles) == (Role("all", composite=True), Role("reviewer"))
    assert answer(list_roles, 200, answers.roles, {"data": []}) == ()
    assert answer(search_idir_users, 200, answers.users, {"data": []}) == ()


def test_a_role_is_read_from_each_answer_that_contains_roles() -> None:
    """css-sdk reads a role from each kind of answer that contains roles."""
    assert role_from(ROLE) == Role("reviewer")
    assert answer(create_role, 201, answers.role, ROLE) == Role("reviewer")
    assert answer(assign_user_roles, 201, answers.roles, {"data": [ROLE]}) == (Role("reviewer"),)


def test_members_and_found_users_are_alike() -> None:
    """A page of members and a search return users of the same type."""
    attributes = {"display_name": ("Doe, Jane",), "idir_username": ("JDOE",)}
    user = User("0f3a@idir", "jane.doe@gov.bc.ca", "Jane", "Doe", attributes)
    assert answer(list_role_members, 200, answers.users, {"page": 1, "data": [USER]}) == (user,)
    assert user_from() == user


def test_a_service_account_has_a_username_and_nothing_else() -> None:
    """The service gives only the username of a service account, and css-sdk accepts that."""
    body = {"page": 1, "data": [{"username": "service-account-fisheries-service-102"}]}
    [user] = answer(list_role_members, 200, answers.users, body)
    assert user == User("service-account-fisheries-service-102", "", "", "", {})


@pytest.mark.parametrize("field", ["email", "firstName", "lastName"])
def test_a_null_text_of_a_user_is_read_as_empty(field: str) -> None:
    """If a user's name or e-mail address is null, css-sdk reads it as empty text."""
    assert user_from(**{field: None}) == user_from(**{field: ""})


def test_an_integration_may_have_null_values() -> None:
    """css-sdk accepts an integration whose type, status and environments are null."""
    read = integration_from(authType=None, status=None, environments=None)
    assert (read.auth_type, read.status, read.environments) == ("", "", ())


@pytest.mark.parametrize("field", ["authType", "status"])
def test_unknown_values_are_kept(field: str) -> None:
    """css-sdk keeps values that it does not know, such as a new status or environment, unchanged."""
    read = integration_from(**{field: "somethingNew", "environments": ["dev", "stage"]})
    assert read.environments == ("dev", "stage")
    assert "somethingNew" in (read.auth_type, read.status)


def test_unknown_fields_are_ignored() -> None:
    """css-sdk ignores fields that it does not know, in every kind of answer."""
    assert integration_from(gold=True) == integration_from()
    assert user_from(id="5", enabled=None) == user_from()
    assert role_from({**ROLE, "id": 5, "description": {}}) == Role("reviewer")
    assert answer(list_roles, 200, answers.roles, {"data": [ROLE], "total": 1}) == (Role("reviewer"),)


def test_a_204_without_content_is_accepted() -> None:
    """css-sdk accepts a 204 without content."""
    assert answers.parsed(unassign_user_role, httpx.Response(204), REQUEST, lambda answer: answer) is None


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"],
)
def test_json_is_recognized_by_its_content_type(kind: str) -> None:
    """css-sdk recognizes JSON by its content type, also with a charset or in capital letters."""
    read = answer(
        list_roles, 200, answers.roles, content=json.dumps({"data": [ROLE]}).encode(), headers={"Content-Type": kind}
    )
    assert read == (Role("reviewer"),)


# Malformed answers

AS_JSON = {"Content-Type": "application/json"}
NOT_JSON: dict[str, dict[str, Any]] = {
    "empty": {"content": b""},
    "empty JSON": {"content": b"", "headers": AS_JSON},
    "HTML": {"html": "<!DOCTYPE html><h1>hello</h1>"},
    "text": {"text": "in a disaster"},
    "JSON typed as HTML": {"content": b'{"data": []}', "headers": {"Content-Type": "text/html"}},
    "JSON without a type": {"content": b'{"data": []}'},
    "half of JSON": {"content": b'{"data": [', "headers": AS_JSON},
    "not UTF-8": {"content": b'{"data": ["\xff"]}', "headers": AS_JSON},
    "nested too deep": {"content": b"[" * 200_000, "headers": AS_JSON},
    "a number too long": {"content": b'{"id": ' + b"9" * 5000 + b"}", "headers": AS_JSON},
}


@EVERY_CALL
@pytest.mark.parametrize("content", NOT_JSON.values(), ids=NOT_JSON)
def test_an_answer_that_is_not_json_is_malformed(
    operation: answers.Operation, status: int, reader: Reader, content: dict[str, Any]
) -> None:
    """For every call, a success with an empty body or without JSON is malformed, and the error names the call."""
    with pytest.raises(MalformedAnswer, match=REQUEST) as caught:
        answer(operation, status, reader, **content)
    assert (caught.value.status, caught.value.request) == (status, REQUEST)


@pytest.mark.parametrize(
    ("status", "content", "fault"),
    [
        (200, {"headers": AS_JSON}, "is empty"),
        (204, {}, "is empty"),
        (200, NOT_JSON["JSON without a type"], "has no Content-Type"),
        (200, NOT_JSON["HTML"], "has the Content-Type text/html, not application/json"),
        (200, NOT_JSON["half of JSON"], "is not usable JSON"),
        (200, NOT_JSON["a number too long"], "is not usable JSON"),
        (200, {"json": {}}, "lacks the field 'data'"),
        (200, {"json": {"data": ""}}, "does not have the expected form"),
        (206, {"json": {"data": []}}, "does not have the expected form"),
    ],
)
def test_the_error_says_what_is_wrong_with_the_answer(status: int, content: dict[str, Any], fault: str) -> None:
    """The error for a malformed answer says what is wrong with it, and what to check."""
    with pytest.raises(MalformedAnswer) as caught:
        answer(list_roles, status, answers.roles, **content)
    assert str(caught.value) == f"{REQUEST}: the answer ({status}) {fault}. Check the address of the API (CSS_API_URL)."


# fmt: off
OTHER_SHAPES = [
    'null', 'true', '5', '"text"', '[]', '[[]]', '{}', '{"message":"hello"}',
    '{"data":null}', '{"data":5}', '{"data":true}', '{"data":""}', '{"data":"text"}', '{"data":{}}',
    '{"data":{"name":"x"}}', '{"data":[null]}', '{"data":[5]}', '{"data":["text"]}', '{"data":[[]]}', '{"data":[{}]}',
]
# fmt: on


@EVERY_CALL
@pytest.mark.parametrize("body", OTHER_SHAPES)
def test_json_of_another_shape_is_malformed(
    operation: answers.Operation, status: int, reader: Reader, body: str
) -> None:
    """JSON of another shape than the call expects is malformed, and never read as an empty list."""
    with pytest.raises(MalformedAnswer):
        answer(operation, status, reader, json.loads(body))


@EVERY_CALL
@pytest.mark.parametrize("status_instead", [202, 206, 299])
def test_an_unexpected_success_status_is_malformed(
    operation: answers.Operation, status: int, reader: Reader, status_instead: int
) -> None:
    """A success status that the service does not use is malformed, for every call."""
    with pytest.raises(MalformedAnswer):
        answer(operation, status_instead, reader, {"data": [], **INTEGRATION, **ROLE, "page": 1})


@pytest.mark.parametrize("field", ["id", "projectName", "authType", "environments", "status", "createdAt", "updatedAt"])
def test_an_integration_without_a_field_is_malformed(field: str) -> None:
    """If an integration lacks a field, the answer is malformed, and the error names the field."""
    body = {key: value for key, value in INTEGRATION.items() if key != field}
    with pytest.raises(MalformedAnswer, match=field):
        answer(get_integration, 200, answers.integration, body)


@pytest.mark.parametrize("body", [{}, {"composite": False}, {"name": "reviewer"}])
def test_a_role_without_a_field_is_malformed(body: dict[str, Any]) -> None:
    """If a role lacks its name or `composite`, the answer is malformed, as the service answers some
    creations with {}.
    """
    with pytest.raises(MalformedAnswer):
        role_from(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "101"},
        {"id": None},
        {"id": 1.5},
        {"projectName": 5},
        {"projectName": None},
        {"environments": "dev"},
        {"environments": 5},
        {"environments": {"dev": True}},
        {"environments": [5]},
        {"environments": [None]},
        {"authType": 5},
        {"status": ["applied"]},
        {"createdAt": None},
        {"createdAt": 5},
        {"createdAt": "yesterday"},
        {"updatedAt": ""},
        {"updatedAt": []},
        {"updatedAt": "9999-12-31T24:00:00Z"},
    ],
    ids=json.dumps,
)
def test_an_integration_with_fields_of_wrong_types_is_malformed(changes: dict[str, Any]) -> None:
    """If a field of an integration has a wrong type, the answer is malformed; one text is not read as a list of
    letters.
    """
    with pytest.raises(MalformedAnswer):
        integration_from(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"username": None},
        {"username": 5},
        {"username": ["0f3a@idir"]},
        {"email": 5},
        {"email": ["jane.doe@gov.bc.ca"]},
        {"firstName": {}, "lastName": True},
        {"attributes": 5},
        {"attributes": "text"},
        {"attributes": [5]},
        {"attributes": {"display_name": 5}},
        {"attributes": {"display_name": "Doe, Jane"}},
        {"attributes": {"display_name": {"x": 1}}},
        {"attributes": {"display_name": [5]}},
    ],
    ids=json.dumps,
)
def test_a_user_with_fields_of_wrong_types_is_malformed(changes: dict[str, Any]) -> None:
    """If a field of a user has a wrong type, the answer is malformed; one text is not read as a list of letters."""
    with pytest.raises(MalformedAnswer):
        user_from(**changes)


@pytest.mark.parametrize(
    "body",
    [
        {"name": 5, "composite": False},
        {"name": None, "composite": False},
        *({"name": "reviewer", "composite": wrong} for wrong in ("false", "", 0, 1, None, [], {})),
    ],
    ids=json.dumps,
)
def test_a_role_with_fields_of_wrong_types_is_malformed(body: dict[str, Any]) -> None:
    """If a role's name is not text or `composite` is not a boolean, the answer is malformed."""
    with pytest.raises(MalformedAnswer):
        role_from(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def changed(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a valid object with some of its fields replaced by any JSON."""
    return st.dictionaries(st.sampled_from(sorted(good)), JSON, max_size=3).map(lambda wrong: {**good, **wrong})


DATA = st.one_of(JSON, st.lists(st.one_of(changed(INTEGRATION), changed(USER), changed(ROLE), JSON), max_size=3))
BODIES = st.one_of(JSON, changed(INTEGRATION), changed(ROLE), st.fixed_dictionaries({"data": DATA, "page": JSON}))


@settings(max_examples=examples(40))
@given(st.sampled_from(CALLS), BODIES)
def test_any_json_gives_models_or_malformed(call: tuple[answers.Operation, int, Reader], body: Any) -> None:
    """Any JSON gives complete models or `MalformedAnswer`, and no other error."""
    try:
        read = answer(*call, body)
    except MalformedAnswer:
        return
    for model in read if isinstance(read, tuple) else (read,):
        match model:
            case Role():
                assert isinstance(model.name, str)
                assert isinstance(model.composite, bool)
            case User():
                assert all(isinstance(text, str) for text in (model.username, model.email, model.first_name))
                assert all(isinstance(v, str) for values in model.attributes.values() for v in values)
            case Integration():
                assert isinstance(model.id, int)
                assert all(isinstance(text, str) for text in (model.project_name, model.status, *model.environments))
            case _:
                raise AssertionError(model)


@given(st.sampled_from(CALLS), st.integers(200, 299), st.binary(max_size=30), st.sampled_from(["json", "html", None]))
def test_any_bytes_give_models_or_malformed(
    call: tuple[answers.Operation, int, Reader], status: int, content: bytes, kind: str | None
) -> None:
    """Any bytes of a success give a model or `MalformedAnswer`, and no other error."""
    operation, _, reader = call
    headers = {} if kind is None else {"Content-Type": f"{'application' if kind == 'json' else 'text'}/{kind}"}
    try:
        answer(operation, status, reader, content=content, headers=headers)
    except MalformedAnswer:
        return


# Answers that are not a success


@pytest.mark.parametrize(
    ("content", "message", "is_json"),
    [
        ({"json": {"message": "role x not found"}}, "role x not found", True),
        ({"json": {"message": None}}, "", True),
        ({"json": {"success": False, "data": None, "err": "invalid token"}}, "", True),
        ({"json": {}}, "", True),
        ({"json": []}, "", True),
        ({"json": "text"}, "", True),
        ({"html": "<h1>what?</h1>"}, "", False),
        ({"text": "in a disaster"}, "", False),
        ({"content": b""}, "", False),
        ({"content": b"{", "headers": AS_JSON}, "", False),
        ({"content": b"\xff", "headers": AS_JSON}, "", False),
        ({"content": b"[" * 200_000, "headers": AS_JSON}, "", False),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_an_error_answer_is_read_with_or_without_a_message(
    content: dict[str, Any], message: str, is_json: bool
) -> None:
    """css-sdk uses the message of an error answer, if it has one. An answer of any type causes no other error."""
    found = answers.error_answer(httpx.Response(404, **content), REQUEST, now=0.0)
    assert (found.status, found.message, found.is_json, found.request) == (404, message, is_json, REQUEST)


@pytest.mark.parametrize(
    ("header", "seconds"), [("3600", 3600.0), ("Thu, 01 Jan 1970 00:01:00 GMT", 60.0), ("x", None)]
)
def test_retry_after_is_read_in_seconds(header: str, seconds: float | None) -> None:
    """css-sdk reads `Retry-After` in seconds, given as a number or as a date, and ignores invalid values."""
    response = httpx.Response(429, html="too many", headers={"Retry-After": header})
    assert answers.error_answer(response, REQUEST, now=0.0).retry_after == seconds
