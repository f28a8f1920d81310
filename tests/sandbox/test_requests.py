"""How the sandbox reads paths, parameters and bodies, beyond the recordings."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import examples

ROLES = "/integrations/101/test/roles"


@pytest.mark.parametrize("number", ["0101", "101.0", "1.01e2", "%20101", "0x65", "+101"])
def test_ids_are_read_as_numbers(call: Any, number: str) -> None:
    """Every text that JavaScript reads as 101 is the id 101."""
    assert call.status_and_json("GET", f"/integrations/{number}")[1]["id"] == 101


@pytest.mark.parametrize(
    ("number", "status", "message"),
    [
        ("1e2", 404, "integration #100 not found"),
        ("0999", 404, "integration #999 not found"),
        ("101.5", 404, "integration #101.5 not found"),
        ("-1", 404, "integration #-1 not found"),
        ("1e21", 404, "integration #1e+21 not found"),
        ("abc", 422, "unknown exception"),
        ("1_01", 422, "unknown exception"),
        ("Infinity", 422, "unknown exception"),
    ],
)
def test_unknown_and_invalid_ids(call: Any, number: str, status: int, message: str) -> None:
    """An unknown number as id gets 404 with this number, and a text that is not a number gets 422."""
    assert call.status_and_json("GET", f"/integrations/{number}") == (status, {"message": message})


def test_fixed_words_ignore_case_and_a_trailing_slash(call: Any) -> None:
    """The fixed words of a path ignore case and a trailing slash, but the environment does not ignore case."""
    assert call.status_and_json("GET", "/Integrations/101/dev/ROLES/") == call.status_and_json(
        "GET", "/integrations/101/dev/roles"
    )
    assert call.send("GET", "/API/V1/Heartbeat/").status == 200
    message = {"message": "environment TEST not found"}
    assert call.status_and_json("GET", "/integrations/101/TEST/roles") == (404, message)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", ""),
        ("GET", "/integrations//roles"),
        ("GET", "/integrations/101/dev/roles//"),
        ("PATCH", "/integrations/101/dev/roles/reviewer"),
        ("POST", "/integrations"),
        ("GET", "/token"),
    ],
)
def test_an_unknown_path_or_method_gets_a_page(call: Any, method: str, path: str) -> None:
    """An unknown path or method gets an HTML page with 404."""
    answer = call(method, path)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f"Cannot {method} /api/v1{path}" in answer.body.decode()


def test_an_unknown_path_without_a_token_gets_401(call: Any) -> None:
    """An unknown path without a token gets 401, because the token is checked first."""
    assert call("GET", "/nothing", authorization="").status == 401


def test_paths_outside_the_api_need_no_token(call: Any) -> None:
    """A path outside the API gets a 404 page without a token."""
    for path in ("/api/v1x", "/api/v2/integrations", "/auth/realms/other/x", "/openapi/swaggers", "/sandbox"):
        answer = call.send("GET", path)
        assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8"), path


def test_head_and_options_are_answered(call: Any) -> None:
    """HEAD is answered like GET. OPTIONS gets 204 without a token."""
    assert call("HEAD", "/integrations").status == 200
    assert call("HEAD", "/integrations/999").status == 404
    answer = call.send("OPTIONS", "/api/v1/integrations/101/dev/roles")
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("path", [ROLES + "/100%25", ROLES + "/a%25zz", ROLES + "/%25E9"])
@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PUT", {"name": "x"}), ("PUT", {}), ("DELETE", None)])
def test_a_role_name_that_cannot_be_decoded_twice_gets_422(call: Any, method: str, body: Any, path: str) -> None:
    """A role name that cannot be decoded twice gets 422 before anything else is checked."""
    assert call.status_and_json(method, path, body) == (422, {"message": "unknown exception"})


@pytest.mark.parametrize("path", [ROLES + "/100%", ROLES + "/%E9", "/integrations/%/dev/roles"])
def test_a_path_that_cannot_be_decoded_gets_a_page(call: Any, path: str) -> None:
    """A path that cannot be decoded gets an HTML page with 400."""
    answer = call("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_an_unknown_parameter_is_refused(call: Any, people: list[str]) -> None:
    """A call without parameters refuses any parameter, even an empty one."""
    user = people[0]
    for method, path, body in (
        ("GET", "/integrations", None),
        ("GET", "/integrations/101", None),
        ("GET", ROLES, None),
        ("POST", ROLES, {"name": "x"}),
        ("GET", ROLES + "/x", None),
        ("PUT", ROLES + "/x", {"name": "y"}),
        ("DELETE", ROLES + "/x", None),
        ("GET", ROLES + "/x/composite-roles", None),
        ("POST", ROLES + "/x/composite-roles", [{"name": "y"}]),
        ("GET", ROLES + "/x/composite-roles/y", None),
        ("DELETE", ROLES + "/x/composite-roles/y", None),
        ("GET", f"/integrations/101/test/users/{user}/roles", None),
        ("POST", f"/integrations/101/test/users/{user}/roles", [{"name": "y"}]),
        ("DELETE", f"/integrations/101/test/users/{user}/roles/y", None),
    ):
        for query in ("?a=1", "?a", "?a[b]=1&", "?=1", "?="):
            assert call.status_and_json(method, path + query, body) == (400, {"message": "invalid request"}), (
                path + query
            )
    for nothing in ("?", "?&", "?&&"):
        assert call.status_and_json("GET", "/integrations" + nothing)[0] == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"x": 1}, "only name is supported"),
        ({"name": {}}, "must be string"),
        ({"name": ["x"], "y": 1}, "must be string"),
        ([{"name": "x"}], "must be object"),
        ({"name": False, "x": None}, "only name is supported"),
        (b"{}", "name is required"),
    ],
)
def test_an_invalid_role_is_refused_for_its_first_mistake(call: Any, body: Any, message: str) -> None:
    """An invalid role gets 400 when it is created or renamed, always with the message for the first mistake."""
    assert call.status_and_json("POST", ROLES, body) == (400, {"message": message})
    assert call.status_and_json("PUT", ROLES + "/x", body) == (400, {"message": message})


@pytest.mark.parametrize(
    ("name", "role"),
    [(True, "true"), (1.5, "1.5"), (2.0, "2"), (10**21, "1e+21"), (12345678901234567890, "12345678901234567000")],
)
def test_a_name_that_is_not_a_text_is_converted(call: Any, name: Any, role: str) -> None:
    """A role name that is a number or a boolean becomes the text that JavaScript writes for it."""
    assert call.status_and_json("POST", ROLES, {"name": name}) == (201, {"name": role, "composite": False})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (["x"], "invalid list of roles"),
        ([{"name": []}], "invalid list of roles"),
        ([{"name": []}, {"x": 1}], "only name is supported"),
        ([{}], "name is required"),
        ([{"name": ""}], "invalid role"),
        (b"", "invalid list of roles"),
    ],
)
def test_an_invalid_list_of_roles_is_refused_for_its_first_mistake(
    call: Any, people: list[str], body: Any, message: str
) -> None:
    """An invalid list of roles gets the same message for users and for composites, for its first mistake."""
    call.status_and_json("POST", ROLES, {"name": "x"})
    assert call.status_and_json("POST", f"/integrations/101/test/users/{people[0]}/roles", body) == (
        400,
        {"message": message},
    )
    assert call.status_and_json("POST", ROLES + "/x/composite-roles", body) == (400, {"message": message})


@pytest.mark.parametrize(
    "body",
    [b"{", b"5", b'"x"', b"true", b"null", b" \n null", b" ", b'{"name": NaN}', b'{"name": "x"} x', b"[" * 100_000],
)
def test_a_malformed_body_gets_a_page_even_without_a_token(call: Any, body: bytes) -> None:
    """A malformed body gets an HTML page with 400 even without a token, because the body is read first."""
    for method, path in (("POST", ROLES), ("PUT", ROLES + "/x"), ("GET", "/integrations"), ("DELETE", ROLES + "/x")):
        answer = call(method, path, body, authorization="")
        assert (answer.status, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")


def test_the_last_of_two_equal_names_in_json_counts(call: Any) -> None:
    """If a JSON object repeats a name, the last value counts."""
    assert call.status_and_json("POST", ROLES, b'{"name": ["x"], "name": "a", "name": "b"}')[1]["name"] == "b"
    assert call.status_and_json("POST", ROLES, b'{"name": "a", "name": {}}') == (400, {"message": "must be string"})
    call.status_and_json("POST", ROLES, {"name": "parent"})
    assert call.status_and_json("POST", ROLES + "/parent/composite-roles", b'[{"name": "a", "name": "b"}]')[0] == 200
    assert call.status_and_json("GET", ROLES + "/parent/composite-roles/b")[0] == 200


def test_a_very_long_number_is_infinity(call: Any) -> None:
    """A number that is too large for JavaScript is read as Infinity."""
    assert call.status_and_json("POST", ROLES, b'{"name": ' + b"1" * 5000 + b"}")[1]["name"] == "Infinity"


def test_bodies_of_other_content_types(call: Any) -> None:
    """A body may be a form. A body of any other type is ignored."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert call.status_and_json("POST", ROLES, b"name=from+a+form", **form)[1]["name"] == "from a form"
    assert call.status_and_json("POST", ROLES, b"name=a&name=b", **form) == (400, {"message": "must be string"})
    assert call.status_and_json("POST", ROLES, b"name[]=a", **form) == (400, {"message": "must be string"})
    assert call.status_and_json("POST", ROLES, b"name=a&x=b", **form) == (400, {"message": "only name is supported"})
    text = {"content-type": "text/plain"}
    assert call.status_and_json("POST", ROLES, b'{"name": "x"}', **text) == (400, {"message": "name is required"})


