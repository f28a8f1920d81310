"""Read and replace files that only their owner may read, without following links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from ..errors import SandboxError

NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag; there only the path is checked


def exists(path: Path) -> bool:
    """Return whether a file exists. A file that this process may not see does not count.

    Raises:
        SandboxError: something other than a regular file is there, such as a symbolic link, which may lead anywhere.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise SandboxError(f"{path} is {kind}. Give the path of a regular file, or a path where no file exists")
    return True


def read(path: Path) -> bytes:
    """Return the content of a file. If the file has become a link, raise `OSError` (but not on Windows)."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_LINKS)) as file:
        return file.read()


def replace(path: Path, content: bytes) -> None:
    """Replace a file as a whole or not at all. Only the owner can read the new file.

    Links are not followed. A link at `path`, or at the name of the temporary file, is itself replaced.
    """
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if os.name == "posix":  # the new name survives a crash only after the folder is written
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
