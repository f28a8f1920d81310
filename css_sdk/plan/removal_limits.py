"""Limit the number of removals. The caller can set another limit. Pure."""

from __future__ import annotations

from typing import Final

from ..errors import Remedy, TooManyRemovals

MOST_REMOVALS: Final = 10
MOST_SHARE: Final = 0.2
FEW: Final = 4
"""So many removals are always allowed, because a fifth of a small set would be less than one."""


def check_removals(what: str, removed: int, size: int, most: int | None = None) -> None:
    """Refuse too many removals from one collection, which are probably a mistake in a list.

    Up to 4 removals pass. From 5 on they may be a fifth of the collection at most, and 10 in all. If the caller sets a
    limit, only that limit counts.

    Args:
        what: the collection, for the message, such as "members of the role 'reviewer'".
        removed: how many would be removed.
        size: how many there are before.
        most: the limit that the caller set, if any.

    Raises:
        TooManyRemovals: when there are more. Nothing was changed then.

    >>> check_removals("members of the role 'reviewer'", 4, 4)
    >>> check_removals("members of the role 'reviewer'", 8, 40)
    >>> check_removals("members of the role 'reviewer'", 30, 40, most=30)
    >>> check_removals("members of the role 'reviewer'", 9, 40)
    Traceback (most recent call last):
        ...
    css_sdk.errors.TooManyRemovals: 9 of 40 members of the role 'reviewer' would be removed. ...
    """
    usual = max(FEW, min(MOST_REMOVALS, MOST_SHARE * size))
    if removed > (usual if most is None else most):
        limit = f"{MOST_REMOVALS}, or a fifth if that is less" if most is None else f"{most}"
        raise TooManyRemovals(
            f"{removed} of {size} {what} would be removed. The limit is {limit}. Nothing was changed.",
            remedy=Remedy(
                f"If that is meant, pass max_removals={removed}.", f"If that is meant, pass --max-removals {removed}."
            ),
        )
