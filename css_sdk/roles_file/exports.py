"""Mark an exported roles file with a checksum, and recognize whether somebody changed the file. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_HEADER: Final = "# Written by css export. css export replaces this file only if nobody has changed it. Checksum:"


def marked_export(text: str) -> str:
    """Return a roles file with a first line that holds a checksum of the other lines.

    >>> marked_export("version: 1\\n").splitlines()[1]
    'version: 1'
    """
    return f"{_HEADER} {_checksum(text.encode())}\n{text}"


def is_unchanged_export(content: bytes) -> bool:
    r"""Return whether this is a file that `marked_export` returned. Git and editors may have changed its line ends.

    >>> text = marked_export("version: 1\n")
    >>> is_unchanged_export(text.replace("\n", "\r\n").encode()), is_unchanged_export(f"{text}timezone: UTC\n".encode())
    (True, False)
    """
    first, _, rest = re.sub(rb"\r\n?", b"\n", content.removeprefix(b"\xef\xbb\xbf")).partition(b"\n")
    return first == f"{_HEADER} {_checksum(rest)}".encode()


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
