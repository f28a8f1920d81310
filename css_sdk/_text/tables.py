"""Turn results of calls into tables: flat rows for pandas and CSV files, HTML for notebooks. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar

from attrs import fields

from ..errors import InvalidRequest
from .escaping import shown
from .masking import mask_text

_MOST_SHOWN: Final = 200
_PERSONAL: Final = ("email", "first_name", "last_name", "name", "message")
"""The columns that masking hides completely. `message` is a log line, so it can hold names and addresses."""

Row = dict[str, Any]
Item = TypeVar("Item", bound="Tabular | Mapping[str, Any]")


class Tabular:
    """Base class of frozen attrs classes whose objects are rows of a table. The class variables adjust the columns."""

    __slots__ = ()
    __attrs_attrs__: ClassVar[Any]

    _rows_in: ClassVar[str] = ""
    """The attribute whose items become the rows; "" if the object itself is one row.

    The columns of the object's other attributes are repeated in each row.
    """
    _below: ClassVar[tuple[str, ...]] = ()
    """Attributes that are not columns. A notebook shows each of them in a table of its own."""
    _also: ClassVar[tuple[str, ...]] = ()
    """Properties that become columns, in addition to the attributes."""
    _renamed: ClassVar[Mapping[str, str]] = {}
    """The column names of attributes whose own name differs. So the same thing has the same column in all tables."""

    def _cells(self) -> Row:
        """Return one row: the values of this object's attributes by column.

        If the value of an attribute has a username, the cell has this username. Any other `Tabular` value adds its own
        columns. Values that do not fit into a cell are left out.
        """
        cells: Row = {}
        for name in (*(each.name for each in fields(type(self)) if each.repr), *self._also):
            value, column = getattr(self, name), self._renamed.get(name, name)
            if name == self._rows_in or name in self._below:
                continue
            if isinstance(value, Tabular):
                username = getattr(value, "username", None)
                cells |= value._cells() if username is None else {column: username}
            elif value is None or isinstance(value, str | int | float | datetime):
                cells[column] = value
            elif isinstance(value, Exception):
                cells[column] = str(value)
            elif isinstance(value, tuple):
                cells[column] = ", ".join(map(str, value))
        return cells

    def _rows(self) -> Iterator[Row]:
        """Yield the rows of each item in `_rows_in`. If `_rows_in` is empty, yield one row."""
        if not self._rows_in:
            yield self._cells()
            return
        for item in getattr(self, self._rows_in):
            for row in item._rows():
                yield self._cells() | row

    def _repr_html_(self) -> str:
        """Return the rows as HTML, which a notebook shows as a table."""
        parts = [_html(list(self._rows()) or [self._cells()])]
        for name in self._below:
            if rows := table(getattr(self, name)):
                parts += [f"<p>{name}:</p>", _html(rows)]
        return "".join(parts)


class Record(Tabular, Mapping[str, Any]):
    """Base class of frozen attrs classes whose objects are one row: a mapping from columns to values."""

    __slots__ = ()

    def __getitem__(self, column: str) -> Any:
        return self._cells()[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells())

    def __len__(self) -> int:
        return len(self._cells())


class Records(Tabular):
    """Base class of frozen attrs classes whose objects are several rows. A loop over an object yields dictionaries."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Row]:
        return self._rows()


class ListOf(list[Item]):
    """A list of results that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return _html(table(self))


class TupleOf(tuple[Item, ...]):
    """A tuple of results that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return _html(table(self))


class Table(ListOf[Row]):
    """A list of rows, as `table` returns it. A notebook shows it as a table."""


def table(items: Tabular | Iterable[Tabular | Mapping[str, Any]], *, mask: bool = False) -> Table:
    """Return the result of a call as a table: a list of flat dictionaries, one for each row.

    A notebook shows the table in rows and columns, and `csv.DictWriter`, pandas and polars accept it. pandas also
    accepts results without this function: `pandas.DataFrame(results)`.

    A search becomes a row for each user. A state becomes a row for each member of each role. The result for one row of
    a roster becomes one row, with its outcome.

    Args:
        items: the result of a call, a collection of results, or rows of a table.
        mask: whether to hide names, e-mail addresses and log lines, and to shorten GUIDs, for a notebook that others
            will read.

    Raises:
        InvalidRequest: an item is neither the result of a call nor a row of a table.

    >>> from css_sdk import table
    >>> table(dev.roles.list())[0]
    {'role': 'admin', 'composite': True}
    >>> table(dev.roles.members("admin"), mask=True)
    [{'username': 'd6dff8…@idir', 'email': '…', 'first_name': '…', 'last_name': '…'}]
    """
    each = [items] if isinstance(items, Tabular | Mapping) or not isinstance(items, Iterable) else items
    rows = [row for item in each for row in _rows_of(item)]
    return Table(map(_masked, rows) if mask else rows)


def _rows_of(item: object) -> Iterable[Row]:
    if isinstance(item, Tabular):
        return item._rows()
    if isinstance(item, Mapping):
        return [dict(item)]
    raise InvalidRequest(f"table() needs the result of a call, not {type(item).__name__}.")


def _masked(row: Mapping[str, Any]) -> Row:
    return {
        name: value if not isinstance(value, str) or not value else "…" if name in _PERSONAL else mask_text(value)
        for name, value in row.items()
    }


def _html(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    first = rows[:_MOST_SHOWN]
    head = "".join(f"<th>{_escaped(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_escaped(row.get(name))}</td>" for name in columns) + "</tr>\n" for row in first
    )
    more = f"<p>… and {len(rows) - len(first)} more</p>" if len(rows) > len(first) else "" if rows else "<p>no rows</p>"
    # The classes stop notebooks from typesetting text between dollar signs as formulas.
    return (
        f'<table class="tex2jax_ignore mathjax_ignore">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table>{more}"
    )


def _escaped(value: object) -> str:
    """Return the value as text for HTML. Escape markup, and replace characters that could hide or reverse text."""
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, datetime):
        text = value.isoformat(" ", "seconds")
    else:
        text = "" if value is None else str(value)
    return html.escape(shown(text))
