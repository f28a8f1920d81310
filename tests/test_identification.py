"""Whom an exact list keeps if a person in it was not found: the members that this person may be."""

from __future__ import annotations

import pytest

from css_sdk import (
    Ambiguous,
    CssError,
    Desired,
    DesiredPlace,
    DesiredRole,
    IncompleteSearch,
    Listed,
    NotFound,
    NotIdentified,
    Person,
    Place,
    PlaceState,
    ServiceUnavailable,
    User,
    WrongProvider,
)
from css_sdk.people.identification import Unresolved, is_identified, may_be_member, state_of
from css_sdk.people.matching import identify
from css_sdk.plan.planner import plan

GUID = "0f3ac87806aa7f215a7c0d4cc4d9e799"
DEV = Place(101, "dev")
ANN, BOB = "aaaa@idir", "bbbb@idir"
EMAIL, USERNAME = Person("email", "ilse@example.com", "idir"), Person("username", f"{GUID}@idir")
WHOLE, HALF = Person("guid", GUID, "idir"), Person("guid", GUID)
PROGRAM = Person("client_id", "fisheries-service-102")


@pytest.mark.parametrize(
    ("person", "providers", "identified"),
    [
        (USERNAME, (), True),
        (Person("username", "service-account-fisheries-service-102"), (), False),
        (PROGRAM, (), False),
        (EMAIL, ("idir",), False),
        *((Person("guid", GUID, provider), (), True) for provider in ("idir", "azureidir", "bceidbasic", "bceidboth")),
        *((Person("guid", GUID, provider), (), False) for provider in ("githubpublic", "githubbcgov")),
        (Person("guid", GUID[:-1], "idir"), (), False),
        (Person("guid", GUID + "0", "idir"), (), False),
        (HALF, ("idir", "azureidir"), False),
        (HALF, ("idir",), True),
        (HALF, ("githubpublic",), False),
    ],
    ids=str,
)
def test_only_a_username_or_a_complete_guid_with_its_provider_identifies_a_person(
    person: Person, providers: tuple[str, ...], identified: bool
) -> None:
    """Only a username, or a complete GUID with its provider, identifies a person, so that they can be called "never
    logged in".
    """
    assert is_identified(person, providers) is identified
    if person.by in ("guid", "email"):
        error = identify(person, "dev", providers or ("idir",) if person.provider is None else (person.provider,), [()])
        assert isinstance(error, NotFound)
        if providers or person.provider:
            assert isinstance(error, NotIdentified) is not identified


MISSING = NotFound("who?", what="user")


@pytest.mark.parametrize(
    ("person", "error", "state", "holds"),
    [
        (USERNAME, None, "failed", False),
        (USERNAME, MISSING, "never logged in", False),
        (WHOLE, MISSING, "never logged in", False),
        (PROGRAM, MISSING, "failed", True),
        (EMAIL, NotIdentified("who?"), "not found", True),
        (EMAIL, WrongProvider("elsewhere"), "wrong provider", True),
        (WHOLE, WrongProvider("elsewhere"), "wrong provider", True),
        (EMAIL, Ambiguous("two"), "ambiguous", True),
        (EMAIL, IncompleteSearch("fifty"), "failed", True),
        (USERNAME, NotFound("which?", what="role"), "failed", True),
        (USERNAME, ServiceUnavailable("later"), "failed", True),
    ],
    ids=str,
)
def test_a_row_prevents_removals_unless_its_person_certainly_has_no_roles(
    person: Person, error: CssError | None, state: str, holds: bool
) -> None:
    """If the person of a row may be a member, nobody is removed; if the person certainly has no roles,
    removals go on.
    """
    assert state_of(person, error) == state
    assert may_be_member(person, error) is holds


@pytest.mark.parametrize(
    ("person", "state", "candidates", "kept"),
    [
        (EMAIL, "ambiguous", (ANN,), [ANN]),
        (EMAIL, "ambiguous", (), [ANN, BOB]),
        (EMAIL, "too many found", (), [ANN, BOB]),
        (EMAIL, "not found", (), [ANN, BOB]),
        (EMAIL, "never logged in", (), [ANN, BOB]),
        (EMAIL, "wrong provider", (ANN,), [ANN, BOB]),
        (HALF, "not found", (), [ANN, BOB]),
        (WHOLE, "never logged in", (), []),
        (WHOLE, "wrong provider", (ANN,), [ANN]),
    ],
)
def test_a_member_whom_an_unidentified_person_may_be_stays(
    person: Person, state: str, candidates: tuple[str, ...], kept: list[str]
) -> None:
    """An exact list removes nobody while a person in it may be any member. If there are candidates, only these stay."""
    lost = Unresolved(DEV, person, state, candidates, roles=("a",))
    wanted = DesiredPlace("101", "dev", Listed((DesiredRole("a", members=Listed((person,), exact=True)),)))
    state_read = PlaceState(DEV, "Grants Portal", frozenset("a"), members={"a": frozenset({ANN, BOB})})
    made = plan(Desired((wanted,)), {wanted.named: state_read}, {(DEV, person): lost}, prune=True)
    assert [step.target for step in made.withheld] == kept
    assert [step.target for step in made.steps] == [one for one in (ANN, BOB) if one not in kept]
    assert made.unresolved == (lost,)
    assert bool(made.notes) is bool(kept)
    assert lost.may_be_anybody is (len(kept) == 2)
    assert lost.never_logged_in is (not kept)


def test_the_only_login_that_was_found_identifies_the_person() -> None:
    """If a search finds exactly one login, this login is the person."""
    assert identify(EMAIL, "dev", ("idir",), [(User(ANN),)]) == User(ANN)
