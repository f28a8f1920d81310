"""Quote arguments in the commands that messages show, for the shell of the system. Pure."""

from __future__ import annotations

import re
import shlex
import sys


def quote(argument: str, platform: str = sys.platform) -> str:
    """Return an argument of a command, quoted for PowerShell on Windows, and for a POSIX shell elsewhere.

    >>> print(quote("my plan.json", "linux"), quote(r"C:\\team's\\plan.json", "win32"))
    'my plan.json' 'C:\\team''s\\plan.json'
    """
    if platform != "win32":
        return shlex.quote(argument)
    if re.fullmatch(r"[A-Za-z0-9_.:\\/-]+", argument):
        return argument
    # PowerShell ends a text at a typographic quote, too.
    return "'{}'".format(re.sub("['\u2018-\u201b]", r"\g<0>\g<0>", argument))
