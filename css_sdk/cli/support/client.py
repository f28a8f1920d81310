"""Open the client for a command. If the command writes, open its journal, too."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .journals import journaled
from .output import say
from .request_options import client_options

if TYPE_CHECKING:
    from ... import Css
    from .options import Given


@contextmanager
def opened(given: Given | None = None) -> Iterator[Css]:
    """Open a client. If the command writes, the client records each change in a journal.

    If `given` is None, css opens no journal. css handles SIGTERM like an interrupt (Ctrl-C).
    """
    from ... import Css

    with interrupted_by_sigterm(), Css.from_env(**client_options()) as css:
        if given is None or not given.writes:
            yield css
        else:
            with journaled(css, given) as (writing, _):
                yield writing


@contextmanager
def delayed_log() -> Iterator[list[logging.LogRecord]]:
    """Collect warnings of the log in the yielded list, and print them at the end.

    The caller can remove warnings from the list. If the program has its own log, this log gets the warnings instead.
    """
    from ..._http.observation import collected_warnings

    has_own = logging.getLogger("css_sdk").hasHandlers()
    with collected_warnings() as records:
        try:
            yield records
        finally:
            for record in [] if has_own else records:
                say(record.getMessage())


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Handle SIGTERM like an interrupt (Ctrl-C).

    Then css finishes the calls that have begun, and reports the other changes as skipped.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
