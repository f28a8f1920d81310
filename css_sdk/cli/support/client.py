"""Open the client for a command, with a journal if one is named, and close it in order."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..._text.escaping import shown

if TYPE_CHECKING:
    from ... import Css, Journal

Function = TypeVar("Function", bound=Callable[..., Any])


def journal_option(function: Function) -> Function:
    """Add the option `--journal`."""
    return click.option(
        "--journal",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Record each change in this new file. css undo FILE reverts them.",
    )(function)


@contextmanager
def opened(journal: Path | None = None) -> Iterator[Css]:
    """Open a client, which writes each of its changes into a journal where one is named.

    SIGTERM ends the work with it as an interrupt does.

    Args:
        journal: the file.
    """
    from ... import Css

    with interrupted_by_sigterm(), Css.from_env() as css:
        if journal is None:
            yield css
        else:
            with journaled(css, journal) as (writing, _):
                yield writing


@contextmanager
def journaled(
    css: Css, file: Path, *, plan_id: str | None = None, resume: bool = False
) -> Iterator[tuple[Css, Journal]]:
    """Open a journal, and return the client that writes into it; remove the file if nothing was written to the service.

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
    """Delay warnings of the log until the end, and print those that are still in the returned list then.

    If the program has set up a log of its own, that log gets them at once.
    """
    records: list[logging.LogRecord] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    keeper = Keeper(logging.WARNING)
    log = logging.getLogger("css_sdk")
    has_own = log.hasHandlers()
    log.addHandler(keeper)
    try:
        yield records
    finally:
        log.removeHandler(keeper)
        for record in [] if has_own else records:
            click.echo(shown(record.getMessage()), err=True)


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the work as an interrupt does: calls in flight are finished, and the rest is reported."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
