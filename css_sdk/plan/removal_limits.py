"""Limit the number of removals. The caller can set a different limit. Pure."""

from __future__ import annotations

import math
from typing import Final

from ..errors import Remedy, TooManyRemovals

MOST_REMOVALS: Final = 10
MOST_SHARE: Final = 0.2
FEW: Final = 4
"""The default limit is never lower than this, because a fifth of a small collection would be less than one."""


def check_removals(what: str, removed: int, size: int, most: int | None = None) -> None:
    """Refuse to remove too many items from one collection, because the cause is probably a mistake in a list.

    The limit is a fifth of the collection, but at least 4 and at most 10. `most` replaces this limit. `what` names the
    collection in the message.

    >>> check_removals("members of the role 'reviewer'", 4, 4)
    >>> check_removals("members of the role 'reviewer'", 8, 40)
    >>> check_removals("members of the role 'reviewer'", 30, 40, most=30)
    >>> check_removals("members of the role 'reviewer'", 9, 40)
    Traceback (most recent call last):
        ...
    css_sdk.errors.TooManyRemovals: 9 of 40 members of the role 'reviewer' would be removed. ...
    """
    limit = max(FEW, min(MOST_REMOVALS, math.floor(MOST_SHARE * size))) if most is None else most
    if removed > limit:
        raise TooManyRemovals(
            f"{removed} of {size} {what} would be removed. The limit is {limit}. Nothing was changed.",
            remedy=Remedy(
                f"If you want this, pass max_removals={removed}.", f"If you want this, pass --max-removals {removed}."
            ),
        )
