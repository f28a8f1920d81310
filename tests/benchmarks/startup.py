"""How long it takes until anything can be done: importing the package, and the command line's first words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .measure import Finding, interleaved, process_seconds

ROUNDS: Final = 21
MOST_IMPORT: Final = 1.8
MOST_HELP: Final = 2.0


def imports() -> Iterator[Finding]:
    """The client, against the libraries that it cannot do without; each in new processes."""
    pair = interleaved(
        lambda: process_seconds("-c", "from css_sdk import Css"),
        lambda: process_seconds("-c", "import httpx, attrs, dateutil.parser"),
        ROUNDS,
    )
    yield Finding(
        "from css_sdk import Css",
        pair.value * 1000,
        "ms",
        pair.reference * 1000,
        "import httpx, attrs, dateutil.parser",
        pair.ratio,
        most=MOST_IMPORT,
    )


def command_line() -> Iterator[Finding]:
    """`css --help`, against that of a bare click program; each in new processes."""
    bare = str(Path(__file__).with_name("bare_click.py"))
    pair = interleaved(
        lambda: process_seconds("-c", "from css_sdk.cli import main; main()", "--help"),
        lambda: process_seconds(bare, "--help"),
        ROUNDS,
    )
    yield Finding(
        "css --help",
        pair.value * 1000,
        "ms",
        pair.reference * 1000,
        "--help of a bare click program",
        pair.ratio,
        most=MOST_HELP,
    )
