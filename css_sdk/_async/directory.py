"""People across providers and environments: who they are, and where they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from .._http.concurrency import async_each
from .._service import environment_checks, service_limits
from ..models import User
from ..people import logins, searches
from ..people.logins import LoginDifference, PeopleFound
from ..state import PlaceState
from .people import AsyncPeople
from .wire import AsyncWire


class AsyncDirectory:
    """Searches and readings that go over several environments, so many calls at once.

    Args:
        wire: sends the calls.
        width: calls at once, 1 to 8.
    """

    def __init__(self, wire: AsyncWire, width: int) -> None:
        service_limits.check_width(width)
        self._wire = wire
        self._width = width

    async def find(
        self, terms: Mapping[str, str | None], environments: str | Iterable[str], providers: str | Iterable[str] | None
    ) -> PeopleFound:
        """Everybody who answers to the terms, with all their logins; see `AsyncCss.find_people`."""
        environments = environment_checks.known_environments(environments)
        given = searches.terms_given(terms)
        chosen = searches.providers_for(given, providers, searches.TERMS_ANYWHERE)
        seen, complete = await self._search(given, environments, chosen)
        if complete and "guid" not in given:
            # A login that was not found by an address or name may only have another one there: its GUID decides.
            await self._look_up(seen, logins.unseen(seen, environments, chosen))
        found = logins.people_of(seen, environments, complete=complete)
        return evolve(found, providers=chosen, environments=environments)

    async def _search(
        self, terms: Mapping[str, str], environments: Sequence[str], providers: Sequence[str]
    ) -> tuple[logins.Seen, bool]:
        """Who answers to the terms where, and whether nobody was left out."""
        seen: logins.Seen = {}
        cut: list[str] = []

        async def search(asked: tuple[str, str]) -> None:
            environment, provider = asked
            result = await AsyncPeople(self._wire, environment).search(provider, **terms)
            for user in result.users:
                seen.setdefault(user.username, {})[environment] = user
            if not result.complete:
                cut.append(provider)

        await async_each(search, [(e, p) for e in environments for p in providers], self._width)
        return seen, not cut

    async def _look_up(self, seen: logins.Seen, where: Sequence[tuple[str, str, str]]) -> None:
        async def look_up(asked: tuple[str, str, str]) -> None:
            environment, provider, guid = asked
            for user in (await AsyncPeople(self._wire, environment).search(provider, guid=guid)).users:
                seen.setdefault(user.username, {})[environment] = user

        await async_each(look_up, where, self._width)


async def login_differences(
    state: PlaceState, people: AsyncPeople, to: str | None, width: int
) -> tuple[LoginDifference, ...]:
    """What logins of one person lack of each other; see `AsyncEnvironmentClient.login_differences`."""
    users: dict[str, User] = dict(state.users)
    differences = logins.login_differences(state.members, users, to)

    async def look_up(username: str) -> None:
        guid, _, provider = username.partition("@")
        users.update((user.username, user) for user in (await people.search(provider, guid=guid)).users)

    unsure = [one.username for one in differences if not one.exists and _can_be_looked_up(one.username)]
    await async_each(look_up, unsure, width)
    return tuple(evolve(difference, exists=difference.username in users) for difference in differences)


def _can_be_looked_up(username: str) -> bool:
    guid, _, provider = username.partition("@")
    return searches.can_be_looked_up(guid, provider)
