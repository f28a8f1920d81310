"""Models as tables: flat rows for pandas and CSV files, HTML for notebooks. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import fields

from ..errors import InvalidRequest
from .escaping import shown
from .masking import mask_text

_MOST_SHOWN: Final = 200
_PERSONAL: Final = ("email", "first_name", "last_name", "name", "message")
"""Columns that mask hides whole; a line of a log holds names and addresses of all kinds."""

Row = dict[str, Any]


class Tabular:
    """A frozen attrs class that is a row of a table, or several; some say how in a line of their own."""

    __slots__ = ()
    __attrs_attrs__: ClassVar[Any]

    _rows_in: ClassVar[str] = ""
    """The attribute that holds the rows, where there are several; what else is told is repeated in each."""
    _below: ClassVar[tuple[str, ...]] = ()
    """Attributes that a notebook shows in tables of their own."""
    _also: ClassVar[tuple[str, ...]] = ()
    """Properties that are told besides the attributes."""
    _renamed: ClassVar[Mapping[str, str]] = {}
    """Columns by attribute, where they are not named alike: equal things have equal columns in all tables."""

    def _cells(self) -> Row:
        """What it tells by itself: texts, numbers and times, and what these are of others that it holds."""
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
        """Its rows."""
        if not self._rows_in:
            yield self._cells()
            return
        for item in getattr(self, self._rows_in):
            for row in item._rows():
                yield self._cells() | row

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        shown = [_html(list(self._rows()) or [self._cells()])]
        for name in self._below:
            if rows := table(getattr(self, name)):
                shown += [f"<p>{name}:</p>", _html(rows)]
        return "".join(shown)


class Table(list[Row]):
    """Rows, as a list of dictionaries that a notebook shows as a table; `table` makes it."""

    def _repr_html_(self) -> str:
        return _html(self)


def table(items: Tabular | Iterable[Tabular | Mapping[str, Any]], *, mask: bool = False) -> Table:
    """What calls return, as a table: a list of flat dictionaries that a notebook shows by rows and columns.

    `pandas.DataFrame(table(…))` takes it as it is, and so does `csv.DictWriter`. What holds other things is laid out:
    a search is a row for each user, a state a row for each member of each role, a result of a roster its row and how
    it ended.

    Args:
        items: what a call returned, or several of these; rows of a table as well.
        mask: whether to hide names, e-mail addresses and lines of logs, and to shorten GUIDs, as in a notebook that
            others will read.

    Raises:
        InvalidRequest: for anything else.

    >>> from css_sdk import table
    >>> table(dev.roles.list())[0]
    {'role': 'admin', 'composite': True}
    >>> table(dev.roles.members("admin"), mask=True)
    [{'username': 'd6dff8…@idir', 'email': '…', 'first_name': '…', 'last_name': '…'}]
    """
    each = items if isinstance(items, Iterable) and not isinstance(items, Mapping) else [items]
    rows = [row for item in each for row in _rows_of(item)]
    return Table(map(_masked, rows) if mask else rows)


def _rows_of(item: object) -> Iterable[Row]:
    if isinstance(item, Tabular):
        return item._rows()
    if isinstance(item, Mapping):
        return [dict(item)]
    raise InvalidRequest(f"A table is made of what calls return, not of {type(item).__name__}.")


def _masked(row: Mapping[str, Any]) -> Row:
    return {
        name: value if not isinstance(value, str) or not value else "…" if name in _PERSONAL else mask_text(value)
        for name, value in row.items()
    }


def _html(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    shown = rows[:_MOST_SHOWN]
    head = "".join(f"<th>{_escaped(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_escaped(row.get(name))}</td>" for name in columns) + "</tr>\n" for row in shown
    )
    more = f"<p>… and {len(rows) - len(shown)} more</p>" if len(rows) > len(shown) else "" if rows else "<p>no rows</p>"
    # The class keeps notebooks from typesetting what stands between two dollar signs.
    return (
        f'<table class="tex2jax_ignore mathjax_ignore">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table>{more}"
    )


def _escaped(value: object) -> str:
    """The value as text that does nothing: no markup, and no characters that turn what stands around them."""
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, datetime):
        text = value.isoformat(" ", "seconds")
    else:
        text = "" if value is None else str(value)
    return html.escape(shown(text))
