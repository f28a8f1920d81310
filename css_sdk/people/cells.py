"""What a list says of a person: cleaned where no doubt is possible, and checked by its column. Pure.

A cell that is not quite right finds nobody, and whoever is not found must not be taken for somebody who never logged
in. So rosters and roles files share this one checker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal

from .._service import identifiers
from .._text.escaping import without_hidden
from ..errors import Refused
from ..models import PROVIDER_FAMILIES, PROVIDERS, SERVICE_ACCOUNT_PREFIX, ServiceAccount

PersonBy = Literal["username", "guid", "email", "client_id"]

PERSON_COLUMNS: Final[tuple[PersonBy, ...]] = ("username", "guid", "email", "client_id")

_WITH_GUID: Final = (*PROVIDER_FAMILIES["idir"], *PROVIDER_FAMILIES["bceid"])
"""Providers whose GUIDs have 32 hex digits; those of GitHub are not known to."""

_QUOTES: Final = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u2039\u203a"
_IS_CLEAN: Final = re.compile(r"[0-9A-Za-z@._+-]*")
"""What most cells are, so that nothing has to be taken off."""
_AROUND: Final = re.compile(rf"^[\s{_QUOTES}]+|[\s{_QUOTES},;]+$")
_MAILTO: Final = re.compile(r"(?i)^mailto:\s*")
_NAMED: Final = re.compile(r"^[^<>@]*<([^<>]+)>$")
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\]\\:;,\"]+@[^\s@<>()\[\]\\:;,\".]+(\.[^\s@<>()\[\]\\:;,\".]+)+")


def cleaned(text: str) -> str:
    """Return a person's cell without what programs leave around an address or a GUID.

    That is: characters that nobody sees, blanks and quotes around it, `mailto:`, a name before `<address>`, and commas
    and semicolons at the end. Everything else stays, for `fault_of` to judge.

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
    """Return what is wrong with a cleaned cell of a column, or None where it can name somebody.

    Args:
        by: the column.
        text: the cell, as `cleaned` gives it.
        provider: whose GUID it is, where the list says so.

    >>> fault_of("guid", "0f3ac87806aa7f215a7c0d4cc4d9e79")
    "'0f3ac87806aa7f215a7c0d4cc4d9e79' has 31 characters and is not a GUID: that has 32 hex digits"
    """
    return _FAULTS[by](text, provider)


def is_complete_guid(text: str, provider: str | None) -> bool:
    """Return whether a GUID of this provider has all of its digits, so that it is one person's and nobody else's.

    >>> is_complete_guid("0f3ac87806aa7f215a7c0d4cc4d9e799", "idir"), is_complete_guid("0f3a", "idir")
    (True, False)
    """
    return provider in _WITH_GUID and identifiers.is_guid(identifiers.guid_of(text))


def fault_of_digits(username: str) -> str | None:
    """Return what is wrong with the GUID in a username, or None; also for whatever has none, or is no username.

    >>> fault_of_digits("0f3ac87806aa7f215a7c0d4cc4d9e79@idir")
    "'0f3ac87806aa7f215a7c0d4cc4d9e79@idir' has 31 characters and is not a GUID: that has 32 hex digits"
    """
    guid, _, provider = username.partition("@")
    # A username is compared as it is: no dashes are taken out of it.
    is_whole = provider.lower() not in _WITH_GUID or identifiers.is_guid(guid)
    return None if is_whole else _fault_of_hex(username, guid)


def fault_of_person(text: str, providers: Collection[str] = ()) -> str | None:
    """Return what is wrong with a text that names somebody by username, e-mail address or GUID; None for nothing.

    Args:
        text: as it was given.
        providers: whose GUID it may be; any by default. Those of GitHub alone may look otherwise; where others are
            asked too, they may still be numbers.

    >>> fault_of_person("tobias")
    "'tobias' has 6 characters and is not a GUID: that has 32 hex digits"
    """
    if not identifiers.guid_of(text).isalnum():
        return fault_of_digits(text)
    github = set(PROVIDER_FAMILIES["github"])
    is_github = bool(providers) and github.issuperset(providers)
    may_be_number = not providers or not github.isdisjoint(providers)
    return None if is_github or (may_be_number and text.isdecimal()) else fault_of("guid", text)


def _fault_of_username(text: str, _: str | None) -> str | None:
    _, at, provider = text.partition("@")
    if not at and not text.startswith(SERVICE_ACCOUNT_PREFIX):
        return (
            f"{text!r} is not a username: a person's is <guid>@<provider>, such as 0f3a…@idir; write a service account "
            f"under `client_id`"
        )
    if "." in provider:
        return f"{text!r} looks like an e-mail address: write it under `email`"
    if refusal := _refusal(text):
        return refusal
    return fault_of_digits(text)


def _fault_of_guid(text: str, provider: str | None) -> str | None:
    guid = identifiers.guid_of(text)
    if provider in PROVIDER_FAMILIES["github"]:
        return None if guid.isascii() and guid.isalnum() else f"{text!r} is not a GUID"
    return None if is_complete_guid(guid, provider or _WITH_GUID[0]) else _fault_of_hex(text, guid)


def _fault_of_hex(text: str, guid: str) -> str:
    said = f"{text!r} has {len(guid)} characters and is not a GUID" if guid.isalnum() else f"{text!r} is not a GUID"
    return f"{said}: that has 32 hex digits"


def _fault_of_email(text: str, _: str | None) -> str | None:
    if _ADDRESS.fullmatch(text) and text.isprintable():
        return None
    if text.rpartition("@")[2].lower() in PROVIDERS:
        return f"{text!r} is not an e-mail address but a username: write it under `username`"
    return f"{text!r} is not an e-mail address"


def _fault_of_client_id(text: str, _: str | None) -> str | None:
    return _refusal(ServiceAccount(text))


def _refusal(user: str | ServiceAccount) -> str | None:
    try:
        identifiers.username_of(user)
    except Refused as error:
        return error.text_for("file")
    return None


_FAULTS: Final[Mapping[PersonBy, Callable[[str, str | None], str | None]]] = {
    "username": _fault_of_username,
    "guid": _fault_of_guid,
    "email": _fault_of_email,
    "client_id": _fault_of_client_id,
}
