"""Find the users whom the entries of a roster or roles file mean. Make each search once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain

from attrs import define, field

from .._http.concurrency import AsyncLock, async_each
from ..errors import AuthenticationError, CssError, NotFound
from ..models import UserLike
from ..people import matching
from ..people.identities import Person
from ..people.matching import Found, Search
from ..state import Place
from .callbacks import AsyncProgressCalls
from .wire import AsyncWire


@define(eq=False)
class AsyncPeopleFinding:
    """Search for people, once in each environment, because all integrations of an environment know the same people.

    But a search of BCeID by e-mail address is made for each integration, because its result depends on the integration.

    Args:
        providers: the providers to search if a person is named without a provider. The caller has checked them.
        calls: the progress callback. After each search, it gets the number of finished searches and the number of all
            searches so far.
    """

    wire: AsyncWire
    providers: tuple[str, ...]
    width: int
    calls: AsyncProgressCalls = field(factory=partial(AsyncProgressCalls, None))
    _lock: AsyncLock = field(factory=AsyncLock, init=False)
    _done: int = field(default=0, init=False)
    _found: dict[Search, Found] = field(factory=dict, init=False)

    async def find(self, wanted: Iterable[tuple[Place, Person]]) -> dict[tuple[Place, Person], UserLike | CssError]:
        """Return the user of each person in each place, or an error that says why there is not exactly one user.

        If nobody is found, css-sdk also searches all other providers. If this search finds logins, the error names
        them.

        Raises:
            AuthenticationError: the service refuses the credentials.
        """
        people: dict[tuple[Place, Person], UserLike | CssError] = {}
        sought: dict[tuple[Place, Person], list[Search]] = {}
        for place, person in dict.fromkeys(wanted):
            if person.user is not None:
                people[place, person] = person.user
            else:
                asked = matching.providers_for(person, self.providers)
                sought[place, person] = matching.searches(person, place, asked)
        await self._search(sought.values())
        elsewhere: dict[tuple[Place, Person], list[Search]] = {}
        for (place, person), needed in sought.items():
            asked = tuple(search.provider for search in needed)
            meant = matching.identify(person, place.environment, asked, [self._found[search] for search in needed])
            people[place, person] = meant
            if isinstance(meant, NotFound):
                elsewhere[place, person] = matching.searches(person, place, matching.other_providers(person, asked))
        await self._search(elsewhere.values())
        for (place, person), needed in elsewhere.items():
            missing = people[place, person]
            if isinstance(missing, NotFound):
                found = [self._found[search] for search in needed]
                people[place, person] = matching.explain_missing(missing, person, place.environment, found)
        return people

    async def _search(self, needed: Iterable[Sequence[Search]]) -> None:
        """Make each needed search that was not made before, and keep its result or its error."""
        distinct = [one for one in dict.fromkeys(chain.from_iterable(needed)) if one not in self._found]
        if not distinct:
            return
        from .people import AsyncPeople

        total = len(self._found) + len(distinct)

        async def search(one: Search) -> None:
            people = AsyncPeople(self.wire, one.environment, one.integration)
            try:
                self._found[one] = await people._find_all(one.provider, **{one.by: one.value})
            except AuthenticationError:
                raise
            except CssError as error:
                self._found[one] = error.with_traceback(None)
            async with self._lock:
                self._done += 1
                await self.calls.note(self._done, total)

        await async_each(search, distinct, self.width)
