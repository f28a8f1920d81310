"""Lock a file for one process, on POSIX and on Windows."""

from __future__ import annotations

import os
import sys
from typing import Final

FAR: Final = 2**31 - 2
"""The position of the byte that is locked on Windows, behind the end of every journal.

No other process can read a locked byte on Windows, and journals must stay readable.
"""

if sys.platform == "win32":
    import msvcrt

    def lock(file: int) -> None:
        """Lock an open file until it is closed. Do not wait if another process holds the lock.

        Args:
            file: the file descriptor. Its position changes, but appended lines still go to the end.

        Raises:
            OSError: another process holds the lock, or the file cannot be locked.
        """
        os.lseek(file, FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(file: int) -> None:
        """Lock an open file until it is closed. Do not wait if another process holds the lock.

        Args:
            file: the file descriptor.

        Raises:
            OSError: another process holds the lock, or the file cannot be locked.
        """
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
