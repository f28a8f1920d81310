"""Draw the picture of a terminal session: an SVG with commands and their real output on a fresh sandbox."""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
import unittest.mock
from html import escape
from pathlib import Path
from typing import Final

from tests import pages

PICTURE: Final = pages.DOCS / "pictures" / "terminal.svg"
COMMANDS: Final = (
    "css people find --email caspian.quist@example.com --provider idir",
    'css assign -i "Grants Portal" -e dev -r approver 11452c4b195e341d2328914ed3a8a39b@idir --journal today.jsonl',
    'css report -i "Grants Portal" -e dev -r approver --person quist',
    "css plan examples/roles.yaml",
    "css undo today.jsonl --yes",
)
_WIDTH: Final = 7.2
"""The width of a character, in points. `textLength` keeps every browser and font to it."""
_HEIGHT: Final = 17
_BLANKS: Final = (22, 46)
"""The space beside the text and above it."""


_CODE: Final = re.compile(r"\x1b\[([\d;]*)m")
_COLOURS: Final = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "35": "#d2a8ff", "36": "#79c0ff"}
"""The colours by their number in the codes that css prints."""


class _Screen(io.StringIO):
    """A stream that claims to be a terminal, so that css prints in colour."""

    def isatty(self) -> bool:
        return True


def session(columns: int = 132) -> str:
    """Run the commands in a fresh sandbox as on a terminal, and return the commands with their output."""
    terminal = {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": ""}
    # Hide tqdm: a progress bar shows speeds, which differ from run to run. tqdm reads its own variable only
    # once, at its import.
    no_bars = unittest.mock.patch.dict(sys.modules, {"tqdm": None, "tqdm.auto": None})
    with tempfile.TemporaryDirectory() as folder, pages.beside(pages.DOCS / "index.md", Path(folder)):
        shown = []
        for line in COMMANDS:
            with unittest.mock.patch.dict(os.environ, terminal), no_bars:
                code, printed = pages.run(pages.Command(line, ""), _Screen())
            if code:
                raise RuntimeError(f"{line}\n{printed}")
            shown.append(f"$ {line}\n{printed}")
    return "\n".join(shown)


def drawn(text: str) -> str:
    """Return an SVG that shows a session as a terminal does."""
    lines = text.splitlines()
    beside, above = _BLANKS
    width = round(max(len(_CODE.sub("", line)) for line in lines) * _WIDTH) + 2 * beside
    height = len(lines) * _HEIGHT + above + beside // 2
    rows = []
    for number, line in enumerate(lines):
        if line:
            length = len(_CODE.sub("", line)) * _WIDTH
            place = f'x="{beside}" y="{above + number * _HEIGHT}" textLength="{length:.1f}"'
            kind = ' class="command"' if line.startswith("$ ") else ""
            rows.append(f'<text {place}{kind} xml:space="preserve">{_painted(line)}</text>')
    dots = "".join(
        f'<circle cx="{22 + 18 * number}" cy="18" r="5.5" fill="{colour}"/>'
        for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="A terminal session">\n'
        "<style>text { font: 12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace; "
        "fill: #d5dbe3 } .command { fill: #fff; font-weight: bold } "
        f"{' '.join(f'.c{code} {{ fill: {colour} }}' for code, colour in _COLOURS.items())}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#1d2430"/>\n{dots}\n' + "\n".join(rows) + "\n</svg>\n"
    )


def _painted(line: str) -> str:
    """Return a line as text of an SVG, with a class for each colour that a terminal would show."""
    first, *rest = _CODE.split(line)
    parts = [escape(first)]
    for code, text in zip(rest[::2], rest[1::2], strict=True):
        colours = [each for each in code.split(";") if each in _COLOURS]
        parts.append(f'<tspan class="c{colours[0]}">{escape(text)}</tspan>' if colours else escape(text))
    return "".join(parts)


def write() -> None:
    """Draw the picture again."""
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(session()), encoding="utf-8")
