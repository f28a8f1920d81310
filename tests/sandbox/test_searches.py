"""The sandbox's searches for users, beyond the recordings."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.api.searches import like


def crowd(count: int) -> dict[str, Any]:
    """Return a world with many people of the same name."""
    users = []
    for number in range(count):
        guid = hashlib.sha256(str(number).encode()).hexdigest()[:32]
        user = {"username": f"{guid}@idir", "email": f"p{number}@example.com", "firstName": "Same", "lastName": "Name"}
        users.append({**user, "attributes": {"idir_user_guid": [guid.upper()]}})
    account = {"id": 2, "client_id": "c", "client_secret": "s"}
    return {"teams": [{"id": 1, "name": "One", "api_account": account}], "integrations": [], "users": users}


@pytest.mark.parametrize(("matches", "rows"), [(49, 49), (50, 50), (51, 100), (100, 100), (101, 150), (222, 250)])
def test_the_first_page_is_repeated_if_more_than_50_match(caller: Any, matches: int, rows: int) -> None:
    """If more than 50 people match, the first 50 by username are repeated for each page of the matches."""
    sandbox = Sandbox(crowd(matches))
    found = caller(sandbox).status_and_json("GET", "/dev/idir/users?firstName=same")[1]["data"]
    shown = [user["username"] for user in found]
    assert len(shown) == rows
    assert shown[:50] == sandbox.world.usernames("idir")[:50]
    assert shown == (shown[:50] * 5)[:rows]


def test_a_guid_is_matched_at_its_end(call: Any, people: list[str]) -> None:
    """A search by GUID matches the whole GUID or its end in any case, but not its beginning or a username."""
    guid = people[3].partition("@")[0]
    for term, count in ((guid, 1), (guid.upper(), 1), (guid[1:], 1), (guid[:-1], 0), (guid[5:-5], 0), (people[3], 0)):
        assert len(call.status_and_json("GET", f"/dev/idir/users?guid={term}")[1]["data"]) == count, term


def test_a_guid_can_have_wildcards(call: Any, people: list[str]) -> None:
    """In a GUID, `_` matches one character and `%` any text, so `__` matches everybody."""
    guid = people[3].partition("@")[0]
    for term, count in (
        (guid[:-1] + "_", 1),
        (guid[:8] + "%25", 1),
        (guid[:8] + "%25" + guid[-4:], 1),
        ("_" + guid, 0),
        ("%25" + guid, 1),
    ):
        assert len(call.status_and_json("GET", f"/dev/idir/users?guid={term}")[1]["data"]) == count, term
    assert call.status_and_json("GET", "/dev/idir/users?guid=__") == call.status_and_json(
        "GET", "/dev/idir/users?guid=%25%25"
    )
    assert len(call.status_and_json("GET", "/dev/idir/users?guid=__")[1]["data"]) == len(people)


def test_a_guid_finds_only_logins_of_its_provider(call: Any, sandbox: Sandbox, people: list[str]) -> None:
    """A search by GUID at one provider does not find the person's login of another provider."""
    guid = people[3].partition("@")[0]
    for term in (guid, "%25" + guid[1:]):
        for word, provider in (("idir", "idir"), ("azure-idir", "azureidir")):
            found = [
                user["username"] for user in call.status_and_json("GET", f"/dev/{word}/users?guid={term}")[1]["data"]
            ]
            assert found == [name for name in (f"{guid}@{provider}",) if name in sandbox.world.users]


@pytest.mark.parametrize(
    ("term", "text", "fits"),
    [
        ("a_b", "xaxbx", True),
        ("a_b", "xabx", False),
        ("A%B", "xAnythingbx", True),
        ("a%b%c", "acb", False),
        ("%%zz", "fizz!", True),
        ("%%", "", True),
        ("__", "a", False),
        ("a*", "abc", False),
        ("a.c", "abc", False),
        ("a\\_c", "a_c", False),
        ("a\\_c", "a\\bc", True),
        ("'a", "'A'", True),
        (" a", "a", False),
        ("a%b", "a\nb", True),
        ("%a" * 60 + "b", "a" * 200, False),
    ],
)
def test_the_wildcards_of_search_terms(term: str, text: str, fits: bool) -> None:
    """In a search term only `%` and `_` are special, and nothing can escape them.

    A term with many is matched quickly.
    """
    assert like(term)(text) is fits


def test_a_person_without_a_field_is_not_found_by_it(caller: Any) -> None:
    """A person without an address is not found by an address that matches every text."""
    world = crowd(3)
    del world["users"][0]["email"]
    call = caller(Sandbox(world))
    assert len(call.status_and_json("GET", "/dev/idir/users?email=%25%25")[1]["data"]) == 2
    assert len(call.status_and_json("GET", "/dev/idir/users?lastName=%25%25")[1]["data"]) == 3


