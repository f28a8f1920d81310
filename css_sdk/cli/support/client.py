"""Open the client for a command, with a journal if one is named, and close it in order."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .output import say
from .request_options import client_options

if TYPE_CHECKING:
    from ... import Css, Journal


@contextmanager
def opened(journal: Path | None = None) -> Iterator[Css]:
    """Open a client. If `journal` is given, the client records each change there.

    Handle SIGTERM like an interrupt (Ctrl-C).

    Args:
        journal: the file of the journal.
    """
    from ... import Css

    with interrupted_by_sigterm(), Css.from_env(**client_options()) as css:
        if journal is None:
            yield css
        else:
            with journaled(css, journal) as (writing, _):
                yield writing


@contextmanager
def journaled(
    css: Css, file: Path, *, plan_id: str | None = None, resume: bool = False
) -> Iterator[tuple[Css, Journal]]:
    """Open a journal, and yield a client that writes into it. Remove the file if the client wrote nothing.

    Args:
        css: the client.
        file: of the journal.
        plan_id: of the plan that the journal belongs to.
        resume: continue a journal that exists.
    """
    from ... import Journal

    journal = Journal(file, plan=plan_id, resume=resume)
    try:
        with journal:
            yield css.with_journal(journal), journal
    finally:
        if not resume and not journal.entries:
            file.unlink()


@contextmanager
def delayed_log() -> Iterator[list[logging.LogRecord]]:
    """Collect warnings of the log in the yielded list. At the end, print the warnings that are still in it.

    If the program has configured its own log, that log gets the warnings at once, and nothing is printed.
    """
    records: list[logging.LogRecord] = []
    keeper = logging.Handler(logging.WARNING)
    vars(keeper)["emit"] = records.append
    log = logging.getLogger("css_sdk")
    has_own = log.hasHandlers()
    log.addHandler(keeper)
    try:
        yield records
    finally:
        log.removeHandler(keeper)
        for record in [] if has_own else records:
            say(record.getMessage())


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Handle SIGTERM like an interrupt (Ctrl-C): finish calls in flight, and report the rest as skipped."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
