"""Find the existing name that a user may have meant by a mistyped name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..errors import NotFound


def similar(name: str, existing: Iterable[str]) -> tuple[str, ...]:
    """Return a tuple with the existing name that is most similar to a mistyped name. It is empty if no name is similar.

    >>> similar("Reviwer", ["admin", "reviewer"])
    ('reviewer',)
    """
    from difflib import get_close_matches  # noqa: PLC0415 - few calls need it

    by_lower = {each.lower(): each for each in existing}
    return tuple(by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=1))


def suggest(error: NotFound, known: Iterable[str]) -> NotFound:
    """Set the attributes `known` and `suggestions` of an error, and return the error.

    `error.name` can be several missing names with commas between them, because the service names all missing roles in
    one answer.
    """
    error.known = tuple(known)
    each = dict.fromkeys(chain.from_iterable(similar(name, error.known) for name in error.name.split(", ")))
    error.suggestions = tuple(each) or similar(error.name, error.known)
    return error
