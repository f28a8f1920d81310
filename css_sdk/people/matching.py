"""Find the login of a person in a list: decide which searches to make, and which result is meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from attrs import frozen

from .._service.identifiers import HOW_TO_SEARCH_BCEID
from ..errors import Ambiguous, CssError, NotFound, NotIdentified, Remedy, WrongProvider
from ..models import PROVIDER_FAMILIES, PROVIDERS, User
from ..state import Place
from .cells import PERSON_NAMES, providers_with_guid
from .identification import is_identified
from .identities import Person
from .searches import NEVER_SEEN, can_be_looked_up, found_nobody, named

_CHOOSE_LOGIN: Final = Remedy(
    "Use the username, or pass providers=, prefer= or all_logins=True.",
    "Use the username, or pass --provider, --prefer or --all-logins.",
    "Write the number of a candidate into the column `choice`.",
)
_CHOOSE_PERSON: Final = Remedy("Use the username.", file=_CHOOSE_LOGIN.file)
_SEARCH_BY_GUID: Final = Remedy("", HOW_TO_SEARCH_BCEID)

Found = tuple[User, ...] | CssError
"""The result of one search: the users that it found, or the error with which it failed."""


@frozen
class Search:
    """One search for a person among the logins of one provider. Equal searches are made only once.

    Attributes:
        by: the kind of `value`: `guid` or `email`.
        value: the text to search for, in lower case.
        integration: the integration from which to search; None if all integrations have the same result. A search for
            people of BCeID by e-mail address finds only people who logged in to this integration.
    """

    environment: str
    by: str
    value: str
    provider: str
    integration: int | None = None


def searches(person: Person, place: Place, providers: Iterable[str]) -> list[Search]:
    """Return the searches for a person in a place: one search for each provider."""
    return [
        Search(
            place.environment,
            person.by,
            person.value.lower(),
            provider,
            place.integration if person.by == "email" and provider in PROVIDER_FAMILIES["bceid"] else None,
        )
        for provider in providers
    ]


def providers_for(person: Person, providers: Sequence[str]) -> tuple[str, ...]:
    """Return the providers to search for a person: the provider that the list names, or else those in `providers`.

    Providers that cannot have the person's GUID are left out, unless none of them can.
    """
    if person.provider:
        return (person.provider,)
    asked = tuple(dict.fromkeys(providers))
    return (person.by == "guid" and providers_with_guid(person.value, asked)) or asked


def other_providers(person: Person, asked: Collection[str]) -> tuple[str, ...]:
    """Return the providers that are not in `asked` and can be searched for the person."""
    rest = (provider for provider in PROVIDERS if provider not in asked)
    return tuple(each for each in rest if person.by != "guid" or can_be_looked_up(person.value, each))


def identify(person: Person, environment: str, asked: Sequence[str], found: Sequence[Found]) -> User | CssError:
    """Return the login of a person in a list, or an error if the searches did not find exactly one login.

    `found` has the result of the search at each provider in `asked`.
    """
    users, errors = _split(found)
    if errors:
        return errors[0]
    name = PERSON_NAMES[person.by]
    wanted = f"{name} {person.value}"
    nobody = found_nobody(asked, environment, wanted, of_integration=person.by == "email")
    if not users and not is_identified(person, asked):
        of_bceid = person.by == "email" and not set(asked).isdisjoint(PROVIDER_FAMILIES["bceid"])
        instead = "the username or the GUID" if of_bceid else "the username"
        return NotIdentified(
            f"{nobody} The {name} may be mistyped, or the service may know this person by another {name}. Correct it, "
            f"or use {instead}. If this person has never logged in there, ask the person to log in there once.",
            remedy=_SEARCH_BY_GUID if of_bceid and set(asked) <= set(PROVIDER_FAMILIES["bceid"]) else None,
        )
    if not users:
        return NotFound(f"{nobody} {NEVER_SEEN}", what="user")
    if len(users) > 1:
        people = len({user.guid for user in users})
        different = f" They belong to {people} different people." if people > 1 else ""
        return Ambiguous(
            f"{len(users)} logins in {environment} have the {wanted}: {named(users)}.{different}",
            candidates=users,
            remedy=_CHOOSE_PERSON if people > 1 else _CHOOSE_LOGIN,
        )
    return users[0]


def choose_logins(candidates: Sequence[User], *, prefer: Sequence[str], all_logins: bool) -> tuple[User, ...]:
    """Choose among several logins of one person. Return an empty tuple if the logins belong to different people.

    Different people can have the same e-mail address, but they have different GUIDs. A preferred provider must not
    decide between different people.

    Args:
        prefer: providers, in the order of preference. If the person has no login at these providers, the result is
            empty.
        all_logins: whether to return all logins of the person. If so, `prefer` is ignored.

    >>> ilse, twin = [User("0f3a@idir"), User("0f3a@azureidir")], [User("0f3a@idir"), User("7c1d@azureidir")]
    >>> [user.provider for user in choose_logins(ilse, prefer=["azureidir", "idir"], all_logins=False)]
    ['azureidir']
    >>> choose_logins(twin, prefer=["azureidir"], all_logins=False)
    ()
    """
    if len({user.guid for user in candidates}) != 1:
        return ()
    if all_logins:
        return tuple(candidates)
    preferred = (user for provider in prefer for user in candidates if user.provider == provider)
    return tuple(preferred)[:1]


def explain_missing(missing: NotFound, person: Person, environment: str, found: Iterable[Found]) -> CssError:
    """Return the error for a person who was not found at the requested providers.

    `found` has the results of the searches at all other providers. If they found logins, the error names these logins.
    """
    users, errors = _split(found)
    if users:
        return WrongProvider(
            f"In {environment}, only logins of other providers have the {PERSON_NAMES[person.by]} {person.value}: "
            f"{named(users)}. Use the username, or the right provider.",
            candidates=users,
        )
    return errors[0] if errors else missing


def _split(found: Iterable[Found]) -> tuple[list[User], list[CssError]]:
    """Return the users that all searches found, and the errors of the searches that failed."""
    results = list(found)
    users = [user for result in results if not isinstance(result, CssError) for user in result]
    return users, [result for result in results if isinstance(result, CssError)]
