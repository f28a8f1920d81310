"""Read rosters into rows, report every fault with its line, and hold the result of each row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from .._service import arguments, environment_checks, identifiers
from .._text.csv_lines import csv_line
from .._text.escaping import hidden_in, with_codes
from .._text.files import MOST_BYTES, FirstFaults, text_of
from .._text.tables import Tabular
from ..errors import CssError, EmptySet, InvalidRequest, Refused, Remedy, TooManyRemovals, Withheld
from ..models import PROVIDERS, Outcome, User
from ..people import cells as _person_cells
from ..people import identification
from ..people.cells import PERSON_COLUMNS
from ..people.identities import Person, identity_of
from ..state import Step

Action = Literal["grant", "revoke"]


@frozen
class Row(Tabular):
    """One line of a roster: a role that somebody must have, or must not have."""

    line: int
    person: Person
    role: str
    integration: str
    environment: str
    action: Action = "grant"
    given: str = field(default="", repr=False, eq=False)
    """The integration that was given for all rows, if this row names it in another way."""

    @property
    def place(self) -> tuple[str, str]:
        """Return integration and environment."""
        return self.integration, self.environment


@frozen
class RowResult(Tabular):
    """The outcome of one row; in a check, what it would be: `planned` if there is something to do.

    `error` says why a row is `failed` or `unknown`, or why it was skipped. For an `exact` roster a row of line 0 stands
    for somebody who loses a role.
    """

    row: Row
    outcome: Outcome | Literal["planned"]
    error: CssError | None = None
    repeats: int | None = field(default=None, repr=False)
    """Line of an earlier row that means the same."""
    user: User | None = field(default=None, repr=False, eq=False)
    """The user who loses a role because an exact roster does not list them."""

    _also: ClassVar = ("state",)

    @property
    def state(self) -> str:
        """Return the outcome in words; a failure that needs a step of its own has a word of its own."""
        match self.outcome:
            case "confirmed":
                return "done"
            case "planned":
                return "to do"
            case "already":
                return _ALREADY[self.row.action]
            case "unknown":
                return "unknown"
            case "failed":
                return identification.state_of(self.row.person, self.error)

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left to do for the row."""
        return self.outcome in ("confirmed", "already")


