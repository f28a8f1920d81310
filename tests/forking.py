"""Fork a process in a test: the child does its work under a time limit and reports the result."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from attrs import frozen

FORKS = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
"""Marks of tests that fork."""


@frozen
class Child:
    """A forked process and the pipe through which it reports."""

    process: int
    pipe: int

    def report(self) -> Any:
        """Wait for the child and return what its work returned; fail if the child hung or raised."""
        with open(self.pipe, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
        status = os.waitpid(self.process, 0)[1]
        assert status == 0, text or f"the child ended with {status}: it hung until its time was over"
        return json.loads(text)

    def end(self) -> None:
        """End the child process at once."""
        os.close(self.pipe)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


def forked(work: Callable[[], Any], seconds: int = 20) -> Child:
    """Fork, and let the child do some work.

    Args:
        work: called in the child; its result must fit into JSON.
        seconds: the time after which the child is killed.
    """
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return Child(process, reading)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    code = 1
    try:
        try:
            text = json.dumps(work())
            code = 0
        except BaseException:
            text = traceback.format_exc()
        os.write(writing, text.encode())
    finally:
        os._exit(code)
