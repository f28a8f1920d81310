"""Read roles files, and folders with roles files, from disk. `roles_file.parser` parses their content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ._text.files import MOST_BYTES
from .errors import InvalidFile
from .roles_file.parser import read_together

if TYPE_CHECKING:
    from .plan.desired import Desired

_SUFFIXES: Final = (".yaml", ".yml")


def read_desired_files(paths: str | Path | Iterable[str | Path], *, max_bytes: int | None = MOST_BYTES) -> Desired:
    """Read roles files and folders of roles files as one desired state. Check them without sending a request.

    Several files can describe the same place, and can use a group that another file defines. But two files must not
    describe the same role or the same user of a place, and must not define the same group.

    Args:
        paths: files and folders. From a folder, css-sdk reads all files `*.yaml` and `*.yml`, in the order of their
            names. It skips hidden files and subfolders.
        max_bytes: the largest accepted size of all files together, by default 20 MiB; None for no limit.

    Raises:
        InvalidFile: a file cannot be read or has faults, a file is named twice, a folder has no roles files, or the
            files are too large. The error lists each fault with its file and line.

    >>> len(read_desired_files(["examples/access"]).places)
    3
    """
    given = (paths,) if isinstance(paths, str | Path) else paths
    return read_together({str(file): _content_of(file) for file in files_in(map(Path, given))}, max_bytes=max_bytes)


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield each path that is not a folder, and the roles files of each folder. Refuse a file that is named twice."""
    seen: set[Path] = set()
    for path in paths:
        for file in _files_of(path):
            if file.absolute() in seen:
                raise InvalidFile(f"{file} is named twice, directly or by its folder. Nothing was sent. Name it once.")
            seen.add(file.absolute())
            yield file


def _files_of(path: Path) -> list[Path]:
    """Return the path itself if it is not a folder; otherwise the roles files of the folder, sorted by name.

    A broken link in the folder counts as a roles file, so reading it fails. If css-sdk skipped the link, the roles of
    that file would be missing without any error.
    """
    try:
        if not path.is_dir():
            return [path]
        named = [file for file in sorted(path.iterdir()) if file.suffix.lower() in _SUFFIXES]
        files = [file for file in named if not file.name.startswith(".") and not file.is_dir()]
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {error.strerror}. Nothing was sent.") from None
    if not files:
        raise InvalidFile(
            f"The folder {path} has no roles files: no *.yaml and no *.yml. Hidden files and "
            f"subfolders are not read. Nothing was sent. Name the files, or a folder that has such files."
        )
    return files


def _content_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror}. Nothing was sent.") from None
