"""The one way in which commands open the client: with a journal where one is asked for, and ended with care."""

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
    """The option `--journal`."""
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

    with ended_as_by_an_interrupt(), Css.from_env() as css:
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
def log_held_back() -> Iterator[list[logging.LogRecord]]:
    """Keeps warnings of the log until it is known whether anybody has to read them: what is still listed at the end.

    Whoever has set up a log of their own gets them at once.
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
def ended_as_by_an_interrupt() -> Iterator[None]:
    """Lets SIGTERM end the work as an interrupt does: the calls in flight are finished, and the rest is told."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
