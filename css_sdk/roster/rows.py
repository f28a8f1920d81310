"""Define the rows of rosters and their results, and compare rows with each other. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final, Literal

from attrs import evolve, field, frozen

from .._text.tables import Record, Records, TupleOf
from .._text.words import lines_in_words
from ..errors import CssError, EmptySet, Refused, Remedy, TooManyRemovals, Withheld
from ..models import Outcome, User
from ..people import identification
from ..people.identities import Person, identity_of
from ..people.searches import can_be_looked_up

Action = Literal["grant", "revoke"]


@frozen
class Row(Record):
    """One row of a roster: a role that a person must have (`grant`) or must not have (`revoke`)."""

    line: int
    person: Person
    role: str
    integration: str
    environment: str
    action: Action = "grant"
    given: tuple[str, ...] = field(default=(), repr=False, eq=False)
    """Other names or ids given for the integration, in the row or for all rows. They must mean the same integration."""
    email: str = field(default="", repr=False, eq=False)
    """The e-mail address that the row gives in addition to a username, if any. The user must have this address."""

    until: datetime.date | None = field(default=None, repr=False, eq=False)
    """The last day on which the person must have the role; None if the grant has no end."""

    @property
    def place(self) -> tuple[str, str]:
        """Return the integration and the environment, as the row names them."""
        return self.integration, self.environment


class Roster(TupleOf[Row]):
    """The rows of a roster.

    Attributes:
        indirect: the numbers of lines that were left out, because the person has the role only through a composite.
        finished: the rows that were left out, because a result file reports them as done. Each row has its outcome.
        ended: the numbers of lines that were left out, because their last day is over.
        synonyms: the names in the file that differ from a roster's column names, with the column that each name means,
            such as `{"Role name": "role"}`. Names that were passed as `columns` are not included.
        unused: the names of columns in the file that css-sdk does not use, such as `Held`. Names that were passed as
            `ignore` are not included.
        outcome_columns: the names of columns in the file that say whether a row is done, such as `outcome`.
    """

    indirect: tuple[int, ...] = ()
    finished: tuple[RowResult, ...] = ()
    ended: tuple[int, ...] = ()
    synonyms: Mapping[str, str] = {}
    unused: tuple[str, ...] = ()
    outcome_columns: tuple[str, ...] = ()


@frozen
class RowResult(Record):
    """The outcome of one row. If the roster is only checked, the outcome of a row that would be applied is `planned`.

    `error` says why a row is `failed` or `unknown`, or why it was skipped. If a roster is `exact`, there is also a
    result for each member who loses a role. The row of such a result has the line 0.
    """

    row: Row
    outcome: Outcome | Literal["planned"]
    error: CssError | None = None
    repeats: int | None = field(default=None, repr=False)
    """The line of an earlier row with the same meaning; None if there is none."""
    user: User | None = field(default=None, repr=False, eq=False)
    """The member who loses a role because an exact roster does not list this member; None for all other rows."""

    _also: ClassVar = ("state",)

    @property
    def state(self) -> str:
        """Return the outcome in words, such as `done`, `already has it`, `not found` or `never logged in`.

        If the outcome is `failed`, return the reason in words.
        """
        match self.outcome:
            case "planned":
                return "to do"
            case "already":
                return _ALREADY[self.row.action]
            case "failed":
                return identification.state_of(self.row.person, self.error)
            case "done" | "unknown":
                return self.outcome

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left to do for the row."""
        return self.outcome in ("done", "already")


@frozen
class RoleRemovals(Records):
    """The members who lose a role because an exact roster does not list them.

    Attributes:
        integration: the integration, as the roster names it.
        environment: the environment of the role.
        role: the name of the role.
        users: the members who lose the role.
        members: the number of members before the removals.
        also_listed: the usernames in `users` of people who keep the role with another login. The roster lists this
            other login.
    """

    integration: str
    environment: str
    role: str
    users: tuple[User, ...]
    members: int
    also_listed: tuple[str, ...] = field(default=(), repr=False)

    _rows_in: ClassVar = "users"

    @property
    def usernames(self) -> tuple[str, ...]:
        """Return the usernames of those who lose the role."""
        return tuple(user.username for user in self.users)


_ALREADY: Final[Mapping[Action, str]] = {"grant": "already has it", "revoke": "does not have it"}
DONE: Final = frozenset({"done", *_ALREADY.values(), "already"})
"""The states and outcomes in a result file that mean that nothing is left to do for the row."""


def refuses_all(result: RowResult) -> bool:
    """Return whether the error of a row refuses the whole exact roster, because too many people would lose a role."""
    return isinstance(result.error, EmptySet | TooManyRemovals)


def withheld(role: str) -> Withheld:
    """Return the error for removals from a role. They are withheld, because a failed row may be about any member."""
    return Withheld(
        f"Nobody loses the role {role!r} for now. A row of the roster cannot be carried out, and may be about a member "
        f"of this role. Correct or delete that row, and apply the roster again."
    )