def test_bodies_are_checked_before_integration_and_environment(call: Any) -> None:
    """An invalid body gets 400 before the integration and the environment are checked."""
    assert call.status_and_json("POST", "/integrations/999/stage/roles", {})[0] == 400
    assert call.status_and_json("GET", "/integrations/999/stage/roles")[1] == {"message": "integration #999 not found"}
    assert call.status_and_json("GET", "/integrations/999/stage/roles/x/users")[1] == {
        "message": "environment stage not found"
    }


@settings(max_examples=examples(24), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40))
def test_a_role_with_any_name_is_found_by_its_name_encoded_twice(call: Any, name: str) -> None:
    """A role with any valid name is found by this name, encoded twice."""
    status, _ = call.status_and_json("POST", ROLES, {"name": name})
    path = f"{ROLES}/{quote(quote(name, safe=''), safe='')}"
    if name.strip() and name not in (".", "..") and len(path) <= 255:
        assert status in (201, 409)
        assert call.status_and_json("GET", path) == (200, {"name": name, "composite": False})


def test_a_lone_surrogate_is_returned_unchanged(call: Any) -> None:
    """A character that UTF-8 cannot contain is accepted and returned as an escape."""
    answer = call("POST", ROLES, b'{"name": "\\ud800x"}')
    assert json.loads(answer.body) == {"name": "\ud800x", "composite": False}
