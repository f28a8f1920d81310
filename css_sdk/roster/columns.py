"""Find the columns of a roster by the names that spreadsheets and other systems give them. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from .._text.shells import quote
from .._text.words import joined
from ..errors import InvalidRequest, Remedy
from ..people.cells import PERSON_COLUMNS

COLUMNS: Final = (*PERSON_COLUMNS, "provider", "role", "integration", "environment", "action", "until")
ALL_COLUMNS: Final = (*COLUMNS[:-1], "outcome", "message")
"""The columns that every result file has. If a row is ambiguous or has a last day, the file has more columns."""
CANDIDATES: Final = ("candidate_1", "candidate_2", "candidate_3")
"""The columns of a result file that list the possible logins of an ambiguous row.

The user chooses one of these logins in the column `choice`.
"""

_MORE_COLUMNS: Final = ("by", "state", "direct", "service_account", "choice", *CANDIDATES)
_OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("emailaddress", "mail", "upn", "userprincipalname"),
    "guid": ("userguid",),
    "person": ("user", "member"),
    "provider": ("idp", "identityprovider", "loginprovider"),
    "role": ("roles", "rolename", "applicationrole", "approle"),
    "integration_id": ("projectid",),
    "project_name": ("project", "integrationname"),
    "environment": ("env",),
    "until": ("lastday", "validuntil", "enddate", "expires"),
}
_FOR_READERS: Final = (
    *("line", "target", "name", "firstname", "lastname"),
    *("through", "chains", "held", "error", "message", "candidates"),
)
"""Columns that css-sdk writes into reports and listings for information. If a roster has them, they are ignored."""
_BESIDE_STATE: Final = frozenset({"outcome", "error"})
"""If a file has none of these columns, css-sdk did not write its column `state`, which then means something else."""


def _squeezed(name: str) -> str:
    """Return the letters and digits of a column's name in lower case, for comparisons."""
    return re.sub(r"[\W_]", "", name).lower()


_BY_NAME: Final = {
    **{_squeezed(column): column for column in (*ALL_COLUMNS, *_OTHER_NAMES, *_MORE_COLUMNS)},
    **{name: column for column, names in _OTHER_NAMES.items() for name in names},
    **dict.fromkeys(_FOR_READERS, ""),
}
"""The column that each known name means; "" for a column to ignore. The names are as `_squeezed` returns them."""


