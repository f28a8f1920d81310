"""Open the client for a command. If the command writes, open its journal, too. Close both at the end."""

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

    Handle SIGTERM like an interrupt (Ctrl-C).

    Args:
        given: the options of the command. If it is None, css opens no journal.
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
    """Collect warnings of the log in the yielded list. At the end, print those that the caller has not removed from it.

    If the program has configured its own log, that log gets the warnings at once, and nothing is printed.
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
    """Handle SIGTERM like an interrupt (Ctrl-C): finish the calls that have begun, and report the rest as skipped."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
