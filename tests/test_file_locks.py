"""Locks of journals, on this system and as on Windows."""

from __future__ import annotations

import errno
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from css_sdk._http import file_locks

Lock = Callable[[int], None]


class Windows(ModuleType):
    """Imitate the locking of `msvcrt`: one open file locks each byte, and nobody else can read a locked byte."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.locked: dict[tuple[int, int], int] = {}

    def locking(self, file: int, mode: int, length: int) -> None:
        """Lock the byte at the position of the file."""
        assert (mode, length) == (self.LK_NBLCK, 1)
        at = os.lseek(file, 0, os.SEEK_CUR), os.fstat(file).st_ino
        if self.locked.setdefault(at, file) != file:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    """Return the module as it is on Windows."""
    windows = Windows()
    monkeypatch.setitem(sys.modules, "msvcrt", windows)
    monkeypatch.setattr(sys, "platform", "win32")
    return windows


@pytest.fixture
def twice(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Yield one file that two runs have opened."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    files = os.open(tmp_path / "a file", flags), os.open(tmp_path / "a file", flags)
    yield files
    for file in files:
        os.close(file)


def test_a_second_run_is_refused_the_lock_of_a_journal(twice: tuple[int, int]) -> None:
    """If one run holds the lock of a file, a second one is refused at once."""
    file_locks.lock(twice[0])
    with pytest.raises(OSError) as caught:
        file_locks.lock(twice[1])
    assert caught.value.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


@pytest.mark.posix
def test_on_windows_a_second_run_is_refused_the_lock_but_can_read(windows: Windows, twice: tuple[int, int]) -> None:
    """On Windows the locked byte is behind the end of the file, so that others can read it and lines are still
    appended.
    """
    lock: Lock = runpy.run_path(file_locks.__file__)["lock"]
    lock(twice[0])
    with pytest.raises(PermissionError):
        lock(twice[1])
    os.write(twice[0], b"first\n")
    os.write(twice[0], b"second\n")
    assert os.pread(twice[1], 100, 0) == b"first\nsecond\n"
    [(position, _)] = windows.locked
    assert 100 < position < 2**31
