"""Read rosters into rows, and report every fault with its line. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any, Final, Literal

from .._service import arguments, environment_checks, identifiers
from .._text.days import read_day
from .._text.escaping import hidden_in, with_codes
from .._text.files import MOST_BYTES, FirstFaults
from .._text.shells import quote
from .._text.tables import Tabular
from .._text.words import joined
from ..errors import InvalidRequest, Refused, Remedy, UnusableUser
from ..models import PROVIDERS, SERVICE_ACCOUNT_PREFIX
from ..people.cells import PERSON_COLUMNS, PersonBy, cleaned, fault_of
from ..people.identities import Person
from ..people.logins import person_named
from .cells import Source
from .columns import ARGUMENTS, CANDIDATES, NEEDED, ColumnNames
from .formats import EXPECTED_CONTENT, Line, is_file_name, is_frame, lines_of
from .rows import DONE, Action, Roster, Row, RowResult, check_exact, contradictions, names_nobody, without_ended

_ACTIONS: Final[Mapping[str, Action]] = {"": "grant", "grant": "grant", "revoke": "revoke"}
_YES_OR_NO: Final = {"": True, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_OUTCOMES: Final = ("outcome", "state")
"""The columns of css-sdk's results that say whether a row is done."""
_ANSWERS: Final = {
    "direct": "",
    "service_account": ". If it names accounts, pass --column client_id={name}. To ignore it, pass --ignore {name}",
}
"""The columns of css-sdk's reports that hold yes or no, each with a hint for other values."""
_SPLIT: Final = ("role", *PERSON_COLUMNS, "person")


Given = Mapping[str, str | None]
"""The values that were passed for all rows, by column; None if no value was passed for a column."""


