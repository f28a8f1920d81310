"""Rosters: who shall have which role where, read from CSV with every fault told by its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Literal

from attrs import frozen

from . import _rules
from .errors import Ambiguous, CssError, InvalidFile, NotFound, Refused
from .models import Outcome, ServiceAccount

Action = Literal["grant", "revoke"]
PersonBy = Literal["username", "guid", "email", "client_id"]

_PERSON_COLUMNS: Final[tuple[PersonBy, ...]] = ("username", "guid", "email", "client_id")
_COLUMNS: Final = (*_PERSON_COLUMNS, "role", "integration", "environment", "action")
_ALL_COLUMNS: Final = (*_COLUMNS, "outcome", "message")
_DELIMITERS: Final = ",;\t"


@frozen
class Person:
    """Somebody as a roster names them: by `username`, `guid`, `email` or `client_id`.

    `provider` says whose login a GUID or an e-mail address means, where several may have it.
    """

    by: PersonBy
    value: str
    provider: str | None = None

    @property
    def user(self) -> str | ServiceAccount | None:
        """What the facade takes as a user, or None where a search has to find the username first."""
        match self.by:
            case "username":
                return self.value
            case "client_id":
                return ServiceAccount(self.value)
            case _:
                return None


@frozen
class Row:
    """One line of a roster: a role that somebody shall have, or shall not."""

    line: int
    person: Person
    role: str
    integration: str
    environment: str
    action: Action = "grant"

    @property
    def place(self) -> tuple[str, str]:
        """Integration and environment."""
        return self.integration, self.environment


@frozen
class RowResult:
    """How one row ended; `error` says why where it is `failed` or `unknown`."""

    row: Row
    outcome: Outcome
    error: CssError | None = None

    @property
    def state(self) -> str:
        """The outcome in words, with the states that ask for something of their own told apart."""
        match self.outcome, self.error:
            case "confirmed", _:
                return "done"
            case "already", _:
                return "already so"
            case "unknown", _:
                return "unknown"
            case _, NotFound(what="user"):
                return "never logged in"
            case _, Ambiguous():
                return "ambiguous"
            case _:
                return "failed"

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do for the row."""
        return self.outcome in ("confirmed", "already")


def text_of(content: bytes, name: str) -> str:
    """The text of a file as Excel and editors write it: UTF-8, or UTF-16 with its byte order mark.

    Raises:
        InvalidFile: for any other encoding.
    """
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise InvalidFile(f"{name} is not text in UTF-8. In Excel, save it as «CSV UTF-8».") from None


def read_roster(
    content: str | bytes, name: str, *, integration: str | None = None, environment: str | None = None
) -> tuple[Row, ...]:
    """The rows of a roster, checked without a request.

    Columns: `username`, `guid`, `email` or `client_id`; `role`; `integration`; `environment`; `action`, which is
    `grant` or `revoke`. A file that holds results is read too: its rows that are done are left out.

    Args:
        content: of the file, as text or as bytes; separated by commas, semicolons or tabs.
        name: of the file, for messages.
        integration: id or project name, for rows that name none.
        environment: for rows that name none.

    Raises:
        InvalidFile: with every fault and its line.

    >>> [row] = read_roster("username,role\\n0f3a@idir,reviewer", "roster.csv", integration="101", environment="dev")
    >>> row.person
    Person(by='username', value='0f3a@idir', provider=None)
    """
    text = content if isinstance(content, str) else text_of(content, name)
    faults: list[str] = []
    rows: list[Row] = []
    (line, header), *lines = [*_cells(text.removeprefix("\ufeff"), name)] or [(1, [])]
    columns = [cell.strip().lower() for cell in _without_empty_end(header)]
    _check_header(columns, f"{name}:{line}", integration, environment)
    if not lines:
        faults.append(f"{name}:{line}: nobody stands in it")
    for line, cells in lines:
        if len(_without_empty_end(cells)) > len(columns):
            faults.append(f"{name}:{line}: {len(cells)} cells where the header has {len(columns)}")
            continue
        filled = dict(zip(columns, cells, strict=False))
        if filled.get("outcome", "").strip() in ("done", "already so"):
            continue
        row, wrong = _row(line, filled, integration, environment)
        faults += [f"{name}:{line}: {fault}" for fault in wrong]
        if row is not None:
            rows.append(row)
    faults += _contradictions(rows, name)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise InvalidFile(f"{name} has {count}; nothing was sent.", faults=faults)
    return tuple(rows)


