"""Decode files as editors and Excel write them, and collect the faults of a file. Pure."""

from __future__ import annotations

from typing import Final

from ..errors import MOST_FAULTS, InvalidFile, InvalidRequest, Remedy

MOST_BYTES: Final = 20 * 2**20
"""The default limit for the size of a file, in bytes: 20 MiB."""
_NOT_TABLES: Final = (".yaml", ".yml", ".json", ".jsonl")
"""The endings of files that nobody opens in Excel."""


def text_of(
    content: str | bytes,
    name: str,
    max_bytes: int | None = MOST_BYTES,
    encoding: str | None = None,
    remedy: Remedy | None = None,
) -> str:
    """Return the text of a file, without its byte order mark. Refuse files that are too large, and Excel workbooks.

    Without an `encoding`, the first bytes decide between UTF-8 and UTF-16. `remedy` says how to pass the encoding.

    >>> text_of(b"\\xef\\xbb\\xbfrole", "roster.csv")
    'role'
    """
    if max_bytes is not None and len(content) > max_bytes:
        raise too_large(name, max_bytes)
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    is_table = not name.lower().endswith(_NOT_TABLES)
    if content.startswith(b"PK\x03\x04"):
        then = " Save it as «CSV UTF-8»." if is_table else ""
        raise InvalidFile(f"{name} is an Excel workbook or another archive. Nothing was sent.{then}")
    chosen = encoding or _encoding_of(content)
    try:
        return content.decode(chosen).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        known = chosen.upper().removesuffix("-SIG")
        in_excel = "; in Excel, as «CSV UTF-8»" if is_table else ""
        then = "" if encoding else f" Save it in UTF-8{in_excel}."
        raise InvalidFile(
            f"{name} is not text in {known}. Nothing was sent.{then}",
            faults=[f"{name}:{line}: this is not {known}"],
            remedy=None if encoding else remedy,
        ) from None
    except LookupError:
        raise InvalidRequest(f"Python does not know the encoding {encoding!r}. An example is cp1252.") from None


def _encoding_of(content: bytes) -> str:
    """Return UTF-16 if the content begins with its byte order mark, or if every second byte at the beginning is zero.

    For any other content, return UTF-8.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    start = content[:200]
    if len(start) < 2:
        return "utf-8-sig"
    if not any(start[1::2]) and all(start[::2]):
        return "utf-16-le"
    return "utf-16-be" if not any(start[::2]) and all(start[1::2]) else "utf-8-sig"


def too_large(name: str, max_bytes: int) -> InvalidFile:
    """Return the error for a file that is larger than `max_bytes`."""
    size = f"{max_bytes / 2**20:g} MiB" if max_bytes >= 2**20 else f"{max_bytes} bytes"
    advice = "Use smaller files, or raise the limit with"
    return InvalidFile(
        f"{name} is larger than {size}. Nothing was sent.",
        remedy=Remedy(f"{advice} max_bytes=.", f"{advice} CSS_MAX_FILE_MIB."),
    )


class FirstFaults:
    """Collect the faults of a file. Keep the first 100 in the order of their lines, and count all."""

    def __init__(self, name: str, remedy: Remedy | None = None) -> None:
        self.count = 0
        self._name = name
        self._remedy = remedy
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, message: str) -> None:
        """Add a fault in a line of the file."""
        self.count += 1
        self._found.append((line, message))
        if len(self._found) >= 10 * MOST_FAULTS:
            self._found = self._first()

    def error(self) -> InvalidFile:
        """Return the error that lists the first 100 faults, and gives the number of all."""
        faults = [f"{self._name}:{line}: {message}" for line, message in self._first()]
        return InvalidFile.with_faults(self._name, faults, self._remedy, self.count)

    def _first(self) -> list[tuple[int, str]]:
        return sorted(self._found, key=lambda one: one[0])[:MOST_FAULTS]
