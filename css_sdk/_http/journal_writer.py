"""Write a journal: each line is on the disk before the program continues."""

from __future__ import annotations

import contextlib
import datetime
import errno
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Self

from attrs import evolve

from .._version import __version__
from ..errors import CssError, InvalidFile, Remedy
from ..journal import entries as journal
from ..models import Outcome
from ..settings import Settings
from ..state import Step
from .file_locks import lock
from .forks import watch

_LOG = logging.getLogger("css_sdk")

_OTHER_FILE: Final = Remedy(
    "Nothing was sent. Name another file.", "Nothing was sent. Name another file with --journal."
)
_LOCKED: Final = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""The errors with which systems report that another process holds the lock.

Any other error means that the file system has no locks.
"""


def is_in_use(path: Path) -> bool:
    """Return whether a run is writing a journal at the moment.

    Return False if the file cannot be opened, or if its file system has no locks.
    """
    try:
        file = path.open("rb")
    except OSError:
        return False
    with file:
        try:
            lock(file.fileno())
        except OSError as error:
            return error.errno in _LOCKED
    return False


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class Journal:
    """Record every write of a client in a file, before it is sent and when it has ended. `css undo` reads the file.

    The file holds usernames and role names, but never a secret. Only its owner can read it. It belongs to the process
    that opened it: a forked child cannot write into it.

    Args:
        path: path of the file. Without `resume`, it must not exist, because no journal is ever overwritten.
        resume: whether to continue a journal that exists.
        plan: the id of the plan that the journal belongs to, if it belongs to one.
        is_required: what happens if a write cannot be recorded. If True, the write is not sent, and an error is raised.
            If False, a warning is logged, the write is sent, and nothing more is recorded.
        reason: why the changes are made.
        user: who makes the changes: the local user name.
        command: the command that makes the changes.
        undoes: the name of the journal that these changes undo.
        clock: returns the current time. It is called once for each line.

    Raises:
        InvalidFile: the file cannot be written, or another run is using it. If `resume` is False: the file already
            exists. If `resume` is True: the file does not exist, or is not a journal.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Journal(f"{folder}/today.jsonl") as journal:
    ...     print(journal.path.name)
    today.jsonl
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        resume: bool = False,
        plan: str | None = None,
        is_required: bool = True,
        reason: str = "",
        user: str = "",
        command: str = "",
        undoes: str = "",
        clock: Callable[[], datetime.datetime] = _now,
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._plan = plan
        self._is_required = is_required
        self._is_given_up = False
        self._facts = {"user": user, "reason": reason, "command": command, "undoes": undoes}
        self._lock = threading.Lock()
        self._count = 0
        self._length = 0
        self._why_not = ""
        self._is_closed = False
        self._is_logged = False
        self._undone: set[Step] = set()
        self._entries: dict[int, journal.Entry] = {}
        how = os.O_RDWR if resume else os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            self._file = os.open(self.path, how | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            raise InvalidFile(
                f"The journal {self.path} already exists. css-sdk never replaces a journal, because an undo needs it.",
                remedy=_OTHER_FILE,
            ) from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no file can have this name"
            raise InvalidFile(f"The journal {str(self.path)!r} cannot be written: {why}.", remedy=_OTHER_FILE) from None
        try:
            self._claim()
            if resume:
                self._continue()
        except BaseException:
            self.close()
            raise
        watch(self)

    def after_fork(self) -> None:
        """Close the file in a forked child, because the file would otherwise stay locked after the parent has ended."""
        self._lock = threading.Lock()  # a thread of the parent may hold the old one
        self._why_not = (
            "was opened in the parent of this forked process, and only the parent can write into it. In each process, "
            "create a client with its own journal."
        )
        if not self._is_closed:
            self._is_closed = True
            with contextlib.suppress(OSError):
                os.close(self._file)

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The outcomes of writes that are still in flight are not recorded."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._why_not = self._why_not or "is closed."
                os.close(self._file)

    @property
    def entries(self) -> tuple[journal.Entry, ...]:
        """Return the writes that were recorded since this object was created, as `read_journal` returns them."""
        with self._lock:
            return tuple(self._entries.values())

    def open_for(self, settings: Settings) -> None:
        """Record which account makes the writes that follow. Each client that gets the journal calls this.

        Args:
            settings: the settings of the client.

        Raises:
            InvalidFile: the line could not be written, and the journal is required.
        """
        with self._lock:
            self._write(
                journal.opening(
                    settings.client_id, settings.api_url, __version__, self._at(), self._plan, **self._facts
                ),
                "Nothing was sent.",
            )

    @contextlib.contextmanager
    def knowing_not_done(self, steps: Iterable[Step]) -> Iterator[None]:
        """Remember inside the block that these steps are not done.

        css-sdk then writes each step without reading its state again. When the write of a step begins, the journal
        forgets the step.

        Args:
            steps: the steps. A read has just shown that they are not done.
        """
        known = set(steps)
        self._undone |= known
        try:
            yield
        finally:
            self._undone -= known

    def are_not_done(self, steps: Iterable[Step]) -> bool:
        """Return whether the journal remembers all these steps as not done; see `knowing_not_done`.

        Args:
            steps: the steps of one write.
        """
        return self._undone.issuperset(steps)

    def begin(self, steps: Sequence[Step]) -> int:
        """Record a write before it is sent, and return its number in the journal.

        Args:
            steps: the steps that the write will really do, without those that are already done.

        Raises:
            InvalidFile: the write could not be recorded, and the journal is required. The write must not be sent.
        """
        with self._lock:
            self._count += 1
            self._undone.difference_update(steps)
            self._write(journal.before(self._count, steps, self._at()), "Nothing more was sent.")
            if not self._is_given_up:
                self._entries[self._count] = journal.Entry(self._count, tuple(steps))
            return self._count

    def end(self, number: int, error: CssError | None = None) -> None:
        """Record how a write ended.

        The outcome cannot be recorded if the disk is full, or if a second interrupt closed the journal. Then a required
        journal logs an error, and its next `begin` raises an error.

        Args:
            number: the number that `begin` returned.
            error: the error of the write; None if the write was done.
        """
        outcome: Outcome = "done" if error is None else error.outcome
        line = journal.after(number, outcome, str(error or ""), self._at())
        with self._lock:
            try:
                self._write(line, "Nothing more was sent.")
                if not self._is_given_up:
                    self._entries[number] = evolve(self._entries[number], outcome=outcome)
            except InvalidFile as fault:
                if not self._is_logged:
                    _LOG.error(
                        "%s For calls in flight, the journal records that they began, but not how they ended.", fault
                    )
                self._is_logged = True

    def _at(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    def _write(self, line: str, otherwise: str) -> None:
        if self._is_given_up:
            return
        if self._why_not:
            raise InvalidFile(f"The journal {self.path} {self._why_not} {otherwise}")
        content = line.encode("ascii")
        try:
            if os.write(self._file, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._length)  # an incomplete line would spoil the next line
            if not self._is_required:
                self._is_given_up = True
                _LOG.warning(
                    "The journal %s cannot be written: %s. css-sdk continues without recording changes.",
                    self.path,
                    error.strerror,
                )
                return
            self._why_not = f"cannot be written: {error.strerror}."
            raise InvalidFile(f"The journal {self.path} {self._why_not} {otherwise}") from None
        self._length += len(content)

    def _claim(self) -> None:
        """Lock the file for this run, because a file with lines of two runs could not be read as a journal.

        Some file systems have no locks, such as NFS without a lock service. There, the journal is written without a
        lock. If the journal is required, a warning is logged.
        """
        try:
            lock(self._file)
        except OSError as error:
            if error.errno in _LOCKED:
                raise InvalidFile(
                    f"The journal {self.path} is in use by another run. Nothing was sent. Wait until that run ends."
                ) from None
            if self._is_required:  # a default journal has a name of its own
                _LOG.warning(
                    "The journal %s cannot be locked here (%s). css-sdk writes it without a lock. Make sure that no "
                    "other run uses it.",
                    self.path,
                    error.strerror,
                )

    def _continue(self) -> None:
        """Continue the numbering of the writes in the journal. If the last line is incomplete, remove this line."""
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        entries = journal.read_journal(whole, self.path.name).entries
        self._count = max((entry.number for entry in entries), default=0)
        self._length = len(whole)
        os.ftruncate(self._file, self._length)
