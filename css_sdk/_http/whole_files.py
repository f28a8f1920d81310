"""Write files completely or not at all, readable only by their owner."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def replace_file(file: Path, pieces: Iterable[bytes]) -> None:
    """Write a file completely before it gets its name, so that nobody reads a part. Only its owner can read it.

    Args:
        file: the file. If it exists, it is replaced.
        pieces: the pieces of its content.

    Raises:
        OSError: when it cannot be written. An older file is left as it is.
    """
    # A temporary file is readable for its owner only, even if the file that it replaces was not.
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.writelines(pieces)
            opened.flush()
            os.fsync(descriptor)
        Path(draft).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise
