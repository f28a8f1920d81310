# Written from css_sdk/_async/directory.py by `make generate`; edit that one.
"""People across providers and environments: who they are, where they are known, and what they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from .. import _arguments, _rules, _searches, persons
from .._pairs import each
from ..errors import Ambiguous, AuthenticationError, CssError, IncompleteSearch, NotApplied, NotFound
from ..models import Integration, Role, RoleTree, User
from ..persons import HeldRole, LoginDifference, PeopleFound, PersonRoles, UnreadPlace
from ..roster import Person
from ..state import Place, PlaceState
from .composites import tree_below
from .people import People
from .users import Users
from .wire import Wire


class Directory:
    """Searches and readings that go over several environments, so many calls at once.

    Args:
        wire: sends the calls.
        width: calls at once, 1 to 8.
    """

    def __init__(self, wire: Wire, width: int) -> None:
        _rules.check_width(width)
        self._wire = wire
        self._width = width

    def find(
        self, terms: Mapping[str, str | None], environments: str | Sequence[str], providers: str | Sequence[str] | None
    ) -> PeopleFound:
        """Everybody who answers to the terms, with all their logins; see `Css.find_people`."""
        environments = _rules.known_environments(environments)
        given = _searches.terms_given(terms)
        chosen = _searches.providers_for(given, providers, _searches.TERMS_ANYWHERE)
        seen, complete = self._search(given, environments, chosen)
        if complete and "guid" not in given:
            # A login that was not found by an address or name may only have another one there: its GUID decides.
            self._look_up(seen, persons.unseen(seen, environments, chosen))
        return persons.people_of(seen, environments, complete=complete)

    def roles_of(
        self, person: Person, integrations: Sequence[Integration], providers: str | Sequence[str]
    ) -> PersonRoles:
        """What a person has in these integrations; see `Css.roles_of`."""
        by_environment = {
            environment: there
            for environment in _rules.ENVIRONMENTS
            if (there := [info for info in integrations if environment in info.environments and info.status != "draft"])
        }
        reading = _Reading()
        usernames = self._usernames(person, list(by_environment), providers)

        def read(asked: tuple[str, str]) -> None:
            environment, username = asked
            self._read_roles(reading, environment, username, by_environment[environment])

        asked = [(environment, username) for environment in by_environment for username in usernames]
        each(read, asked, self._width)
        if len(reading.never) == len(asked) > 0:
            told = f"{' and '.join(usernames)}: not known in {', '.join(by_environment)}; never logged in?"
            raise NotFound(told, what="user")
        each(lambda place: self._read_tree(reading, place), reading.with_composites(), self._width)
        return reading.result()

    def _search(
        self, terms: Mapping[str, str], environments: Sequence[str], providers: Sequence[str]
    ) -> tuple[persons.Seen, bool]:
        """Who answers to the terms where, and whether nobody was left out."""
        seen: persons.Seen = {}
        cut: list[str] = []

        def search(asked: tuple[str, str]) -> None:
            environment, provider = asked
            result = People(self._wire, environment).search(provider, **terms)
            for user in result.users:
                seen.setdefault(user.username, {})[environment] = user
            if not result.complete:
                cut.append(provider)

        each(search, [(e, p) for e in environments for p in providers], self._width)
        return seen, not cut

    def _look_up(self, seen: persons.Seen, where: Sequence[tuple[str, str, str]]) -> None:
        def look_up(asked: tuple[str, str, str]) -> None:
            environment, provider, guid = asked
            for user in (People(self._wire, environment).search(provider, guid=guid)).users:
                seen.setdefault(user.username, {})[environment] = user

        each(look_up, where, self._width)

    def _usernames(self, person: Person, environments: Sequence[str], providers: str | Sequence[str]) -> list[str]:
        """The logins that are meant, whether they exist or not."""
        if person.user is not None:
            return [_rules.username_of(person.user)]
        among = [person.provider] if person.provider else list(_arguments.known_providers(providers))
        guid = person.value if person.by == "guid" else self._guid_of(person.value, environments, among)
        return [_rules.username_of(f"{guid}@{provider}") for provider in among]

    def _guid_of(self, email: str, environments: Sequence[str], providers: Sequence[str]) -> str:
        """The one person's who has the e-mail address."""
        _searches.providers_for({"email": email}, providers, _searches.TERMS_ANYWHERE)
        seen, complete = self._search({"email": email}, environments, providers)
        if not complete:
            raise IncompleteSearch(
                f"More than 50 people answer to {email}, and the service leaves the rest out. Give a GUID."
            )
        users = [user for known in seen.values() for user in known.values()]
        equal = {user.username: user for user in users if user.email.lower() == email.lower()}
        guids = {user.guid for user in equal.values() if user.guid}
        if not guids:
            told = f"Nobody with the e-mail address {email} among {', '.join(providers)}: never logged in?"
            raise NotFound(told, what="user")
        if len(guids) > 1:
            raise Ambiguous(
                f"{len(guids)} people have the e-mail address {email}: {', '.join(sorted(equal))}. "
                f"Give the GUID of the one that is meant.",
                candidates=list(equal.values()),
            )
        return guids.pop()

    def _read_roles(
        self, reading: _Reading, environment: str, username: str, integrations: Sequence[Integration]
    ) -> None:
        """One login's roles in one environment; the first integration that does not know the login speaks for all."""
        for info in integrations:
            place = Place(info.id, environment)
            reading.names[place] = info.project_name
            try:
                reading.direct[place, username] = Users(self._wire, info.id, environment).roles(username)
            except NotApplied:
                continue
            except AuthenticationError:
                raise
            except CssError as error:
                if isinstance(error, NotFound) and error.what == "user":
                    reading.never.append((username, environment))
                    return
                reading.unread.append(UnreadPlace(place, info.project_name, error))

    def _read_tree(self, reading: _Reading, place: Place) -> None:
        where = {"integration_id": place.integration, "environment": place.environment}
        held = [role for (at, _), roles in reading.direct.items() if at == place for role in roles]
        try:
            reading.trees[place] = tree_below(self._wire, where, held)
        except AuthenticationError:
            raise
        except CssError as error:
            reading.unread.append(UnreadPlace(place, reading.names[place], error))


