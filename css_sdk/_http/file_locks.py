"""Lock a file for one process, on POSIX and on Windows."""

from __future__ import annotations

import os
import sys
from typing import Final

FAR: Final = 2**31 - 2
"""The byte that is locked on Windows, where nobody else can read a locked byte. Every journal ends before it."""

if sys.platform == "win32":
    import msvcrt

    def lock(file: int) -> None:
        """Lock an open file until it is closed, or raise the OSError of the system at once.

        Args:
            file: number of the open file. Its position moves; what is appended still goes to the end.
        """
        os.lseek(file, FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(file: int) -> None:
        """Lock an open file until it is closed, or raise the OSError of the system at once.

        Args:
            file: number of the open file.
        """
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
