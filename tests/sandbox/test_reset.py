"""Resetting a sandbox to its initial state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from css_sdk.sandbox import Sandbox

ROLES = "/integrations/101/dev/roles"
LOGS = "/integrations/101/dev/logs?start=2026-11-15&end=2026-11-16"


def spoil(sandbox: Sandbox, call: Any) -> None:
    """Change everything that a reset has to restore."""
    call("POST", ROLES, {"name": "new"})
    call("DELETE", ROLES + "/admin")
    for _ in range(21):
        call("GET", LOGS)
    call("DELETE", ROLES + "/..")
    call("POST", ROLES, {"name": "."})
    sandbox.faults.add("late_write", method="POST")
    call("POST", ROLES, {"name": "late"})
    sandbox.faults.add("disaster")
    sandbox.token_life, sandbox.clock_skew = 5, 100
    sandbox.revoke_tokens()


def test_reset_restores_the_initial_state(sandbox: Sandbox, call: Any) -> None:
    """reset() restores state, faults, lists, limits, keys and settings, so a token issued before is valid again."""
    before = sandbox.state.document()
    token = call.token
    spoil(sandbox, call)
    sandbox.rotate_keys("prod")
    sandbox.reset()
    assert sandbox.state.document() == before
    assert (sandbox.requests, sandbox.harm, sandbox.notes, sandbox.late_writes, len(sandbox.faults)) == (
        [],
        [],
        [],
        [],
        0,
    )
    assert (sandbox.token_life, sandbox.clock_skew) == (300, 0)
    assert call("GET", "/integrations", authorization=f"Bearer {token}").status == 200
    assert call("GET", LOGS).status == 200
    assert [entry.number for entry in sandbox.requests] == [1, 2]


def test_a_reset_over_http_restores_the_initial_state(sandbox: Sandbox, call: Any) -> None:
    """`POST /sandbox/reset` resets the sandbox over HTTP."""
    spoil(sandbox, call)
    answer = call.control("POST", "/reset")
    assert (answer.status, json.loads(answer.body)) == (200, {})
    assert sandbox.roles(101, "dev") == {"admin", "approver", "reviewer"}
    assert json.loads(call.control("GET", "/faults").body) == []


def test_a_reset_overwrites_the_state_file(tmp_path: Path) -> None:
    """A reset also overwrites the state file, so a restart begins with the initial state."""
    path = tmp_path / "state.json"
    sandbox = Sandbox(state=path)
    sandbox.create_role(101, "dev", "new")
    assert "new" in Sandbox(state=path).roles(101, "dev")
    sandbox.reset()
    assert "new" not in Sandbox(state=path).roles(101, "dev")
    sandbox.create_role(101, "dev", "newer")
    assert "newer" in Sandbox(state=path).roles(101, "dev")
