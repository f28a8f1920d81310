"""Open the journal of a command: the file that `--journal` names, or a new file in the user's folder."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..._text.shells import quote
from .defaults import found_defaults
from .files import content_of
from .next_steps import message_of
from .output import say
from .questions import ALLOW_PROD

if TYPE_CHECKING:
    from ... import Css, Journal
    from ..._http.journal_folder import JournalFolder
    from ...journal.entries import Entry
    from .options import Given


def folder() -> JournalFolder:
    """Return the folder with the user's journals."""
    from ..._http.journal_folder import JournalFolder

    return JournalFolder.of_user(os.environ)


def journal_file(named: Path) -> Path:
    """Return the file of a journal. `named` is its path, or its name in the user's folder.

    If the folder has no such journal, return `named`.
    """
    if named.exists() or named.name != str(named):
        return named
    return folder().file_of(str(named)) or named


def newest_journal() -> Path:
    """Return the file of the newest journal in the user's folder, and print its name.

    Raises:
        InvalidFile: when the folder has no journals.
    """
    from ...errors import InvalidFile

    there = folder()
    name = next(iter(there.journals()), None)
    file = there.file_of(name) if name else None
    if file is None:
        raise InvalidFile(f"There are no journals in {there.path}. If you have a journal elsewhere, pass its path.")
    say(f"Journal {name}")
    return file


def _is_unused(file: Path, css: Css) -> bool:
    """Return whether a file is a journal of this account without any write."""
    from ...errors import InvalidFile
    from ...journal.entries import read_journal

    with suppress(InvalidFile):
        journal = read_journal(*content_of(file, is_journal=True))
        settings = css.settings
        return not journal.entries and (journal.client_id, journal.api_url) == (settings.client_id, settings.api_url)
    return False


@contextmanager
def journaled(
    css: Css,
    given: Given,
    *,
    is_needed: bool = True,
    plan_id: str | None = None,
    resume: Path | None = None,
    undoes: str = "",
) -> Iterator[tuple[Css, Journal | None]]:
    """Open the journal. Yield a client that records its writes in the journal, and the journal.

    If css keeps no journal, yield the client and None. At the end, css prints how to undo the changes.

    Call this before css asks for confirmation, because a journal that cannot be written raises an error. But if the
    default journal cannot be written, css only prints a warning.

    If css sent no write, css removes the default journal. But css keeps a journal that `--journal` names, because
    scripts expect this file.

    Args:
        is_needed: whether there is anything to change. If not, css does not open a journal that already exists.
        plan_id: the id of the saved plan that css carries out.
        resume: an existing journal to continue. The caller must check that it belongs to this account and plan.
        undoes: the name of the journal that this run undoes.

    Raises:
        InvalidFile: when the journal that an option names cannot be written, or its file must not be replaced.
    """
    has_journal = given.journal is not None and given.journal.exists()
    journal = _opened(css, given, plan_id, resume, undoes) if is_needed or not has_journal else None
    if journal is None:
        yield css, None
        return
    try:
        with journal:
            yield css.with_journal(journal), journal
    finally:
        if given.journal is None and resume is None and not journal.entries:
            journal.path.unlink(missing_ok=True)
        if any(entry.outcome != "failed" for entry in journal.entries):
            # Print this after the results, which the command prints when the client is closed.
            command = _undo_command(folder().name_of(journal.path), journal.entries, given)
            click.get_current_context().call_on_close(lambda: say(f"To undo the changes, run: {command}"))


def _undo_command(name: str, entries: Sequence[Entry], given: Given) -> str:
    """Return the command that undoes the changes in a journal, with the necessary options."""
    from ...plan.removal_limits import FEW

    steps = [step for entry in entries if entry.outcome != "failed" for step in entry.steps]
    needs_prod = given.allow_prod and any(step.place.environment == "prod" for step in steps)
    made = Counter((step.place, "" if step.kind == "create_role" else step.role) for step in steps if not step.removes)
    most = max(made.values(), default=0)
    limit = ("--max-removals", str(most)) if most > FEW else ()
    return " ".join(("css undo", quote(name), *limit, *((ALLOW_PROD,) if needs_prod else ())))


def _opened(css: Css, given: Given, plan_id: str | None, resume: Path | None, undoes: str) -> Journal | None:
    from ... import Journal
    from ..._http.journal_folder import DAYS
    from ...errors import InvalidFile
    from ...settings import is_on

    command = click.get_current_context().command_path
    is_unused = given.journal is not None and given.journal.exists() and _is_unused(given.journal, css)
    new = partial(Journal, plan=plan_id, user=_user(), reason=given.reason or "", command=command, undoes=undoes)
    if resume is not None:
        return new(resume, resume=True)
    if given.journal is not None:
        return new(given.journal, resume=is_unused)
    if given.no_journal or not is_on(os.environ, "CSS_JOURNAL", otherwise=True):
        return None
    days = found_defaults().get("journal_days", DAYS)
    try:
        return new(folder().new_file(command, datetime.datetime.now(datetime.UTC), days), is_required=False)
    except (OSError, InvalidFile) as error:
        why = (
            f"{error.filename} cannot be written: {error.strerror}."
            if isinstance(error, OSError)
            else message_of(error)
        )
        say(
            f"css: {why} So no journal is kept, and css undo cannot undo these changes. To keep a journal elsewhere, "
            f"pass --journal FILE. To hide this warning, pass --no-journal."
        )
        return None


def _user() -> str:
    """Return the local user name, or "" if the system has none, as in some containers."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
