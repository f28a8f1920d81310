"""Find the name that somebody may have meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..errors import NotFound


def similar(name: str, existing: Iterable[str]) -> tuple[str, ...]:
    """Return the existing name that is most similar to a mistyped one, in a tuple; an empty tuple if none is similar.

    >>> similar("Reviwer", ["admin", "reviewer"])
    ('reviewer',)
    """
    from difflib import get_close_matches  # noqa: PLC0415 - few calls need it

    by_lower = {each.lower(): each for each in existing}
    return tuple(by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=1))


def suggest(error: NotFound, known: Iterable[str]) -> NotFound:
    """Note in an error which names exist, and which of them is similar to the one that does not. Return the error."""
    error.known = tuple(known)
    # The service names several missing roles in one answer.
    error.suggestions = similar(error.name, error.known) or tuple(
        chain.from_iterable(similar(each, error.known) for each in error.name.split(", "))
    )
    return error
