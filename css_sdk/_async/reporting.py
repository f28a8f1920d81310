"""Reads who has what: one place after another, or several at a time; what cannot be read hides nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .._http.concurrency import async_each
from ..errors import AuthenticationError, ConfigurationError, CssError, EnvironmentMissing, IncompleteSearch
from ..people.logins import UnreadPlace
from ..report.rows import AccessReport, in_order
from ..state import Place, PlaceState
from .integrations import AsyncIntegrationClient


async def read_access(
    integrations: Sequence[AsyncIntegrationClient], environments: Collection[str], team: int | None, width: int
) -> AccessReport:
    """The state of all these environments of these integrations; see `AsyncCss.report`."""
    chosen = {client.info.id: client for client in integrations}
    places = [(client, name) for client in chosen.values() for name in environments if name in client.info.environments]
    if chosen and not places:
        raise EnvironmentMissing(f"None of {len(chosen)} integrations has an environment {' or '.join(environments)}.")
    states: list[PlaceState] = []
    unread: list[UnreadPlace] = []
    at_once = max(1, min(width, len(places)))

    async def read(place: tuple[AsyncIntegrationClient, str]) -> None:
        client, environment = place
        try:
            # Many places at a time, or many calls in a few: never more calls at once than were asked for.
            state = await client.environment(environment).state(width=width // at_once)
        except (AuthenticationError, ConfigurationError):
            raise
        except CssError as error:
            unread.append(UnreadPlace(Place(client.info.id, environment), client.info.project_name, error))
        else:
            states.append(state)
            unread.extend(_not_looked_into(state))

    await async_each(read, places, at_once)
    return AccessReport(team, tuple(sorted(states, key=lambda state: state.place)), in_order(unread))


def _not_looked_into(state: PlaceState) -> list[UnreadPlace]:
    """The place again, where it has roles of names that no request can speak of."""
    names = sorted(state.roles - state.members.keys())
    if not names:
        return []
    told = f"Who has {', '.join(map(repr, names))} cannot be asked: no request can hold such a name."
    return [UnreadPlace(state.place, state.project_name, IncompleteSearch(told))]
