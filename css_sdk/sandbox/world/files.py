"""Files that only their owner may read, read and replaced without following a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import SandboxError

NO_LINKS = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag; there the check of the path is all there is


def is_there(path: Path) -> bool:
    """Return whether a regular file stands at a path.

    Args:
        path: of the file.

    Returns:
        False when nothing stands there, or nothing that can be seen.

    Raises:
        SandboxError: something else stands there, such as a symbolic link, which may lead anywhere.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    if not stat.S_ISREG(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise SandboxError(f"{path} is {kind}; give the path of a regular file, or of a new one")
    return True


def read(path: Path) -> str:
    """Return the text of a file.

    Args:
        path: of the file.

    Returns:
        The text.

    Raises:
        OSError: it cannot be read, or it has become a link.
        ValueError: it is not UTF-8.
    """
    with open(path, encoding="utf-8", opener=lambda name, flags: os.open(name, flags | NO_LINKS)) as file:
        return file.read()


def replace(path: Path, content: bytes) -> None:
    """Put new content in a file's place, whole or not at all, for the owner's eyes only.

    A link at the path, or at that of the draft beside it, is replaced and not followed.

    Args:
        path: of the file.
        content: of the file from now on.

    Raises:
        OSError: it cannot be written.
    """
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a mode
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if os.name == "posix":  # the new name is kept only once the folder is written too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