@frozen
class RoleRemovals(Tabular):
    """The members who lose a role because an exact roster does not list them.

    `members` is the number of members before. `also_listed` are the usernames that are listed with another login.
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


_DONE: Final = ("done", *_ALREADY.values())
"""The states of rows for which nothing is left to do."""


def read_roster(
    content: str | bytes,
    name: str = "the roster",
    *,
    integration: str | None = None,
    environment: str | None = None,
    exact: bool = False,
    ignore: str | Iterable[str] = (),
    max_bytes: int | None = MOST_BYTES,
) -> tuple[Row, ...]:
    """Return the rows of a roster, checked without a request.

    Columns: `username`, `guid`, `email` or `client_id`; `provider`, whose login a GUID or an address means; `role`;
    `integration`; `environment`; `action`, which is `grant` or `revoke`. A file of results is read too: its rows that
    are done are left out.

    Args:
        content: of the file, as text or as bytes: CSV separated by commas, semicolons or tabs, or an object of JSON
            on each line, with the same names and texts for values.
        name: of the file, for messages; `.jsonl` and `.ndjson` mean JSON lines, otherwise the first character decides.
        integration: id or project name, for rows that name none; another one in a row is a fault. If one of the two is
            an id and the other a name, `apply_roster` compares them. A number in JSON is an id, as the text `#101` is;
            a text of digits may be a name as well.
        environment: for rows that name none; another one in a row is a fault.
        ignore: names of columns that hold something else, such as notes.
        exact: whether it is for `apply_roster(…, exact=True)`, which needs the whole roster.
        max_bytes: largest size that is read, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: with every fault and its line; if there are more than 100, with the first and their number.
        InvalidRequest: for the name of a file, or for anything else that is not content.
        EmptySet: for a roster that names nobody, if it is `exact`.
        Refused: for a file of results, if it is `exact`: it names only what was left to do.

    >>> text = "email,role\\nIlse <ilse.hargreave@example.com>;,reviewer"
    >>> [row] = read_roster(text, "roster.csv", integration="101", environment="dev")
    >>> row.person
    Person(by='email', value='ilse.hargreave@example.com', provider=None)
    """
    from . import formats

    if not isinstance(content, (str, bytes)) or (isinstance(content, str) and formats.is_file_name(content)):
        raise InvalidRequest(
            "Pass the content of the roster, Path(…).read_bytes(), and the file name as the second argument."
        )
    ignore = arguments.names(ignore, "column to ignore")
    text = text_of(content, name, max_bytes)
    emptied = EmptySet(
        f"{name} names nobody: everybody would lose their roles. Nothing was sent; list everybody who must have them.",
        remedy=Remedy("Or leave out exact=True.", "Or leave out --exact."),
    )
    if exact and formats.is_blank(text):
        raise emptied
    lines = formats.lines_of(text, name, integration, environment, ignore)
    if exact and not lines:
        raise emptied
    if exact and any("outcome" in line.cells for line in lines):
        raise Refused(
            f"{name} is a result file, which does not list everybody. Nothing was sent. Pass the roster itself."
        )
    faults = FirstFaults(name)
    if not lines:
        faults.add(1, "it names nobody")
    rows: list[Row] = []
    for line in lines:
        wrong = list(line.faults)
        if not wrong and line.cells.get("outcome", "").strip() not in _DONE:
            row, wrong = _row(line.number, line.cells, integration, environment)
            rows += [row] if row is not None else []
        for fault in wrong:
            faults.add(line.number, fault)
    for number, fault in _contradictions(rows):
        faults.add(number, fault)
    if faults.count:
        raise faults.error()
    return tuple(rows)


def refuses_all(result: RowResult) -> bool:
    """Return whether an exact roster is refused as a whole for this removal, as a check reports it."""
    return isinstance(result.error, EmptySet | TooManyRemovals)


def withheld(role: str) -> Withheld:
    """Return the reason why a removal is withheld.

    Args:
        role: the role that nobody loses for now.
    """
    return Withheld(
        f"Nobody loses the role {role!r} for now, because a row of this role has a fault and may mean this user. "
        f"Correct or delete that row, and apply the roster again."
    )


def find_contradicting(steps: Mapping[int, Step]) -> list[int]:
    """Return the rows that both add and remove the same role of the same user. Call it after everybody is found.

    Args:
        steps: what each row means, by the number of the row.
    """
    kinds: dict[tuple[object, ...], set[str]] = {}
    for step in steps.values():
        kinds.setdefault((step.place, step.role, step.target), set()).add(step.kind)
    return [n for n, step in steps.items() if len(kinds[step.place, step.role, step.target]) > 1]


def find_repeated(rows: Iterable[Row]) -> list[tuple[Row, Row]]:
    """Return each row that repeats an earlier row of the file, with the earlier row.

    >>> rows = [Row(line, Person("username", "0F3A@idir"), "reviewer", "101", "dev") for line in (2, 3)]
    >>> [(again.line, first.line) for again, first in find_repeated(rows)]
    [(3, 2)]
    """
    first: dict[tuple[str, ...], Row] = {}
    pairs = [(row, first.setdefault(_meaning_of(row), row)) for row in rows]
    return [(row, earlier) for row, earlier in pairs if row is not earlier]


def find_other(results: Iterable[Row], rows: Iterable[Row], *, exact: bool = False) -> Row | None:
    """Return a row of a result file that does not come from a roster, because somebody corrected it; else None.

    Args:
        results: the rows of the result file.
        rows: the rows of the roster.
        exact: whether the roster is exact. Then rows that revoke come from css-sdk.

    >>> wrong, right = (Row(2, Person("email", f"{name}@example.com"), "reviewer", "101", "dev") for name in "ab")
    >>> find_other([wrong], [wrong]), find_other([right], [wrong]) == right
    (None, True)
    """
    known = set(map(_meaning_of, rows))
    others = (row for row in results if _meaning_of(row) not in known)
    return next((row for row in others if not (exact and row.action == "revoke")), None)


def check_exact(rows: Sequence[Row]) -> None:
    """Refuse rows that cannot be an exact roster.

    Raises:
        EmptySet: for no rows.
        Refused: for rows that revoke: an exact roster leaves out who must not have a role.
    """
    if not rows:
        raise EmptySet("The roster names nobody: everybody would lose their roles. Nothing was sent.")
    lines = [str(row.line) for row in rows if row.action == "revoke"]
    if lines:
        raise Refused(
            f"An exact roster names who must have a role, and removes it from everybody else. Leave out the rows that "
            f"revoke (line {', '.join(lines[:10])}{', …' if len(lines) > 10 else ''}). Nothing was sent."
        )


def results_as_csv(results: Iterable[RowResult]) -> str:
    """Return results as a roster that can be applied again, which does only what is left.

    A `'` precedes cells that a spreadsheet would take for a formula; `read_roster` removes it. Removals that were
    withheld are left out: they wait until the roster itself is corrected.
    """
    from .formats import ALL_COLUMNS

    lines = [csv_line(ALL_COLUMNS)]
    for result in results:
        if isinstance(result.error, Withheld):
            continue
        row = result.row
        person = [row.person.value if by == row.person.by else "" for by in PERSON_COLUMNS]
        place = [row.person.provider or "", row.role, row.integration, row.environment, row.action]
        lines.append(
            csv_line([*person, *place, result.state, "" if result.error is None else result.error.text_for("file")])
        )
    return "".join(f"{line}\r\n" for line in lines)


def _meaning_of(row: Row) -> tuple[str, ...]:
    return identity_of(row.person), row.role, *row.place, row.action


def _row(
    line: int, filled: Mapping[str, str], integration: str | None, environment: str | None
) -> tuple[Row | None, list[str]]:
    provider = filled.get("provider", "").strip().lower() or None
    person, faults = _person(filled, provider)
    if provider is not None and provider not in PROVIDERS:
        faults.append(f"there is no provider {provider!r}; there are {', '.join(PROVIDERS)}")
    elif provider is not None and person is not None and person.user is not None:
        faults.append("fill in provider only with a guid or an email")
    role = filled.get("role", "")
    faults += _refusal(identifiers.check_role_name, role)
    if role.strip() and role != role.strip():
        faults.append(f"the role {role!r} has blanks around it")
    where, fault = _one_of("integration", filled, integration)
    faults += fault
    there, fault = _one_of("environment", filled, environment)
    faults += fault or _refusal(environment_checks.check_known_environment, there)
    faults += _hidden({"role": role, "integration": where, "environment": there})
    action = filled.get("action", "").strip().lower() or "grant"
    if action not in ("grant", "revoke"):
        faults.append(f"the action {action!r} is neither grant nor revoke")
    if faults or person is None:
        return None, faults
    given = integration if integration and integration != where else ""
    return Row(line, person, role, where, there, "grant" if action == "grant" else "revoke", given), []


def _person(filled: Mapping[str, str], provider: str | None) -> tuple[Person | None, list[str]]:
    """Return whom a row names, and what is wrong with that."""
    cells = {by: _person_cells.cleaned(cell) for by in PERSON_COLUMNS if (cell := filled.get(by))}
    named = [by for by, cell in cells.items() if cell]
    if len(named) != 1:
        filled_in = f"{len(named)} of {', '.join(PERSON_COLUMNS)} are filled in" if named else "nobody is named"
        return None, [f"{filled_in}; fill in exactly one of {', '.join(PERSON_COLUMNS)}"]
    [by] = named
    fault = _person_cells.fault_of(by, cells[by], provider)
    return Person(by, cells[by], provider), [] if fault is None else [fault]


def _hidden(names: Mapping[str, str]) -> list[str]:
    """Return a fault for each name that holds characters which nobody sees."""
    return [
        f"the {column} {with_codes(name)!r} holds {with_codes(hidden)}, which is invisible: type it again without this"
        for column, name in names.items()
        if (hidden := hidden_in(name))
    ]


def _one_of(column: str, filled: Mapping[str, str], given: str | None) -> tuple[str, list[str]]:
    """Return the value of a column of a row, or else the value for all rows; and a fault if the two differ."""
    own = filled.get(column, "").strip()
    if own and given and not _is_same(own, given):
        return own, [f"the {column} is {own!r}, but {given!r} was given for all rows"]
    return own or given or "", [] if own or given else [f"no {column}"]


def _is_same(own: str, given: str) -> bool:
    """Return whether two values may mean the same. `#101` and `101` are one id. An id may belong to any name."""
    is_id = identifiers.integration_id(own) or identifiers.integration_id(given)
    numbers = [re.fullmatch("#?[0-9]+", text) is not None for text in (own, given)]
    return own == given or numbers[0] != numbers[1] or bool(is_id and own.removeprefix("#") == given.removeprefix("#"))


def _refusal(check: Callable[[Any], object], value: Any) -> list[str]:
    try:
        check(value)
    except Refused as error:
        return [error.text_for("file")]
    return []


def _contradictions(rows: Sequence[Row]) -> Iterator[tuple[int, str]]:
    seen: dict[tuple[str, ...], Row] = {}
    for row in rows:
        other = seen.setdefault(_meaning_of(row)[:-1], row)
        if other.action != row.action:
            yield row.line, f"it contradicts line {other.line}: one grants the role, the other revokes it"
