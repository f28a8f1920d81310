"""Late writes of the sandbox: writes that are done only after some reads do not show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from css_sdk.sandbox import Sandbox, SandboxError

ROLES = "/integrations/101/test/roles"


def names(call: Any, path: str = ROLES) -> set[str]:
    """Return the names of the roles that a read shows."""
    return {role["name"] for role in call.status_and_json("GET", path)[1]["data"]}


@pytest.mark.parametrize("reads", [1, 2, 3])
def test_a_late_write_is_done_after_a_number_of_reads(call: Any, sandbox: Sandbox, reads: int) -> None:
    """A late write is not visible to the given number of reads, and the next read shows it."""
    sandbox.faults.add("late_write", method="POST", reads=reads)
    assert call("POST", ROLES, {"name": "x"}).dropped
    assert sandbox.late_writes == [f"POST {ROLES}"]
    for _ in range(reads):
        assert names(call) == set()
    assert sandbox.late_writes == []
    assert names(call) == {"x"}


@pytest.mark.parametrize(("answer", "status"), [(502, 502), (503, 503), (504, 504)])
def test_a_late_write_can_answer_as_a_proxy_does(call: Any, sandbox: Sandbox, answer: int, status: int) -> None:
    """The answer to a late write can be a proxy's error page."""
    sandbox.faults.add("late_write", answer=answer)
    response = call("POST", ROLES, {"name": "x"})
    assert (response.status, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert [names(call), names(call)] == [set(), {"x"}]


def test_a_late_write_can_time_out(sandbox: Sandbox) -> None:
    """A late write can let the client wait for its whole read timeout."""
    waited: list[float] = []
    sandbox.faults.add("late_write", answer="timeout")
    token = {"authorization": f"Bearer {caller_token(sandbox)}"}
    with httpx.Client(transport=sandbox.transport(waited.append), timeout=7, headers=token) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{sandbox.api_url}{ROLES}", json={"name": "x"})
    assert waited == [7]
    assert sandbox.roles(101, "test") == set()
    assert sandbox.land_late_writes() == 1
    assert sandbox.roles(101, "test") == {"x"}


def caller_token(sandbox: Sandbox) -> str:
    """Return a token of the first team."""
    credentials = sandbox.credentials()
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials["client_id"],
        "client_secret": credentials["client_secret"],
    }
    with httpx.Client(transport=sandbox.transport()) as client:
        return str(client.post(sandbox.token_url, data=form).json()["access_token"])


def test_a_late_write_can_wait_for_the_test(call: Any, sandbox: Sandbox) -> None:
    """A late write without a number of reads is done when the test says so, by method or by control call."""
    sandbox.faults.add("late_write", reads=None, times=2)
    call("POST", ROLES, {"name": "x"})
    assert [names(call) for _ in range(5)] == [set()] * 5
    assert sandbox.land_late_writes() == 1
    assert sandbox.land_late_writes() == 0
    assert names(call) == {"x"}
    call("DELETE", f"{ROLES}/x")
    assert json.loads(call.control("GET", "/late-writes").body) == [f"DELETE {ROLES}/x"]
    assert json.loads(call.control("POST", "/late-writes").body) == {"landed": 1}
    assert names(call) == set()


def test_only_successful_reads_of_the_place_count_for_a_late_write(call: Any, sandbox: Sandbox) -> None:
    """Reads of other places, failed reads and other writes do not count, and the fault does not apply to reads."""
    fault = sandbox.faults.add("late_write")
    names(call)
    assert fault.struck == 0
    call("POST", ROLES, {"name": "x"})
    sandbox.faults.add("422_before", method="GET")
    for path in (ROLES, "/integrations/101/dev/roles", "/integrations", "/heartbeat"):
        call("GET", path)
    call("POST", ROLES, {"name": "y"})
    assert sandbox.roles(101, "test") == {"y"}
    assert call("GET", f"{ROLES}/x").status == 404
    assert sandbox.roles(101, "test") == {"x", "y"}


def test_a_late_write_can_reverse_a_later_write(call: Any, sandbox: Sandbox) -> None:
    """A late write can be done after its repetition and after an opposite write, which it reverses."""
    sandbox.faults.add("late_write", method="POST", reads=3)
    call("POST", ROLES, {"name": "x"})
    names(call)
    assert call("POST", ROLES, {"name": "x"}).status == 201
    assert names(call) == {"x"}
    assert call("DELETE", f"{ROLES}/x").status == 204
    assert names(call) == set()
    assert names(call) == {"x"}


def test_a_late_write_that_the_service_refuses_changes_nothing(call: Any, sandbox: Sandbox) -> None:
    """A late write that the service refuses changes nothing.

    A request that is refused before its work is not delayed.
    """
    sandbox.faults.add("late_write", times=3)
    call("DELETE", f"{ROLES}/nope")
    call("POST", ROLES, {"name": "x"}, authorization="Bearer nonsense")
    assert sandbox.late_writes == [f"DELETE {ROLES}/nope"]
    assert [names(call), names(call)] == [set(), set()]
    assert sandbox.late_writes == []


def test_a_late_write_is_kept_in_the_state_file(caller: Any, tmp_path: Path) -> None:
    """The state file contains a late write after it was done, by a read or by the test."""
    path = tmp_path / "state.json"
    sandbox = Sandbox(state=path)
    call = caller(sandbox)
    sandbox.faults.add("late_write", times=2)
    call("POST", ROLES, {"name": "x"})
    assert Sandbox(state=path).roles(101, "test") == set()
    names(call)
    assert Sandbox(state=path).roles(101, "test") == {"x"}
    call("POST", ROLES, {"name": "y"})
    sandbox.land_late_writes()
    assert Sandbox(state=path).roles(101, "test") == {"x", "y"}


@pytest.mark.parametrize("wrong", [{"answer": 200}, {"answer": "late"}, {"reads": 0}, {"reads": "one"}])
def test_an_invalid_late_write_is_refused(sandbox: Sandbox, wrong: dict[str, Any]) -> None:
    """A late write with an invalid answer or number of reads is refused."""
    with pytest.raises(SandboxError):
        sandbox.faults.add_document({"kind": "late_write", **wrong})