def results_as_csv(results: Iterable[RowResult]) -> str:
    """The results as a roster that can be read again: only what is not done will be tried then."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_ALL_COLUMNS)
    for result in results:
        row = result.row
        person = [row.person.value if by == row.person.by else "" for by in _PERSON_COLUMNS]
        place = [row.role, row.integration, row.environment, row.action]
        writer.writerow([*person, *place, result.state, str(result.error or "")])
    return out.getvalue()


def _cells(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that hold anything, with the number of the line on which each begins."""
    told = re.match(r"sep=(.)\r?\n", text)  # a line that Excel reads, and some programs write for it
    first = next((line for line in text.splitlines() if line.strip(_DELIMITERS + " ")), "")
    delimiter = told[1] if told else max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text[told.end() if told else 0 :], newline=""), delimiter=delimiter, strict=True)
    before = line = 2 if told else 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + before
    except csv.Error as error:
        raise InvalidFile(f"{name}:{line}: this is not CSV: {error}.", faults=[f"{name}:{line}: {error}"]) from None


def _without_empty_end(cells: list[str]) -> list[str]:
    """The cells but for the empty ones that a spreadsheet leaves at the end."""
    filled = [number for number, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: filled[-1]] if filled else []


def _check_header(columns: Sequence[str], where: str, integration: str | None, environment: str | None) -> None:
    faults = [
        f"{where}: there is no column {column!r}; the columns are {', '.join(_COLUMNS)}"
        for column in columns
        if column not in _ALL_COLUMNS
    ]
    faults += [f"{where}: the column {column!r} stands twice" for column in _ALL_COLUMNS if columns.count(column) > 1]
    if not set(_PERSON_COLUMNS) & set(columns):
        faults.append(f"{where}: no column tells who: username, guid, email or client_id")
    given = {"role": None, "integration": integration, "environment": environment}
    faults += [f"{where}: the column {c!r} is missing" for c, v in given.items() if c not in columns and not v]
    if faults:
        told = "these are not the columns of a roster" if any(columns) else "the file is empty"
        raise InvalidFile(f"{where}: {told}; nothing was sent.", faults=faults)


def _row(
    line: int, filled: dict[str, str], integration: str | None, environment: str | None
) -> tuple[Row | None, list[str]]:
    faults: list[str] = []
    named = [Person(by, filled[by].strip()) for by in _PERSON_COLUMNS if filled.get(by, "").strip()]
    if len(named) != 1:
        told = f"{len(named)} of {', '.join(_PERSON_COLUMNS)} are filled in" if named else "nobody is named"
        faults.append(f"{told}; fill in exactly one of {', '.join(_PERSON_COLUMNS)}")
    elif named[0].user is not None:
        faults += _refusal(_rules.username_of, named[0].user)
    elif named[0].by == "email" and "@" not in named[0].value:
        faults.append(f"{named[0].value!r} is no e-mail address")
    elif named[0].by == "guid" and not named[0].value.isalnum():
        faults.append(f"{named[0].value!r} is no GUID")
    role = filled.get("role", "")
    faults += _refusal(_rules.check_role_name, role)
    if role.strip() and role != role.strip():
        faults.append(f"the role {role!r} has blanks around it")
    where = filled.get("integration", "").strip() or integration or ""
    if not where:
        faults.append("no integration")
    environment = filled.get("environment", "").strip() or environment or ""
    faults += _refusal(_rules.check_known_environment, environment) if environment else ["no environment"]
    action = filled.get("action", "").strip().lower() or "grant"
    if action not in ("grant", "revoke"):
        faults.append(f"the action {action!r} is neither grant nor revoke")
    if faults:
        return None, faults
    return Row(line, named[0], role, where, environment, "grant" if action == "grant" else "revoke"), []


def _refusal(check: Callable[[Any], object], value: Any) -> list[str]:
    try:
        check(value)
    except Refused as error:
        return [str(error)]
    return []


def _contradictions(rows: Sequence[Row], name: str) -> list[str]:
    seen: dict[tuple[str, str, str, str], Row] = {}
    faults = []
    for row in rows:
        other = seen.setdefault((_identity(row.person), row.role, row.integration, row.environment), row)
        if other.action != row.action:
            faults.append(f"{name}:{row.line}: {row.action} of what line {other.line} would {other.action}")
    return faults


def _identity(person: Person) -> str:
    """The same text for the same person, however they are written in this way or that."""
    return f"{person.by}={person.value.casefold()}" if person.user is None else _rules.username_of(person.user)
