"""The text of files as editors and Excel write them. Pure."""

from __future__ import annotations

from .errors import InvalidFile


def text_of(content: str | bytes, name: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 with its byte order mark; without the mark.

    Args:
        content: of the file; a text is one already.
        name: of the file, for messages.

    Raises:
        InvalidFile: for any other encoding, with the line where it shows.

    >>> text_of(b"\\xef\\xbb\\xbfrole", "roster.csv")
    'role'
    """
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidFile(
            f"{name} is not text in UTF-8. Save it so; in Excel, as «CSV UTF-8». Nothing was sent.",
            faults=[f"{name}:{line}: this is not {error.encoding.upper()}"],
        ) from None
