"""Progress bars on a terminal, if tqdm is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec

from .request_options import is_quiet, is_verbose
from .terminal import is_terminal


def bar_on_terminal(total: int, unit: str = "row", wanted: bool = True) -> AbstractContextManager[Callable[..., None]]:
    """Return a context manager that shows a progress bar on stderr. It yields a function to call after each unit.

    The bar needs a terminal and tqdm. With `--quiet` or `--verbose`, show no bar.
    """
    if not wanted or is_quiet() or is_verbose() or not is_terminal("stderr") or find_spec("tqdm") is None:
        return nullcontext(lambda *_: None)
    from ...progress import progress_bar

    return progress_bar(total, unit=unit, file=sys.stderr)
