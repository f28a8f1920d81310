"""Write a sandbox's state in processes that kill themselves, one at each step of writing; print the number of steps.

usage: python -m tests.sandbox.state_writer FOLDER
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from css_sdk.sandbox import Sandbox

STEPS = ("open", "write", "flush", "fsync", "__exit__", "replace")


def write(path: Path, last: int) -> int:
    """Create two roles, and return the number of steps of writing the second one.

    The role whose state is examined is the second one, so that the first state could be lost.

    Args:
        path: of the state file.
        last: the number of the step at which this process kills itself; 0 for no step.
    """
    sandbox = Sandbox(state=path)
    sandbox.create_role(104, "dev", "old")
    seen = 0

    def count(_: FrameType, event: str, function: Any) -> None:
        nonlocal seen
        if event.startswith("c_") and function.__name__ in STEPS:
            seen += 1
            if seen == last:
                os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    sys.setprofile(count)
    sandbox.create_role(104, "dev", "new")
    sys.setprofile(None)
    return seen


def main(folder: Path) -> None:
    """Write one state without a kill, and one for each step with a kill at this step."""
    steps = write(folder / "whole.json", 0)
    for last in range(1, steps + 1):
        process = multiprocessing.Process(target=write, args=(folder / f"{last}.json", last))
        process.start()
        process.join()
        assert process.exitcode, f"the process was not killed at step {last}"
    print(steps)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
