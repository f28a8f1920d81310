"""`python -m tests.benchmarks [NAME…]` prints a line for each figure, and fails with 1 if a limit is exceeded."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Final

from .bulk import bulk
from .calls import calls
from .measure import HEADINGS, Finding
from .memory import memory
from .planning import planning
from .rosters import rosters
from .service import large_world, reads, start
from .startup import assign, command_line, imports
from .tokens import tokens
from .verify import verify

BENCHMARKS: Final[dict[str, Callable[[], Iterator[Finding]]]] = {
    "calls": calls,
    "imports": imports,
    "command-line": command_line,
    "assign": assign,
    "tokens": tokens,
    "verify": verify,
    "memory": memory,
    "planning": planning,
    "rosters": rosters,
    "start": start,
    "reads": reads,
    "large-world": large_world,
    "bulk": bulk,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named benchmarks, or all, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all by default")
    names = parser.parse_args(arguments).names or list(BENCHMARKS)
    if unknown := sorted(set(names) - BENCHMARKS.keys()):
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    _tell(_machine())
    _tell(_line(HEADINGS))
    broken = 0
    for name in names:
        for finding in BENCHMARKS[name]():
            _tell(_line(finding.cells))
            broken += finding.is_broken
    _tell(f"{broken} limits broken." if broken else "All limits are kept.")
    return 1 if broken else 0


def _machine() -> str:
    """Return a description of the machine and its load."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores{load}, "
        f"{platform.platform()}; httpx {version('httpx')}, uvicorn {version('uvicorn')}"
    )


def _line(cells: Sequence[str]) -> str:
    name, value, reference, ratio, limit, verdict, against = cells
    return f"{name:<33}{value:>13}{reference:>13}{ratio:>9}{limit:>14}  {verdict:<9} {against}".rstrip()


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