def login_to_compare(row: Row) -> Person | None:
    """Return the login to search for by GUID, to compare its e-mail address with the address in the row.

    Return None if the row has nothing to compare, or if the login cannot be searched by GUID.
    """
    guid, _, provider = row.person.value.partition("@")
    if not row.email or row.person.by != "username" or not can_be_looked_up(guid, provider):
        return None
    return Person("guid", guid, provider)


def row_for(row: Row, user: User) -> Row:
    """Return a copy of a row that names the person by username.

    If the row names the person by e-mail address, the copy keeps this address.
    """
    email = row.person.value if row.person.by == "email" else ""
    return evolve(row, person=Person("username", user.username), email=email)


def find_repeated(rows: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Return each row that means the same as an earlier row of the file, with the first row of this meaning.

    >>> rows = [Row(line, Person("username", "0F3A@idir"), "reviewer", "101", "dev") for line in (2, 3)]
    >>> [(again.line, first.line) for again, first in find_repeated(rows)]
    [(3, 2)]
    """
    first: dict[tuple[str, ...], Row] = {}
    pairs = [(row, first.setdefault(_meaning_of(row), row)) for row in rows]
    return [(row, earlier) for row, earlier in pairs if row is not earlier]


def find_other(results: Iterable[Row], rows: Iterable[Row], *, exact: bool = False) -> Row | None:
    """Return the first row of a result file that is not a row of the roster; None if all are.

    Such a row shows that somebody corrected the result file. If the roster is exact, rows that revoke a role are
    ignored, because css-sdk added these rows for the members who lost the role.

    Args:
        results: the rows of the result file.
        rows: the rows of the roster.
        exact: whether the roster is exact.

    >>> original, other = (Row(2, Person("email", f"{name}@example.com"), "reviewer", "101", "dev") for name in "ab")
    >>> find_other([original], [original]), find_other([other], [original]) == other
    (None, True)
    """
    known = set(map(_meaning_of, rows))
    others = (row for row in results if _meaning_of(row) not in known)
    return next((row for row in others if not (exact and row.action == "revoke")), None)


def names_nobody(name: str) -> EmptySet:
    """Return the error for an exact roster that names nobody."""
    return EmptySet(
        f"{name} names nobody: everybody would lose their roles. Nothing was sent.",
        remedy=Remedy(
            "List all who must have a role, or leave out exact=True.",
            "List all who must have a role, or leave out --exact.",
        ),
    )


def check_exact(rows: Sequence[Row], name: str = "The roster") -> None:
    """Refuse rows that cannot be an exact roster: no rows at all, or a row that revokes a role.

    An exact roster lists only people who must have a role. `name` is its name in messages.
    """
    if not rows:
        raise names_nobody(name)
    lines = [row.line for row in rows if row.action == "revoke"]
    if lines:
        raise Refused(
            f"An exact roster lists everybody who must have a role, and all others lose the role. Leave out the rows "
            f"that revoke a role ({lines_in_words(lines)}). Nothing was sent."
        )


def without_ended(rows: Sequence[Row], day: datetime.date, *, prune: bool) -> tuple[list[Row], tuple[int, ...]]:
    """Return the rows that apply on a day, and the lines of the rows that are left out because their last day is over.

    A row still applies on its last day. With `prune`, a row whose last day is over becomes a row that revokes the role.
    But it is left out if another row still grants the role.

    >>> row = Row(2, Person("username", "0F3A@idir"), "reviewer", "101", "dev", until=datetime.date(2027, 3, 31))
    >>> [without_ended([row], datetime.date(2027, 4, 1), prune=prune)[0] == [row] for prune in (True, False)]
    [False, False]
    >>> without_ended([row], datetime.date(2027, 3, 31), prune=True)[0] == [row]
    True
    """

    def is_over(row: Row) -> bool:
        return row.until is not None and row.until < day

    granted = {_meaning_of(row)[:-1] for row in rows if row.action == "grant" and not is_over(row)}
    left: list[Row] = []
    ended: dict[int, None] = {}
    for row in rows:
        if not is_over(row):
            left.append(row)
        elif prune and _meaning_of(row)[:-1] not in granted:
            left.append(evolve(row, action="revoke", until=None))
        else:
            ended[row.line] = None
    return left, tuple(ended)


def _meaning_of(row: Row) -> tuple[str, ...]:
    """Return the meaning of a row: the identity of the person, the role, the place and the action.

    If two rows have the same meaning, one repeats the other.
    """
    return identity_of(row.person), row.role, *row.place, row.action


def contradictions(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of each row that contradicts an earlier row.

    Rows contradict each other if one grants a role in a place to a person, and the other revokes it.
    """
    seen: dict[tuple[str, ...], Row] = {}
    for row in rows:
        other = seen.setdefault(_meaning_of(row)[:-1], row)
        if other.action != row.action:
            yield row.line, f"it contradicts line {other.line}: one grants the role, the other revokes it"
