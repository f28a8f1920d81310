"""Files in and out: read whole, and written whole or not at all, for their owner alone."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

STDIN = Path("-")


def content_of(file: Path) -> tuple[bytes, str]:
    """What stands in a file, or comes from stdin, and what it is called in messages.

    Raises:
        InvalidFile: when it cannot be read.
    """
    from ..errors import InvalidFile

    try:
        return (sys.stdin.buffer.read(), "stdin") if file == STDIN else (file.read_bytes(), str(file))
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror}.") from None


def is_writable(file: Path) -> bool:
    """Whether this is, or can become, a file that can be replaced; a device or a folder is none."""
    is_special = file.exists() and not file.is_file()
    return not is_special and file.parent.is_dir() and os.access(file.parent, os.W_OK)


def check_writable(file: Path) -> None:
    """Refuses a file that cannot be written; better known before anything is asked of the service.

    Raises:
        InvalidFile: when it cannot, or is a device or a folder.
    """
    from ..errors import InvalidFile

    if file == STDIN:
        raise InvalidFile("Name a file to write to; - is none. Nothing was sent.")
    if not is_writable(file):
        raise InvalidFile(f"{file} cannot be written. Nothing was sent; name another file.")


def may_be_replaced(file: Path, is_kind: Callable[[bytes], bool]) -> bool:
    """Whether an existing file is empty, or of the kind that may be replaced.

    Raises:
        InvalidFile: when it cannot be read.
    """
    content, _ = content_of(file)
    return not content.strip() or is_kind(content)


def check_may_replace(file: Path, is_kind: Callable[[bytes], bool], kind: str, source: Path = STDIN) -> None:
    """Refuses a file that cannot be written, and one that holds something else than what is to be written there.

    Args:
        file: where to write.
        is_kind: tells of a content whether it may be replaced.
        kind: what that is.
        source: what is read, and never replaced.

    Raises:
        InvalidFile: when it cannot be written, or must not be.
    """
    from ..errors import InvalidFile

    check_writable(file)
    if not file.exists():
        return
    if source != STDIN and source.exists() and file.samefile(source):
        raise InvalidFile(f"{file} is what is read. Nothing was sent; name another file.")
    if not may_be_replaced(file, is_kind):
        raise InvalidFile(f"{file} exists, and is not {kind}. Nothing was sent; name another file.")


def write_whole(file: Path, pieces: Iterable[str], encoding: str = "utf-8") -> None:
    """Puts text into a file, which is as it was until all is written; nobody but its owner may read it afterwards.

    Args:
        file: where it goes.
        pieces: of the text, one after the other.
        encoding: `utf-8-sig` where Excel shall know UTF-8 by its mark.

    Raises:
        InvalidFile: when it cannot be written.
    """
    from ..errors import InvalidFile

    draft: Path | None = None
    try:
        # Made readable for its owner alone, whatever the file was that it takes the place of.
        with tempfile.NamedTemporaryFile(
            "w",
            dir=file.parent,
            prefix=f".{file.name}.",
            delete=False,
            encoding=encoding,
            errors="backslashreplace",
            newline="",
        ) as opened:
            draft = Path(opened.name)
            opened.writelines(pieces)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
        draft = None
    except OSError as error:
        raise InvalidFile(f"{file} could not be written: {error.strerror}.") from None
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)
