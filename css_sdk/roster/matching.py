"""What a roster's rows mean once people and places were looked up: whom, where, and what that takes away. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from attrs import frozen

from ..errors import Ambiguous, CssError, NotFound, NotIdentified, WrongProvider
from ..models import PROVIDER_FAMILIES, PROVIDERS, User
from ..people import searches as _searches
from ..people.identification import is_identified
from ..people.identities import Person
from ..state import Place, Step

_HOW_TO_IDENTIFY: Final = "Correct it, or give the username; if they never logged in, delete the row until they have."

Found = tuple[User, ...] | CssError
"""What one search found."""


@frozen
class Search:
    """One search of one provider's people, the same for all rows that need it.

    `integration` is None where any will do: only people of BCeID are found by e-mail address from the integration
    that they logged in to and from no other.
    """

    environment: str
    by: str
    value: str
    provider: str
    integration: int | None = None


def searches(person: Person, place: Place, providers: Iterable[str]) -> list[Search]:
    """The searches that tell who a person is, among the logins of these providers."""
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


def asked_of(person: Person, providers: Sequence[str]) -> tuple[str, ...]:
    """The providers whose logins are meant."""
    return (person.provider,) if person.provider else tuple(dict.fromkeys(providers))


def others(person: Person, asked: Collection[str]) -> tuple[str, ...]:
    """Return the providers that nobody asked for, and that can be searched for the person."""
    rest = (provider for provider in PROVIDERS if provider not in asked)
    return tuple(each for each in rest if person.by != "guid" or _searches.can_be_looked_up(person.value, each))


def who(person: Person, environment: str, asked: Sequence[str], found: Sequence[Found]) -> str | CssError:
    """The username of the one login that is meant, or why there is not exactly one.

    Args:
        person: who is meant.
        environment: where they were looked for.
        asked: the providers whose logins are meant.
        found: what was found among each of them.
    """
    users: list[User] = []
    for result in found:
        if isinstance(result, CssError):
            return result
        users += result
    wanted = f"{person.by} {person.value}"
    if not users and not is_identified(person, asked):
        return NotIdentified(
            f"Nobody in {environment} was found with {wanted} among {', '.join(asked)}: it may be mistyped, or another "
            f"one there. {_HOW_TO_IDENTIFY}"
        )
    if not users:
        return NotFound(
            f"Nobody in {environment} with {wanted} among {', '.join(asked)}: never logged in here?", what="user"
        )
    if len(users) > 1:
        return Ambiguous(
            f"{len(users)} logins in {environment} have {wanted}: {_named(users)}. Give the username or one provider.",
            candidates=users,
        )
    return users[0].username


def who_else(missing: NotFound, person: Person, environment: str, found: Iterable[Found]) -> CssError:
    """Why nobody was found: they have logins of other providers, or none at all, or that could not be read."""
    users: list[User] = []
    failed: list[CssError] = []
    for result in found:
        if isinstance(result, CssError):
            failed.append(result)
        else:
            users += result
    if users:
        return WrongProvider(
            f"{person.by} {person.value} has other logins in {environment} than were asked for: {_named(users)}. Give "
            f"the username, or the provider.",
            candidates=users,
        )
    return failed[0] if failed else missing


def _named(users: Iterable[User]) -> str:
    return ", ".join(user.username for user in users)


def contradicting(steps: Mapping[int, Step]) -> set[int]:
    """Return the rows that add and remove the same, which only shows once everybody is found.

    Args:
        steps: what each row means, by the number of the row.
    """
    by_goal: dict[tuple[object, ...], dict[str, set[int]]] = {}
    for number, step in steps.items():
        by_goal.setdefault((step.place, step.role, step.target), {}).setdefault(step.kind, set()).add(number)
    return {n for kinds in by_goal.values() if len(kinds) > 1 for numbers in kinds.values() for n in numbers}
