"""Searches for people known to one environment's login server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from css_api.api.users import (
    search_azure_idir_users,
    search_basic_bceid_users,
    search_basic_business_bceid_users,
    search_bceid_users,
    search_business_bceid_users,
    search_github_bcgov_users,
    search_github_public_users,
    search_idir_users,
)
from css_api.models import BceidType

from .. import _answers, _rules
from ..errors import Ambiguous, IncompleteSearch, InvalidRequest, NotFound
from ..models import EMPLOYEE_PROVIDERS, SearchResult, User
from .wire import AsyncWire

_SEARCHES: Final[dict[str, _answers.Operation]] = {
    "idir": search_idir_users,
    "azureidir": search_azure_idir_users,
    "githubbcgov": search_github_bcgov_users,
    "githubpublic": search_github_public_users,
    # By GUID alone, and deprecated; of use where there is no integration to search from.
    "bceidbasic": search_basic_bceid_users,
    "bceidbusiness": search_business_bceid_users,
    "bceidboth": search_basic_business_bceid_users,
}
_BCEID_TYPES: Final = {
    "bceidbasic": BceidType.BASIC,
    "bceidbusiness": BceidType.BUSINESS,
    "bceidboth": BceidType.BOTH,
}
_ATTRIBUTES: Final = {
    "login": ("github_username",),
    "name": ("display_name",),
    "username": ("bceid_username",),
    "display_name": ("display_name",),
}
"""Where users hold what they were searched by."""
_IDIR_TERMS: Final = ("guid", "email", "first_name", "last_name")
_GITHUB_TERMS: Final = ("guid", "email", "name", "login")
_BCEID_TERMS: Final = ("guid", "email", "display_name", "username")
TERMS: Final = {
    "idir": _IDIR_TERMS,
    "azureidir": _IDIR_TERMS,
    "githubbcgov": _GITHUB_TERMS,
    "githubpublic": _GITHUB_TERMS,
    **dict.fromkeys(_BCEID_TYPES, _BCEID_TERMS),
}


class AsyncPeople:
    """Who is known to one environment's login server: everybody who logged in there once, and nobody else.

    The server keeps the address of every request: prefer a search by GUID to one by e-mail or name.
    """

    def __init__(self, wire: AsyncWire, environment: str, integration_id: int | None = None) -> None:
        self._wire = wire
        self._environment = environment
        self._integration_id = integration_id

    @property
    def of_environment(self) -> AsyncPeople:
        """Everybody whom the environment knows, people of BCeID not only where they logged in to one integration."""
        return AsyncPeople(self._wire, self._environment)

    async def search(self, provider: str, **terms: str) -> SearchResult:
        """People of one identity provider who answer to all the terms.

        Args:
            provider: as it stands behind the `@` of a username, such as `idir`. The three kinds of BCeID can be
                searched from an integration's environment, and by `guid` alone without one.
            terms: of 2 characters or more. `guid` is matched whole, the others in part, both without case; it may be
                written with dashes. IDIR takes `first_name`, `last_name`, `email`; GitHub `name`, `login`, `email`;
                BCeID `display_name`, `username`, `email`.

        Returns:
            The people found, nobody twice, and whether these are all: the service stops at 50.

        Raises:
            InvalidRequest: for an unknown provider or term.

        >>> found = await dev.people.search("idir", email="front.counter")
        >>> len(found.users), found.complete
        (2, True)
        """
        if provider not in TERMS:
            raise InvalidRequest(f"There is no provider {provider!r} to search. Providers: {', '.join(TERMS)}.")
        if not terms or not set(terms) <= set(TERMS[provider]):
            raise InvalidRequest(
                f"{provider} is searched by {', '.join(TERMS[provider])}, not by {', '.join(terms) or 'nothing'}."
            )
        terms = _terms_sent(terms)
        for name, term in terms.items():
            _rules.check_search_term(name, term)
        operation, place = self._call(provider, terms)
        rows = await self._wire.read(operation, _answers.users, **place, **terms)
        users = {user.username: user for user in rows}
        return SearchResult(tuple(users.values()), complete=_rules.search_is_complete(len(rows)))

    async def find_one(self, *, providers: str | Sequence[str] = EMPLOYEE_PROVIDERS, **terms: str | None) -> User:
        """The one login that has exactly what the terms say; never a guess.

        The service matches a part of most fields; the equal ones are picked out, without case.

        Args:
            providers: whose logins to look at, one or several.
            terms: as for `search`; all of them have to be equal. `guid` is a person's identity, which each of their
                logins has; an e-mail address can be two people's. A term that is None is none.

        Raises:
            InvalidRequest: without any term, or for one that a provider is not searched by.
            NotFound: when nobody has it: most likely they never logged in to this environment.
            Ambiguous: when several logins have it; the error carries them. A person with an IDIR and an Azure IDIR
                login is such a case: name one provider.
            IncompleteSearch: when the service left people out, so that nothing can be concluded.

        >>> (await dev.people.find_one(guid="D6DFF8C2546921B01198B4EFD12CB3BC")).username
        'd6dff8c2546921b01198b4efd12cb3bc@idir'
        >>> (await dev.people.find_one(login="saltwind", providers="githubpublic")).email
        'saltwind@example.org'
        """
        given = _terms_sent({name: term for name, term in terms.items() if term is not None})
        wanted = ", ".join(f"{name} {term}" for name, term in given.items())
        among = _rules.names(providers)
        if not among:
            raise InvalidRequest("No provider to search was named.")
        found: list[User] = []
        for provider in among:
            result = await self.search(provider, **given)
            if not result.complete:
                raise IncompleteSearch(
                    f"More than 50 people of {provider} answer to {wanted}, and the service leaves the rest out. "
                    f"Search by GUID."
                )
            found += [user for user in result.users if all(_has(user, *term) for term in given.items())]
        if not found:
            raise NotFound(
                f"Nobody in {self._environment} with {wanted} among {', '.join(among)}: never logged in here?",
                what="user",
            )
        if len(found) > 1:
            raise Ambiguous(
                f"{len(found)} logins in {self._environment} have {wanted}: "
                f"{', '.join(user.username for user in found)}. Give the username or one provider.",
                candidates=found,
            )
        return found[0]

    def _call(self, provider: str, terms: Collection[str]) -> tuple[_answers.Operation, dict[str, Any]]:
        """The call that searches a provider's people, and where."""
        place = {"environment": self._environment}
        if provider not in _BCEID_TYPES:
            return _SEARCHES[provider], place
        if self._integration_id is not None:
            return search_bceid_users, {
                **place,
                "integration_id": self._integration_id,
                "bceid_type": _BCEID_TYPES[provider],
            }
        if set(terms) != {"guid"}:
            raise InvalidRequest(
                f"People of {provider} are searched by other terms than guid from an integration's environment only."
            )
        return _SEARCHES[provider], place


def _terms_sent(terms: Mapping[str, str]) -> dict[str, str]:
    """The terms as the service takes them: it holds GUIDs without dashes."""
    return {name: _rules.guid_of(term) if name == "guid" else term for name, term in terms.items()}


def _has(user: User, name: str, term: str) -> bool:
    """Whether this is the user's own, not only like it."""
    match name:
        case "guid":
            held: tuple[str | None, ...] = (user.guid,)
        case "email":
            held = (user.email,)
        case "first_name":
            held = (user.first_name,)
        case "last_name":
            held = (user.last_name,)
        case _:
            held = tuple(text for attribute in _ATTRIBUTES[name] for text in user.attributes.get(attribute, ()))
    return term.casefold() in [text.casefold() for text in held if text]