def test_all_terms_must_match(call: Any, sandbox: Sandbox, people: list[str]) -> None:
    """A person is found only if all terms match."""
    guid = people[3].partition("@")[0]
    first = sandbox.world.users[people[3]]["firstName"]
    assert (
        len(call.status_and_json("GET", f"/dev/idir/users?guid={guid}&firstName={first[1:].upper()}")[1]["data"]) == 1
    )
    assert call.status_and_json("GET", f"/dev/idir/users?guid={guid}&firstName=nobody")[1]["data"] == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/dev/idir/users?firstName=A&foo=1", "firstName should be string with length >= 2"),
        ("/dev/idir/users?lastName=A&firstName=B", "firstName should be string with length >= 2"),
        ("/dev/idir/users?email=aa&email=bb", "email should be string with length >= 2"),
        ("/dev/idir/users?email[]=aa", "firstName is required"),
        ("/dev/idir/users?email=aa&email[]=aa", "only firstName, lastName, email and guid are supported"),
        ("/dev/idir/users?guid=aa&guid[0]=b", "only firstName, lastName, email and guid are supported"),
        ("/dev/github-public/users?login[a]=aa", "name is required"),
        ("/dev/basic-bceid/users?guid[]=aa", "only guid is supported"),
        ("/integrations/101/dev/bceid/users?bceidType[]=basic&guid=aa", "bceidType is required"),
        (
            "/integrations/101/dev/bceid/users?bceidType=basic&guid[]=aa",
            "One of displayName, username, email and guid are required",
        ),
        ("/integrations/101/dev/roles/reviewer/users?max[]=2", "only page and max are supported"),
        ("/integrations/101/dev/roles/reviewer/users?max=2&max=2", "max count should be a number within range 1 - 50"),
        ("/dev/github-public/users?login=a", "login id should be string with length >= 2"),
        ("/dev/github-public/users?login=aa&x=1", "only name, login, email and guid are supported"),
        ("/dev/github-bcgov/users", "name is required"),
        ("/dev/basic-bceid/users", "guid is required"),
        ("/dev/basic-bceid/users?guid=a&x=1", "guid should be string with length >= 2"),
        ("/dev/basic-bceid/users?guid=aa&x=1", "only guid is supported"),
        ("/dev/business-bceid/users?username=aa", "only guid is supported"),
        ("/dev/basic-business-bceid/users?email=a", "only guid is supported"),
        ("/stage/idir/users", "firstName is required"),
    ],
)
def test_an_invalid_search_is_refused_for_its_first_mistake(call: Any, path: str, message: str) -> None:
    """An invalid search gets 400, and the message is always the one for the first mistake."""
    assert call.status_and_json("GET", path) == (400, {"message": message})


def test_github_users_have_no_names_in_answers(call: Any) -> None:
    """Users of GitHub are found by name and by login, but the answer does not contain their names."""
    for term in ("name=Pine", "login=pine-marten"):
        (user,) = call.status_and_json("GET", f"/dev/github-public/users?{term}")[1]["data"]
        assert (user["firstName"], user["lastName"], user["email"]) == ("", "", "pine-marten@example.org")


def test_bceid_users_are_found_after_they_logged_in(call: Any, sandbox: Sandbox) -> None:
    """The BCeID search of an integration finds only people who have logged in to it, and ignores other parameters."""
    search = "/integrations/102/dev/bceid/users?bceidType=basic&displayName=harbour&foo=1"
    assert call.status_and_json("GET", search) == (200, {"data": []})
    (username,) = [name for name, user in sandbox.world.users.items() if user["firstName"] == "Harbour Bakery"]
    sandbox.token_for(username, 102, "dev")
    (user,) = call.status_and_json("GET", search)[1]["data"]
    assert (user["username"], user["firstName"]) == (username, "Harbour Bakery")
    assert call.status_and_json("GET", search.replace("102", "101")) == (200, {"data": []})
    assert call.status_and_json("GET", search.replace("basic", "business")) == (200, {"data": []})


@pytest.mark.parametrize("query", ["", "?bceidType[]=basic", "?username=aa"])
def test_a_bceid_search_needs_its_type(call: Any, query: str) -> None:
    """A BCeID search without bceidType is refused."""
    path = f"/integrations/101/dev/bceid/users{query}"
    assert call.status_and_json("GET", path) == (400, {"message": "bceidType is required"})


@pytest.mark.parametrize(
    "query", ["bceidType=foo&guid=aa", "bceidType=basic&bceidType=both", "bceidType=basic&guid=zz"]
)
def test_a_bceid_type_is_not_checked(call: Any, query: str) -> None:
    """An unknown bceidType is accepted and finds nobody."""
    assert call.status_and_json("GET", f"/integrations/101/dev/bceid/users?{query}") == (200, {"data": []})


@pytest.mark.parametrize("kind", ["basic", "BASIC", "b", "", "%25", "_asic"])
def test_a_bceid_type_is_matched_like_a_search_term(call: Any, sandbox: Sandbox, kind: str) -> None:
    """The bceidType is matched like a search term, so a part of it and wildcards find people, too."""
    (username,) = [name for name, user in sandbox.world.users.items() if user["firstName"] == "Harbour Bakery"]
    sandbox.token_for(username, 102, "dev")
    path = f"/integrations/102/dev/bceid/users?bceidType={kind}&guid={username.partition('@')[0]}"
    assert [user["username"] for user in call.status_and_json("GET", path)[1]["data"]] == [username]
