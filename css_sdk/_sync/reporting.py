# Written from css_sdk/_async/reporting.py by `make generate`; edit that one.
"""Read who has which roles, in several places at once. If a place cannot be read, the others are still read."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .._http.concurrency import each
from ..errors import AuthenticationError, ConfigurationError, CssError, EnvironmentMissing, IncompleteSearch
from ..people.logins import UnreadPlace
from ..report.rows import AccessReport, in_order
from ..state import Place, PlaceState
from .integrations import IntegrationClient


def read_access(
    integrations: Sequence[IntegrationClient],
    environments: Collection[str],
    team: int | None,
    width: int,
    *,
    settled: bool = False,
) -> AccessReport:
    """Return the state of these environments of these integrations; see `Css.report`.

    With `settled`, members are read until two readings in a row agree. Removals need this.
    """
    chosen = {client.info.id: client for client in integrations}
    places = [(client, name) for client in chosen.values() for name in environments if name in client.info.environments]
    if chosen and not places:
        raise EnvironmentMissing(f"None of {len(chosen)} integrations has an environment {' or '.join(environments)}.")
    states: list[PlaceState] = []
    unread: list[UnreadPlace] = []
    at_once = max(1, min(width, len(places)))

    def read(place: tuple[IntegrationClient, str]) -> None:
        client, environment = place
        try:
            # Places that are read at once share the `width`, so that there are never more calls at once.
            state = client.environment(environment).state(settled=settled, width=width // at_once)
        except (AuthenticationError, ConfigurationError):
            raise
        except CssError as error:
            unread.append(UnreadPlace(Place(client.info.id, environment), client.info.project_name, error))
        else:
            states.append(state)
            unread.extend(_unreadable(state))

    each(read, places, at_once)
    return AccessReport(team, tuple(sorted(states, key=lambda state: state.place)), in_order(unread))


def _unreadable(state: PlaceState) -> list[UnreadPlace]:
    """Return the place if it has roles whose names cannot be sent in a request."""
    names = sorted(state.roles - state.members.keys())
    if not names:
        return []
    why = f"The members of {', '.join(map(repr, names))} cannot be read: no request can contain such a name."
    return [UnreadPlace(state.place, state.project_name, IncompleteSearch(why))]
