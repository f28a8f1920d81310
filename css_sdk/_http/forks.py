"""Fork safety: a forked child renews its locks and leaves its parent's connections and files alone.

A child that speaks on its parent's connections reads answers that are meant for its parent, and a lock that another
thread of the parent held at the moment of the fork is never released in the child.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """Something that a forked child must not use as its parent left it."""

    def after_fork(self) -> None:
        """Make it usable in the child. Runs before anything else does, in the only thread that the child has."""


_watched: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_abandoned: list[object] = []


def watch(thing: ForkAware) -> None:
    """Call `after_fork` of a thing in every child that is forked while the thing exists.

    Args:
        thing: remembered weakly.
    """
    _watched.add(thing)


def abandon(thing: object) -> None:
    """Keep an object of the parent for ever, so that the child never closes it.

    Closing it there could say goodbye on the parent's connection, or wait for a lock that nobody holds.

    Args:
        thing: such as an httpx client.
    """
    _abandoned.append(thing)


def _after_fork() -> None:
    for thing in list(_watched):
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)
