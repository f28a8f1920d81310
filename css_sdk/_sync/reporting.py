# Written from css_sdk/_async/reporting.py by `make generate`; edit that one.
"""Read who has which roles, in several environments of integrations.

If an environment cannot be read, css-sdk still reads the others.

The roles of one login are read directly. For a person with several logins, css-sdk reads the members of all roles and
finds the person's logins among them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from attrs import evolve

from .._http.concurrency import each
from .._service import arguments, environment_checks, identifiers, service_limits
from .._service.arguments import Names
from .._service.error_answers import UNKNOWN_SERVICE_ACCOUNT
from .._text.words import joined
from ..errors import (
    AuthenticationError,
    ConfigurationError,
    CssError,
    EnvironmentMissing,
    IncompleteSearch,
    NotApplied,
    NotFound,
    Remedy,
)
from ..models import SERVICE_ACCOUNT_PREFIX, Integration, UserLike
from ..people.identities import Person
from ..people.logins import PersonRoles, UnreadPlace, checked_person
from ..people.searches import NEVER_SEEN
from ..report.rows import AccessReport, held_roles, in_order, roles_among_members
from ..state import Place, PlaceState
from .composites import tree_below
from .directory import known_logins
from .integrations import IntegrationClient
from .roles import Roles
from .wire import Wire

if TYPE_CHECKING:
    from .client import Css


def report(
    css: Css, integrations: int | str | Iterable[int | str] | None, environments: Names | None, width: int
) -> AccessReport:
    """Return who has which role; see `Css.report`."""
    service_limits.check_width(width)
    asked = environment_checks.known_environments(environments)
    every = [info.id for info in css.integrations()]
    named = every if integrations is None else arguments.integrations(integrations)
    chosen = [css.integration(which) for which in named]
    return evolve(read_access(chosen, asked, width), team=css._wire.team)


def read_access(
    integrations: Sequence[IntegrationClient], environments: Collection[str], width: int, *, settled: bool = False
) -> AccessReport:
    """Read these environments of these integrations, and return the states and the places that could not be read.

    Args:
        environments: the environments. If an integration lacks one of them, its other environments are read.
        settled: whether to read members until two readings in a row agree. Removals need this.

    Raises:
        EnvironmentMissing: no integration has any of the environments.
        AuthenticationError: the service does not accept the credentials or the token.
        ConfigurationError: the client cannot be used, for example because it was closed.
    """
    chosen = {client.info.id: client for client in integrations}
    places = [(client, name) for client in chosen.values() for name in environments if name in client.info.environments]
    if chosen and not places:
        raise EnvironmentMissing(
            f"No requested integration has the environment {' or '.join(map(repr, environments))}.",
            remedy=Remedy("", "To see the integrations and their environments, run: css integrations"),
        )
    states: list[PlaceState] = []
    unread: list[UnreadPlace] = []
    at_once = max(1, min(width, len(places)))

    def read(place: tuple[IntegrationClient, str]) -> None:
        client, environment = place
        name = client.info.project_name
        try:
            # The places that are read at once share the `width`, so that there are never more than `width` calls.
            state = client.environment(environment).state(settled=settled, width=width // at_once)
        except (AuthenticationError, ConfigurationError):
            raise
        except CssError as error:
            unread.append(UnreadPlace(Place(client.info.id, environment, name), name, error))
        else:
            states.append(state)
            if names := sorted(state.roles - state.members.keys()):
                roles = joined(map(repr, names), "or")
                why = f"No request can address the role {roles}, so its members cannot be read."
                unread.append(UnreadPlace(state.place, state.project_name, IncompleteSearch(why)))

    each(read, places, at_once)
    return AccessReport(None, tuple(sorted(states, key=lambda state: state.place)), in_order(unread))


def roles_of(css: Css, person: UserLike | Person, providers: Names | None, width: int) -> PersonRoles:
    """Return the roles of a person in all integrations and environments of the team; see `Css.roles_of`."""
    service_limits.check_width(width)
    meant, among = checked_person(person, providers)
    if meant.user is not None:
        username = identifiers.check_username(meant.user)
        return _of_login(css._wire, _applied(css.integrations()), username, width)
    report = read_all_places(css, width)
    try:
        return roles_among_members(meant, report, among)
    except NotFound:
        if known_logins(css._wire, meant, report.environments, among, width):
            return PersonRoles(())
        raise


def _applied(integrations: Sequence[Integration]) -> list[Integration]:
    return [info for info in integrations if info.status != "draft" and info.environments]


def read_all_places(css: Css, width: int, *, settled: bool = False) -> AccessReport:
    """Read all environments of all the team's integrations that are not drafts, and return them as a report.

    Args:
        settled: whether to read members until two readings in a row agree. Removals need this.

    Raises:
        NotFound: the team has no integration, or only drafts.
    """
    clients = [IntegrationClient(css._wire, info) for info in _applied(css.integrations())]
    if not clients:
        raise NotFound("The team has no applied integration, so nobody has a role.", what="user")
    report = read_access(clients, environment_checks.ENVIRONMENTS, width, settled=settled)
    return evolve(report, unread=tuple(one for one in report.unread if not isinstance(one.error, NotApplied)))


def _of_login(wire: Wire, integrations: Sequence[Integration], username: str, width: int) -> PersonRoles:
    """Return the roles of one login. This takes a call for each place, and one for each composite role of the login.

    Raises:
        NotFound: no environment knows the login.
    """
    by_environment = {
        environment: there
        for environment in environment_checks.ENVIRONMENTS
        if (there := [info for info in integrations if environment in info.environments])
    }
    states: dict[Place, PlaceState] = {}
    unread: list[UnreadPlace] = []
    never: list[str] = []

    def read(environment: str) -> None:
        for info in by_environment[environment]:
            place = Place(info.id, environment, info.project_name)
            client = Roles(wire, place)
            try:
                direct = client._users.roles(username)
                members = {role.name: frozenset((username,)) for role in direct}
                states[place] = PlaceState(place, info.project_name, frozenset(members), members=members)
                below = tree_below(client, direct)
                children = {name: frozenset(names) for name, names in below.children.items()}
                names = frozenset(role.name for role in below.roles)
                states[place] = evolve(states[place], roles=names, children=children)
            except NotApplied:
                continue
            except AuthenticationError:
                raise
            except CssError as error:
                if isinstance(error, NotFound) and error.what == "user":
                    # A login that is unknown to one integration is unknown to all integrations in this environment.
                    never.append(environment)
                    return
                unread.append(UnreadPlace(place, info.project_name, error))

    each(read, by_environment, width)
    if len(never) == len(by_environment) > 0:
        hint = UNKNOWN_SERVICE_ACCOUNT if username.startswith(SERVICE_ACCOUNT_PREFIX) else NEVER_SEEN
        raise NotFound(
            f"{username} is not known in {joined(by_environment)}. {hint}",
            what="user",
        )
    return PersonRoles(
        held_roles(AccessReport(None, tuple(states.values())), [username]),
        {username: tuple(name for name in by_environment if name in never)} if never else {},
        tuple(sorted(unread, key=lambda one: one.place)),
    )
