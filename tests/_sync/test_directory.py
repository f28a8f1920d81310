# Written from tests/_async/test_directory.py by `make generate`; edit that one.
"""Finding people and their roles across providers, environments and integrations."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk import (
    Ambiguous,
    AuthenticationError,
    ConfigurationError,
    Css,
    EnvironmentMissing,
    IncompleteSearch,
    InvalidRequest,
    NotFound,
    Person,
    ServiceAccount,
    ServiceUnavailable,
    Settings,
    UnusableUser,
)
from css_sdk.sandbox import Sandbox
from tests.people_world import ALPHA, ANN, BEA, BO, CLEO, CROWD, GITHUB, NELL, person, world
from tests.support import asked

Logins = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox whose people have several logins, shared addresses and other difficulties."""
    return Sandbox(world=world())


def found_by(css: Css, **terms: Any) -> dict[str, Logins]:
    """Return the logins found, each with the environments that know it and those that do not."""
    found = css.find_people(**terms)
    assert found.complete
    return {
        one.guid: {str(login.user.provider): (login.environments, login.never_in) for login in one.logins}
        for one in found.people
    }


def test_the_logins_with_one_guid_are_one_person(css: Css, sandbox: Sandbox) -> None:
    """find_people() joins the logins with one GUID to one person, even if their addresses differ.

    Each login lists the environments that do not know it.
    """
    assert found_by(css, email="ann@people") == {
        ANN: {"idir": (("dev", "test", "prod"), ()), "azureidir": (("dev", "test"), ("prod",))}
    }
    # Four providers in three environments, and the search for the other login by GUID in each.
    assert asked(sandbox) == {"token": 1, "GET": 4 * 3 + 3}


def test_people_with_one_address_are_separated_by_guid(css: Css) -> None:
    """find_people() separates people with one address by GUID, and finds people known in only one environment."""
    everywhere = (("dev", "test", "prod"), ())
    assert found_by(css, email="desk@") == {BEA: {"idir": everywhere}, BO: {"idir": everywhere}}
    assert found_by(css, email="nell@") == {NELL: {"idir": (("dev",), ("test", "prod"))}}
    assert found_by(css, first_name="cleo") == {CLEO: {"azureidir": everywhere}}
    assert found_by(css, first_name="cleo", providers=["idir"]) == {}


def test_only_providers_that_accept_the_terms_are_searched(css: Css, sandbox: Sandbox) -> None:
    """find_people() searches only the given providers, or all that accept the terms. Every provider accepts a GUID."""
    for terms, searches in (
        ({"last_name": "nobody"}, 2),
        ({"login": "nobody"}, 2),
        ({"email": "nobody"}, 4),
        ({"guid": "00" * 16}, 7),
        ({"email": "nobody", "providers": ["idir", "idir"]}, 1),
    ):
        before = asked(sandbox)
        assert found_by(css, environments=["prod", "prod"], **terms) == {}
        assert (asked(sandbox) - before)["GET"] == searches
    [fern] = (css.find_people(login="fern-moss", environments=["dev"])).people
    assert (fern.email, fern.logins[0].user.username) == ("fern@people.example", GITHUB)


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"email": None},
        {"email": "x"},
        {"login": "fern", "first_name": "fern"},
        {"login": "fern", "providers": ["githubpublic", "idir"]},
        {"email": "office", "providers": ["bceidbasic"]},
        {"email": "office", "providers": ["otp"]},
        {"email": "office", "providers": []},
        {"email": "office", "environments": []},
    ],
)
def test_an_invalid_search_sends_nothing(css: Css, sandbox: Sandbox, terms: dict[str, Any]) -> None:
    """find_people() refuses invalid terms, providers, environments and widths, and sends nothing."""
    with pytest.raises(InvalidRequest):
        css.find_people(**terms)
    with pytest.raises(EnvironmentMissing):
        css.find_people(email="office", environments=["dev", "stage"])
    with pytest.raises(ConfigurationError, match="1 to 8"):
        css.find_people(email="office", width=9)
    assert asked(sandbox) == {}


def test_an_incomplete_search_is_reported_as_incomplete() -> None:
    """A search that reaches the limit of 50 matches is incomplete, and does not say where people are unknown."""
    sandbox = Sandbox(world=world(*CROWD))
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        found = css.find_people(email="crowd.example", environments=["dev"])
        assert (found.complete, len(found.people)) == (False, 50)
        assert {login.never_in for one in found.people for login in one.logins} == {()}
        assert asked(sandbox)["GET"] == 4
        with pytest.raises(IncompleteSearch, match="GUID"):
            css.people("dev").find_one(email="@crowd.example")


