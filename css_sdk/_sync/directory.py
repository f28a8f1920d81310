# Written from css_sdk/_async/directory.py by `make generate`; edit that one.
"""Find people across providers and environments, and compare their logins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import evolve

from .._http.concurrency import each
from .._service import arguments, environment_checks, service_limits
from .._service.arguments import Names
from .._text.tables import TupleOf
from ..errors import AuthenticationError, ConfigurationError, CssError
from ..models import PROVIDERS, User
from ..people import lists, logins, meanings, searches
from ..people.identities import Person
from ..people.lists import ListedPerson
from ..people.logins import LoginDifference, NamesFound, PeopleFound, family_and_guid
from ..people.meanings import PeopleSearch
from ..state import PlaceState
from .people import People, names_found_by
from .wire import Wire


def find_people(wire: Wire, wanted: Sequence[PeopleSearch], environments: Names, width: int) -> PeopleFound:
    """Return the people whom at least one of the searches finds, with all their logins; see `Css.find_people`."""
    service_limits.check_width(width)
    environments = environment_checks.known_environments(environments)
    found = PeopleFound((), complete=True, searches=tuple(wanted), environments=environments)
    seen: logins.Seen = {}
    incomplete: list[str] = []

    def search(asked: tuple[str, str, Mapping[str, str]]) -> None:
        environment, provider, fields = asked
        result = People(wire, environment).search(provider, **fields)
        for user in result.users:
            seen.setdefault(user.username, {})[environment] = user
        if not result.complete:
            incomplete.append(provider)

    calls = [(where, each, one.terms) for where in environments for one in wanted for each in one.providers]
    each(search, calls, width)
    complete = not incomplete
    if complete and not all("guid" in one.terms for one in wanted):
        # A login may have a different address or name in a second environment, so search all logins by GUID, too.
        unseen = logins.unseen(seen, environments, found.providers)
        each(search, [(where, provider, {"guid": guid}) for where, provider, guid in unseen], width)
    return evolve(found, people=logins.people_of(seen, environments, complete=complete), complete=complete)


def find_listed(
    wire: Wire, texts: Sequence[str], environments: Names, providers: Names, width: int
) -> tuple[ListedPerson, ...]:
    """Return a `ListedPerson` with the matching logins for each text; see `Css.find_listed`."""
    service_limits.check_width(width)
    environments = environment_checks.known_environments(environments)
    chosen = arguments.known_providers(providers)
    found: dict[str, ListedPerson] = {}

    def find(text: str) -> None:
        try:
            terms = meanings.terms_for(text)
            providers = searches.providers_for(terms, meanings.provider_in(text) or chosen, searches.TERMS_ANYWHERE)
            result = find_people(wire, [PeopleSearch(terms, providers)], environments, 1)
            found[text] = lists.listed_person(text, terms, result)
        except (AuthenticationError, ConfigurationError):
            raise
        except CssError as error:
            found[text] = ListedPerson(text, "failed", error=error.with_traceback(None))

    each(find, list(dict.fromkeys(texts)), width)
    return TupleOf(found[text] for text in texts)


def known_logins(
    wire: Wire, person: Person, environments: Sequence[str], providers: Collection[str] | None, width: int
) -> tuple[User, ...]:
    """Search the environments for logins with the GUID or the e-mail address of a person, and return these logins.

    A provider that cannot be searched by this GUID or e-mail address is left out. For example, BCeID cannot be searched
    by e-mail address.

    Raises:
        IncompleteSearch: the service did not return all people who match.
    """
    found: dict[str, User] = {}
    asked = [
        provider
        for provider in (PROVIDERS if providers is None else providers)
        if person.by in searches.TERMS_ANYWHERE[provider]
        and (person.by != "guid" or searches.can_be_looked_up(person.value, provider))
    ]

    def search(one: tuple[str, str]) -> None:
        environment, provider = one
        users = People(wire, environment)._find_all(provider, **{person.by: person.value})
        found.update((user.username, user) for user in users)

    each(search, [(where, provider) for where in environments for provider in asked], width)
    return tuple(found.values())


def login_differences(state: PlaceState, people: People, to: str | None, width: int) -> tuple[LoginDifference, ...]:
    """Return each login that lacks a role of the same person's other login.

    See `EnvironmentClient.login_differences`.
    """
    users: dict[str, User] = dict(state.users)
    differences = logins.login_differences(state.members, users, to)

    def look_up(login: tuple[str, str]) -> None:
        guid, provider = login
        users.update((user.username, user) for user in (people.search(provider, guid=guid)).users)

    pairs = [one.username.partition("@")[::2] for one in differences if not one.exists]
    each(look_up, [pair for pair in pairs if searches.can_be_looked_up(*pair)], width)
    return TupleOf(evolve(difference, exists=difference.username in users) for difference in differences)


def names_of(wire: Wire, users: Mapping[str, str], known: Mapping[str, str], most: int, width: int) -> NamesFound:
    """Return the names of people; see `Css.names_of`."""
    service_limits.check_width(width)
    seen = names_found_by(wire)
    seen.update(known)
    tried: set[tuple[str, str]] = wire.remembered("people whose names were searched", set)
    by_person = {family_and_guid(username): name for username, name in seen.items() if name}
    wanted: dict[tuple[str, str], tuple[str, str]] = {}
    people = {username: family_and_guid(username) for username in users}
    for username, person in people.items():
        guid, _, provider = username.partition("@")
        if person not in by_person and person not in tried and searches.can_be_looked_up(guid, provider):
            wanted.setdefault(person, (username, users[username]))

    failures: list[CssError] = []

    def look_up(one: tuple[str, str]) -> None:
        if failures:
            return
        (guid, _, provider), environment = one[0].partition("@"), one[1]
        try:
            found = People(wire, environment).search(provider, guid=guid)
        except CssError as error:
            failures.append(error)  # names are optional: the call does not fail, and makes no more searches
            return
        by_person.update((family_and_guid(user.username), user.name) for user in found.users if user.name)

    chosen = dict(list(wanted.items())[: max(0, most - len(tried))])
    tried.update(chosen)
    each(look_up, list(chosen.values()), width)
    names = {username: by_person[person] for username, person in people.items() if person in by_person}
    return NamesFound(names, len(wanted) - len(chosen))
