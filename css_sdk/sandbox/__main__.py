"""Run `python -m css_sdk.sandbox`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .command import PORT, run
from .errors import SandboxError


def main() -> int:
    """Read the arguments and serve. Return 64 when the sandbox cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m css_sdk.sandbox", description="The CSS API and its login server in memory."
    )
    parser.add_argument("--world", type=Path, help="a world file (default: the built-in example world)")
    parser.add_argument(
        "--port", type=int, default=PORT, help="port on 127.0.0.1; 0 for any free port (default %(default)s)"
    )
    parser.add_argument("--state", type=Path, help="a file that keeps roles and grants across restarts")
    arguments = parser.parse_args()
    try:
        run(arguments.world, arguments.port, arguments.state)
    except SandboxError as error:
        print(f"css sandbox: {error}", file=sys.stderr)  # noqa: T201
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main())
