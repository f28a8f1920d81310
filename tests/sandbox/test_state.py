"""What the API changes outlives a restart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox, SandboxError

ROLES = "/integrations/101/dev/roles"
# Writes one state after the other until it is killed; each names its number twice, so that half of one would show.
WRITER = """
import sys
from css_sdk.sandbox import Sandbox
sandbox = Sandbox(state=sys.argv[1])
for number in range(10**9):
    for name in [name for name in sandbox.roles(104, "dev")]:
        sandbox.delete_role(104, "dev", name)
    sandbox.create_role(104, "dev", f"child {number}")
    sandbox.create_role(104, "dev", f"parent {number}", [f"child {number}"])
    print(number, flush=True)
"""


def test_everything_is_there_again(caller: Any, tmp_path: Path, people: list[str]) -> None:
    """Roles, composites, grants, logins and what the books lack; what was taken away stays away."""
    path = tmp_path / "state.json"
    first = Sandbox(state=path)
    call = caller(first)
    call("POST", ROLES, {"name": "new \N{PARTY POPPER}"})
    call("POST", f"{ROLES}/reviewer/composite-roles", [{"name": "new \N{PARTY POPPER}"}])
    call("POST", f"/integrations/101/dev/users/{people[5]}/roles", [{"name": "approver"}])
    call("DELETE", f"{ROLES}/admin")
    first.faults.add("login_server", method="POST", done=True)
    call("POST", ROLES, {"name": "unbooked"})
    first.token_for(people[5], 101, "dev")
    second = Sandbox(state=path)
    assert second.state.document() == first.state.document()
    assert second.roles(101, "dev") == {"approver", "new \N{PARTY POPPER}", "reviewer", "unbooked"}
    assert second.composites(101, "dev") == {"reviewer": {"new \N{PARTY POPPER}"}}
    assert "approver" in second.grants(101, "dev")[people[5]]
    assert second.state.logins == {(101, "dev", people[5])}
    again = caller(second)
    assert again("POST", f"{ROLES}/reviewer/composite-roles", [{"name": "unbooked"}]).status == 422


def test_seeding_is_kept_too(tmp_path: Path, people: list[str]) -> None:
    """What a test or a demo puts in without a request."""
    path = tmp_path / "state.json"
    first = Sandbox(state=path)
    first.create_role(102, "dev", "reader")
    first.grant(102, "dev", "reader", people[0], "fisheries-service-102")
    first.revoke(102, "dev", "reader", people[0])
    first.delete_role(101, "dev", "admin")
    second = Sandbox(state=path)
    assert second.members(102, "dev", "reader") == ["service-account-fisheries-service-102"]
    assert second.roles(101, "dev") == {"approver", "reviewer"}


def test_a_write_that_breaks_off_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step it is that fails."""
    path = tmp_path / "state.json"
    sandbox = Sandbox(state=path)
    before = path.read_bytes()

    def broken(*arguments: Any) -> None:
        raise OSError("no more")

    for where, name in ((os, "fsync"), (Path, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, broken)
            with pytest.raises(OSError, match="no more"):
                sandbox.create_role(101, "dev", "x")
        assert path.read_bytes() == before
    sandbox.create_role(101, "dev", "y")
    assert {"x", "y"} <= Sandbox(state=path).roles(101, "dev")


def test_a_kill_leaves_a_whole_state(tmp_path: Path) -> None:
    """Killed without warning in the middle of its writing, ten times over."""
    path = tmp_path / "state.json"
    for _ in range(10):
        command = [sys.executable, "-c", WRITER, str(path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(3):
            writer.stdout.readline()
        writer.kill()
        writer.communicate()
        found = Sandbox(state=path)
        names = {name.partition(" ")[2] for name in found.roles(104, "dev")}
        assert len(names) <= 1
        assert all(len(children) == 1 for children in found.composites(104, "dev").values())


def test_the_file_is_nobody_elses(tmp_path: Path) -> None:
    """Where the system knows modes, only its owner can read it; nothing is left beside it."""
    Sandbox(state=tmp_path / "state.json").create_role(101, "dev", "x")
    assert [found.name for found in tmp_path.iterdir()] == ["state.json"]
    if os.name == "posix":
        assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no JSON object"),
        ('{"roles": [{"name": "x"}]}', "lacks 'integration'"),
        ('{"roles": [5]}', "of another form"),
        ('{"roles": [{"integration": 999, "environment": "dev", "name": "x"}]}', "does not fit"),
        (
            '{"grants": [{"integration": 101, "environment": "dev", "role": "x", "username": "y"}]}',
            "does not fit",
        ),
    ],
)
def test_a_broken_state_file_is_one_sentence(tmp_path: Path, content: str, problem: str) -> None:
    """It names the file and what is wrong with it, and the file is left as it is."""
    path = tmp_path / "state.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SandboxError, match=problem):
        Sandbox(state=path)
    assert path.read_text(encoding="utf-8") == content


def test_a_state_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    """Not at the first change."""
    with pytest.raises(SandboxError, match="cannot be written"):
        Sandbox(state=tmp_path / "missing" / "state.json")


def test_a_server_keeps_its_state(tmp_path: Path, people: list[str]) -> None:
    """Over a stop by signal and a kill."""
    path = tmp_path / "state.json"
    command = [sys.executable, "-m", "css_sdk.sandbox", "--port", "0", "--state", str(path)]
    stop = signal.SIGTERM if hasattr(signal, "SIGTERM") else signal.SIGINT
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        json.loads(server.stdout.readline())
        before = json.loads(path.read_text(encoding="utf-8"))
        server.send_signal(stop)
        assert server.wait(10) == 0
    assert json.loads(path.read_text(encoding="utf-8")) == before
