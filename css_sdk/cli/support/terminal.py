"""Check whether a standard stream is a terminal, and colour the output for a terminal."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from typing import Final, Literal

import click

from ..._text.escaping import shown
from ..._text.shells import quote
from .defaults import given_profile

Stream = Literal["stdin", "stdout", "stderr"]


def is_terminal(stream: Stream) -> bool:
    """Return whether a standard stream is a terminal.

    >>> is_terminal("stdin")
    False
    """
    return not is_closed(stream) and getattr(sys, stream).isatty()


def is_closed(stream: Stream) -> bool:
    """Return whether a standard stream is closed or missing.

    If a process starts with a closed stream (`css … <&-`, some services of systemd), Python sets the stream to None. If
    a stream is closed later, its methods raise errors.
    """
    found = getattr(sys, stream)
    return found is None or found.closed


_GOOD, _BAD, _CAREFUL, _OPEN, _UNKNOWN = "green", "red", "yellow", "cyan", "magenta"
_SIGNS: Final[Mapping[str, str]] = {"+": _GOOD, "-": _BAD, "~": _CAREFUL, "!": _CAREFUL, "=": _OPEN, "?": _UNKNOWN}
_STATES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("done", "already has it", "does not have it", "already exists", "fine", "found"), _GOOD),
    **dict.fromkeys(("already a child", "is not a child"), _GOOD),
    **dict.fromkeys(("failed", "not found", "never logged in", "wrong provider", "not in the file"), _BAD),
    **dict.fromkeys(("skipped", "withheld", "repeated", "old name", "ambiguous"), _CAREFUL),
    **dict.fromkeys(("to do", "missing"), _OPEN),
    "unknown": _UNKNOWN,
}
"""The colours of states, in every table."""


def has_colour(stream: Stream) -> bool:
    """Return whether a stream shows colours. A terminal does, unless NO_COLOR is set or TERM is dumb.

    https://no-color.org
    """
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width(stream: Stream) -> int | None:
    """Return the width of a terminal in characters. If the stream is not a terminal, return None."""
    return shutil.get_terminal_size().columns if is_terminal(stream) else None


def painted_cell(column: str, text: str) -> str:
    """Return the text of a cell for stdout. In the column `state`, add the colour of the state."""
    colour = _STATES.get(text) if column == "state" and has_colour("stdout") else None
    return click.style(text, fg=colour) if colour else text


def painted_plan(text: str, stream: Stream) -> str:
    """Return the text of a plan, with each step in the colour of its sign, such as `+` or `-`."""
    if not has_colour(stream):
        return text
    return re.sub(r"^  ([-+~!=?]) .*$", lambda line: click.style(line[0], fg=_SIGNS[line[1]]), text, flags=re.MULTILINE)


def _with_profile(sentence: str) -> str:
    """Return a sentence. If it ends with a css command, add the user's `--profile` to the command.

    `--help` needs no profile.
    """
    profile = given_profile()
    if profile is None or re.search(r"run: css .*[^.]$", sentence) is None or sentence.endswith(" --help"):
        return sentence
    return f"{sentence} --profile {quote(profile)}"


def print_on_stderr(sentence: str) -> None:
    """Print a sentence on stderr, with `css:` in red. If it ends with a css command, add the user's `--profile`."""
    text = shown(_with_profile(sentence))
    if has_colour("stderr") and text.startswith("css: "):
        text = click.style("css:", fg=_BAD, bold=True) + text.removeprefix("css:")
    click.echo(text, err=True, color=True if has_colour("stderr") else None)
