"""Refuse paths whose parts would lead somewhere else. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ..errors import (
    UnusableName,
)
from .identifiers import _BLANKS


def check_path(path: str, request: str) -> None:
    """Refuse a path of which a part is empty, blank or only dots: it would be the path of something else.

    Args:
        path: as it will be sent, after the base address.
        request: method and path, for the message.

    Raises:
        UnusableName: for such a part, as it stands there, decoded once or decoded twice.
    """
    for part in path.split("/")[1:]:
        once = unquote(part)
        for read in (once, unquote(once)):
            if re.sub(_BLANKS, "", read) in ("", ".", ".."):
                raise UnusableName(f"{request}: a part of the path is empty or only dots ({read!r}).", request=request)
