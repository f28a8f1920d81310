"""Check the terms of searches for people, and remove people who do not match from the answers. Pure.

An answer can contain people who do not match, because the service searches differently:

- The service matches any part of a field, but only the end of a GUID.
- It reads `%` as any characters and `_` as any one character. A caller cannot escape these two characters.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from .._service import arguments, identifiers, service_limits
from .._text.words import joined
from ..errors import InvalidRequest, Remedy
from ..models import PROVIDER_FAMILIES, PROVIDERS, User
from .cells import providers_with_guid

_TERMS_BY_FAMILY: Final = {
    "idir": ("guid", "email", "first_name", "last_name"),
    "github": ("guid", "email", "name", "login"),
    "bceid": ("guid", "email", "display_name", "username"),
}
TERMS: Final[Mapping[str, Sequence[str]]] = {
    provider: _TERMS_BY_FAMILY[family] for family, among in PROVIDER_FAMILIES.items() for provider in among
}
"""The search terms that each provider accepts in a search from an integration."""
TERMS_ANYWHERE: Final[Mapping[str, Sequence[str]]] = {
    provider: ("guid",) if provider in PROVIDER_FAMILIES["bceid"] else terms for provider, terms in TERMS.items()
}
"""The search terms that each provider accepts in a search without an integration: only `guid` for BCeID."""
_ATTRIBUTES: Final = {
    "login": "github_username",
    "name": "display_name",
    "username": "bceid_username",
    "display_name": "display_name",
}
"""The attribute of a user that has the value of a search term, for terms that are not fields of `User`."""
_WILDCARDS: Final = frozenset("%_")
_OTHER_PROVIDERS: Final = Remedy("Pass other providers with providers=.", "Pass another provider with --provider.")
_IN_AN_INTEGRATION: Final = Remedy(
    "To search by other terms, search in an environment of an integration. Or pass other providers with providers=.",
    "Pass --guid, or another provider with --provider.",
)
_WHOLE_GUID: Final = Remedy("Pass the whole GUID.")
_WHOLE_GUID_OR_GITHUB: Final = Remedy(
    "Pass the whole GUID. For a GUID of GitHub, also pass providers='githubpublic' or 'githubbcgov'.",
    "Pass the whole GUID. For a GUID of GitHub, also pass --provider githubpublic or githubbcgov.",
)

NEVER_SEEN: Final = (
    "This person has probably never logged in there. Check the spelling, or ask the person to log in there once."
)
"""The end of a message about a person whom the service does not know in an environment."""


def terms_given(terms: Mapping[str, object]) -> dict[str, str]:
    """Return the terms that are not None, after checking them. A GUID is returned without dashes and braces.

    >>> terms_given({"guid": "{D6DFF8C2-5469-21B0-1198-B4EFD12CB3BC}", "email": None})
    {'guid': 'D6DFF8C2546921B01198B4EFD12CB3BC'}
    """
    given: dict[str, str] = {}
    for name, term in terms.items():
        if term is not None:
            text = service_limits.check_search_term(_with_blanks(name), term)
            given[name] = identifiers.guid_of(text) if name == "guid" else text
    return given


def in_words(terms: Mapping[str, str]) -> str:
    """Return search terms as one text for messages.

    >>> in_words({"first_name": "Ilse", "last_name": "Hargreave"})
    'first name Ilse and last name Hargreave'
    """
    return " and ".join(f"{_with_blanks(name)} {term}" for name, term in terms.items())


def _with_blanks(name: str) -> str:
    return name.replace("_", " ")


def found_nobody(providers: Iterable[str], environment: str, wanted: str, *, of_integration: bool) -> str:
    """Return sentences that say that no login has what was searched for.

    `of_integration` says whether BCeID was searched from an integration. Such a search finds only people who have
    logged in to this integration.

    >>> found_nobody(["idir", "azureidir"], "dev", "last name Hargreave", of_integration=True)
    'Nobody at idir or azureidir in dev has the last name Hargreave.'
    >>> found_nobody(["bceidbasic"], "dev", "email office@example.org", of_integration=True)
    'Nobody at bceidbasic who has logged in to this integration in dev has the email office@example.org.'
    """
    asked = tuple(providers)
    limited = tuple(each for each in asked if of_integration and each in PROVIDER_FAMILIES["bceid"])
    others = tuple(each for each in asked if each not in limited)
    people = [f"{joined(others, 'or')} in {environment}"] if others else []
    if limited:
        people.append(f"{joined(limited, 'or')} who has logged in to this integration in {environment}")
    return " ".join(f"Nobody at {each} has the {wanted}." for each in people)


def providers_for(
    terms: Mapping[str, str], named: str | Iterable[str] | None, searchable: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return the providers to search: the named ones, or all that can be searched by these terms.

    Providers that cannot have the GUID are left out. If no provider can have it, it is refused, because the service
    would find everybody whose GUID ends with it. `searchable` is `TERMS` or `TERMS_ANYWHERE`.
    """
    if not terms:
        raise InvalidRequest("A search needs a term. Pass one, such as email= or guid=.")
    asked = None if named is None else arguments.known_providers(named)
    for provider in asked or ():
        if not terms.keys() <= set(searchable[provider]):
            others = [name for name in terms if name not in searchable[provider]]
            accepted = ", ".join(map(_with_blanks, searchable[provider]))
            raise InvalidRequest(
                f"{provider} can be searched by {accepted}, not by {joined(map(_with_blanks, others))}.",
                remedy=_OTHER_PROVIDERS if set(others) - set(TERMS[provider]) else _IN_AN_INTEGRATION,
            )
    chosen = asked or tuple(provider for provider, known in searchable.items() if terms.keys() <= set(known))
    if not chosen:
        together = " together. Leave out a term." if len(terms) > 1 else "."
        raise InvalidRequest(f"No provider can be searched by {joined(map(_with_blanks, terms))}{together}")
    guid = terms.get("guid")
    if guid is None:
        return chosen
    if not (can_have_guid := providers_with_guid(guid, chosen)):
        raise InvalidRequest(
            f"{guid!r} is not a complete GUID. A complete GUID has 32 hex digits, with or without dashes. The service "
            f"would find everybody whose GUID ends with {guid!r}.",
            remedy=_WHOLE_GUID if asked else _WHOLE_GUID_OR_GITHUB,
        )
    return can_have_guid


