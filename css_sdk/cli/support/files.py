"""Read and write whole files. Only the owner of a written file can read it."""

from __future__ import annotations

import os
import sys
from codecs import iterencode
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from ..._http.whole_files import replace_file
from .output import print_lines
from .terminal import is_closed

STDIN = Path("-")


def limit() -> int:
    """Return the largest size in bytes of a file that css reads: 20 MiB, or the value of CSS_MAX_FILE_MIB.

    Raises:
        ConfigurationError: when the variable is not a whole number of 1 or more.
    """
    from ..._text.files import MOST_BYTES
    from ...errors import ConfigurationError

    said = os.environ.get("CSS_MAX_FILE_MIB")
    if said is None:
        return MOST_BYTES
    if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said)):
        raise ConfigurationError(f"CSS_MAX_FILE_MIB is {said!r}. Set it to a whole number of MiB, 1 or more.")
    return int(said) * 2**20


def content_of(file: Path, *, is_journal: bool = False) -> tuple[bytes, str]:
    """Return the content of a file or of stdin, and its name for messages.

    A journal may have any size, because css undo and --resume must be able to read it.

    Raises:
        InvalidFile: when the file cannot be read, or is too large.
    """
    from ..._text.files import too_large
    from ...errors import InvalidFile, Remedy

    if file == STDIN and is_closed("stdin"):
        raise InvalidFile("Standard input is closed, so - cannot be read. Name a file instead.")
    name, most = "stdin" if file == STDIN else str(file), None if is_journal else limit()
    try:
        with nullcontext(sys.stdin.buffer) if file == STDIN else file.open("rb") as opened:
            content = opened.read() if most is None else opened.read(most + 1)
    except OSError as error:
        from ...journal.entries import NAME_A_JOURNAL

        remedy = NAME_A_JOURNAL if is_journal else Remedy("", "Name a file, or - for standard input.")
        raise InvalidFile(f"{file} cannot be read: {error.strerror}. Nothing was sent.", remedy=remedy) from None
    if most is not None and len(content) > most:
        raise too_large(name, most)
    return content, name


def text_in(file: Path) -> tuple[str, str]:
    """Return the text of a file or of stdin, and its name for messages.

    Raises:
        InvalidFile: when the file cannot be read, is too large, or is not text.
    """
    from ..._text.files import text_of

    content, name = content_of(file)
    return text_of(content, name, None), name


def why_not_writable(file: Path) -> str:
    """Return the reason why css cannot write a file, as the end of a sentence. If css can write it, return ""."""
    if file.is_dir():
        return "it is a folder"
    if file.exists() and not file.is_file():
        return "it is a device, or something else that cannot be replaced"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}"
    if not os.access(file.parent, os.W_OK):
        folder = "the current folder" if file.parent == Path() else f"the folder '{file.parent}'"
        return f"you have no permission to write in {folder}"
    return ""


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """A file that a command writes.

    Without `--force`, css replaces only an empty file, or a file that css-sdk wrote.

    Attributes:
        path: the path of the file; None for stdout.
        option: the option that names the file, for messages.
        kind: what the command writes, such as "a plan", for messages.
        is_ours: returns whether css-sdk wrote a content as a file of this kind.
        force: whether to replace any existing file.
    """

    path: Path | None
    option: str
    kind: str
    is_ours: Callable[[bytes], bool]
    force: bool = False

    def check(self, source: Path = STDIN) -> None:
        """Raise an error if the file cannot be written, or must not be replaced.

        Call this before css sends anything. `source` is the input file of the command, which css never replaces.

        Raises:
            InvalidFile: with the reason and the option to change.
        """
        from ...errors import InvalidFile

        if self.path is None:
            return
        other = f"Nothing was sent. Name another file with {self.option}."
        if self.path == STDIN:
            raise InvalidFile(
                f"{self.option} must name a file: {self.kind} cannot go to standard output (-). Nothing was sent."
            )
        if why := why_not_writable(self.path):
            raise InvalidFile(f"{self.path} cannot be written: {why}. {other}")
        if not self.path.exists():
            return
        if source != STDIN and source.exists() and self.path.samefile(source):
            raise InvalidFile(f"{self.path} is the input file. {other}")
        if not self.force and not may_be_replaced(self.path, self.is_ours):
            raise InvalidFile(
                f"{self.path} exists and is not {self.kind} that css-sdk wrote, or somebody has changed it. "
                f"{other[:-1]}, or replace the file with --force."
            )

    def write(self, pieces: Iterable[str] | bytes, encoding: str = "utf-8") -> None:
        """Write the file completely or not at all. If the path is None, print the text on stdout instead.

        Args:
            pieces: the pieces of the text, or the bytes of a workbook. css never prints a workbook.
            encoding: the encoding of the file. Excel recognizes UTF-8 by the byte order mark of `utf-8-sig`.

        Raises:
            InvalidFile: when the file cannot be written.
        """
        if self.path is not None:
            write_whole(
                self.path,
                [pieces] if isinstance(pieces, bytes) else iterencode(pieces, encoding, "backslashreplace"),
                f" Free some disk space, or name another file with {self.option}.",
            )
        elif not isinstance(pieces, bytes):
            print_lines(piece.removesuffix("\n") for piece in pieces)


def may_be_replaced(file: Path, is_ours: Callable[[bytes], bool]) -> bool:
    """Return whether css may replace an existing file: a blank file, or a file with content that css-sdk wrote."""
    content, _ = content_of(file)
    return not content.strip() or is_ours(content)


def write_whole(file: Path, pieces: Iterable[bytes], advice: str = "") -> None:
    """Write a file completely or not at all. Only its owner can read the file afterwards.

    `advice` is a sentence for the message of an error. It must begin with a blank.

    Raises:
        InvalidFile: when the file cannot be written.
    """
    from ...errors import InvalidFile

    try:
        replace_file(file, pieces)
    except OSError as error:
        raise InvalidFile(f"{file} could not be written: {error.strerror}.{advice}") from None
