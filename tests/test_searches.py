"""Search terms, and the filtering of the service's answers, by table."""

from __future__ import annotations

from typing import Any

import pytest

from css_sdk import InvalidRequest, User
from css_sdk.people.meanings import searches_for
from css_sdk.people.searches import TERMS, TERMS_ANYWHERE, containing, equal_to, providers_for, terms_given

GUID = "6513270e269e0d37f2a74de452e6b438"
ADA = User(f"{GUID}@idir", "ada_l@example.com", "Ada", "Lovelace")
STRANGER = User(f"{'0' * 28}b438@idir", "adaxl@example.com", "Adaxander", "Lovelace")
OCTO = User(f"{'1' * 32}@githubpublic", "octo@example.org", attributes={"github_username": ("octo_1",)})
SHOWN = User(f"{'2' * 32}@githubpublic", "o2@example.org", attributes={"display_name": ("Octo_2",)})


@pytest.mark.parametrize(
    ("terms", "contained", "equal"),
    [
        ({"email": "ada_l@example.com"}, [ADA], [ADA]),
        ({"email": "ADA_L@"}, [ADA], []),
        ({"email": "ada%"}, [], []),
        ({"email": "%%"}, [], []),
        ({"email": "ada"}, [ADA, STRANGER], []),
        ({"guid": GUID.upper()}, [ADA], [ADA]),
        ({"first_name": "ada"}, [ADA, STRANGER], [ADA]),
        ({"first_name": "ada", "email": "_l@"}, [ADA], []),
        ({"first_name": "lovelace", "last_name": "lovelace"}, [], []),
    ],
)
def test_people_who_do_not_match_a_term_exactly_are_dropped(
    terms: dict[str, str], contained: list[User], equal: list[User]
) -> None:
    """The service reads terms as patterns and finds too many people; css-sdk drops those who do not
    contain the term.
    """
    assert containing([ADA, STRANGER], terms) == (contained, True)
    assert equal_to([ADA, STRANGER], terms) == (equal, True)


@pytest.mark.parametrize(
    ("terms", "contained", "equal"),
    [
        ({"login": "octo_1"}, ([OCTO], False), ([OCTO], False)),
        ({"name": "octo"}, ([OCTO, SHOWN], True), ([], False)),
        ({"name": "octo_2"}, ([SHOWN], False), ([SHOWN], False)),
        ({"name": "octo_2", "email": "o2@"}, ([SHOWN], True), ([], True)),
    ],
)
def test_a_hidden_field_neither_confirms_nor_excludes_a_person(
    terms: dict[str, str], contained: tuple[list[User], bool], equal: tuple[list[User], bool]
) -> None:
    """GitHub's answers hide names: a part without wildcards counts; a wildcard or an equal value does not."""
    assert containing([OCTO, SHOWN], terms) == contained
    assert equal_to([OCTO, SHOWN], terms) == equal


def test_upper_and_lower_case_are_ignored_and_nothing_else() -> None:
    """Comparison ignores case only: an address with ß is not the address with ss, which belongs to another person."""
    sharp, double = User("a@idir", "straße@example.com"), User("b@idir", "strasse@example.com")
    assert equal_to([sharp, double], {"email": "STRASSE@example.com"}) == ([double], True)
    assert equal_to([sharp, double], {"email": "Straße@example.com"}) == ([sharp], True)


@pytest.mark.parametrize("written", [GUID, GUID.upper(), "6513270E-269E-0D37-F2A7-4DE452E6B438"])
def test_a_guid_is_sent_without_dashes_and_braces(written: str) -> None:
    """A GUID is sent without dashes and braces, and a term that is None is ignored."""
    for text in (written, f"{{{written}}}"):
        assert terms_given({"guid": text, "email": None}) == {"guid": written.replace("-", "")}


@pytest.mark.parametrize("part", ["b438", GUID[1:], GUID + "0", "__", "6513%", GUID[:-1] + "g", f"{GUID}-"])
def test_only_a_complete_guid_is_sent(part: str) -> None:
    """An incomplete GUID is refused, because the service would match the end of any GUID. At GitHub any
    form is sent.
    """
    for named in ("idir", ["azureidir"], ["githubpublic", "bceidbasic"], None):
        with pytest.raises(InvalidRequest, match="complete GUID"):
            providers_for({"guid": part}, named, TERMS)
    if part.isalnum():
        assert providers_for({"guid": part}, "githubpublic", TERMS) == ("githubpublic",)


@pytest.mark.parametrize("value", [float("nan"), 12345, b"ada@example.com", ["ada@example.com"], "", "a", "a\x00b"])
def test_a_term_must_be_text(value: Any) -> None:
    """A search term must be text of at least two characters that can be sent, and the error names the term."""
    for name in ("email", "guid"):
        with pytest.raises(InvalidRequest, match=f"The {name} to search by"):
            terms_given({name: value})


def test_a_search_uses_the_providers_that_accept_all_terms() -> None:
    """Without named providers, a search uses those that accept all its terms. Named providers are used once each."""
    assert providers_for({"email": "ada@"}, None, TERMS_ANYWHERE) == (
        "idir",
        "azureidir",
        "githubbcgov",
        "githubpublic",
    )
    assert providers_for({"login": "octo", "email": "o@"}, None, TERMS) == ("githubbcgov", "githubpublic")
    assert providers_for({"email": "ada@"}, ["idir", "idir"], TERMS) == ("idir",)
    assert providers_for({"guid": GUID}, None, TERMS_ANYWHERE) == tuple(TERMS)


@pytest.mark.parametrize(
    ("terms", "named", "said"),
    [
        ({}, None, "needs a term"),
        ({"email": "ada@"}, [], "No provider"),
        ({"email": "ada@"}, "otp", "There is no provider 'otp'"),
        ({"login": "octo"}, ["githubpublic", "idir"], "idir can be searched by guid, email"),
        ({"login": "octo", "first_name": "octo"}, None, "by login and first name together. Leave out a term"),
        ({"email": "ada@"}, "bceidbasic", "^bceidbasic can be searched by guid, not by email."),
        ({"email": "ada@"}, "bceidbasic", "To search by other terms, search in an environment of an integ"),
        ({"email": "ada@", "provider": "idir"}, "idir", "last name, not by provider. Pass other providers with"),
        ({"email": "ada@"}, 5, "provider"),
    ],
)
def test_a_search_that_is_not_valid_is_refused(terms: dict[str, str], named: Any, said: str) -> None:
    """If the terms or providers of a search are not valid, the error says what is expected."""
    with pytest.raises(InvalidRequest, match=said):
        providers_for(terms, named, TERMS_ANYWHERE)


@pytest.mark.parametrize(
    ("text", "terms", "said"),
    [
        ("Ann", {}, "bceidbasic and bceidboth cannot be searched by name. Pass another provider"),
        (None, {"name": "Ann Lee", "email": None}, "cannot be searched by name. Pass another provider"),
        ("Ann", {"email": "ann@"}, "cannot be searched by all these terms together. Leave out a term, or pass"),
    ],
)
def test_a_name_that_no_named_provider_knows_is_refused(text: str | None, terms: dict[str, object], said: str) -> None:
    """The error says whether the name is the reason, or the combination of terms."""
    with pytest.raises(InvalidRequest, match=said):
        searches_for(text, terms, ["bceidbasic", "bceidboth"])
