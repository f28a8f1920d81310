"""Searches for people known to one environment's login server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from css_api.api.users import (
    search_azure_idir_users,
    search_bceid_users,
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
    "bceidbasic": search_bceid_users,
    "bceidbusiness": search_bceid_users,
    "bceidboth": search_bceid_users,
}
_BCEID_TYPES: Final = {
    "bceidbasic": BceidType.BASIC,
    "bceidbusiness": BceidType.BUSINESS,
    "bceidboth": BceidType.BOTH,
}
_IDIR_TERMS: Final = ("guid", "email", "first_name", "last_name")
_GITHUB_TERMS: Final = ("guid", "email", "name", "login")
_BCEID_TERMS: Final = ("guid", "email", "display_name", "username")
_TERMS: Final = {
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

    async def search(self, provider: str, **terms: str) -> SearchResult:
        """People of one identity provider who answer to all the terms.

        Args:
            provider: as it stands behind the `@` of a username, such as `idir`. The three kinds of BCeID can be
                searched from an integration's environment only.
            terms: of 2 characters or more. `guid` is matched whole, the others in part, both without case. IDIR takes
                `first_name`, `last_name`, `email`; GitHub `name`, `login`, `email`; BCeID `display_name`, `username`,
                `email`.

        Returns:
            The people found, nobody twice, and whether these are all: the service stops at 50.

        Raises:
            InvalidRequest: for an unknown provider or term.

        >>> found = await dev.people.search("idir", email="front.counter")
        >>> len(found.users), found.complete
        (2, True)
        """
        if provider not in _TERMS:
            raise InvalidRequest(f"There is no provider {provider!r} to search. Providers: {', '.join(_TERMS)}.")
        if not terms or not set(terms) <= set(_TERMS[provider]):
            raise InvalidRequest(
                f"{provider} is searched by {', '.join(_TERMS[provider])}, not by {', '.join(terms) or 'nothing'}."
            )
        for name, term in terms.items():
            _rules.check_search_term(name, term)
        rows = await self._wire.read(_SEARCHES[provider], _answers.users, **self._place(provider), **terms)
        users = {user.username: user for user in rows}
        return SearchResult(tuple(users.values()), complete=_rules.search_is_complete(len(rows)))

    async def find_one(
        self,
        *,
        guid: str | None = None,
        email: str | None = None,
        providers: str | Sequence[str] = EMPLOYEE_PROVIDERS,
    ) -> User:
        """The one login that has exactly this GUID, or exactly this e-mail address; never a guess.

        Args:
            guid: a person's identity; each login of a person has the same.
            email: compared whole, without case. Two people can share one.
            providers: whose logins to look at, one or several.

        Raises:
            NotFound: when nobody has it: most likely they never logged in to this environment.
            Ambiguous: when several logins have it; the error carries them. A person with an IDIR and an Azure IDIR
                login is such a case: name one provider.
            IncompleteSearch: when the service left people out, so that nothing can be concluded.

        >>> (await dev.people.find_one(guid="D6DFF8C2546921B01198B4EFD12CB3BC")).username
        'd6dff8c2546921b01198b4efd12cb3bc@idir'
        """
        if (guid is None) == (email is None):
            raise InvalidRequest("Give either a GUID or an e-mail address.")
        wanted = f"e-mail address {email}" if guid is None else f"GUID {guid}"
        terms = {"email": str(email)} if guid is None else {"guid": guid}
        among = (providers,) if isinstance(providers, str) else tuple(dict.fromkeys(providers))
        if not among:
            raise InvalidRequest("No provider to search was named.")
        found: list[User] = []
        for provider in among:
            result = await self.search(provider, **terms)
            if not result.complete:
                raise IncompleteSearch(
                    f"More than 50 people of {provider} answer to {wanted}, and the service leaves the rest out. "
                    f"Search by GUID."
                )
            found += [user for user in result.users if _is_equal(user, guid, email)]
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

    def _place(self, provider: str) -> dict[str, Any]:
        if provider not in _BCEID_TYPES:
            return {"environment": self._environment}
        if self._integration_id is None:
            raise InvalidRequest(f"People of {provider} can be searched from an integration's environment only.")
        return {
            "environment": self._environment,
            "integration_id": self._integration_id,
            "bceid_type": _BCEID_TYPES[provider],
        }


def _is_equal(user: User, guid: str | None, email: str | None) -> bool:
    if guid is not None:
        return (user.guid or "").casefold() == guid.casefold()
    return user.email.casefold() == str(email).casefold()
