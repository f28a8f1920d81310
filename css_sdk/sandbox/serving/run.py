"""The sandbox as a command."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from ..sandbox import Sandbox
from . import admin

PORT = 9080


def run(
    world: str | Path | None = None, port: int = PORT, state: str | Path | None = None, out: TextIO | None = None
) -> None:
    """Serve a sandbox until SIGTERM or SIGINT; must be called in the main thread.

    When it is ready it prints one JSON line: ``api_url``, ``token_url``, ``api_accounts`` (team, client_id and
    client_secret of each) and, beside them, ``client_id`` and ``client_secret`` of the first. ``control`` holds the
    ``url`` of the sandbox's own calls and the ``headers`` that they need. Where the world has them, ``cern`` and
    ``bss`` hold the variables that lead to those systems.

    Args:
        world: a world file; None for the world that comes along.
        port: on 127.0.0.1; 0 for any free one.
        state: a file that keeps the state; made when it is not there.
        out: where the line goes; stdout without it.

    Raises:
        SandboxError: a file that cannot be read or a port that is taken.
    """
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    before: dict[int, Any] = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        sandbox = Sandbox(world, state=state)
        with sandbox.serve(port) as server:
            accounts = [
                {"team": team.id, "client_id": team.client_id, "client_secret": team.client_secret}
                for team in sandbox.world.teams.values()
            ]
            line: dict[str, Any] = {**server.credentials(), "api_accounts": accounts}
            line["control"] = {"url": server.origin + admin.PATH, "headers": {admin.HEADER: "1"}}
            if sandbox.world.cern.applications:
                line["cern"] = server.cern_environment()
            if sandbox.world.bss.users:
                line["bss"] = server.bss_environment()
            print(json.dumps(line), file=out or sys.stdout, flush=True)
            while not stop.wait(0.5):  # with a limit, because on Windows nothing interrupts a wait without one
                pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
