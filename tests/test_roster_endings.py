"""If `css roster apply` is interrupted, the results contain the rest, and if it is killed, nothing is lost."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, usernames

ROWS = 40

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@pytest.fixture
def environ_of_server(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Serve the sandbox with late answers to writes, and yield the variables that lead to it, set in
    this process, too.
    """
    with sandbox.serve() as server:
        sandbox.faults.add("delay", method="POST", path="*/users/*", times=None, seconds=0.05)
        environ = {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()}
        environ["CSS_STATE_FOLDER"] = os.environ["CSS_STATE_FOLDER"]
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield environ


@pytest.fixture
def roster(sandbox: Sandbox, tmp_path: Path) -> Path:
    """Return a roster that gives a role to 40 people, none of whom has it."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "guest")
    file = tmp_path / "r.csv"
    file.write_text("\n".join(["username,role", *(f"{user},guest" for user in usernames(sandbox, ROWS))]), "utf-8")
    return file


@contextmanager
def after_some_writes(sandbox: Sandbox, pid: int, number: int) -> Iterator[None]:
    """Send a signal to a process after 6 writes, whose answers are so late that the process is still running."""
    sandbox.faults.add("delay", method="POST", after=5, times=None, seconds=1.0)
    is_over = threading.Event()

    def send() -> None:
        while sandbox.count(method="POST", kind="api") < 6 and not is_over.wait(0.005):
            pass
        if not is_over.is_set():
            os.kill(pid, number)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def arguments(roster: Path) -> list[str]:
    """Return the arguments of the command."""
    return ["roster", "apply", str(roster), "-i", "101", "-e", "dev", "--json"]


def left_in(result: Path) -> list[dict[str, str]]:
    """Return the rows of a file of results that are not done."""
    with result.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == ROWS
    return [row for row in rows if row["outcome"] != "done"]


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.usefixtures("environ_of_server")
def test_after_an_interrupt_the_result_file_contains_the_rest(
    sandbox: Sandbox, roster: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """The calls in flight are finished, done rows are reported, and the file of results contains the rest."""
    with after_some_writes(sandbox, os.getpid(), number):
        code = exit_code(arguments(roster))
    assert code == 130
    out, err = capsys.readouterr()
    done = [row["username"] for row in map(json.loads, out.splitlines()) if row["state"] == "done"]
    assert 0 < len(done) < 38
    assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == sorted(done)
    left = left_in(roster.with_suffix(".result.csv"))
    assert len(left) == ROWS - len(done)
    assert all("interrupted" in row["message"] for row in left)
    assert "All results are in" in err
    assert f"{len(done)} done, {len(left)} skipped\n" in err
    assert {row["outcome"] for row in left} == {"skipped"}


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, KILL], ids=lambda number: number.name)
def test_a_process_that_is_ended_can_be_run_again(
    sandbox: Sandbox, roster: Path, environ_of_server: dict[str, str], number: signal.Signals
) -> None:
    """After an interrupt or a kill, a second run does the rest, and writes nothing twice."""
    command = [sys.executable, "-m", "css_sdk.cli", *arguments(roster)]
    process = subprocess.Popen(command, env=environ_of_server, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with after_some_writes(sandbox, process.pid, number):
        process.communicate(timeout=60)
    result = roster.with_suffix(".result.csv")
    if number is KILL:
        assert process.returncode == -KILL
        assert sorted(path.name for path in roster.parent.iterdir()) == ["r.csv"]
    else:
        assert process.returncode == 130
        assert sorted(path.name for path in roster.parent.iterdir()) == ["r.csv", "r.result.csv"]
        assert 0 < len(left_in(result)) < ROWS
    again = roster if number is KILL else result
    sandbox.faults.clear()
    assert exit_code(arguments(again)) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "guest") == usernames(sandbox, ROWS)
    assert sandbox.count(method="POST", kind="api") == ROWS
