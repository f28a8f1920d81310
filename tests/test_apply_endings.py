"""If `css apply` is killed, interrupted or fails, it continues with its journal and loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from css_sdk.cli import exit_code
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.states import everything, file_of_roles, journals, writes
from tests.support import GRANTS_PORTAL, usernames

Run = Callable[..., int]
PEOPLE = 30


@pytest.fixture
def served(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Run]:
    """Return a function that runs a command against the sandbox on a socket, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
        yield lambda *arguments: exit_code([str(argument) for argument in arguments])


@pytest.mark.posix
def test_a_killed_run_continues_only_with_its_own_journal(
    served: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a kill, the plan alone or another plan is refused as stale; with its own journal the rest is done and
    nothing twice.
    """
    before = everything(sandbox)
    file = file_of_roles(tmp_path, "[a, b, c, d, {name: boss, was: admin}]")
    plan, journal = tmp_path / "plan.json", tmp_path / "plan.1.journal.jsonl"
    assert served("plan", file, "--out", plan) == 0
    sandbox.faults.add("delay", method="POST", after=2, seconds=3.0)
    command = [
        sys.executable,
        "-m",
        "css_sdk.cli",
        "apply",
        str(plan),
        "--yes",
        "--width",
        "1",
        "--journal",
        str(journal),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        is_over = threading.Event()
        while not (journal.exists() and journal.read_bytes().count(b'"steps"') == 3) and not is_over.wait(0.005):
            assert process.poll() is None
        process.kill()
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    done = len(writes(sandbox))
    capsys.readouterr()
    assert served("apply", plan, "--yes") == 5
    err = capsys.readouterr().err
    assert f"An earlier run did not finish. To continue it, run: css apply {plan} --resume {journal}" in err
    assert "new plan" not in err
    assert len(writes(sandbox)) == done
    other = tmp_path / "other.json"
    assert served("plan", file, "--out", other) == 0
    assert served("apply", other, "--resume", journal, "--yes") == 5
    assert "but the plan to continue is" in capsys.readouterr().err
    assert served("apply", file, "--resume", journal, "--yes") == 64
    assert served("apply", plan, "--resume", journal, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"a", "b", "c", "d", "boss", "approver", "reviewer"}
    assert served("plan", file, "--detailed-exitcode") == 0
    assert served("undo", journal, "--yes", "--max-removals", "4") == 0
    assert everything(sandbox) == before


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupt_is_reported_from_the_journal(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
) -> None:
    """After an interrupt, css finishes the calls in flight, reports each step as done or skipped, and `--resume` does
    the rest.
    """
    monkeypatch.chdir(tmp_path)
    people = usernames(sandbox, PEOPLE)
    file = file_of_roles(tmp_path, f"[{{name: admin, members: [{', '.join(people)}]}}]")
    plan = tmp_path / "plan.json"
    assert run_css("plan", file, "--out", plan) == 0
    new = len(json.loads(plan.read_text(encoding="utf-8"))["steps"])
    sandbox.faults.add("delay", method="POST", after=4, times=None, seconds=1.0)
    is_over = threading.Event()

    def interrupt_after_some() -> None:
        while sandbox.count(method="POST", kind="api") < 5 and not is_over.wait(0.005):
            pass
        if not is_over.is_set():
            os.kill(os.getpid(), number)

    thread = threading.Thread(target=interrupt_after_some)
    thread.start()
    capsys.readouterr()
    assert run_css("apply", plan, "--json", "--yes") == 130
    is_over.set()
    thread.join()
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == new
    done = {row["username"] for row in rows if row["state"] == "done"}
    assert 0 < len(done) < new
    assert done <= set(sandbox.members(GRANTS_PORTAL, "dev", "admin"))
    assert {row["message"] for row in rows if row["state"] == "skipped"} == {
        "css-sdk was interrupted before it sent this change."
    }
    [journal] = journals()
    assert f"--resume {journal.stem}" in err
    sandbox.faults.clear()
    assert run_css("apply", plan, "--resume", journal, "--yes") == 0
    assert set(people) <= set(sandbox.members(GRANTS_PORTAL, "dev", "admin"))
    assert len(writes(sandbox)) == new
    assert len(read_journal(journal.read_bytes(), "journal").entries) == new


def test_a_journal_can_be_continued_more_than_once(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A journal that was continued once can be continued again, and the exit code is 3 as long as steps are left."""
    monkeypatch.chdir(tmp_path)
    plan, journal = tmp_path / "plan.json", tmp_path / "j.jsonl"
    assert run_css("plan", file_of_roles(tmp_path, "[a, b, c]"), "--out", plan) == 0
    sandbox.faults.add("429", method="POST", after=1, times=2, retry_after=3600)
    assert run_css("apply", plan, "--journal", journal, "--width", "1", "--yes") == 3
    sandbox.faults.clear()
    sandbox.faults.add("429", method="POST", after=1, times=1, retry_after=3600)
    assert run_css("apply", plan, "--resume", journal, "--width", "1", "--yes") == 3
    assert f"css apply {plan} --resume {journal}" in capsys.readouterr().err
    assert run_css("apply", plan, "--resume", journal, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") >= {"a", "b", "c"}


def test_after_an_unknown_outcome_the_journal_continues_and_no_remainder_is_saved(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the outcome of a step is unknown, css saves no remainder, which would be stale, and continues with the
    journal.
    """
    monkeypatch.chdir(tmp_path)
    plan, journal = tmp_path / "plan.json", tmp_path / "j.jsonl"
    assert run_css("plan", file_of_roles(tmp_path, "[a, b]"), "--out", plan) == 0
    sandbox.faults.add("lose_after", method="POST", path="*/roles")
    sandbox.faults.add("429", method="GET", path="*/roles/a", times=None, retry_after=3600)
    sandbox.faults.add("429", method="GET", path="*/roles", times=None, after=1, retry_after=3600)
    assert run_css("apply", plan, "--journal", journal, "--width", "1", "--yes") == 3
    printed = capsys.readouterr()
    assert "1 unknown, 1 done" in printed.err
    assert f"css apply {plan} --resume {journal}" in printed.err
    assert "remainder" not in printed.err
    assert not (tmp_path / "plan.remainder.json").exists()
    sandbox.faults.clear()
    assert run_css("apply", plan, "--resume", journal, "--yes") == 0
    printed = capsys.readouterr()
    assert "as done." in printed.err
    assert "  + create role a" in printed.err.splitlines()
    assert "  + create role b" not in printed.err.splitlines()
    assert printed.err.endswith("\nnothing to do\n")
    assert "The changes are in" not in printed.err
    assert [method for method, _ in writes(sandbox)] == ["POST", "POST"]


def test_if_the_remainder_cannot_be_saved_the_journal_is_named(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the file of the remainder cannot be written, css reports this and names the journal to continue with."""
    monkeypatch.chdir(tmp_path)
    plan, journal = tmp_path / f"{'plan' * 58}.json", tmp_path / "j.jsonl"  # file systems allow no much longer name
    assert run_css("plan", file_of_roles(tmp_path, "[a, b]"), "--out", plan) == 0
    sandbox.faults.add("429", method="POST", after=1, retry_after=3600)
    assert run_css("apply", plan, "--journal", journal, "--width", "1", "--yes") == 3
    printed = capsys.readouterr().err
    assert "plan.remainder.json could not be written" in printed
    assert f"css apply {plan} --resume {journal}" in printed


def test_a_plan_that_was_carried_out_is_refused_without_a_way_to_continue(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a plan was carried out completely, css says so and asks for a new plan, instead of naming a journal to
    continue.
    """
    monkeypatch.chdir(tmp_path)
    assert run_css("plan", file_of_roles(tmp_path, "[a, b]"), "--out", "plan.json") == 0
    assert run_css("apply", "plan.json", "--yes") == 0
    [journal] = [path.stem for path in journals()]
    capsys.readouterr()
    assert run_css("apply", "plan.json", "--yes") == 5
    printed = capsys.readouterr().err
    assert f"The plan was carried out already (journal {journal}). To make a new plan, run: css plan FILE" in printed
    assert "resume" not in printed
    sandbox.create_role(GRANTS_PORTAL, "dev", "since")
    assert run_css("apply", "plan.json", "--resume", journal, "--yes") == 5
    printed = capsys.readouterr().err
    assert f"The journal {journal} records 2 of 2 steps as done." in printed
    assert "The changes are in" not in printed


def test_a_stale_run_is_not_an_earlier_run_to_continue(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a plan is stale before its first change, css does not name the empty journal of this run to continue."""
    monkeypatch.chdir(tmp_path)
    assert run_css("plan", file_of_roles(tmp_path, "[a, b]"), "--out", "plan.json") == 0
    sandbox.create_role(GRANTS_PORTAL, "dev", "a")
    for _ in range(2):
        capsys.readouterr()
        assert run_css("apply", "plan.json", "--yes", "--journal", "plan.1.journal.jsonl") == 5
        assert "--resume" not in capsys.readouterr().err