def read_roster(
    content: object,
    name: str = "The roster",
    *,
    integration: str | None = None,
    environment: str | None = None,
    role: str | None = None,
    action: str | None = None,
    columns: Mapping[str, str] | None = None,
    ignore: str | Iterable[str] = (),
    split: str | None = None,
    skip_rows: int = 0,
    sheet: str | None = None,
    encoding: str | None = None,
    exact: bool = False,
    day: datetime.date | None = None,
    prune: bool = False,
    max_bytes: int | None = MOST_BYTES,
) -> Roster:
    """Read a roster, check it without a request, and return its rows.

    One of the columns `username`, `guid`, `email` and `client_id` names the person. With a GUID or an e-mail address,
    the column `provider` can name the provider of the login. The other columns are `role`, `integration`,
    `environment`, `action` (`grant` or `revoke`) and `until` (the last day). Common variants of these names are known,
    such as `E-mail address`. If a row has a username, the other columns that name the person must agree with it.

    Files that css-sdk writes can be read, too: reports, lists of members, and result files. Rows that a result file
    reports as done are left out. The attribute `finished` of the roster has these rows. Roles that people have only
    through composite roles are also left out. The attribute `indirect` has the lines of these roles.

    Args:
        content: the content of a file, as text or as bytes. The file can be CSV (separated by commas, semicolons, tabs
            or `|`), JSON (an object on each line, or an array of objects) or an Excel workbook (`.xlsx`). Instead of a
            file, this can be a DataFrame of pandas or polars, a list of dictionaries, or results of css-sdk, such as a
            report.
        name: the name of the file, for messages. A text is read as JSON if the name ends in `.jsonl`, `.ndjson` or
            `.json`. For other names, css-sdk detects the format from the content.
        integration: the id or project name of the integration, for rows that name none. If a row names a different
            one, this is a fault. If the row gives an id and this argument is a name, or vice versa, `apply_roster`
            compares them. A number in JSON and the text `#101` are ids. A text of digits can be an id or a name.
        environment: the environment, for rows that name none. If a row names a different one, this is a fault.
        role: the role, for rows that name none. If a row names a different one, this is a fault.
        action: the action, for rows that name none. If a row names a different one, this is a fault.
        columns: for each column of a roster, the name of this column in the file, such as `{"role": "Rolle"}`.
        ignore: the names of columns in the file to ignore, such as notes.
        split: the separator of several roles or several people in one cell, such as `;`.
        skip_rows: the number of lines above the header.
        sheet: the name of the sheet to read in a workbook. It is needed if several sheets have content.
        encoding: the encoding of a text, by default UTF-8 or UTF-16. Older programs write `cp1252`.
        exact: whether the roster is for `apply_roster(…, exact=True)`, which needs a complete roster.
        day: the current day. It is needed if a row has a last day, in the column `until`. A row whose last day is over
            is left out, and the attribute `ended` of the roster has its line.
        prune: whether a row whose last day is over revokes the role, unless another row still grants it. With `exact`,
            `prune` has no effect, because an exact roster removes everybody whom it does not list.
        max_bytes: the largest size that is accepted, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: the roster has faults. The error lists each fault with its line. If there are more than 100, it
            lists the first 100 and gives the number of all faults.
        InvalidRequest: `content` is the name of a file, or is not content of a roster.
        EmptySet: `exact` is True, and the roster names nobody.
        Refused: `exact` is True, and a row revokes a role, or the content is a result file. A result file does not list
            everybody.
        ConfigurationError: the content is a workbook, and python-calamine is not installed.

    >>> text = "E-mail,Role name\\nIlse <ilse.hargreave@example.com>;,reviewer"
    >>> [row] = read_roster(text, "roster.csv", integration="101", environment="dev")
    >>> row.person
    Person(by='email', value='ilse.hargreave@example.com', provider=None)
    >>> [row.role for row in read_roster([{"email": "ilse.hargreave@example.com", "roles": "reader; writer"}],
    ...                                  integration="101", environment="dev", split=";")]
    ['reader', 'writer']
    """
    if isinstance(content, str) and is_file_name(content):
        raise InvalidRequest(EXPECTED_CONTENT)
    if split is not None and not split.strip():
        raise InvalidRequest("The separator of several roles or people must not be blank. An example is ';'.")
    names = ColumnNames(columns or {}, arguments.names(ignore, "column to ignore"))
    source = Source(name, skip_rows, sheet, encoding, max_bytes)
    given = {"role": role, "integration": integration, "environment": environment, "action": action and action.lower()}
    if exact and isinstance(content, (str, bytes)) and not content.strip(_BLANK_TEXT[isinstance(content, str)]):
        raise names_nobody(name)
    lines = lines_of(content, source, names, given)
    if exact and not lines:
        raise names_nobody(name)
    if exact and ("outcome" in names.found or any(line.cells.get("state") in DONE for line in lines)):
        raise Refused(
            f"{name} is a result file, which does not list everybody. Nothing was sent. Pass the roster itself."
        )
    faults = FirstFaults(name, Remedy(ARGUMENTS, ""))
    if not lines:
        faults.add(1, "it names nobody; write a row for each person and role")
    rows: list[Row] = []
    indirect: list[int] = []
    finished: list[RowResult] = []
    for line in lines:
        wrong: Iterable[str] = line.faults or _faults_of_answers(line, names)
        if not wrong and not _YES_OR_NO[line.cells.get("direct", "").strip().lower()]:
            indirect.append(line.number)
        elif not wrong:
            found, wrong = _rows_of(line, given, split, day)
            outcome = _outcome_of(line)
            rows += [] if outcome else found
            finished += [RowResult(row, outcome) for row in found if outcome]
        for fault in wrong:
            faults.add(line.number, fault)
    rows, ended = without_ended(rows, day, prune=prune and not exact) if day is not None else (rows, ())
    for number, fault in contradictions(rows):
        faults.add(number, fault)
    if faults.count:
        raise faults.error()
    if exact:
        check_exact(rows, name)
    roster = Roster(rows)
    roster.indirect, roster.finished, roster.ended = tuple(indirect), tuple(finished), ended
    roster.synonyms, roster.unused = names.synonyms, tuple(names.unused)
    roster.outcome_columns = tuple(names.in_file[column] for column in _OUTCOMES if column in names.in_file)
    return roster


_BLANK_TEXT: Final[Any] = (b",;\t| \r\n\xef\xbb\xbf", ",;\t| \r\n\ufeff")
"""The characters that a file can have if all its cells are empty: as bytes, and as text."""


def rows_from(given: Any, *, exact: bool) -> tuple[Row, ...]:
    """Return the rows of a roster that was passed to `apply_roster`.

    If the roster is already a list of `Row` objects, return these objects. If the roster is a DataFrame, dictionaries
    or results of css-sdk, read the rows with `read_roster`.
    """
    is_table = is_frame(given)
    if not is_table and not isinstance(given, (str, bytes, Mapping)) and isinstance(given, Iterable):
        given = list(given)
    first = given[0] if isinstance(given, list) and given else given
    if is_table or (isinstance(first, Mapping | Tabular) and not isinstance(first, Row)):
        return read_roster(given, exact=exact)
    source = "read_roster(text, name) returns such rows. You can also pass a DataFrame or a list of dictionaries."
    return arguments.objects(given, Row, "Rows of a roster", source)


def _faults_of_answers(line: Line, names: ColumnNames) -> list[str]:
    """Return a fault for each cell in a column of css-sdk's reports that is neither yes nor no.

    Somebody's own column `Service account` may hold client ids instead.
    """
    faults = []
    for column, hint in _ANSWERS.items():
        said = line.cells.get(column, "")
        if said.strip().lower() not in _YES_OR_NO:
            name = names.in_file[column]
            fault = f"the column {name!r} is {said!r}, but must be yes or no"
            faults.append(fault + hint.format(name=quote(name)))
    return faults


