"""Where a roster's rows lead and whom they mean, with each place and each person looked up once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from ..errors import Ambiguous, CssError, InvalidRequest, NotFound, Refused
from ..models import Grant
from ..roster import matching
from ..roster.rows import Action, Row
from ..state import Place
from .integrations import AsyncEnvironmentClient, AsyncIntegrationClient
from .people_finding import AsyncPeopleFinding


class AsyncFinding:
    """What was found of a roster's rows; rows are told by their number, their place in `rows`.

    Args:
        integration: gives an integration by id or name.
        rows: of the roster.
        providers: whose logins a GUID or an e-mail address means.
        width: calls at once, 1 to 8.

    Raises:
        InvalidRequest: for rows that are none.

    Attributes:
        environments: the places that rows lead to, however they are written.
        places: where each row leads that leads anywhere.
        grants: what each row means that can be sent.
        errors: why the others cannot.
    """

    def __init__(
        self,
        integration: Callable[[str], Awaitable[AsyncIntegrationClient]],
        rows: Sequence[Row],
        providers: str | Iterable[str],
        width: int,
    ) -> None:
        if not all(isinstance(row, Row) for row in rows):
            raise InvalidRequest("The rows of a roster are what read_roster gives.")
        self.rows = rows
        self.environments: dict[Place, AsyncEnvironmentClient] = {}
        self.places: dict[int, Place] = {}
        self.grants: dict[int, Grant] = {}
        self.errors: dict[int, CssError] = {}
        self._integration = integration
        self._providers = providers
        self._width = width

    async def find(self) -> None:
        """Looks up all places and all people.

        Raises:
            CssError: when the service cannot be used at all.
        """
        await self._find_places()
        finding = AsyncPeopleFinding(self.environments, self._providers, self._width)
        people = await finding.find((place, self.rows[number].person) for number, place in self.places.items())
        for number, place in self.places.items():
            row = self.rows[number]
            user = people[place, row.person]
            try:
                if isinstance(user, CssError):
                    raise user.with_traceback(None)
                self.environments[place].users.check(user, row.role)
            except CssError as error:
                self.errors[number] = error.with_traceback(None)
            else:
                self.grants[number] = Grant(user, row.role)
        for number in matching.contradicting(self.rows, self.grants, self.places):
            told = "Another row says the opposite of the same user, role and place. Nothing was sent for either."
            self.errors[number] = InvalidRequest(told)
            del self.grants[number]

    def chosen(self, place: Place, action: Action) -> dict[int, Grant]:
        """What rows of one action mean in one place."""
        return {
            number: grant
            for number, grant in self.grants.items()
            if self.places[number] == place and self.rows[number].action == action
        }

    async def _find_places(self) -> None:
        """Finds integrations and environments, each once as it is written."""
        found: dict[tuple[str, str], Place | CssError] = {}
        for written in dict.fromkeys(row.place for row in self.rows):
            try:
                client = await self._integration(written[0])
                environment = client.environment(written[1])
            except (NotFound, Ambiguous, Refused) as error:
                found[written] = error.with_traceback(None)
            else:
                place = found[written] = Place(environment.integration.id, environment.name)
                self.environments.setdefault(place, environment)
        for number, row in enumerate(self.rows):
            where = found[row.place]
            if isinstance(where, CssError):
                self.errors[number] = where
            else:
                self.places[number] = where