class _Reading:
    """What was read of a person so far."""

    def __init__(self) -> None:
        self.names: dict[Place, str] = {}
        self.direct: dict[tuple[Place, str], tuple[Role, ...]] = {}
        self.trees: dict[Place, RoleTree] = {}
        self.never: list[tuple[str, str]] = []
        self.unread: list[UnreadPlace] = []

    def with_composites(self) -> list[Place]:
        """The places where children have to be read."""
        return sorted({at for (at, _), roles in self.direct.items() if any(role.composite for role in roles)})

    def result(self) -> PersonRoles:
        """All that was read, in an order that does not depend on which answer came first."""
        held: list[HeldRole] = []
        for (place, username), roles in sorted(self.direct.items(), key=lambda pair: pair[0]):
            below = self.trees.get(place, RoleTree((), {}))
            held += persons.held_roles(place, self.names[place], username, roles, below)
        never: dict[str, tuple[str, ...]] = {}
        for username, environment in sorted(self.never, key=lambda one: _rules.ENVIRONMENTS.index(one[1])):
            never[username] = (*never.get(username, ()), environment)
        return PersonRoles(tuple(held), never, tuple(sorted(self.unread, key=lambda one: one.place)))


def login_differences(state: PlaceState, people: People, to: str | None, width: int) -> tuple[LoginDifference, ...]:
    """What logins of one person lack of each other; see `EnvironmentClient.login_differences`."""
    users: dict[str, User] = dict(state.users)
    differences = persons.login_differences(state.members, users, to)

    def look_up(username: str) -> None:
        guid, _, provider = username.partition("@")
        users.update((user.username, user) for user in (people.search(provider, guid=guid)).users)

    unsure = [one.username for one in differences if not one.exists and _can_be_looked_up(one.username)]
    each(look_up, unsure, width)
    return tuple(evolve(difference, exists=difference.username in users) for difference in differences)


def _can_be_looked_up(username: str) -> bool:
    guid, _, provider = username.partition("@")
    return _searches.can_be_looked_up(guid, provider)
