"""Serve a sandbox as a command does, until a signal stops it."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any, Final, TextIO

from .sandbox import Sandbox
from .serving import control

PORT: Final = 9080


def run(
    world: str | Path | None = None, port: int = PORT, state: str | Path | None = None, out: TextIO | None = None
) -> None:
    """Serve a sandbox until SIGTERM or SIGINT. Call it in the main thread.

    When the sandbox is ready, it prints one JSON line: `api_url`, `token_url`, `api_accounts` (team, client_id
    and client_secret of each) and the `client_id` and `client_secret` of the first account. `control` holds the
    `url` of the sandbox's own calls and the `headers` that they need. If the world has them, `cern` and `bss`
    hold the variables that lead to those systems.

    Args:
        world: a world file; None for the built-in world.
        port: on 127.0.0.1; 0 for any free port.
        state: a file that keeps the state; created if it does not exist.
        out: where to print the line; stdout by default.

    Raises:
        SandboxError: a file cannot be read, or the port is in use.
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
            line["control"] = {"url": server.origin + control.PATH, "headers": {control.HEADER: "1"}}
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
