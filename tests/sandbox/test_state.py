"""The state file of a sandbox: changes survive a restart, an interrupted write and a kill."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from css_sdk.sandbox import Sandbox, SandboxError

ROOT = Path(__file__).resolve().parents[2]
ROLES = "/integrations/101/dev/roles"


def test_every_change_survives_a_restart(caller: Any, tmp_path: Path, people: list[str]) -> None:
    """Roles, composites, grants, logins and missing bookkeeping survive a restart, and removals do, too."""
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


def test_prepared_state_survives_a_restart(tmp_path: Path, people: list[str]) -> None:
    """Changes that a test makes without a request survive a restart, too."""
    path = tmp_path / "state.json"
    first = Sandbox(state=path)
    first.create_role(102, "dev", "reader")
    first.grant(102, "dev", "reader", people[0], "fisheries-service-102")
    first.revoke(102, "dev", "reader", people[0])
    first.delete_role(101, "dev", "admin")
    second = Sandbox(state=path)
    assert second.members(102, "dev", "reader") == ["service-account-fisheries-service-102"]
    assert second.roles(101, "dev") == {"approver", "reviewer"}


def test_a_failed_write_keeps_the_old_state_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing the state fails at any step, the state file keeps its old content."""
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


def test_a_kill_at_any_step_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    """If the process is killed at any step of writing, the state file contains the complete old or new state."""
    command = [sys.executable, "-m", "tests.sandbox.state_writer", str(tmp_path)]
    steps = int(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
    assert steps >= 12
    found = []
    for last in range(1, steps + 1):
        path = tmp_path / f"{last}.json"
        sandbox = Sandbox(state=path)
        found.append(sandbox.roles(104, "dev"))
        sandbox.create_role(104, "dev", "newer")
        assert Sandbox(state=path).roles(104, "dev") == found[-1] | {"newer"}
    before, after = found.count({"old"}), found.count({"old", "new"})
    assert before
    assert after
    assert found == [{"old"}] * before + [{"old", "new"}] * after


class Writer:
    """Create roles at a server one after another until the server is gone."""

    def __init__(self, line: dict[str, Any], prefix: str) -> None:
        self.confirmed: list[str] = []
        self._prefix = prefix
        place = urlsplit(line["api_url"])
        self._connection = HTTPConnection(str(place.hostname), place.port, timeout=60)
        form = {name: line[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
        typed = {"content-type": "application/x-www-form-urlencoded"}
        answer = self._ask(urlsplit(line["token_url"]).path, urlencode(form), typed)
        self._headers = {"authorization": f"Bearer {answer['access_token']}", "content-type": "application/json"}

    def __call__(self) -> None:
        """Create roles until the connection is lost."""
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(self._connection):
            while True:
                body = json.dumps({"name": f"{self._prefix}{len(self.confirmed)}"})
                answer = self._ask("/api/v1/integrations/104/dev/roles", body, self._headers)
                self.confirmed.append(answer["name"])

    def _ask(self, path: str, body: str, headers: dict[str, str]) -> Any:
        self._connection.request("POST", path, body, headers)
        return json.loads(self._connection.getresponse().read())


def test_a_killed_server_keeps_every_confirmed_write(tmp_path: Path) -> None:
    """After a kill of the server, every confirmed role exists, and at most one more."""
    path = tmp_path / "state.json"
    command = [sys.executable, "-m", "css_sdk.sandbox", "--port", "0", "--state", str(path)]
    known: set[str] = set()
    for enough in (1, 10, 40):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            writer = Writer(json.loads(server.stdout.readline()), f"{enough}-")
            thread = threading.Thread(target=writer)
            thread.start()
            while len(writer.confirmed) < enough and thread.is_alive():
                time.sleep(0.001)
            server.kill()
            thread.join()
        known |= {*writer.confirmed}
        found = Sandbox(state=path).roles(104, "dev")
        assert known <= found
        assert len(found - known) <= 1
        known = found


def test_only_the_owner_can_read_the_state_file(tmp_path: Path) -> None:
    """Only the owner can read the state file, and no temporary file is left beside it."""
    Sandbox(state=tmp_path / "state.json").create_role(101, "dev", "x")
    assert [found.name for found in tmp_path.iterdir()] == ["state.json"]
    if os.name == "posix":
        assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "it must be an object"),
        ('{"roles": [{"name": "x"}]}', "lacks 'integration'"),
        ('{"roles": [5]}', "this world: entry 1 of roles is 5; it must be an object"),
        ('{"logins": 5}', "this world: logins is 5; it must be a list"),
        ('{"roles": [{"integration": 101, "environment": "x", "name": "x"}]}', "environments are dev, test, prod"),
        ('{"roles": [{"integration": 999, "environment": "dev", "name": "x"}]}', "the world has no integration 999"),
        (
            '{"grants": [{"integration": 101, "environment": "dev", "role": "x", "username": "y"}]}',
            "cannot be used with this world: entry 1 of grants: integration 101 has no role 'x' in dev",
        ),
    ],
)
def test_an_invalid_state_file_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    """If the state file is invalid, the error names the problem and, once, the file. The file is unchanged."""
    path = tmp_path / "state.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SandboxError, match=problem) as caught:
        Sandbox(state=path)
    assert str(caught.value).count(str(path)) == 1
    assert path.read_text(encoding="utf-8") == content


def test_a_state_file_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    """If the state file cannot be written, Sandbox() raises the error at once and not at the first change."""
    with pytest.raises(SandboxError, match="cannot be written"):
        Sandbox(state=tmp_path / "missing" / "state.json")


@pytest.mark.posix
def test_a_server_stopped_by_a_signal_keeps_its_state(tmp_path: Path, people: list[str]) -> None:
    """A server that a signal stops exits with 0 and leaves its state file unchanged."""
    path = tmp_path / "state.json"
    command = [sys.executable, "-m", "css_sdk.sandbox", "--port", "0", "--state", str(path)]
    stop = signal.SIGTERM if hasattr(signal, "SIGTERM") else signal.SIGINT
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        json.loads(server.stdout.readline())
        before = json.loads(path.read_text(encoding="utf-8"))
        server.send_signal(stop)
        assert server.wait(60) == 0
    assert json.loads(path.read_text(encoding="utf-8")) == before
