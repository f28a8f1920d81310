# Written from css_sdk/_async/naming.py by `make generate`; edit that one.
"""Find the names of people of whom only the username is known, with one search for each person."""

from __future__ import annotations

from collections.abc import Mapping

from .._http.concurrency import each
from .._service import service_limits
from ..errors import CssError
from ..people.logins import NamesFound, family_and_guid
from ..people.searches import can_be_looked_up
from .people import People, names_found_by
from .wire import Wire


def names_of(wire: Wire, users: Mapping[str, str], known: Mapping[str, str], most: int, width: int) -> NamesFound:
    """Return the names of people; see `Css.names_of`."""
    service_limits.check_width(width)
    seen = names_found_by(wire)
    seen.update(known)
    tried: set[tuple[str, str]] = wire.remembered("people whose names were searched", set)
    by_person = {family_and_guid(username): name for username, name in seen.items() if name}
    wanted: dict[tuple[str, str], tuple[str, str]] = {}
    for username, environment in users.items():
        guid, _, provider = username.partition("@")
        person = family_and_guid(username)
        if person not in by_person and person not in tried and can_be_looked_up(guid, provider):
            wanted.setdefault(person, (username, environment))

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
    names = {
        username: by_person[family_and_guid(username)] for username in users if family_and_guid(username) in by_person
    }
    return NamesFound(names, len(wanted) - len(chosen))