class ColumnNames:
    """Find the column of a roster that each column name of a file means.

    Args:
        given: for each column of a roster, the name of this column in the file, such as `{"role": "Rolle"}`.

    >>> ColumnNames({"role": "Rolle"}, ["Notes"]).find(["E-mail Address", "Rolle", "notes"])
    (('email', 'role', ''), [])
    """

    def __init__(self, given: Mapping[str, str], ignore: Collection[str]) -> None:
        for column in given:
            if column not in COLUMNS:
                raise _no_column(column, given[column])
        self._given = {_folded(name): column for column, name in given.items()}
        if len(self._given) < len(given):
            raise InvalidRequest(
                f"Two columns of a roster cannot have the same name in the file. The names given are "
                f"{', '.join(given.values())}."
            )
        self._named = dict(given)
        self._ignore = {_folded(name) for name in ignore}
        self.found: set[str] = set()
        """The columns of a roster that `find` has found in the file, including ignored ones."""
        self._used: set[str] = set()
        """The columns that `missing` does not report: columns in use, and columns that a mistyped name may mean."""
        self.synonyms: dict[str, str] = {}
        """The names in the file that differ from a roster's column names, with the column that each name means.

        For example, this is `{"Role name": "role"}`. Names that the caller gave for a column are not included.
        """
        self.unused: dict[str, None] = {}
        """The names in the file of columns that css-sdk knows, but that say nothing about a grant, such as `Held`."""
        self.in_file: dict[str, str] = {}
        """The name in the file of each column of a roster that `find` has found."""

    def find(self, names: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
        """Return the column of a roster that each name means, and the faults of the names.

        The column is "" for an unknown name and for a name to ignore. An unknown name is a fault.
        """
        ignored = self._ignored(names)
        is_result = not _BESIDE_STATE.isdisjoint(map(_squeezed, names))
        columns: list[str] = []
        faults: list[str] = []
        for name in names:
            key = _folded(name)
            meant = self._given.get(key) or _BY_NAME.get(_squeezed(name))
            if meant == "state" and not is_result:
                meant = None
            self.found |= {meant} if meant else set()
            if key in ignored and key not in self._given:
                meant = ""
            elif meant is None:
                faults.append(self._unknown(name))
            elif not meant:
                self.unused[name] = None
            elif meant in self._named and key not in self._given:
                faults.append(
                    f"{self._named[meant]!r} was given as the name of the column {meant!r}, but the file also has "
                    f"{name!r}; to ignore {name!r}, pass --ignore {quote(name)}"
                )
            elif meant in columns:
                choose = f", or choose one with --column {meant}={quote(name)}" if meant in COLUMNS else ""
                faults.append(
                    f"the column {_documented(meant)!r} appears twice: {names[columns.index(meant)]!r} and {name!r}; "
                    f"leave out one with --ignore{choose}"
                )
            else:
                self.in_file[meant] = name
                if meant == "service_account":
                    self.unused[name] = None
                if key not in self._given and _squeezed(name) != _squeezed(_documented(meant)):
                    self.synonyms[name] = _documented(meant)
            columns.append(meant or "")
        self._used.update(columns)
        return tuple(columns), faults

    def missing(self, given: Mapping[str, str | None], names: Iterable[str]) -> list[str]:
        """Return a fault for each column that the file needs and does not have.

        A column is not needed if `given` has a value for all rows. Call `find` with the names first.
        """
        faults = [
            f"the file has no column {name!r}, but {name!r} was given as the name of the column {column!r}; pass a "
            f"name that the file has, with --column {column}=NAME"
            for column, name in self._named.items()
            if _folded(name) not in set(map(_folded, names))
        ]
        if not {*PERSON_COLUMNS, "person"} & self._used:
            unused = f". css-sdk does not use {columns_in_words(self.unused)}" if self.unused else ""
            faults.append(
                f"no column identifies the users ({', '.join(PERSON_COLUMNS[:-1])} or {PERSON_COLUMNS[-1]}); if the "
                f"file has such a column under another name, pass --column email=NAME{unused}"
            )
        for column, (option, *others) in NEEDED.items():
            if not given[column] and not {column, *others} & self._used:
                faults.append(
                    f"the column {column!r} is missing: pass one value for all rows with {option}, or the name of the "
                    f"column in the file with --column {column}=NAME"
                )
        return faults

    def _ignored(self, names: Sequence[str]) -> set[str]:
        """Return the names to ignore, as `_folded` returns them.

        If a name in `ignore` is not in the file, but is a name of a column of a roster, all names of this column are
        ignored.
        """
        keys = {_folded(name) for name in names}
        exact = keys & self._ignore
        others = {_BY_NAME.get(_squeezed(name)) for name in self._ignore - exact} - {None, ""}
        return exact | {key for key in keys if _BY_NAME.get(_squeezed(key)) in others}

    def _unknown(self, name: str) -> str:
        """Return the fault of a column name that means no column of a roster.

        A name that resembles a column of a roster is probably mistyped. `missing` then does not report this column.
        """
        close = difflib.get_close_matches(_squeezed(name), COLUMNS, n=1)
        self._used.update(close)
        ignore = f"To ignore this column of your file, pass --ignore {quote(name)}"
        if not close:
            return f"a roster has no column {name!r}. {ignore}. The columns of a roster are {', '.join(COLUMNS)}"
        option = f"--column {close[0]}={quote(name)}"
        return f"a roster has no column {name!r}. Did you mean {close[0]!r}? Then pass {option}. {ignore}"


def columns_in_words(names: Collection[str]) -> str:
    """Return the names of columns for a sentence.

    >>> columns_in_words(["Held"]), columns_in_words(["Held", "Line"])
    ("the column 'Held'", "the columns 'Held' and 'Line'")
    """
    return f"the column{'s' if len(names) > 1 else ''} {joined(map(repr, names))}"


def _documented(column: str) -> str:
    """Return the name of a column for messages: `project_name` is `integration`, which can hold a name or an id."""
    return "integration" if column == "project_name" else column


def _no_column(column: str, name: str) -> InvalidRequest:
    """Return the error for an entry of `columns=` or `--column` whose column is not a column of a roster.

    If `name` is a column of a roster, the column and the name are probably in the wrong order.
    """
    if meant := _BY_NAME.get(_squeezed(name)):
        first = "The column of the roster comes first:"
        remedy = Remedy(f"{first} columns={{{meant!r}: {column!r}}}.", f"{first} --column {meant}={quote(column)}")
        return InvalidRequest(f"A roster has no column {column!r}.", remedy=remedy)
    return InvalidRequest(f"A roster has no column {column!r}. The columns are {', '.join(COLUMNS)}.")


ARGUMENTS: Final = (
    "The faults name options of the command line. In Python, pass arguments instead: integration= for -i, environment= "
    "for -e, columns= for --column, and the current day as day= for --timezone."
)
"""A sentence for users of `read_roster`, because faults name options of the command line."""
NEEDED: Final = {
    "role": ("--role",),
    "integration": ("-i", "integration_id", "project_name"),
    "environment": ("-e",),
}
"""The columns that a roster must have, each with what can replace it: an option, or other columns.

For example, the column `integration` is not needed if `-i` is passed, or if the roster has `integration_id`.
"""


def knows_several(names: Iterable[str]) -> bool:
    """Return whether these texts may be a header: at least two of them are names of different columns."""
    return len({column for name in names if (column := _BY_NAME.get(_squeezed(name)))}) > 1


def read_mapping(text: str, name: str) -> dict[str, str]:
    """Return the entries of a mapping file: for each column of a roster, the name of this column in the user's files.

    Each line has one entry, such as `role=Rolle`. Empty lines, and lines that begin with `#`, are left out.

    >>> read_mapping("# from the old system\\nrole = Rolle\\n", "columns.txt")
    {'role': 'Rolle'}
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        column, equals, meant = (part.strip() for part in line.partition("="))
        if not equals or not column or not meant:
            raise InvalidRequest(f"{name}:{number}: {line!r} is not of the form COLUMN=NAME, such as role=Rolle.")
        if column in found:
            raise InvalidRequest(f"{name}:{number}: the column {column!r} appears twice.")
        found[column] = meant
    return found


def _folded(name: str) -> str:
    """Return a name in lower case, with one blank between words and no blanks around it, for comparisons."""
    return " ".join(name.split()).lower()
