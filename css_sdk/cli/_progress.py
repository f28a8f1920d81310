"""Progress on a terminal, where there is one and tqdm is installed; otherwise none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

from ._terminal import is_terminal


def bar_on_terminal(total: int) -> AbstractContextManager[Callable[[object], None]]:
    """A bar on stderr for so many rows, or what looks like one and shows nothing."""
    if not is_terminal("stderr") or find_spec("tqdm") is None:
        return nullcontext(lambda _: None)
    from ..progress import progress_bar

    return progress_bar(total, file=sys.stderr)
