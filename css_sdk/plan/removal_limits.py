"""How much an exact set may take away before somebody has to say that it is meant. Pure."""

from __future__ import annotations

from typing import Final

from ..errors import Remedy, TooManyRemovals

MOST_REMOVALS: Final = 10
MOST_SHARE: Final = 0.2
FEW: Final = 4
"""So many are never too many: a fifth of three would be none at all."""


def check_removals(what: str, removed: int, size: int, most: int | None = None) -> None:
    """Refuses to take away more of a collection than a mistake in a list should cost.

    Up to 4 removals pass. From 5 on they may be a fifth of the collection at the most, and 10 in all. Whoever says how
    many there may be is bound by that number alone.

    Args:
        what: the collection, for the message, such as "members of the role 'reviewer'".
        removed: how many would be taken away.
        size: how many there are before.
        most: how many may be taken away, where somebody said so.

    Raises:
        TooManyRemovals: when it is more. Nothing was changed then.

    >>> check_removals("members of the role 'reviewer'", 4, 4)
    >>> check_removals("members of the role 'reviewer'", 8, 40)
    >>> check_removals("members of the role 'reviewer'", 30, 40, most=30)
    >>> check_removals("members of the role 'reviewer'", 9, 40)
    Traceback (most recent call last):
        ...
    css_sdk.errors.TooManyRemovals: 9 of 40 members of the role 'reviewer' would be removed, ...
    """
    if most is not None:
        if removed > most:
            raise TooManyRemovals(
                f"{removed} of {size} {what} would be removed, and {most} may be. Nothing was changed.",
                remedy=_remedy(removed),
            )
        return
    if removed > MOST_REMOVALS or (removed > FEW and removed > MOST_SHARE * size):
        raise TooManyRemovals(
            f"{removed} of {size} {what} would be removed, more than {MOST_REMOVALS} or than a fifth of them. "
            f"Nothing was changed.",
            remedy=_remedy(removed),
        )


def _remedy(removed: int) -> Remedy:
    return Remedy(f"If that is meant, say max_removals={removed}.", f"If that is meant, pass --max-removals {removed}.")
