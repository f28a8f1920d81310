"""Whether a standard stream is a terminal; one that is closed, or missing, is none."""

from __future__ import annotations

import sys
from typing import Literal


def is_terminal(stream: Literal["stdin", "stdout", "stderr"]) -> bool:
    """Return whether a standard stream is a terminal.

    Python sets a stream to None where the process was started with it closed (`css … <&-`, some services of systemd),
    and a stream that was closed later refuses the question.

    >>> is_terminal("stdin")
    False
    """
    found = getattr(sys, stream)
    return found is not None and not found.closed and found.isatty()
