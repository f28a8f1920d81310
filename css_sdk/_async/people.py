"""Search for people whom the login server of one environment knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from css_sdk_openapi.api.users import (
    search_azure_idir_users,
    search_basic_bceid_users,
    search_basic_business_bceid_users,
    search_bceid_users,
    search_business_bceid_users,
    search_github_bcgov_users,
    search_github_public_users,
    search_idir_users,
)
from css_sdk_openapi.models import BceidType

from .._http import answers
from .._service import arguments, service_limits
from ..errors import Ambiguous, IncompleteSearch, NotFound
from ..models import EMPLOYEE_PROVIDERS, PROVIDER_FAMILIES, SearchResult, User
from ..people import searches
from .wire import AsyncWire

_SEARCHES: Final[dict[str, answers.Operation]] = {
    "idir": search_idir_users,
    "azureidir": search_azure_idir_users,
    "githubbcgov": search_github_bcgov_users,
    "githubpublic": search_github_public_users,
    # Deprecated, and only by GUID. They are needed for searches without an integration.
    "bceidbasic": search_basic_bceid_users,
    "bceidbusiness": search_business_bceid_users,
    "bceidboth": search_basic_business_bceid_users,
}


def names_found_by(wire: AsyncWire) -> dict[str, str]:
    """Return the names of people by username. Each search of this client adds the people whom it finds."""
    return wire.remembered("names of people", dict)


class AsyncPeople:
    """Search the people whom the login server of one environment knows: everybody who has logged in there.

    The service stores the address of every request, and the address contains the search terms. So search by GUID if you
    can, not by e-mail address or name.
    """

    def __init__(self, wire: AsyncWire, environment: str, integration_id: int | None = None) -> None:
        self._wire = wire
        self._environment = environment
        self._integration_id = integration_id

    async def search(self, providers: str | Iterable[str], **terms: str | None) -> SearchResult:
        """Return the people who match all terms. A term matches if the field of the same name contains the term.

        `%` and `_` in a term are ordinary characters. The service reads them as wildcards, so this method leaves out
        people of the answer whose fields do not really contain the term.

        Args:
            providers: the identity providers to search, one or several, such as `idir`: the part after `@` in
                usernames. With `AsyncCss.people`, which belongs to no integration, BCeID can be searched by `guid`
                only.
            terms: texts of 2 characters or more. A `guid` must be complete, with or without dashes. Other terms match a
                part of the field. Case is ignored. IDIR accepts `first_name`, `last_name`, `email`; GitHub `name`,
                `login`, `email`; BCeID `display_name`, `username`, `email`. A term that is None is ignored.

        Returns:
            The people found, each once, and whether the list is complete: the service shows at most 50 for each
            provider.

        Raises:
            InvalidRequest: no term is given, a provider does not exist or cannot be searched by a term, a term is too
                short, or a GUID is incomplete. Nothing is sent.

        >>> found = await dev.people.search("idir", email="front.counter")
        >>> len(found.users), found.complete
        (2, True)
        """
        users: dict[str, User] = {}
        complete = True
        given = searches.terms_given(terms)
        for _, operation, place in self._calls(providers, given):
            rows = await self._read(operation, **place, **given)
            matching, certain = searches.containing(rows, given)
            users.update((user.username, user) for user in matching)
            complete = complete and certain and service_limits.search_is_complete(len(rows))
        return SearchResult(tuple(users.values()), complete)

    async def find_one(self, *, providers: str | Iterable[str] = EMPLOYEE_PROVIDERS, **terms: str | None) -> User:
        """Return the one login whose fields equal the terms, ignoring case. If several match, raise an error.

        Args:
            providers: the providers to search, one or several.
            terms: as for `search`, but each field must equal its term. A GUID identifies one person: the person's IDIR
                and Azure IDIR logins have the same GUID. Two people can have the same e-mail address.

        Raises:
            InvalidRequest: as for `search`. Nothing is sent.
            NotFound: no login matches; most likely the person never logged in to this environment.
            Ambiguous: several logins match; `candidates` has them. If a person has an IDIR and an Azure IDIR login,
                pass one provider.
            IncompleteSearch: the service left people out, or its answer lacks a field that must be compared.

        >>> (await dev.people.find_one(guid="D6DFF8C2546921B01198B4EFD12CB3BC")).username
        'd6dff8c2546921b01198b4efd12cb3bc@idir'
        >>> (await dev.people.find_one(login="saltwind", providers="githubpublic")).email
        'saltwind@example.org'
        """
        asked = arguments.distinct(providers, "provider")
        found = await self._find_all(asked, **terms)
        wanted = searches.in_words(searches.terms_given(terms))
        if not found:
            nobody = searches.found_nobody(
                asked, self._environment, wanted, of_integration=self._integration_id is not None
            )
            raise NotFound(f"{nobody} {searches.NEVER_SEEN}", what="user")
        if len(found) > 1:
            raise Ambiguous(
                f"{len(found)} logins in {self._environment} have the {wanted}: {searches.named(found)}. Pass the "
                f"username or one provider.",
                candidates=found,
            )
        return found[0]

    async def _find_all(self, providers: str | Iterable[str], **terms: str | None) -> tuple[User, ...]:
        """Return all logins whose fields equal the terms, ignoring case. Arguments and errors are as for `find_one`."""
        given = searches.terms_given(terms)
        wanted = searches.in_words(given)
        found: dict[str, User] = {}
        for provider, operation, place in self._calls(providers, given):
            rows = await self._read(operation, **place, **given)
            if not service_limits.search_is_complete(len(rows)):
                raise IncompleteSearch(
                    f"More than 50 people of {provider} match {wanted}, and the service shows only 50. Search by GUID."
                )
            matching, certain = searches.equal_to(rows, given)
            if not certain:
                raise IncompleteSearch(
                    f"The service found people of {provider} for {wanted}, but its answer lacks a field that css-sdk "
                    f"must compare. Search by GUID, login or e-mail address."
                )
            found.update((user.username, user) for user in matching)
        return tuple(found.values())

    async def _read(self, operation: answers.Operation, **arguments: Any) -> tuple[User, ...]:
        found: tuple[User, ...] = await self._wire.read(operation, answers.users, **arguments)
        names_found_by(self._wire).update((user.username, user.name) for user in found)
        return found

    def _calls(
        self, providers: str | Iterable[str], terms: Mapping[str, str]
    ) -> list[tuple[str, answers.Operation, dict[str, Any]]]:
        """Return, for each provider, its name, the operation that searches it, and the operation's path arguments."""
        searchable = searches.TERMS_ANYWHERE if self._integration_id is None else searches.TERMS
        return [(provider, *self._call(provider)) for provider in searches.providers_for(terms, providers, searchable)]

    def _call(self, provider: str) -> tuple[answers.Operation, dict[str, Any]]:
        """Return the operation that searches a provider, and the operation's path arguments."""
        place: dict[str, Any] = {"environment": self._environment}
        if provider in PROVIDER_FAMILIES["bceid"] and self._integration_id is not None:
            bceid_type = BceidType(provider.removeprefix("bceid"))
            return search_bceid_users, place | {"integration_id": self._integration_id, "bceid_type": bceid_type}
        return _SEARCHES[provider], place