def roles_found(css: Css, person: Any, **options: Any) -> list[tuple[object, ...]]:
    """Return the roles of a person, reduced to the fields that differ between tests."""
    held = (css.roles_of(person, **options)).held
    return [(str(one.place), one.username, one.role, one.direct, one.through) for one in held]


def test_roles_are_found_for_all_logins_in_all_places(css: Css, sandbox: Sandbox) -> None:
    """roles_of() returns direct roles and roles through composites of all logins in all places.

    A login that an environment does not know is not an error.
    """
    idir, azure = f"{ANN}@idir", f"{ANN}@azureidir"
    found = css.roles_of(ANN)
    assert (
        roles_found(css, "ann@people.example")
        == roles_found(css, Person("guid", ANN))
        == [
            ("Alpha (#301) dev", azure, "admin", True, ()),
            ("Alpha (#301) dev", azure, "lead", False, ("admin",)),
            ("Alpha (#301) dev", azure, "reader", True, ("admin",)),
            ("Alpha (#301) dev", azure, "writer", False, ("admin",)),
            ("Alpha (#301) dev", idir, "admin", True, ()),
            ("Alpha (#301) dev", idir, "lead", False, ("admin",)),
            ("Alpha (#301) dev", idir, "reader", False, ("admin",)),
            ("Alpha (#301) dev", idir, "writer", True, ("admin",)),
            ("Beta (#302) prod", idir, "guest", True, ()),
        ]
    )
    assert (found.never_in, found.unread) == ({}, ())
    assert (css.roles_of(azure)).never_in == {azure: ("prod",)}
    dev = (css.integration("Alpha")).environment("dev")
    for username in (idir, azure):
        effective = [role.name for role in dev.users.effective_roles(username)]
        assert effective == [
            one.role for one in found.held if (one.username, one.place.environment) == (username, "dev")
        ]


@pytest.mark.parametrize("person", ["ann@people.example", ANN])
def test_roles_of_a_person_cost_as_many_requests_as_a_report(css: Css, sandbox: Sandbox, person: str) -> None:
    """roles_of() for an address or a GUID sends as many requests as a report of the same places."""
    css.roles_of(person)
    places = {"Alpha dev": 1 + len(["admin", "lead"]) + 4, "Alpha test": 1, "Alpha prod": 2, "Beta": 2 * 2}
    assert asked(sandbox) == {"token": 1, "GET": 1 + sum(places.values())}
    assert sandbox.count(path="*/roles/*/users") == 4 + 3
    before = asked(sandbox)
    css.report(integrations=["Alpha", "Beta"])
    assert (asked(sandbox) - before)["GET"] == sum(places.values())


def test_roles_of_a_login_cost_one_request_for_each_place(css: Css, sandbox: Sandbox) -> None:
    """roles_of() for a username sends one request for each place and each composite role.

    If one place does not know the login, other places of its environment are not asked.
    """
    css.roles_of(f"{ANN}@azureidir")
    # The integrations, two places in dev, one in test, and one in prod, which does not know the login.
    assert asked(sandbox)["GET"] == 1 + (2 + 1 + 1) + len(["admin", "lead"])
    assert sandbox.count(path="*/composite-roles") == 2
    before = asked(sandbox)
    assert roles_found(css, f"{CLEO}@azureidir") == [("Alpha (#301) dev", f"{CLEO}@azureidir", "reader", True, ())]
    assert (asked(sandbox) - before)["GET"] == 2 + 1 + 2
    assert [row[2] for row in roles_found(css, ServiceAccount(f"alpha-{ALPHA}"))] == ["reader"]


def test_roles_of_every_login_of_a_person_are_found(css: Css, sandbox: Sandbox) -> None:
    """roles_of() finds the logins with any provider that have this address or GUID."""
    logins = {
        "githubpublic": person("91" * 16, "githubpublic", "Ann", "ANN@people.example"),
        "bceidbusiness": person("92" * 16, "bceidbusiness", "Ann", "ann@people.example"),
        "unlike": person("93" * 16, "githubbcgov", "Ann", "ann@people.example.org"),
        "part": person("94" * 16, "githubbcgov", "Joann", "joann@people.example"),
    }
    for user in logins.values():
        sandbox.world.users[user["username"]] = user
        sandbox.grant(ALPHA, "dev", "admin", user["username"])
    found = css.roles_of("ann@people.example")
    assert {one.username for one in found.held if one.role == "admin"} == {
        f"{ANN}@idir",
        f"{ANN}@azureidir",
        logins["githubpublic"]["username"],
        logins["bceidbusiness"]["username"],
    }
    assert {one.username for one in (css.roles_of("ann@people.example", providers="githubpublic")).held} == {
        logins["githubpublic"]["username"]
    }
    # A GUID selects only its own logins. The other logins with the same address are listed separately.
    by_guid = css.roles_of(ANN)
    assert {one.username for one in by_guid.held} == {f"{ANN}@idir", f"{ANN}@azureidir"}
    assert by_guid.same_address == (logins["githubpublic"]["username"], logins["bceidbusiness"]["username"])
    assert {one.username for one in (css.roles_of(GITHUB.partition("@")[0])).held} == {GITHUB}


