"""What one login of a person has that the other lacks, and the forms of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import Person, ServiceAccount, User
from css_sdk.people.logins import as_person, login_differences, people_of, unseen

USERNAMES = [f"{guid}@{provider}" for guid in ("a1", "b2", "c3") for provider in ("idir", "azureidir", "githubpublic")]
MEMBERS = st.dictionaries(st.sampled_from(["admin", "reader", "x/y"]), st.sets(st.sampled_from(USERNAMES)))


@given(MEMBERS, st.sampled_from([None, "idir", "azureidir"]))
def test_what_is_found_is_all_that_is_missing(members: dict[str, set[str]], to: str | None) -> None:
    """Once these roles are given, nothing is missing, and no role is listed that the login has."""
    users = {name: User(name) for held in members.values() for name in held}
    found = login_differences(members, users, to)
    for one in found:
        assert one.username.partition("@")[0] == one.user.guid
        assert to is None or one.username.endswith(f"@{to}")
        assert one.exists is (one.username in users)
        for role in one.roles:
            assert one.user.username in members[role]
            assert one.username not in members[role]
            members[role].add(one.username)
    for held in members.values():
        for name in held:
            guid, _, provider = name.partition("@")
            if provider == "idir" and to != "idir":
                assert f"{guid}@azureidir" in held
            if provider == "azureidir" and to != "azureidir":
                assert f"{guid}@idir" in held
    assert login_differences(members, {name: User(name) for held in members.values() for name in held}, to) == ()


@pytest.mark.parametrize(
    ("whom", "meant"),
    [
        ("0F3A" * 8 + "@IDIR", Person("username", "0f3a" * 8 + "@idir")),
        ("0F3A", Person("guid", "0F3A")),
        ("Ilse.H@example.com", Person("email", "Ilse.H@example.com")),
        ("service-account-robot-1", Person("username", "service-account-robot-1")),
        (ServiceAccount("robot-1"), Person("client_id", "robot-1")),
        (User("0f3a@idir", email="i@example.com"), Person("username", "0f3a@idir")),
        (Person("guid", "x"), Person("guid", "x")),
    ],
)
def test_a_text_names_a_person_in_one_way(whom: str | ServiceAccount | User | Person, meant: Person) -> None:
    """Usernames, e-mail addresses and GUIDs have different forms."""
    assert as_person(whom) == meant


def test_the_name_of_a_user() -> None:
    """GitHub's users have their names among the attributes, if anywhere."""
    assert User("a@idir", first_name="Ilse", last_name="H").name == "Ilse H"
    assert User("a@githubpublic", attributes={"display_name": (), "github_username": ("fern",)}).name == "fern"
    assert User("a@githubpublic").name == ""


def test_logins_of_other_families_are_other_people() -> None:
    """The same GUID at GitHub is not the person of IDIR, and answers that should not exist are still shown."""
    guid = "a1" * 16
    names = [f"{guid}@azureidir", f"{guid}@githubpublic", f"{guid}@idir", f"{guid}@new", "part@azureidir"]
    seen = {name: {"dev": User(name)} for name in names}
    people = people_of(seen, ["dev", "prod"], complete=False).people
    assert [[login.user.username for login in one.logins] for one in people] == [
        [f"{guid}@idir", f"{guid}@azureidir"],
        [f"{guid}@githubpublic"],
        [f"{guid}@new"],
        ["part@azureidir"],
    ]
    # Who has no complete GUID is not looked up by it: the service would find strangers.
    assert unseen(seen, ["dev", "prod"], ["idir", "githubbcgov"]) == [
        ("dev", "githubbcgov", guid),
        ("prod", "githubbcgov", guid),
        ("prod", "idir", guid),
    ]
