"""Check whether a standard stream is a terminal. A stream that is closed or missing is not one."""

from __future__ import annotations

import sys
from typing import Literal

Stream = Literal["stdin", "stdout", "stderr"]


def is_terminal(stream: Stream) -> bool:
    """Return whether a standard stream is a terminal.

    >>> is_terminal("stdin")
    False
    """
    return not is_closed(stream) and getattr(sys, stream).isatty()


def is_closed(stream: Stream) -> bool:
    """Return whether a standard stream is closed or missing.

    Python sets a stream to None where the process was started with it closed (`css … <&-`, some services of systemd),
    and a stream that was closed later refuses every question.
    """
    found = getattr(sys, stream)
    return found is None or found.closed
