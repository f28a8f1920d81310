"""The README's examples, for the tests that run them."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """The README's code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def python() -> str:
    """The README's Python, as one program."""
    return "\n".join(blocks("python"))


def commands() -> list[str]:
    """The README's `css` commands, without the one that does not end."""
    lines = "\n".join(blocks("console")).splitlines()
    return [line for line in lines if line.startswith("css ")]
