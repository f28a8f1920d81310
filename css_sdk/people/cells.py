"""Clean and check the usernames, GUIDs, e-mail addresses and client ids in rosters and roles files. Pure.

A search by a mistyped text finds nobody, as if the person had never logged in. These checks report mistyped texts
before a search.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, Literal

from .._service import identifiers
from .._text.escaping import without_hidden
from ..errors import Refused, Remedy, UnusableUser, refusal_of
from ..models import PROVIDER_FAMILIES, PROVIDERS, ServiceAccount

PersonBy = Literal["username", "guid", "email", "client_id"]

PERSON_COLUMNS: Final[tuple[PersonBy, ...]] = ("username", "guid", "email", "client_id")
PERSON_NAMES: Final = {"username": "username", "guid": "GUID", "email": "e-mail address", "client_id": "client id"}
"""The words that messages use for each of `PERSON_COLUMNS`."""

_QUOTES: Final = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_IS_CLEAN: Final = re.compile(r"[0-9A-Za-z@._+-]*")
"""Matches most cells, which need no cleaning."""
_AROUND: Final = re.compile(rf"^[\s{_QUOTES}]+|[\s{_QUOTES},;]+$")
_MAILTO: Final = re.compile(r"(?i)^mailto:\s*")
_NAMED: Final = re.compile(r"^[^<>@]*<([^<>]+)>$")
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\]\\:;,\"]+@[^\s@<>()\[\]\\:;,\".]+(\.[^\s@<>()\[\]\\:;,\".]+)+")


def cleaned(text: str) -> str:
    """Return the text of a cell without what other programs add to an address or a GUID.

    Other programs add, for example, quotes, `mailto:`, or a name before `<address>`. `fault_of` checks the result.

    >>> cleaned('"Hargreave, Ilse" <mailto:ilse.hargreave@example.com>; ')
    'ilse.hargreave@example.com'
    """
    if _IS_CLEAN.fullmatch(text):
        return text
    before, text = None, without_hidden(text)
    while text != before:
        before = text
        text = _MAILTO.sub("", _AROUND.sub("", text))
        if named := _NAMED.match(text):
            text = named[1]
    return text


def fault_of(by: PersonBy, text: str, provider: str | None = None) -> str | None:
    """Return what is wrong with a text in a roster or a roles file; None if the text can name a person.

    The text must be as `cleaned` returns it.

    >>> fault_of("email", "0f3a@idir")
    "'0f3a@idir' is a username, not an e-mail address. Write it under `username`"
    """
    error = error_of(by, text, provider)
    return None if error is None else error.text_for("file").removesuffix(".")


def error_of(by: PersonBy, text: str, provider: str | None = None) -> Refused | None:
    """Return the error about a text that cannot name a person; None if the text can name a person.

    The text must be as `cleaned` returns it.
    """
    if error := identifiers.windows_login_error(text):
        return error
    if by == "guid":
        return _error_of_guid(text, provider)
    if by == "email":
        return _error_of_email(text)
    return refusal_of(identifiers.check_username, ServiceAccount(text) if by == "client_id" else text)


def providers_with_guid(guid: str, providers: Collection[str] = PROVIDERS) -> tuple[str, ...]:
    """Return those of the providers at which a login can have this GUID.

    A GUID of GitHub can be a number. If all providers are of GitHub, it can also have letters, because css-sdk does not
    know the form of GitHub's GUIDs.

    >>> providers_with_guid("583231", ("idir", "githubpublic")), providers_with_guid("0f3a", ("idir", "githubpublic"))
    (('githubpublic',), ())
    """
    github = PROVIDER_FAMILIES["github"]
    is_number = guid.isascii() and guid.isdecimal()
    is_of_github = is_number or (guid.isascii() and guid.isalnum() and set(github).issuperset(providers))
    return tuple(each for each in providers if identifiers.is_guid(guid) or (is_of_github and each in github))


def check_guid(text: str, providers: Collection[str] = ()) -> None:
    """Raise `UnusableUser` if a text cannot be the GUID of a login at one of these providers.

    If no provider is given, the GUIDs of all providers are accepted.

    >>> check_guid("583231")
    >>> check_guid("tobias")
    Traceback (most recent call last):
    css_sdk.errors.UnusableUser: 'tobias' is not a GUID: it has 6 characters, but must have 32 hex digits. ...
    """
    if not providers_with_guid(identifiers.guid_of(text), providers or PROVIDERS):
        raise _not_a_guid(text)


def _not_a_guid(text: str) -> UnusableUser:
    fault = f"{identifiers.fault_of_digits(text, text)}."
    if text.isdecimal():
        return UnusableUser(
            fault,
            remedy=Remedy(
                "Copy the whole GUID. For a GUID of GitHub, pass providers='githubpublic' or 'githubbcgov'.",
                "Copy the whole GUID. For a GUID of GitHub, pass --provider githubpublic or githubbcgov.",
                "For a GUID of GitHub, write githubpublic or githubbcgov under `provider`.",
            ),
        )
    is_name = re.fullmatch(r"[0-9A-Fa-f{}-]{8,}", text) is None
    return UnusableUser(
        fault,
        remedy=Remedy(
            "Copy the whole GUID, or pass an e-mail address.",
            f"Copy the whole GUID. {identifiers.how_to_find(text if is_name else '')}",
        ),
    )


def _error_of_guid(text: str, provider: str | None) -> UnusableUser | None:
    guid = identifiers.guid_of(text)
    if provider in PROVIDER_FAMILIES["github"]:
        return None if guid.isascii() and guid.isalnum() else UnusableUser(f"{text!r} is not a GUID.")
    is_complete = identifiers.is_guid(guid) and provider in (None, *identifiers.PROVIDERS_WITH_GUIDS)
    return None if is_complete else _not_a_guid(text)


def _error_of_email(text: str) -> UnusableUser | None:
    if _ADDRESS.fullmatch(text) and text.isprintable():
        return None
    if text.rpartition("@")[2].lower() in PROVIDERS:
        remedy = Remedy("Pass it as a username.", "Pass it without --email.", "Write it under `username`.")
        return UnusableUser(f"{text!r} is a username, not an e-mail address.", remedy=remedy)
    remedy = Remedy("Pass a whole address.", f"Pass a whole address. {identifiers.how_to_find(text)}")
    if identifiers.is_guid(identifiers.guid_of(text)):
        remedy = identifiers.instead_of(text)
    elif re.fullmatch(r"[\w.-]+", text):
        other = identifiers.instead_of(text)
        remedy = Remedy(
            f"Pass a whole address. {other.python}",
            f"Pass a whole address. {other.command_line}",
            f"Write a whole address. {other.file}",
        )
    return UnusableUser(f"{text!r} is not an e-mail address.", remedy=remedy)
