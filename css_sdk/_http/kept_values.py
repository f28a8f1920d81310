"""Keep a value, such as a token, between runs of a program, in a file that only its user can read."""

from __future__ import annotations

import hmac
import json
import logging
import os
import stat
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from ..settings import Secret
from .whole_files import replace_file

_LOG = logging.getLogger("css_sdk")
_LARGEST: Final = 1024 * 1024
"""The maximum number of bytes that are read from the file."""
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags that refuse a symbolic link, and do not wait if the file is a pipe.

A symbolic link could lead to a value of another user.
"""


class KeptValue:
    """Keep a value that belongs to one account, as JSON in a file.

    The file name is a digest (HMAC) of the `identity`, with the secret of the account as the key. So each value,
    account and secret has its own file, and the name reveals none of them.

    The methods raise no error if the file cannot be used: `read` then returns no value, and `write` logs a warning. If
    other users can access the file, css-sdk does not read it. If other users can write to the folder, css-sdk writes no
    file there. Both cases log a warning.

    Args:
        what: the kind of value, such as `token`. For `token`, the folder is `tokens` in the user's cache folder.
        identity: texts that identify the value, such as the client id and the addresses.
    """

    def __init__(
        self, what: str, identity: Sequence[str], secret: Secret, now: Callable[[], float] = time.time
    ) -> None:
        self._what = what
        self._name = hmac.new(secret.reveal().encode(), "\n".join(identity).encode(), "sha256").hexdigest()
        self._now = now

    def read(self) -> tuple[Any, float]:
        """Return the value, and the number of seconds for which it may still be used.

        If the value is too old, the number is 0 or less. If there is no usable value, return None and 0.
        """
        try:
            file = self._folder() / f"{self._name}.json"
            with os.fdopen(os.open(file, _FLAGS), "rb") as opened:
                if not _is_private(os.fstat(opened.fileno()), 0o077):
                    warning = "css-sdk does not use the kept %s, because other users can read or replace it. Delete %s"
                    _LOG.warning(warning, self._what, file)
                    return None, 0.0
                content = json.loads(opened.read(_LARGEST))
            value, until, life = content["value"], float(content["until"]), float(content["life"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None, 0.0
        left = until - self._now()
        # More than its life is left only if a clock was set back.
        return (value, left) if left <= life else (None, 0.0)

    def write(self, value: object, seconds: float) -> None:
        """Keep a value in the file, to be used for some seconds. If the file cannot be written, log a warning."""
        content = {"value": value, "until": self._now() + seconds, "life": seconds}
        place = "the cache folder"
        try:
            place = str(folder := self._folder())
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(folder.stat(), 0o022):
                raise PermissionError(0, "other users can write there")
            replace_file(folder / f"{self._name}.json", [json.dumps(content).encode()])
        except OSError as error:
            reason = error.strerror or type(error).__name__
            _LOG.warning(
                "The %s cannot be kept in %s: %s. The next run must request a new one.", self._what, place, reason
            )

    def _folder(self) -> Path:
        from platformdirs import user_cache_path

        folder = user_cache_path("css-sdk", appauthor=False) / f"{self._what}s"
        if not folder.is_absolute():
            raise FileNotFoundError(0, "the user has no home folder")
        return folder


def _is_private(found: os.stat_result, forbidden: int) -> bool:
    """Return whether a file or folder belongs to this user, and has none of the `forbidden` permissions.

    Return True on Windows, where css-sdk does not check this.
    """
    return sys.platform == "win32" or (found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & forbidden)