def _outcome_of(line: Line) -> Literal["done", "already"] | None:
    """Return `done` or `already` if a result file reports that nothing is left to do for this line; otherwise None."""
    said = [line.cells.get(column, "").strip() for column in _OUTCOMES]
    return "done" if "done" in said else "already" if not DONE.isdisjoint(said) else None


def _rows_of(line: Line, given: Given, split: str | None, day: datetime.date | None) -> tuple[list[Row], list[str]]:
    """Return the rows of a line, and the faults of the line.

    If a cell has several roles or several people, the line has several rows. If `day` is None, no row may have a last
    day.
    """
    cells = line.cells
    filled = [column for column in _SPLIT if split is not None and cells.get(column)]
    parts = {column: _parts(cells[column], split) for column in filled}
    several = [column for column, found in parts.items() if column != "role" and len(found) > 1]
    if len(several) > 1:
        return [], [f"{' and '.join(several)} each name several people; fill in only one of them"]
    rows: list[Row] = []
    wrong: dict[str, None] = {}
    for chosen in product(*parts.values()):
        row, faults = _row(line.number, {**cells, **dict(zip(parts, chosen, strict=True))}, given, day)
        rows += [] if row is None else [row]
        wrong |= dict.fromkeys(faults)
    return rows, list(wrong)


def _parts(cell: str, split: str | None) -> list[str]:
    return [part for each in cell.split(split) if (part := each.strip())] or [""]


def _row(line: int, cells: Mapping[str, str], given: Given, day: datetime.date | None) -> tuple[Row | None, list[str]]:
    person, email, faults = _person(cells)
    role, wrong = _one_of("role", cells.get("role", ""), given)
    faults += wrong or (_refusal(identifiers.check_role_name, role) if role.strip() else [_missing("role")])
    if role.strip() and role != role.strip():
        faults.append(f"the role {role!r} has blanks around it")
    names = _integrations(cells)
    integration, wrong = _one_of("integration", names[0] if names else "", given)
    faults += wrong if integration else [_missing("integration")]
    others = dict.fromkeys(name for name in (*names, given["integration"]) if name and name != integration)
    environment, wrong = _one_of("environment", cells.get("environment", "").strip(), given)
    wrong = wrong if environment else [_missing("environment")]
    faults += wrong or _refusal(environment_checks.check_known_environment, environment)
    faults += _hidden({"role": role, "integration": integration, "environment": environment})
    action, wrong = _one_of("action", cells.get("action", "").strip().lower(), given)
    faults += wrong
    if action not in _ACTIONS:
        faults.append(f"the action {action!r} is neither grant nor revoke")
    until, wrong = _last_day(cells.get("until", "").strip(), day)
    faults += wrong
    if until and action == "revoke":
        faults.append("only a row that grants a role can have a last day (until), and this row revokes a role")
    if faults or person is None:
        return None, faults
    return Row(line, person, role, integration, environment, _ACTIONS[action], tuple(others), email, until), []


def _missing(column: str) -> str:
    return f"the {column} is missing; fill in the cell, or pass {NEEDED[column][0]}"


def _last_day(cell: str, today: datetime.date | None) -> tuple[datetime.date | None, list[str]]:
    if not cell:
        return None, []
    if today is None:
        return None, ["the column until needs a time zone: pass --timezone America/Vancouver"]
    try:
        return read_day(cell), []
    except ValueError as error:
        return None, [f"until: {error}"]


def _integrations(cells: Mapping[str, str]) -> list[str]:
    """Return the id and the names that a row gives for its integration.

    The id, such as `#101`, comes first, because two integrations can have the same name.
    """
    number = cells.get("integration_id", "").strip().removeprefix("#")
    found = [f"#{number}" if number else "", cells.get("integration", ""), cells.get("project_name", "")]
    return [name for each in found if (name := each.strip())]


def _person(cells: Mapping[str, str]) -> tuple[Person | None, str, list[str]]:
    """Return the person whom a row names, the e-mail address beside a username, and the faults.

    The person is None if the row does not name exactly one person. The address is "" if the row has no username.
    """
    provider = cells.get("provider", "").strip().lower() or None
    faults = []
    if provider is not None and provider not in PROVIDERS:
        faults.append(f"{provider!r} is not a provider; use one of {', '.join(PROVIDERS)}")
    named = {by: text for by in PERSON_COLUMNS if (cell := cells.get(by)) and (text := cleaned(cell))}
    if (chosen := cells.get("choice", "").strip()) and (fault := _choose(chosen, cells, named)):
        return None, "", [*faults, fault]
    if (person := cleaned(cells.get("person", ""))) and (fault := _detect(person, cells, named)):
        return None, "", [*faults, fault]
    if "username" in named:
        username = named["username"]
        email = named.get("email", "")
        faults += [fault for by, text in named.items() if (fault := fault_of(by, text, provider)) is not None]
        faults += _differences(username.lower(), named, provider)
        return Person("username", username), email, faults
    if len(named) != 1:
        fault = f"nobody is named; fill in one of the columns {', '.join(PERSON_COLUMNS)}"
        if named:
            fault = f"{joined(named)} are filled in; fill in only one of them, or add the username"
        return None, "", [*faults, fault]
    [(by, text)] = named.items()
    fault = fault_of(by, text, provider)
    if fault is not None and re.search(r"\S@.*[;,\n].*\S@", text, re.DOTALL):
        fault += "; if it names several people, pass the separator between them with --split"
    if by == "client_id" and provider is not None:
        faults.append("leave the provider empty: only a guid or an email can have one")
    return Person(by, text, provider), "", faults if fault is None else [*faults, fault]


