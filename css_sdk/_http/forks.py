"""Fork safety: a forked child replaces its locks, and does not use its parent's connections and files.

If a child used its parent's connections, it would read answers that are meant for its parent. A lock that another
thread of the parent held at the moment of the fork is never released in the child.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """An object with a part, such as a lock, that a forked child must replace before it uses the object."""

    def after_fork(self) -> None:
        """Make the object usable in the child. The child calls this before any other code runs, in its only thread."""


_watched: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_never_closed: list[object] = []


def watch(thing: ForkAware) -> None:
    """Call `after_fork` of an object in every child that is forked while the object exists.

    Only a weak reference to the object is kept.
    """
    _watched.add(thing)


def never_close(thing: object) -> None:
    """Keep a reference to an object for ever, because Python would otherwise delete and close the object.

    A child calls this for objects of its parent process. If the child closed such an object, the child could end the
    parent's connection, or wait for a lock that is never released.
    """
    _never_closed.append(thing)


def _after_fork() -> None:
    for thing in list(_watched):
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)
