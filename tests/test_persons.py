"""The roles that one login of a person has and the other lacks, and the forms of names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import Person, ServiceAccount, User
from css_sdk.people.logins import as_person, login_differences, people_of, unseen

USERNAMES = [f"{guid}@{provider}" for guid in ("a1", "b2", "c3") for provider in ("idir", "azureidir", "githubpublic")]
MEMBERS = st.dictionaries(st.sampled_from(["admin", "reader", "x/y"]), st.sets(st.sampled_from(USERNAMES)))


@given(MEMBERS, st.sampled_from([None, "idir", "azureidir"]))
def test_login_differences_are_complete_and_contain_nothing_else(members: dict[str, set[str]], to: str | None) -> None:
    """If all listed differences are added, both logins have the same roles, and no role is listed that a login has."""
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
def test_the_form_of_a_text_shows_how_it_names_a_person(
    whom: str | ServiceAccount | User | Person, meant: Person
) -> None:
    """css-sdk recognizes whether a text is a username, an e-mail address, a GUID or a service account."""
    assert as_person(whom) == meant


def test_the_name_of_a_user() -> None:
    """A user's name comes from the first and last name, or from the attributes for users of GitHub."""
    assert User("a@idir", first_name="Ilse", last_name="H").name == "Ilse H"
    assert User("a@githubpublic", attributes={"display_name": (), "github_username": ("fern",)}).name == "fern"
    assert User("a@githubpublic").name == ""


def test_logins_with_the_same_guid_at_unrelated_providers_are_different_people() -> None:
    """The same GUID at GitHub and IDIR means two people; unknown providers and incomplete GUIDs are still shown."""
    guid = "a1" * 16
    names = [f"{guid}@azureidir", f"{guid}@githubpublic", f"{guid}@idir", f"{guid}@new", "part@azureidir"]
    seen = {name: {"dev": User(name)} for name in names}
    people = people_of(seen, ["dev", "prod"], complete=False)
    assert [[login.user.username for login in one.logins] for one in people] == [
        [f"{guid}@idir", f"{guid}@azureidir"],
        [f"{guid}@githubpublic"],
        [f"{guid}@new"],
        ["part@azureidir"],
    ]
    # A person without a complete GUID is not looked up by it, because the service would find strangers.
    assert unseen(seen, ["dev", "prod"], ["idir", "githubbcgov"]) == [
        ("dev", "githubbcgov", guid),
        ("prod", "githubbcgov", guid),
        ("prod", "idir", guid),
    ]
