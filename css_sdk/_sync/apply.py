# Written from css_sdk/_async/apply.py by `make generate`; edit that one.
"""Carries out a roster: finds the people, gives what is missing, then takes what is to be taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import _rules
from .._pairs import each
from ..errors import Ambiguous, CssError, InvalidRequest, NotFound, Refused
from ..models import Grant, GrantResult, UserLike
from ..roster import Action, Person, Row, RowResult
from .integrations import EnvironmentClient, IntegrationClient

Place = tuple[str, str]
"""Integration and environment, as a row names them."""


class RosterApplication:
    """One roster on its way: where its rows lead, who they mean, and how each of them ended.

    Args:
        integration: gives an integration by id or name.
        rows: of the roster.
        width: calls at once, 1 to 8.
        progress: called with each result as it comes.
    """

    def __init__(
        self,
        integration: Callable[[str], IntegrationClient],
        rows: Sequence[Row],
        *,
        width: int,
        progress: Callable[[RowResult], object] | None,
    ) -> None:
        self._integration = integration
        self._rows = rows
        self._width = width
        self._progress = progress
        self._places: dict[Place, EnvironmentClient | CssError] = {}
        self._people: dict[tuple[Place, Person], UserLike | CssError] = {}
        self._results: dict[int, RowResult] = {}

    def carry_out(self, skip_existing: bool, providers: Sequence[str]) -> list[RowResult]:
        """Does what the rows say and gives their results, in their order."""
        self._find_places()
        self._find_people(providers)
        grants = self._grants()
        actions: tuple[Action, ...] = ("grant", "revoke")
        for action in actions:
            for place, environment in self._places.items():
                chosen = self._of(grants, place, action)
                if not chosen or isinstance(environment, CssError):
                    continue
                many = environment.bulk.assign_many if action == "grant" else environment.bulk.unassign_many
                many(chosen.values(), skip_existing=skip_existing, width=self._width, progress=self._noting(chosen))
        return [self._results[number] for number in range(len(self._rows))]

    def _find_places(self) -> None:
        for place in dict.fromkeys(row.place for row in self._rows):
            try:
                client = self._integration(place[0])
                self._places[place] = client.environment(place[1])
            except (NotFound, Ambiguous, Refused) as error:
                self._places[place] = error

    def _find_people(self, providers: Sequence[str]) -> None:
        """Looks up everybody who is not named by username or client id, once for each place."""

        def look_up(key: tuple[Place, Person]) -> None:
            environment, person = self._places[key[0]], key[1]
            if isinstance(environment, CssError):
                self._people[key] = environment
                return
            terms = {person.by: person.value}
            try:
                self._people[key] = (environment.people.find_one(providers=providers, **terms)).username
            except CssError as error:
                self._people[key] = error

        wanted = dict.fromkeys((row.place, row.person) for row in self._rows)
        self._people = {key: user for key in wanted if (user := key[1].user) is not None}
        each(look_up, [key for key in wanted if key not in self._people], self._width)

    def _grants(self) -> dict[int, Grant]:
        """What is to be sent, by the number of its row; the rows that lead nowhere are settled."""
        grants = {}
        for number, row in enumerate(self._rows):
            environment, user = self._places[row.place], self._people[row.place, row.person]
            if isinstance(environment, CssError):
                self._settle(number, RowResult(row, "failed", environment))
            elif isinstance(user, CssError):
                self._settle(number, RowResult(row, "failed", user))
            else:
                try:
                    environment.users.check(user, row.role)
                except Refused as error:
                    self._settle(number, RowResult(row, "failed", error))
                else:
                    grants[number] = Grant(user, row.role)
        for number in self._contradicting(grants):
            told = "Another row says the opposite of the same user, role and place. Nothing was sent for either."
            self._settle(number, RowResult(self._rows[number], "failed", InvalidRequest(told)))
            del grants[number]
        return grants

    def _contradicting(self, grants: dict[int, Grant]) -> set[int]:
        """The rows that would both give and take the same, which only shows once everybody is found."""
        by_goal: dict[tuple[object, ...], dict[Action, set[int]]] = {}
        for number, grant in grants.items():
            row = self._rows[number]
            place = self._places[row.place]
            if not isinstance(place, CssError):
                goal = place.integration.id, place.name, _rules.username_of(grant.user), grant.role
                by_goal.setdefault(goal, {}).setdefault(row.action, set()).add(number)
        return {n for actions in by_goal.values() if len(actions) > 1 for numbers in actions.values() for n in numbers}

    def _of(self, grants: dict[int, Grant], place: Place, action: Action) -> dict[int, Grant]:
        return {
            n: grant for n, grant in grants.items() if (self._rows[n].place, self._rows[n].action) == (place, action)
        }

    def _noting(self, grants: dict[int, Grant]) -> Callable[[GrantResult], None]:
        # Two rows may say the same, so that only its identity tells which row a grant came from.
        numbers = {id(grant): number for number, grant in grants.items()}

        def note(result: GrantResult) -> None:
            number = numbers[id(result.grant)]
            self._settle(number, RowResult(self._rows[number], result.outcome, result.error))

        return note

    def _settle(self, number: int, result: RowResult) -> None:
        self._results[number] = result
        if self._progress is not None:
            self._progress(result)
