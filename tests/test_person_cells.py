"""Rosters and roles files name people in cells, which css-sdk cleans and checks by column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import InvalidFile, read_desired, read_roster
from css_sdk.people.cells import PERSON_COLUMNS, PersonBy, cleaned, fault_of
from tests.desired_files import NAME, in_dev
from tests.support import case_name

GUID = "0f3ac87806aa7f215a7c0d4cc4d9e799"
DASHED = "0f3ac878-06aa-7f21-5a7c-0d4cc4d9e799"
ADDRESS = "ilse.hargreave@example.com"


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        f"{ADDRESS};",
        f"{ADDRESS} ;,",
        f"\t{ADDRESS}\xa0",
        f"mailto:{ADDRESS}",
        f"MailTo: {ADDRESS};",
        f"<{ADDRESS}>",
        f"Hargreave, Ilse <{ADDRESS}>",
        f'"Hargreave, Ilse" <{ADDRESS}>; ',
        f"Ilse O'Brien <mailto:{ADDRESS}>,",
        f"\u201c{ADDRESS}\u201d",
        f"'{ADDRESS}'",
        f"\u200b{ADDRESS[:4]}\u00ad{ADDRESS[4:]}\ufeff",
        f"{ADDRESS}\u2060\u3164",
    ],
    ids=case_name,
)
def test_text_around_an_address_is_removed(text: str) -> None:
    """css-sdk removes the text around an address that mail programs and spreadsheets add, and hidden characters."""
    assert cleaned(text) == ADDRESS


@pytest.mark.parametrize(
    "text",
    ["a@b.ca; c@d.ca", "Ann <a@b.ca>, Bo <c@d.ca>", "c@d.ca <a@b.ca>", "a b@c.ca", "Ann", "a@b.ca x", "a\x07@b.ca"],
)
def test_unclear_text_is_not_changed(text: str) -> None:
    """If a cell could mean several people or none, css-sdk does not change it, and it is a fault of its column."""
    assert cleaned(text) == text
    assert fault_of("email", text) is not None


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    """Cleaning a text a second time changes nothing."""
    assert cleaned(cleaned(text)) == cleaned(text)


@pytest.mark.parametrize(
    ("by", "text", "provider", "said"),
    [
        ("email", ADDRESS, None, None),
        ("email", "Ünal@sous-domaine.example.ca", None, None),
        ("email", "@", None, "not an e-mail address"),
        ("email", "a b@c d", None, "not an e-mail address"),
        ("email", "a@b", None, "not an e-mail address"),
        ("email", "a@b.ca.", None, "not an e-mail address"),
        ("email", "a@b@c.ca", None, "not an e-mail address"),
        ("email", GUID, None, "not an e-mail address. Write GUIDs under `guid`"),
        ("email", DASHED, None, "Write GUIDs under `guid`"),
        ("email", "fisheries-service-102", None, "not an e-mail address. Write a whole address. For a service account"),
        ("email", f"{GUID}@idir", None, "under `username`"),
        *(("guid", text, None, None) for text in (GUID, GUID.upper(), DASHED, f"{{{DASHED}}}", f"{{{GUID}}}")),
        *(("guid", GUID, provider, None) for provider in ("idir", "azureidir", "bceidboth", "githubpublic")),
        ("guid", GUID[:-1], None, "has 31 characters"),
        ("guid", GUID + "0", "azureidir", "has 33 characters"),
        ("guid", GUID[:-1] + "g", "bceidbasic", "is not a GUID"),
        ("guid", "é123éé", None, "is not a GUID"),
        ("guid", DASHED[:-1], None, "is not a GUID"),
        ("guid", "583231", None, "is not a GUID"),
        ("guid", "583231", "githubpublic", None),
        ("guid", "é123éé", "githubpublic", "not a GUID"),
        *(("username", f"{GUID}@{provider}", None, None) for provider in ("idir", "AzureIDIR", "bceidbusiness")),
        ("username", "583231@githubpublic", None, None),
        ("username", "service-account-fisheries-service-102", None, None),
        ("username", f"{GUID[:-1]}@idir", None, "has 31 characters"),
        ("username", f"{GUID}0@bceidbasic", None, "has 33 characters"),
        ("username", f"{DASHED}@idir", None, "must have 32 hex digits"),
        ("username", "mfairwea@idir", None, "has 8 characters"),
        ("guid", "x", None, "has 1 character, but"),
        ("username", r"idir\bob", None, r"'idir\bob' is a Windows login"),
        ("username", f"{GUID}@ldap", None, "cannot have roles"),
        ("username", "fisheries-service-102", None, "under `client_id`"),
        ("username", ADDRESS, None, "under `email`"),
        ("username", "@idir", None, "is not a username"),
        ("client_id", "fisheries-service-102", None, None),
        ("client_id", "a@b", None, "'a@b' is not a client id"),
        ("client_id", "a b", None, "'a b' is not a client id"),
    ],
    ids=case_name,
)
def test_a_cell_is_checked_by_its_column(by: PersonBy, text: str, provider: str | None, said: str | None) -> None:
    """A cell that cannot name a person is refused, so that a mistyped person is not taken for absent."""
    fault = fault_of(by, text, provider)
    assert fault is None if said is None else said in (fault or "")


@pytest.mark.parametrize("by", PERSON_COLUMNS)
@pytest.mark.parametrize(
    "cell",
    [f" {ADDRESS};", GUID[:-1], f"{GUID}@idir\u200b", "é123éé", "@", "a b@c d", f"{{{DASHED}}}", "fisheries-102"],
)
def test_rosters_and_roles_files_read_a_person_in_the_same_way(by: PersonBy, cell: str) -> None:
    """The same cell names the same person in rosters and roles files, or is the same fault."""

    place = {"integration": "101", "environment": "dev"}
    file = in_dev(f'roles: [{{name: a, members: [{{{by}: "{cell}"}}]}}]').replace("\u200b", "\\u200b")
    found: list[object] = []
    for read in (
        lambda: [row.person for row in read_roster(f'{by},role\n"{cell}",a\n', **place)],
        lambda: list(read_desired(file, NAME).places[0].people),
    ):
        try:
            found.append(read())
        except InvalidFile as error:
            [fault] = error.faults
            found.append(fault[fault.index("'") :])
    assert found[0] == found[1]
