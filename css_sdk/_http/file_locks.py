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
        """Lock an open file until it is closed. If another process holds the lock, raise `OSError` at once.

        The lock moves the position in the file. New lines still go to the end, because journals are opened to append.
        """
        os.lseek(file, FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(file: int) -> None:
        """Lock an open file until it is closed. If another process holds the lock, raise `OSError` at once."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