def test_a_person_must_be_identified_exactly(css: Css, sandbox: Sandbox) -> None:
    """roles_of() refuses an address that two people share, part of an address, an unknown person and invalid text."""
    for guid in (BO, BEA):
        sandbox.grant(ALPHA, "prod", "reader", f"{guid}@idir")
    with pytest.raises(Ambiguous, match="2 people have the e-mail address") as caught:
        css.roles_of("desk@people.example")
    assert {user.guid for user in caught.value.candidates} == {BO, BEA}
    assert f"{BO}@idir (Bo Example), {BEA}@idir (Bea Example)" in str(caught.value)
    assert [one.username for one in (css.roles_of(BO)).held] == [f"{BO}@idir"]
    for nobody in ("nn@people.example", "00" * 16):
        with pytest.raises(NotFound, match="No member of any role") as missing:
            css.roles_of(nobody)
        assert missing.value.what == "user"
    with pytest.raises(NotFound, match=r"dev, test and prod\. This person has probably never logged in"):
        css.roles_of("00" * 16 + "@idir")
    with pytest.raises(NotFound, match=r"prod\. A service account exists only in"):
        css.roles_of("service-account-nobody")
    for text in ("bob-1", "a@otp", "../x@idir b", BO[1:], "b438", f"{BO}0@idir"):
        with pytest.raises(UnusableUser):
            css.roles_of(text)


def test_a_fault_in_one_place_does_not_hide_other_roles(css: Css, sandbox: Sandbox) -> None:
    """Places and composites that could not be read are listed beside the roles that were found."""
    login = f"{ANN}@idir"
    everything = (css.roles_of(login)).held
    sandbox.faults.add("500_before", path="/integrations/302/prod/*", times=None)
    sandbox.faults.add("500_before", path="/integrations/301/dev/roles/lead/*", times=None)
    for whom in (ANN, "ann@people.example", "nobody@people.example", login):
        found = css.roles_of(whom)
        assert [(str(one.place), type(one.error)) for one in found.unread] == [
            ("Alpha (#301) dev", ServiceUnavailable),
            ("Beta (#302) prod", ServiceUnavailable),
        ]
    assert [(one.place, one.username, one.role) for one in found.held] == [
        (one.place, one.username, one.role) for one in everything if one.direct and one.project_name == "Alpha"
    ]
    sandbox.faults.add("revoked_token", path="/integrations/*", times=None)
    with pytest.raises(AuthenticationError):
        css.roles_of(ANN)


def test_differences_between_the_logins_of_a_person_are_found_and_repaired(css: Css, sandbox: Sandbox) -> None:
    """login_differences() finds the roles that one login of a person has and the other lacks, and they can be assigned.

    People without the other login are listed and cannot be changed.
    """
    dev = (css.integration("Alpha")).environment("dev")
    before = asked(sandbox)
    found = dev.login_differences()
    assert [(one.user.username, one.username, one.roles, one.exists) for one in found] == [
        (f"{ANN}@azureidir", f"{ANN}@idir", ("reader",), True),
        (f"{ANN}@idir", f"{ANN}@azureidir", ("writer",), True),
        (f"{CLEO}@azureidir", f"{CLEO}@idir", ("reader",), False),
        (f"{NELL}@idir", f"{NELL}@azureidir", ("reader",), False),
    ]
    # The roles, the children of two, the members of four, and the two people whose other login has no roles.
    assert (asked(sandbox) - before) == {"GET": 1 + 2 + 4 + 2}
    assert [one.user.provider for one in dev.login_differences(to="idir")] == ["azureidir"] * 2
    with pytest.raises(InvalidRequest, match="githubpublic"):
        dev.login_differences(to="githubpublic")
    before = asked(sandbox)
    grants = [(one.username, role) for one in found if one.exists for role in one.roles]
    assert {result.outcome for result in dev.bulk.assign_many(grants)} == {"done"}
    assert (asked(sandbox) - before) == {"POST": 2}
    assert dev.login_differences() == tuple(one for one in found if not one.exists)