def can_be_looked_up(guid: str, provider: str) -> bool:
    """Return whether a GUID is complete, so that a search at the provider finds only one person.

    For a part of a GUID, the service would find everybody whose GUID ends with this part. But for GitHub, only the
    characters are checked, because css-sdk does not know the form of GitHub's GUIDs.
    """
    return provider in PROVIDERS and bool(providers_with_guid(guid, (provider,)))


def containing(users: Iterable[User], terms: Mapping[str, str]) -> tuple[list[User], bool]:
    """Return the users whose fields contain the terms, ignoring case, and whether the result is certainly complete.

    A GUID must be equal to its term. If the service does not return the field of a term, css-sdk cannot compare this
    field:

    - A term without a wildcard counts as matched, because the service has found the user by this term.
    - A term with a wildcard does not count as matched. The user is left out, and the result may be incomplete.

    >>> containing([User("0f@idir", "a_b@example.com"), User("1f@idir", "axb@example.com")], {"email": "a_b@"})[0]
    [User(username='0f@idir', email='a_b@example.com', first_name='', last_name='', attributes={})]
    """
    return _narrowed(users, terms, operator.contains, _WILDCARDS.isdisjoint)


def equal_to(users: Iterable[User], terms: Mapping[str, str]) -> tuple[list[User], bool]:
    """Return the users whose fields equal all the terms, ignoring case, and whether the result is certainly complete.

    A user is left out if the service does not return the field of a term. The result may then be incomplete.
    """
    return _narrowed(users, terms, operator.eq, lambda _: False)


def _narrowed(
    users: Iterable[User],
    terms: Mapping[str, str],
    compare: Callable[[str, str], bool],
    counts_unseen: Callable[[str], bool],
) -> tuple[list[User], bool]:
    """Return the users who match all terms, and whether the result is certainly complete.

    `counts_unseen` returns whether a term counts as matched if the service does not return its field.
    """
    matching, certain = [], True
    for user in users:
        answers = [_matches(user, name, term, compare) for name, term in terms.items()]
        if all(
            counts_unseen(term) if answer is None else answer
            for answer, term in zip(answers, terms.values(), strict=True)
        ):
            matching.append(user)
        elif False not in answers:
            certain = False
    return matching, certain


def named(users: Iterable[User]) -> str:
    """Return the usernames of users as one text for messages, each with the user's name if it is known.

    >>> named([User("0f3a@idir", first_name="Ilse"), User("7c1d@idir")])
    '0f3a@idir (Ilse), 7c1d@idir'
    """
    return ", ".join(f"{user.username} ({user.name})" if user.name else user.username for user in users)


def _matches(user: User, name: str, term: str, compare: Callable[[str, str], bool]) -> bool | None:
    """Return whether a user's field matches a term; None if the service does not return this field.

    `compare` decides whether the field matches. But a GUID must always be equal to its term.
    """
    match name:
        case "guid":
            return (user.guid or "").lower() == term.lower()
        case "email" | "first_name" | "last_name":
            values: Iterable[str] = (getattr(user, name),)
        case _:
            values = user.attributes.get(_ATTRIBUTES[name], ())
    return any(compare(text.lower(), term.lower()) for text in values) if values else None
