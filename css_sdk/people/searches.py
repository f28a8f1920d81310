"""What a search for people sends, and which of the people it finds it is about. Pure.

The service matches a part of every field, the end of a GUID, and takes `%` for any letters and `_` for any one letter,
which cannot be escaped. So each answer is narrowed here to what the caller asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from .._service import arguments, identifiers, service_limits
from ..errors import InvalidRequest, Remedy
from ..models import PROVIDER_FAMILIES, PROVIDERS, User

_TERMS_BY_FAMILY: Final = {
    "idir": ("guid", "email", "first_name", "last_name"),
    "github": ("guid", "email", "name", "login"),
    "bceid": ("guid", "email", "display_name", "username"),
}
TERMS: Final[Mapping[str, Sequence[str]]] = {
    provider: _TERMS_BY_FAMILY[family] for family, among in PROVIDER_FAMILIES.items() for provider in among
}
"""By provider, the terms that its people are searched by from an integration's environment."""
TERMS_ANYWHERE: Final[Mapping[str, Sequence[str]]] = {
    provider: ("guid",) if provider in PROVIDER_FAMILIES["bceid"] else terms for provider, terms in TERMS.items()
}
"""The same without an integration: people of BCeID are then searched by GUID alone."""
_ATTRIBUTES: Final = {
    "login": "github_username",
    "name": "display_name",
    "username": "bceid_username",
    "display_name": "display_name",
}
"""The attributes in which answers show some of the fields, if they show them."""
_WILDCARDS: Final = frozenset("%_")


def terms_given(terms: Mapping[str, object]) -> dict[str, str]:
    """Return the terms that are given, checked, with GUIDs as the service holds them. A term that is None is not given.

    Args:
        terms: by name.

    Raises:
        InvalidRequest: for a term that is not text, is too short, holds control characters, or is a part of a GUID.

    >>> terms_given({"guid": "{D6DFF8C2-5469-21B0-1198-B4EFD12CB3BC}", "email": None})
    {'guid': 'D6DFF8C2546921B01198B4EFD12CB3BC'}
    """
    given: dict[str, str] = {}
    for name, term in terms.items():
        if term is not None:
            text = service_limits.check_search_term(name, term)
            given[name] = identifiers.guid_of(text) if name == "guid" else text
    return given


def providers_for(
    terms: Mapping[str, str], named: str | Iterable[str] | None, searchable: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return the providers to search: those named, if each can be searched by all the terms; else all that can.

    Args:
        terms: by name, as `terms_given` returns them.
        named: one provider or several, or None.
        searchable: by provider, the terms that it is searched by: `TERMS` or `TERMS_ANYWHERE`.

    Raises:
        InvalidRequest: without a term or a provider, for an unknown one, for one that is not searched by the terms, and
            for an incomplete GUID.
    """
    if not terms:
        raise InvalidRequest("A search needs a term, such as email= or guid=; none was given.")
    asked = None if named is None else arguments.distinct(named, "provider")
    for provider in asked or ():
        if provider not in searchable:
            raise InvalidRequest(f"There is no provider {provider!r} to search. Providers: {', '.join(searchable)}.")
        if not terms.keys() <= set(searchable[provider]):
            here = "" if terms.keys() - set(TERMS[provider]) else " without an integration's environment"
            raise InvalidRequest(
                f"{provider} is searched by {', '.join(searchable[provider])}{here}, not by {', '.join(terms)}.",
                remedy=Remedy("Name other providers: providers=.", "Name another provider: --provider."),
            )
    chosen = asked or tuple(provider for provider, known in searchable.items() if terms.keys() <= set(known))
    if not chosen:
        raise InvalidRequest(f"No provider is searched by {' and '.join(terms)}.")
    guid = terms.get("guid")
    if guid is not None:
        for provider in chosen:
            check_whole_guid(guid, provider, is_named=asked is not None)
    return chosen


def check_whole_guid(guid: str, provider: str, *, is_named: bool = True) -> None:
    """Refuse a part of a GUID: the service would find strangers whose GUID only ends so.

    What GUIDs of GitHub look like is not known, so of those only the characters are checked.

    Raises:
        InvalidRequest: which says what a GUID looks like.
    """
    if identifiers.is_guid(guid) or (provider in PROVIDER_FAMILIES["github"] and guid.isascii() and guid.isalnum()):
        return
    hint = "" if is_named else " For another GUID of GitHub, name the provider."
    raise InvalidRequest(
        f"{guid!r} is not a complete GUID, which has 32 hex digits, with or without dashes. The service would find "
        f"people whose GUID only ends so.{hint}"
    )


def can_be_looked_up(guid: str, provider: str) -> bool:
    """Return whether a person of this provider can be searched by this GUID."""
    try:
        check_whole_guid(guid, provider)
    except InvalidRequest:
        return False
    return provider in PROVIDERS


def containing(users: Iterable[User], terms: Mapping[str, str]) -> tuple[list[User], bool]:
    """Return the users whose fields contain the terms, and their GUID whole, without case; and whether that is certain.

    A field that an answer does not show is believed where the term has no wildcard. Where it has one, the user is left
    out, and the answer is not certain.

    Args:
        users: as the service found them.
        terms: as they were sent.

    >>> containing([User("0f@idir", "a_b@example.com"), User("1f@idir", "axb@example.com")], {"email": "a_b@"})[0]
    [User(username='0f@idir', email='a_b@example.com', first_name='', last_name='', attributes={})]
    """
    kept, certain = [], True
    for user in users:
        answers = [_holds(user, name, term, _is_part) for name, term in terms.items()]
        if all(
            _WILDCARDS.isdisjoint(term) if answer is None else answer
            for answer, term in zip(answers, terms.values(), strict=True)
        ):
            kept.append(user)
        elif False not in answers:
            certain = False
    return kept, certain


def equal_to(users: Iterable[User], terms: Mapping[str, str]) -> tuple[list[User], bool]:
    """Return the users whose fields equal all the terms, without case; and whether that is certain.

    Args:
        users: as the service found them.
        terms: as they were sent.
    """
    kept, certain = [], True
    for user in users:
        answers = [_holds(user, name, term, str.__eq__) for name, term in terms.items()]
        if all(answers):
            kept.append(user)
        elif False not in answers:
            certain = False
    return kept, certain


def _holds(user: User, name: str, term: str, compare: Callable[[str, str], bool]) -> bool | None:
    """Return whether a user's field is as the term says; None where the answer does not show the field."""
    match name:
        case "guid":
            return (user.guid or "").lower() == term.lower()
        case "email" | "first_name" | "last_name":
            held: Iterable[str] = (getattr(user, name),)
        case _:
            held = user.attributes.get(_ATTRIBUTES[name], ())
    shown = [text.lower() for text in held]
    return any(compare(text, term.lower()) for text in shown) if shown else None


def _is_part(text: str, term: str) -> bool:
    return term in text
