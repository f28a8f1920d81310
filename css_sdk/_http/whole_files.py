"""Write files completely or not at all, readable only by their owner."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def replace_file(file: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that only its owner can read. Other programs see the old content or the complete new content.

    Raises:
        OSError: the file cannot be written. A file that existed before is not changed.
    """
    # Only its owner can read a temporary file, even if others could read the old file.
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
