"""Answers become models, or `MalformedAnswer` and nothing else."""

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
from hypothesis import given
from hypothesis import strategies as st

from css_sdk._http import answers
from css_sdk.errors import MalformedAnswer
from css_sdk.models import Integration, Role, User

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
    """What a call gives for this answer."""
    response = httpx.Response(status, **(content or {"json": body}))
    return answers.parsed(operation, response, REQUEST, reader)


def integration_from(**changes: Any) -> Any:
    return answer(get_integration, 200, answers.integration, {**INTEGRATION, **changes})


def user_from(**changes: Any) -> Any:
    [user] = answer(search_idir_users, 200, answers.users, {"data": [{**USER, **changes}]})
    return user


def role_from(body: Any) -> Any:
    return answer(get_role, 200, answers.role, body)


# Good answers


def test_an_integration() -> None:
    """An integration is read with all that it holds."""
    assert integration_from() == Integration(
        id=101,
        project_name="Grants Portal",
        auth_type="browser-login",
        environments=("dev", "test"),
        status="applied",
        created_at=datetime.datetime(2024, 3, 1, 17, tzinfo=datetime.UTC),
        updated_at=datetime.datetime(2024, 3, 2, 17, tzinfo=datetime.UTC),
    )


def test_lists() -> None:
    """Lists are read in their order, an empty one too."""
    second = {**INTEGRATION, "id": 102}
    read = answer(list_integrations, 200, answers.integrations, {"data": [second, INTEGRATION]})
    assert [integration.id for integration in read] == [102, 101]
    roles = {"data": [ROLE, {"name": "all", "composite": True}]}
    assert answer(list_roles, 200, answers.roles, roles) == (Role("reviewer"), Role("all", composite=True))
    assert answer(list_roles, 200, answers.roles, {"data": []}) == ()
    assert answer(search_idir_users, 200, answers.users, {"data": []}) == ()


def test_roles() -> None:
    """A role is read from each of the answers in which it can stand."""
    assert role_from(ROLE) == Role("reviewer")
    assert answer(create_role, 201, answers.role, ROLE) == Role("reviewer")
    assert answer(assign_user_roles, 201, answers.roles, {"data": [ROLE]}) == (Role("reviewer"),)


def test_members_and_found_users_are_alike() -> None:
    """A page of members and a search give users of the same kind."""
    attributes = {"display_name": ("Doe, Jane",), "idir_username": ("JDOE",)}
    user = User("0f3a@idir", "jane.doe@gov.bc.ca", "Jane", "Doe", attributes)
    assert answer(list_role_members, 200, answers.users, {"page": 1, "data": [USER]}) == (user,)
    assert user_from() == user


def test_a_service_account_has_a_username_and_nothing_else() -> None:
    """The service gives only the username of a service account, and that is enough."""
    body = {"page": 1, "data": [{"username": "service-account-fisheries-service-102"}]}
    [user] = answer(list_role_members, 200, answers.users, body)
    assert user == User("service-account-fisheries-service-102", "", "", "", {})


@pytest.mark.parametrize("field", ["email", "firstName", "lastName"])
def test_null_is_as_good_as_missing(field: str) -> None:
    """A value that is null is as if it were not there."""
    assert user_from(**{field: None}) == user_from(**{field: ""})


def test_an_integration_may_have_nulls() -> None:
    """An integration without a status, a service type or environments in the answer is accepted."""
    read = integration_from(authType=None, status=None, environments=None)
    assert (read.auth_type, read.status, read.environments) == ("", "", ())


@pytest.mark.parametrize("field", ["authType", "status"])
def test_unknown_words_are_kept(field: str) -> None:
    """Words that nobody knew yet are kept as they came."""
    read = integration_from(**{field: "somethingNew", "environments": ["dev", "stage"]})
    assert read.environments == ("dev", "stage")
    assert "somethingNew" in (read.auth_type, read.status)


def test_unknown_fields_are_ignored() -> None:
    """Fields that nobody knew yet do no harm, anywhere."""
    assert integration_from(gold=True) == integration_from()
    assert user_from(id="5", enabled=None) == user_from()
    assert role_from({**ROLE, "id": 5, "description": {}}) == Role("reviewer")
    assert answer(list_roles, 200, answers.roles, {"data": [ROLE], "total": 1}) == (Role("reviewer"),)


def test_a_success_without_content() -> None:
    """A 204 has no content, and that is all right."""
    assert answers.parsed(unassign_user_role, httpx.Response(204), REQUEST, lambda answer: answer) is None


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"],
)
def test_json_is_told_by_its_type(kind: str) -> None:
    """JSON is JSON with a charset and in capitals too."""
    read = answer(
        list_roles, 200, answers.roles, content=json.dumps({"data": [ROLE]}).encode(), headers={"Content-Type": kind}
    )
    assert read == (Role("reviewer"),)


# Bad answers

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
def test_what_is_not_json_is_malformed(
    operation: answers.Operation, status: int, reader: Reader, content: dict[str, Any]
) -> None:
    """A success with an empty body, or without JSON, is malformed for every call. The error names the call."""
    with pytest.raises(MalformedAnswer, match=REQUEST) as caught:
        answer(operation, status, reader, **content)
    assert (caught.value.status, caught.value.request) == (status, REQUEST)


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
    """JSON that is not what the call gives is malformed, and never taken for an empty list."""
    with pytest.raises(MalformedAnswer):
        answer(operation, status, reader, json.loads(body))


@EVERY_CALL
@pytest.mark.parametrize("status_instead", [202, 206, 299])
def test_another_success_is_malformed(
    operation: answers.Operation, status: int, reader: Reader, status_instead: int
) -> None:
    """A success with a status that the service does not use is not accepted, for any body."""
    with pytest.raises(MalformedAnswer):
        answer(operation, status_instead, reader, {"data": [], **INTEGRATION, **ROLE, "page": 1})


@pytest.mark.parametrize("field", ["id", "projectName", "authType", "environments", "status", "createdAt", "updatedAt"])
def test_an_integration_without_a_field_is_malformed(field: str) -> None:
    """An integration lacks nothing, and the error names what is missing."""
    body = {key: value for key, value in INTEGRATION.items() if key != field}
    with pytest.raises(MalformedAnswer, match=field):
        answer(get_integration, 200, answers.integration, body)


@pytest.mark.parametrize("body", [{}, {"composite": False}, {"name": "reviewer"}])
def test_a_role_without_a_field_is_malformed(body: dict[str, Any]) -> None:
    """A role has a name and says whether it is composite. The service answers some creations with {}."""
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
def test_an_integration_of_other_types_is_malformed(changes: dict[str, Any]) -> None:
    """A field of another type is malformed; above all one environment is not a list of letters."""
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
def test_a_user_of_other_types_is_malformed(changes: dict[str, Any]) -> None:
    """A user's field of another type is malformed, and a text is no list of letters."""
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
def test_a_role_of_other_types_is_malformed(body: dict[str, Any]) -> None:
    """A role's name is a text, and whether it is composite is true or false; nothing is taken for either."""
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
    """Something good with some of its fields replaced by anything."""
    return st.dictionaries(st.sampled_from(sorted(good)), JSON, max_size=3).map(lambda wrong: {**good, **wrong})


DATA = st.one_of(JSON, st.lists(st.one_of(changed(INTEGRATION), changed(USER), changed(ROLE), JSON), max_size=3))
BODIES = st.one_of(JSON, changed(INTEGRATION), changed(ROLE), st.fixed_dictionaries({"data": DATA, "page": JSON}))


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


# Messages about answers that are not a success


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
def test_what_an_error_answer_tells(content: dict[str, Any], message: str, is_json: bool) -> None:
    """css-sdk uses the message of the answer, if it has one. An answer of any type causes no other error."""
    told = answers.error_answer(httpx.Response(404, **content), REQUEST, now=0.0)
    assert (told.status, told.message, told.is_json, told.request) == (404, message, is_json, REQUEST)


@pytest.mark.parametrize(
    ("header", "seconds"), [("3600", 3600.0), ("Thu, 01 Jan 1970 00:01:00 GMT", 60.0), ("x", None)]
)
def test_the_wait_is_told(header: str, seconds: float | None) -> None:
    """`Retry-After` is given in seconds."""
    response = httpx.Response(429, html="too many", headers={"Retry-After": header})
    assert answers.error_answer(response, REQUEST, now=0.0).retry_after == seconds
