"""What a roster's rows mean once people and places were looked up: whom, where, and what that takes away. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from attrs import field, frozen

from .._service import identifiers
from ..errors import Ambiguous, CssError, EmptySet, HeldBack, NotFound, NotIdentified, StalePlan, WrongProvider
from ..models import PROVIDER_FAMILIES, PROVIDERS, Grant, User
from ..people import searches as _searches
from ..people.identification import holds_back, is_identified
from ..people.identities import Person
from ..plan.removal_limits import check_removals
from ..state import Place
from .rows import RoleRemovals, Row

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


def contradicting(rows: Sequence[Row], grants: Mapping[int, Grant], places: Mapping[int, Place]) -> set[int]:
    """The rows that would both give and take the same, which only shows once everybody is found."""
    by_goal: dict[tuple[object, ...], dict[str, set[int]]] = {}
    for number, grant in grants.items():
        goal = places[number], identifiers.username_of(grant.user), grant.role
        by_goal.setdefault(goal, {}).setdefault(rows[number].action, set()).add(number)
    return {n for actions in by_goal.values() if len(actions) > 1 for numbers in actions.values() for n in numbers}


def stale_after_answer(rows: Iterable[Row]) -> StalePlan:
    """Return the refusal to go on from what others changed while somebody was asked.

    Args:
        rows: one of each role that changed.
    """
    roles = "; ".join(sorted({f"{row.role!r} in {row.integration}, {row.environment}" for row in rows}))
    return StalePlan(
        f"Somebody else changed the members of a role while you were asked: {roles}. Nothing was sent. Apply the "
        f"roster again."
    )


@frozen
class ExactRole:
    """A role whose members shall be exactly those of a roster.

    `rows` are the numbers of all rows that name it; `wanted` are the usernames of those whose user is known by now.
    """

    place: Place
    role: str
    rows: tuple[int, ...]
    wanted: Mapping[int, str] = field(hash=False)
    held: Mapping[str, User] = field(hash=False)

    @property
    def already(self) -> tuple[int, ...]:
        """The rows of those who hold it."""
        return tuple(number for number, username in self.wanted.items() if username in self.held)

    @property
    def missing(self) -> tuple[int, ...]:
        """The rows of those who do not."""
        return tuple(number for number, username in self.wanted.items() if username not in self.held)

    @property
    def surplus(self) -> tuple[str, ...]:
        """Those who hold it and are not listed."""
        return tuple(sorted(self.held.keys() - self.wanted.values()))

    @property
    def leaves_nobody(self) -> bool:
        """Whether everybody who holds it would lose it."""
        return bool(self.held) and not self.already

    def removal_rows(self, row: Row) -> list[Row]:
        """A row for each of them who loses it, with the place told as in a row of the role."""
        people = [Person("username", username) for username in self.surplus]
        return [Row(0, person, self.role, row.integration, row.environment, "revoke") for person in people]

    def held_back(self, ended: Iterable[tuple[Person, CssError | None]]) -> HeldBack | None:
        """Return why nobody loses it for now, or None where no row of it may mean a member.

        Args:
            ended: of its rows, whom they name and with which error they ended so far.
        """
        if not any(holds_back(person, error) for person, error in ended):
            return None
        return HeldBack(
            f"The role {self.role!r} is taken from nobody for now: a row of it did not work out, and may mean this "
            f"user. Correct or delete that row, and apply the roster again."
        )

    def removals(self, row: Row) -> RoleRemovals:
        """Who loses it, told with the names that a row of it uses."""
        listed = {username.partition("@")[0] for username in self.wanted.values()}
        users = tuple(self.held[username] for username in self.surplus)
        again = tuple(user.username for user in users if user.guid in listed)
        return RoleRemovals(row.integration, row.environment, self.role, users, len(self.held), again)

    def check_losses(self, row: Row, most: int | None) -> None:
        """Refuses to take it from more than a mistake in the roster should cost.

        Raises:
            TooManyRemovals: when they are more.
        """
        what = f"members of the role {self.role!r} in {row.integration}, {row.environment}"
        check_removals(what, len(self.surplus), len(self.held), most)

    def refused_as_empty(self, row: Row) -> EmptySet:
        """The refusal to leave nobody in the role because nobody of its rows can be found."""
        return EmptySet(
            f"Nobody whom the roster lists for the role {self.role!r} in {row.integration}, {row.environment} is known "
            f"there, so that all {len(self.held)} members would lose it. Nothing was sent."
        )
