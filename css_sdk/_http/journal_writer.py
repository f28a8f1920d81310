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
from ..errors import CssError, InvalidFile, OutcomeUnknown, Remedy
from ..journal import entries as journal
from ..models import Outcome
from ..settings import Settings
from ..state import Step
from .file_locks import lock
from .forks import watch

_LOG = logging.getLogger("css_sdk")

_LOCKED: Final = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
"""What systems answer where another process holds the lock; every other answer means no lock."""


def is_in_use(path: Path) -> bool:
    """Return whether a run is writing into a journal at the moment, as far as the system has locks."""
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
    """A file that holds every write of a client, before and after it is sent; what `css undo` reads.

    It holds usernames and role names, never a secret, and is written so that only its owner can read it. It belongs to
    the process that opened it: a forked child cannot write into it.

    Args:
        path: of the file. It must not exist: no journal is ever overwritten.
        resume: continue a journal that exists.
        plan: the id of the plan that the journal belongs to, if it belongs to one.
        is_required: let a write fail that cannot be written down. Otherwise the log warns, and the journal ends there.
        reason, user, command, undoes: what `JournalRead` has under these names; none by default.
        clock: returns the time for each line.

    Raises:
        InvalidFile: when it cannot be written, or exists already.

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
        self._fault: InvalidFile | None = None
        self._is_closed = self._is_forked = False
        self._is_logged = False
        self._undone: set[Step] = set()
        self._entries: dict[int, journal.Entry] = {}
        how = os.O_RDWR if resume else os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            self._file = os.open(self.path, how | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        except FileExistsError:
            raise InvalidFile(
                f"The journal {self.path} already exists. css-sdk never replaces a journal, because an undo needs it.",
                remedy=Remedy("Name another file.", "Name another file with --journal."),
            ) from None
        except OSError as error:
            raise InvalidFile(f"The journal {self.path} cannot be written: {error.strerror}.") from None
        except ValueError:
            raise InvalidFile(
                f"The journal {str(self.path)!r} cannot be written: no file can have this name."
            ) from None
        try:
            self._claim()
            if resume:
                self._continue()
        except BaseException:
            self.close()
            raise
        watch(self)

    def after_fork(self) -> None:
        """Leave the file to the parent process, whose lock on it must not outlive that process."""
        self._lock = threading.Lock()  # a thread of the parent may hold the other one
        self._is_forked = True
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
        """Close the file; the outcomes of writes that are still in flight are not written down."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._file)

    @property
    def entries(self) -> tuple[journal.Entry, ...]:
        """Return what was written down since the journal was opened, as `read_journal` reads it."""
        with self._lock:
            return tuple(self._entries.values())

    def open_for(self, settings: Settings) -> None:
        """Write down whose writes follow; each client does so that is given the journal.

        Args:
            settings: of the client.

        Raises:
            InvalidFile: when the line could not be written.
        """
        with self._lock:
            self._write(
                journal.opening(
                    settings.client_id, settings.api_url, __version__, self._at(), self._plan, **self._facts
                ),
                "Nothing was sent.",
            )

    @contextlib.contextmanager
    def knowing_undone(self, steps: Iterable[Step]) -> Iterator[None]:
        """Let each of these steps count as not done until it is begun, so that it need not be read again.

        Args:
            steps: that are not done, as a read has just shown.
        """
        known = set(steps)
        self._undone |= known
        try:
            yield
        finally:
            self._undone -= known

    def are_undone(self, steps: Iterable[Step]) -> bool:
        """Return whether all these steps are known to be not done.

        Args:
            steps: of one write.
        """
        return self._undone.issuperset(steps)

    def begin(self, steps: Sequence[Step]) -> int:
        """Write down what is about to be sent, and return the number of the write.

        Args:
            steps: that the write will really do.

        Raises:
            InvalidFile: when it could not be written down; nothing must be sent then.
        """
        with self._lock:
            self._count += 1
            self._undone.difference_update(steps)
            self._write(journal.before(self._count, steps, self._at()), "Nothing more was sent.")
            if not self._is_given_up:
                self._entries[self._count] = journal.Entry(self._count, tuple(steps))
            return self._count

    def end(self, number: int, error: CssError | None = None) -> None:
        """Write down how a write ended.

        Args:
            number: that `begin` returned.
            error: of the write; None if it is confirmed.

        If the outcome cannot be written down (the disk is full, or a second interrupt closed the journal), the log says
        so, and the next `begin` refuses.
        """
        outcome: Outcome = "confirmed"
        if error is not None:
            outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
        line = journal.after(number, outcome, str(error or ""), self._at())
        with self._lock:
            try:
                self._write(line, "Nothing more was sent.")
                if not self._is_given_up:
                    self._entries[number] = evolve(self._entries[number], outcome=outcome)
            except InvalidFile as fault:
                if not self._is_logged:
                    _LOG.error("%s The journal records the calls in flight as begun, without an outcome.", fault)
                self._is_logged = True

    def _at(self) -> str:
        return self._clock().isoformat(timespec="milliseconds")

    def _write(self, line: str, otherwise: str) -> None:
        if self._is_given_up:
            return
        if self._fault is not None:
            raise self._fault
        if self._is_forked:
            raise InvalidFile(
                f"The journal {self.path} was opened in the parent of this forked process, and only the parent can "
                f"write into it. {otherwise} In each process, create a client with its own journal."
            )
        if self._is_closed:
            raise InvalidFile(f"The journal {self.path} is closed. {otherwise}")
        content = line.encode("ascii")
        try:
            if os.write(self._file, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._length)  # a line cut short would spoil the one that follows
            if not self._is_required:
                self._is_given_up = True
                _LOG.warning("The journal %s cannot be written: %s. It ends here.", self.path, error.strerror)
                return
            self._fault = InvalidFile(f"The journal {self.path} cannot be written: {error.strerror}. {otherwise}")
            raise self._fault from None
        self._length += len(content)

    def _claim(self) -> None:
        """Lock the file for this run, where the system can: lines of two runs in one file would be no journal.

        Some file systems have no locks (NFS without a lock service, some network and container mounts). The journal is
        written there all the same, with a warning.
        """
        try:
            lock(self._file)
        except OSError as error:
            if error.errno in _LOCKED:
                raise InvalidFile(f"The journal {self.path} is in use by another run. Nothing was sent.") from None
            if self._is_required:  # no other run uses the name of a default journal
                _LOG.warning(
                    "The journal %s cannot be locked here (%s): take care that no other run uses it.",
                    self.path,
                    error.strerror,
                )

    def _continue(self) -> None:
        """Continue the numbers of the last run, and cut off a line that was not written to its end."""
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        entries = journal.read_journal(whole, self.path.name).entries
        self._count = max((entry.number for entry in entries), default=0)
        self._length = len(whole)
        os.ftruncate(self._file, self._length)
