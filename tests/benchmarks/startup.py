"""Measure the time to start: importing the package, `css --help`, and one grant."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from .measure import Finding, interleaved, process_seconds
from .servers import INTEGRATION, PLACE, sandbox, username, world

ROUNDS: Final = 21
ROLE: Final = "reviewer"
MOST_IMPORT: Final = 1.8
MOST_HELP: Final = 1.2
MOST_ASSIGN: Final = 1.3


def imports() -> Iterator[Finding]:
    """Compare importing the client with importing the libraries that it needs, each in new processes."""
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
    """Compare `css --help` with that of a minimal click program, each in new processes."""
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


def assign() -> Iterator[Finding]:
    """Compare `css assign` for one user and one role with a script of the same requests, each in new processes."""
    bare = str(Path(__file__).with_name("bare_httpx.py"))
    users = map(username, count())
    with sandbox(world(4 * (ROUNDS + 1), {ROLE: 0})) as server, TemporaryDirectory() as state_folder:
        names = ("client_id", "client_secret", "token_url", "api_url")
        environ = {f"CSS_{name.upper()}": str(server.ready[name]) for name in names}
        environ["CSS_STATE_FOLDER"] = state_folder
        place = ("-i", str(INTEGRATION), "-e", PLACE)
        command = ("-c", "from css_sdk.cli import main; main()", "assign", "-r", ROLE, *place)
        pair = interleaved(
            lambda: process_seconds(*command, next(users), environ=environ),
            lambda: process_seconds(bare, next(users), ROLE, str(INTEGRATION), PLACE, environ=environ),
            ROUNDS,
        )
    yield Finding(
        "css assign, one role",
        pair.value * 1000,
        "ms",
        pair.reference * 1000,
        "the same requests with bare httpx",
        pair.ratio,
        most=MOST_ASSIGN,
    )
