"""Keep a token between runs of a program, in a file that only its user can read."""

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
from typing import Final

from .._http.whole_files import replace_file
from ..settings import Secret

_LOG = logging.getLogger("css_sdk")
_LARGEST: Final = 32 * 1024
"""The most bytes that are read of the file. The largest token, with its end and its lifetime, needs less."""
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags that do not follow a link, which could lead to somebody else's token, and do not wait for a pipe."""


class KeptToken:
    """The file that keeps the token of one account for one login server and one service.

    The file name is a digest (HMAC) of the client id and the addresses, with the secret as the key. So each account,
    address and secret has its own file, and the name reveals none of them.

    No method raises an error: if the file cannot be used, the token is requested. A file that other users can access,
    or a folder that they can write to, is not used, and a warning is logged.

    Args:
        account: the client id and the addresses.
        secret: the secret of the account.
        now: returns seconds since 1970.
    """

    def __init__(self, account: Sequence[str], secret: Secret, now: Callable[[], float] = time.time) -> None:
        self._name = hmac.new(secret.reveal().encode(), "\n".join(account).encode(), "sha256").hexdigest()
        self._now = now

    def read(self) -> tuple[Secret, float] | None:
        """Return the token and the seconds for which it may be used; None if there is no such token."""
        try:
            file = self._folder() / f"{self._name}.json"
            with os.fdopen(os.open(file, _FLAGS), "rb") as opened:
                if not _is_private(os.fstat(opened.fileno()), 0o077):
                    _LOG.warning("Other users can read or replace the kept token, so it is not used. Delete %s", file)
                    return None
                content = json.loads(opened.read(_LARGEST))
            token, until, life = content["token"], float(content["until"]), float(content["life"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        left = until - self._now()
        # More than its life is left only if a clock was set back.
        return (Secret(token), left) if isinstance(token, str) and 0 < left <= life else None

    def write(self, token: Secret, seconds: float) -> None:
        """Keep a token.

        Args:
            token: the token.
            seconds: how long the token may be used from now on.
        """
        content = {"token": token.reveal(), "until": self._now() + seconds, "life": seconds}
        place = "the cache folder"
        try:
            place = str(folder := self._folder())
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_private(folder.stat(), 0o022):
                raise PermissionError(0, "other users can write there")
            replace_file(folder / f"{self._name}.json", [json.dumps(content).encode()])
        except OSError as error:
            _LOG.warning("The token cannot be kept in %s: %s.", place, error.strerror or type(error).__name__)

    def _folder(self) -> Path:
        from platformdirs import user_cache_path

        folder = user_cache_path("css-sdk", appauthor=False) / "tokens"
        if not folder.is_absolute():
            raise FileNotFoundError(0, "this user has no home folder")
        return folder


def _is_private(found: os.stat_result, forbidden: int) -> bool:
    """Return whether a file or folder belongs to this user, and grants others none of the forbidden permissions."""
    return sys.platform == "win32" or (found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & forbidden)