def _choose(chosen: str, cells: Mapping[str, str], named: dict[PersonBy, str]) -> str | None:
    """Write into `named` the username that the column `choice` selects. Return a fault, or None if there is none.

    `chosen` is the content of this column: the number of a candidate, or a username.
    """
    candidates = {
        str(number): words
        for number, column in enumerate(CANDIDATES, start=1)
        if (words := cells.get(column, "").split())
    }
    candidate = candidates.get(chosen, [cleaned(chosen)] if "@" in chosen else None)
    if candidate is None:
        if not candidates:
            return f"the choice is {chosen!r}, but the row has no candidates; write a username, or empty this cell"
        return f"the choice {chosen!r} is neither the number of a candidate ({joined(candidates, 'or')}) nor a username"
    return _name("username", candidate[-1], named)


def _detect(person: str, cells: Mapping[str, str], named: dict[PersonBy, str]) -> str | None:
    """Write into `named` the text in the column `person`. Return a fault, or None if there is none.

    The column `by` names the kind of the text, such as `email`. If it is empty, the kind is detected from the text.
    """
    said = cells.get("by", "").strip()
    by = next((each for each in PERSON_COLUMNS if each == said), None)
    try:
        return _name(by or person_named(person).by, person, named)
    except UnusableUser as error:
        return error.text_for("file")


def _name(by: PersonBy, text: str, named: dict[PersonBy, str]) -> str | None:
    """Write a text that names the person into `named[by]`. Return a fault, or None if there is none.

    It is a fault if `named[by]` already has a different text. Upper and lower case count as equal.
    """
    if named.setdefault(by, text).lower() != text.lower():
        return f"the {by} is {named[by]!r}, but another column says {text!r}"
    return None


def _differences(username: str, named: Mapping[PersonBy, str], provider: str | None) -> list[str]:
    """Return a fault for each cell of a row that contradicts the username of the row."""
    guid, at, own = username.partition("@")
    faults = []
    if provider is not None and provider != own:
        faults.append(f"the provider is {provider!r}, but the username is {username!r}")
    if "guid" in named and identifiers.guid_of(named["guid"]).lower() != (guid if at else ""):
        faults.append(f"the guid is {named['guid']!r}, but the username is {username!r}")
    if "client_id" in named and f"{SERVICE_ACCOUNT_PREFIX}{named['client_id'].lower()}" != username:
        faults.append(f"the client_id is {named['client_id']!r}, but the username is {username!r}")
    return faults


def _hidden(names: Mapping[str, str]) -> list[str]:
    """Return a fault for each name that contains invisible characters."""
    return [
        f"the {column} {with_codes(name)!r} contains {with_codes(hidden)}, which is invisible: type the {column} again"
        for column, name in names.items()
        if (hidden := hidden_in(name))
    ]


def _one_of(column: str, own: str, given: Given) -> tuple[str, list[str]]:
    """Return the value of a row and its faults. If the row has no value, return the value that was passed for all rows.

    It is a fault if the row has a value, and a different one was passed for all rows.
    """
    value = given[column]
    if own.strip() and value and not (_is_same(own, value) if column == "integration" else own == value):
        return own, [f"the {column} is {own!r}, but {value!r} was given for all rows"]
    return (own if own.strip() else value or own), []


def _is_same(own: str, given: str) -> bool:
    """Return whether two values may mean the same integration.

    `#101` and `101` may be the same id. An id and a name may mean the same integration. Two different names do not.
    """
    is_id = identifiers.integration_id(own) or identifiers.integration_id(given)
    numbers = [re.fullmatch("#?[0-9]+", text) is not None for text in (own, given)]
    return own == given or numbers[0] != numbers[1] or bool(is_id and own.removeprefix("#") == given.removeprefix("#"))


def _refusal(check: Callable[[Any], object], value: Any) -> list[str]:
    try:
        check(value)
    except Refused as error:
        return [error.text_for("file")]
    return []
