"""The sandbox's calls for members and roles of users, beyond the recordings."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk.sandbox import Sandbox

MEMBERS = "/integrations/101/dev/roles/reviewer/users"


@pytest.fixture
def seven(sandbox: Sandbox, people: list[str]) -> list[str]:
    """Return seven people who are the members of one role."""
    sandbox.revoke(101, "dev", "reviewer", *sandbox.members(101, "dev", "reviewer"))
    sandbox.grant(101, "dev", "reviewer", *people[:7])
    return people[:7]


@pytest.mark.parametrize(
    ("query", "page", "first", "last"),
    [
        ("page=1.5&max=2", 1.5, 1, 3),
        ("page=2.0&max=3", 2, 3, 6),
        ("page=1e0&max=0x2", 1, 0, 2),
        ("max=%205", 1, 0, 5),
        ("page=1.5", 1.5, 25, 75),
        ("page=1000", 1000, 99, 99),
        ("", 1, 0, 7),
    ],
)
def test_page_and_max_are_read_as_javascript_numbers(
    call: Any, seven: list[str], query: str, page: float, first: int, last: int
) -> None:
    """A page begins at (page - 1) x max, and both numbers can be written in any way that JavaScript reads."""
    status, found = call.status_and_json("GET", f"{MEMBERS}?{query}")
    assert (status, found["page"]) == (200, page)
    assert [user["username"] for user in found["data"]] == seven[first:last]


@pytest.mark.parametrize("query", ["page=1.5&max=7", "max=1.5", "page=1e99", "page=Infinity", "page=99999999"])
def test_a_page_at_a_fraction_or_too_far_gets_404(call: Any, seven: list[str], query: str) -> None:
    """A page that begins at a fraction or too far gets 404 with the message that the role is missing."""
    assert call.status_and_json("GET", f"{MEMBERS}?{query}") == (404, {"message": "role reviewer not found"})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page=", "page should be a number greater than 0"),
        ("page=0.5", "page should be a number greater than 0"),
        ("page=1&page=2", "page should be a number greater than 0"),
        ("page=a&foo=1", "page should be a number greater than 0"),
        ("max=", "max count should be a number within range 1 - 50"),
        ("max=50.5", "max count should be a number within range 1 - 50"),
        ("max=0&page=0", "page should be a number greater than 0"),
        ("page=1&foo=1", "only page and max are supported"),
    ],
)
def test_an_invalid_page_gets_400(call: Any, query: str, message: str) -> None:
    """An invalid page gets 400, and the message is always the one for the first mistake."""
    assert call.status_and_json("GET", f"{MEMBERS}?{query}") == (400, {"message": message})


def test_usernames_are_decoded_once(call: Any, people: list[str]) -> None:
    """A username in a path is decoded once, so a username that is encoded twice is not found."""
    user = people[0]
    guid = user.partition("@")[0]
    assert call.status_and_json("GET", f"/integrations/101/dev/users/{guid}%40idir/roles")[0] == 200
    missing = {"message": f'User "{guid}%40idir" not found'}
    assert call.status_and_json("GET", f"/integrations/101/dev/users/{guid}%2540idir/roles") == (404, missing)


def test_a_user_who_never_logged_in_to_an_environment_is_not_found(caller: Any) -> None:
    """A user who is known in one environment only is not found in another one."""
    world = {
        "teams": [{"id": 1, "name": "One", "api_account": {"id": 2, "client_id": "c", "client_secret": "s"}}],
        "integrations": [
            {
                "id": 5,
                "team": 1,
                "project_name": "Five",
                "client_id": "five-5",
                "client_secret": "s",
                "auth_type": "both",
                "environments": ["dev", "test"],
                "service_type": "gold",
                "status": "applied",
            }
        ],
        "users": [{"username": "aa@idir", "firstName": "An", "environments": ["dev"]}],
    }
    call = caller(Sandbox(world))
    assert call("GET", "/integrations/5/dev/users/aa@idir/roles").status == 200
    assert call("GET", "/integrations/5/test/users/aa@idir/roles").status == 404
    assert call.status_and_json("GET", "/test/idir/users?firstName=An")[1] == {"data": []}
    assert call.status_and_json("GET", "/dev/idir/users?firstName=An")[1]["data"] == [
        {"firstName": "An", "username": "aa@idir"}
    ]


def test_service_accounts_exist_in_the_environments_of_their_integration(call: Any) -> None:
    """A service account exists only in the environments of its integration, and an API account only in prod."""
    robot = "service-account-permit-robot-103"
    assert call("GET", f"/integrations/101/dev/users/{robot}/roles").status == 200
    assert call("GET", f"/integrations/101/test/users/{robot}/roles").status == 404
    own = "service-account-service-account-team-2016-9001"
    assert call("GET", f"/integrations/101/prod/users/{own}/roles").status == 200
    assert call("GET", f"/integrations/101/dev/users/{own}/roles").status == 404


def test_a_repeated_role_is_assigned_once(call: Any, people: list[str], sandbox: Sandbox) -> None:
    """A request that names a role twice assigns it once."""
    path = f"/integrations/101/dev/users/{people[9]}/roles"
    assert call.status_and_json("POST", path, [{"name": "admin"}, {"name": "admin"}])[0] == 201
    assert sandbox.grants(101, "dev")[people[9]] == {"admin"}


def test_a_blank_role_name_cannot_be_unassigned(call: Any, people: list[str]) -> None:
    """Removing a role with a blank name gets 400 before the user is looked up."""
    path = "/integrations/101/dev/users/nobody@idir/roles/%2520"
    assert call.status_and_json("DELETE", path) == (400, {"message": "invalid role"})


def test_the_deprecated_list_of_mappings_answers_wrongly(call: Any, people: list[str], sandbox: Sandbox) -> None:
    """The deprecated list of mappings answers valid requests with 404, with 422 or with empty lists."""
    path = "/integrations/101/dev/user-role-mappings"
    sandbox.grant(101, "dev", "admin", people[0])
    idle = people[1]
    empty: dict[str, list[str]] = {"users": [], "roles": []}
    assert call.status_and_json("GET", f"{path}?roleName=admin")[0] == 404
    assert call.status_and_json("GET", f"{path}?username={people[0]}")[0] == 422
    assert call.status_and_json("GET", f"{path}?username={idle}&roleName=admin") == (200, empty)
    assert call.status_and_json("GET", f"{path}?username={idle}") == (200, empty)
    assert call.status_and_json("GET", f"{path}?roleName=") == (200, empty)
    assert call.status_and_json("GET", f"{path}?username=nobody@idir")[0] == 404
    assert call.status_and_json("GET", f"{path}?username=x&foo=1")[0] == 400
    assert call.status_and_json("GET", f"{path}?username=x&username=y")[0] == 400
