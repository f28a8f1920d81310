"""Find the examples of the README and of `docs/`, for the tests that run them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
DOCUMENTS = [README, *sorted((README.parent / "docs").glob("*.md"))]

_ENDLESS = ("css sandbox",)
"""The beginnings of commands that never end by themselves."""


def blocks(language: str, document: Path = README) -> list[str]:
    """Return a document's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def python() -> str:
    """Return the README's Python as one program."""
    return "\n".join(blocks("python"))


def commands(document: Path = README) -> list[str]:
    """Return a document's `css` commands as they are written."""
    lines = "\n".join(blocks("console", document)).splitlines()
    return [line for line in lines if line.startswith("css ")]


def runnable(document: Path) -> list[tuple[list[str], int]]:
    """Return the arguments of a document's commands, each with its exit code: 0 unless a comment says `exit code N`."""
    found = []
    for line in commands(document):
        if not line.startswith(_ENDLESS):
            named = re.search(r"#.*exit code (\d+)", line)
            found.append((shlex.split(line, comments=True)[1:], int(named[1]) if named else 0))
    return found
