"""Faults that a test adds to a sandbox."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import anyio
import httpx
import pytest

from css_sdk.sandbox import Sandbox, SandboxError

ROLES = "/integrations/101/test/roles"
UNKNOWN = {"message": "unknown exception"}


@pytest.fixture
def user(people: list[str]) -> str:
    """Return the path of the roles of a user."""
    return f"/integrations/101/test/users/{people[0]}/roles"


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("500_before", 500, False),
        ("500_after", 500, True),
        ("422_before", 422, False),
        ("422_after", 422, True),
        ("429", 429, False),
        ("expired_token", 401, False),
        ("revoked_token", 401, False),
        ("disaster", 503, False),
    ],
)
def test_a_fault_can_strike_before_or_after_the_work(
    call: Any, sandbox: Sandbox, kind: str, status: int, done: bool
) -> None:
    """A fault answers with an error before or after the work of the request."""
    sandbox.faults.add(kind, method="POST", times=1)
    assert call("POST", ROLES, {"name": "x"}).status == status
    assert ("x" in sandbox.roles(101, "test")) is done
    assert call("POST", ROLES, {"name": "y"}).status == 201


@pytest.mark.parametrize(("kind", "done"), [("drop_before", False), ("lose_after", True)])
def test_a_fault_can_close_the_connection(call: Any, sandbox: Sandbox, kind: str, done: bool) -> None:
    """A fault can close the connection before or after the work, and the recorded request has no status."""
    sandbox.faults.add(kind, method="POST")
    assert call("POST", ROLES, {"name": "x"}).dropped
    assert ("x" in sandbox.roles(101, "test")) is done
    assert sandbox.requests[-1].status is None


def test_errors_of_faults_have_the_form_of_the_service(call: Any, sandbox: Sandbox) -> None:
    """The answers of faults have the status, type and body that the service uses."""
    sandbox.faults.add("422_before")
    assert call.status_and_json("GET", ROLES) == (422, UNKNOWN)
    sandbox.faults.add("expired_token")
    assert call.status_and_json("GET", ROLES) == (401, {"success": False, "data": None, "err": "token expired"})
    sandbox.faults.add("disaster")
    assert call("GET", ROLES).headers["content-type"].startswith("text/plain")
    assert call("GET", "/heartbeat").status == 200
    assert call("GET", ROLES).status == 503
    sandbox.faults.clear()
    assert call("GET", ROLES).status == 200


@pytest.mark.parametrize("value", [7, "Wed, 18 Nov 2026 10:00:00 GMT"])
def test_the_fault_429_can_have_a_retry_after_header(call: Any, sandbox: Sandbox, value: int | str) -> None:
    """The fault 429 can have a Retry-After header with seconds or a date, or none."""
    sandbox.faults.add("429", retry_after=value)
    assert call("GET", ROLES).headers["retry-after"] == str(value)
    sandbox.faults.add("429")
    assert "retry-after" not in call("GET", ROLES).headers


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", ROLES, {"name": "x"}, 201),
        ("PUT", f"{ROLES}/old", {"name": "x"}, 200),
        ("DELETE", f"{ROLES}/old", None, 204),
        ("POST", f"{ROLES}/old/composite-roles", [{"name": "child"}], 200),
        ("DELETE", f"{ROLES}/parent/composite-roles/child", None, 204),
    ],
)
def test_an_empty_success_has_no_body(
    call: Any, sandbox: Sandbox, method: str, path: str, body: Any, status: int, done: bool
) -> None:
    """The fault empty_success answers without a body, whether the work was done or not."""
    for name in ("old", "child"):
        sandbox.create_role(101, "test", name)
    sandbox.create_role(101, "test", "parent", ["child"])
    before = sandbox.state.document()
    sandbox.faults.add("empty_success", method=method, done=done)
    assert call.status_and_json(method, path, body) == (status, None)
    assert (sandbox.state.document() != before) is done


def test_an_empty_success_does_not_hide_a_refusal(call: Any, sandbox: Sandbox) -> None:
    """If the service refuses a request, the fault empty_success does not replace the refusal."""
    sandbox.faults.add("empty_success", done=True)
    assert call("PUT", f"{ROLES}/nope", {"name": "x"}).status == 404


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize(
    ("method", "path", "body", "answer"),
    [
        ("POST", ROLES, {"name": "x"}, (201, None)),
        ("PUT", f"{ROLES}/old", {"name": "x"}, (200, None)),
        ("DELETE", f"{ROLES}/old", None, (204, None)),
        ("POST", f"{ROLES}/old/composite-roles", [{"name": "child"}], (422, UNKNOWN)),
        ("DELETE", f"{ROLES}/parent/composite-roles/child", None, (422, UNKNOWN)),
        ("POST", "user", [{"name": "old"}], (422, UNKNOWN)),
        ("DELETE", "user/child", None, (422, UNKNOWN)),
    ],
)
def test_a_write_while_the_login_server_fails_gets_a_misleading_answer(
    call: Any, sandbox: Sandbox, user: str, method: str, path: str, body: Any, answer: Any, done: bool
) -> None:
    """While the login server fails, each write gets its own misleading answer, whether the work was done or not."""
    for name in ("old", "child"):
        sandbox.create_role(101, "test", name)
    sandbox.create_role(101, "test", "parent", ["child"])
    sandbox.grant(101, "test", "child", user.split("/")[-2])
    before = sandbox.state.document()
    sandbox.faults.add("login_server", method=method, done=done)
    assert call.status_and_json(method, path.replace("user", user) if path.startswith("user") else path, body) == answer
    after = sandbox.state.document()
    for document in (before, after):
        document.pop("unbooked")
    assert (after != before) is done


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (f"{ROLES}/old", (404, {"message": "role old not found"})),
        (ROLES, (422, UNKNOWN)),
        (f"{ROLES}/old/composite-roles", (422, UNKNOWN)),
        (f"{ROLES}/old/users", (422, UNKNOWN)),
        ("user", (422, UNKNOWN)),
        ("/dev/idir/users?firstName=aa", (422, UNKNOWN)),
        ("/integrations/101/test/bceid/users?bceidType=basic&guid=aa", (422, UNKNOWN)),
        ("/integrations/999/test/roles", (404, {"message": "integration #999 not found"})),
        ("/verify-token", (200, {"teamId": "2016"})),
    ],
)
def test_a_read_while_the_login_server_fails_gets_a_misleading_answer(
    call: Any, sandbox: Sandbox, user: str, path: str, answer: Any
) -> None:
    """While the login server fails, an existing role gets 404 and other reads get 422.

    Calls that do not need the login server succeed.
    """
    sandbox.create_role(101, "test", "old")
    sandbox.faults.add("login_server")
    assert call.status_and_json("GET", user if path == "user" else path) == answer


def test_a_failing_first_look_up_prevents_the_creation_of_a_role(call: Any, sandbox: Sandbox) -> None:
    """If the first look-up at the login server fails, creating a role gets 422 and does nothing."""
    sandbox.faults.add("login_server", method="POST", first_look_up=True)
    assert call.status_and_json("POST", ROLES, {"name": "x"}) == (422, UNKNOWN)
    assert sandbox.roles(101, "test") == set()


@pytest.mark.parametrize("kind", ["login_server", "empty_success", "422_after"])
def test_a_role_missing_in_the_bookkeeping_gets_422_as_a_child(call: Any, sandbox: Sandbox, kind: str) -> None:
    """If a role is missing in the bookkeeping, adding it to a composite is done but gets 422.

    A renaming repairs this.
    """
    sandbox.create_role(101, "test", "parent")
    sandbox.faults.add(kind, method="POST", done=True)
    call("POST", ROLES, {"name": "x"})
    assert call("GET", f"{ROLES}/x").status == 200
    for _ in range(2):
        assert call.status_and_json("POST", f"{ROLES}/parent/composite-roles", [{"name": "x"}]) == (422, UNKNOWN)
        assert sandbox.composites(101, "test") == {"parent": {"x"}}
    assert call("PUT", f"{ROLES}/x", {"name": "y"}).status == 200
    assert call("POST", f"{ROLES}/parent/composite-roles", [{"name": "y"}]).status == 200


@pytest.mark.parametrize("path", ["/integrations/abc/dev/roles/x", f"{ROLES}/100%25", f"{ROLES}/nope"])
def test_a_fault_after_a_request_without_effect_changes_nothing(call: Any, sandbox: Sandbox, path: str) -> None:
    """After a request that did nothing, the fault 422_after changes nothing in the state."""
    before = sandbox.state.document()
    sandbox.faults.add("422_after", method="DELETE")
    assert call.status_and_json("DELETE", path) == (422, UNKNOWN)
    assert sandbox.state.document() == before


def test_after_and_times_choose_the_requests_of_a_fault(call: Any, sandbox: Sandbox) -> None:
    """A fault skips `after` matching requests, then applies `times` times, and counts how often it applied."""
    fault = sandbox.faults.add("500_before", path="*/roles", times=2, after=1)
    statuses = [call("GET", ROLES).status for _ in range(5)]
    assert statuses == [200, 500, 500, 200, 200]
    assert fault.struck == 2
    sandbox.faults.add("500_before", times=None)
    assert [call("GET", ROLES).status for _ in range(3)] == [500] * 3


def test_method_and_path_choose_the_requests_of_a_fault(call: Any, sandbox: Sandbox) -> None:
    """A fault applies only to its method and path, with the path decoded once and without the query."""
    sandbox.faults.add("500_before", method="get", path="/integrations/101/*/roles/a b", times=None)
    assert call("GET", f"{ROLES}/a%20b?x=1").status == 500
    assert call("GET", f"{ROLES}/a%2520b").status == 404
    assert call("DELETE", f"{ROLES}/a%20b").status == 404


def test_the_seed_decides_where_a_probable_fault_applies(call: Any, sandbox: Sandbox, caller: Any) -> None:
    """A fault with a probability applies to the same requests for the same seed."""

    def statuses(seed: int) -> list[int]:
        sandbox.faults.clear()
        sandbox.faults.add("500_before", probability=0.3, seed=seed)
        return [call("GET", ROLES).status for _ in range(60)]

    assert statuses(1) == statuses(1)
    assert statuses(1) != statuses(2)
    assert 5 < statuses(1).count(500) < 40


def test_delays_add_to_other_faults(call: Any, sandbox: Sandbox) -> None:
    """Delays add up, also with other faults."""
    sandbox.faults.add("delay", seconds=2, times=2)
    sandbox.faults.add("delay", seconds=1, times=1)
    sandbox.faults.add("422_before", times=1)
    first, second, third = (call("GET", ROLES) for _ in range(3))
    assert [(answer.status, answer.delay) for answer in (first, second, third)] == [(422, 3), (200, 2), (200, 0)]


def test_the_token_endpoint_can_fail(call: Any, sandbox: Sandbox) -> None:
    """A fault applies to the token endpoint if its target or its path says so, and otherwise not."""
    call.status_and_json("GET", ROLES)
    sandbox.faults.add("500_before", target="token")
    sandbox.faults.add("429", path="*/token", retry_after=3)
    fields = "client_id=x"
    place = "/auth/realms/standard/protocol/openid-connect/token"
    assert call.form(place, fields).status == 500
    answer = call.form(place, fields)
    assert (answer.status, answer.headers["retry-after"]) == (429, "3")
    for kind, status in (("drop_before", None), ("lose_after", None), ("500_after", 500)):
        sandbox.faults.add(kind, target="token")
        answer = call.form(place, fields)
        assert (None if answer.dropped else answer.status) == status
    sandbox.faults.add("delay", target="token", seconds=1)
    assert call.form(place, fields).delay == 1
    sandbox.faults.add("500_before", path="*/certs")
    assert call.send("GET", "/auth/realms/standard/protocol/openid-connect/certs").status == 500
    sandbox.faults.add("500_before", times=None)
    assert call.form(place, fields).status == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "nonsense"},
        {"kind": "422_before", "target": "token"},
        {"kind": "delay", "target": "nowhere"},
        {"kind": "delay", "probability": 2},
        {"kind": "delay", "after": -1},
        {"kind": "delay", "seconds": -1},
        {"kind": "delay", "seconds": math.nan},
        {"kind": "delay", "seconds": math.inf},
        {"kind": "delay", "times": "once"},
        {"kind": "429", "path": 5},
        {"kind": "429", "method": ["GET"]},
        {"kind": "429", "retry_after": "soon\nset-cookie: a=b"},
        {"kind": "delay", "colour": "red"},
        {"kind": "delay", "secnds": 5},
        {"kind": "login_server", "first_look_up": True, "done": True},
        {},
    ],
)
def test_an_invalid_fault_is_refused(sandbox: Sandbox, call: Any, wrong: dict[str, Any]) -> None:
    """An invalid fault is refused in process and over HTTP. For a mistyped key the error names the similar key."""
    with pytest.raises(SandboxError) as caught:
        sandbox.faults.add_document(wrong)
    assert not re.search(r"argument|Faults\.", str(caught.value))
    assert ("did you mean 'seconds'?" in str(caught.value)) is ("secnds" in wrong)
    assert call.control("POST", "/faults", json.dumps(wrong).encode()).status == 400
    assert len(sandbox.faults) == 0


def test_a_slow_answer_arrives_in_small_parts(sandbox: Sandbox) -> None:
    """The fault drip sends the status at once and the body in small parts within the given seconds.

    No part exceeds the client's read timeout.
    """
    slept: list[float] = []
    sandbox.faults.add("drip", seconds=60, path="/heartbeat")
    with httpx.Client(transport=sandbox.transport(slept.append), base_url=sandbox.api_url, timeout=5) as client:
        with client.stream("GET", "/heartbeat") as answer:
            assert (answer.status_code, slept) == (200, [])
            parts = list(answer.iter_raw())
        assert len(parts) == len(slept) > 20
        assert sum(slept) == pytest.approx(60)
        assert json.loads(b"".join(parts))[0].keys() == {"now"}
        assert client.get("/heartbeat").elapsed.total_seconds() < 60


def test_a_part_that_exceeds_the_read_timeout_ends_the_call(sandbox: Sandbox) -> None:
    """If the wait between two parts exceeds the read timeout, the client raises ReadTimeout."""
    slept: list[float] = []
    sandbox.faults.add("drip", seconds=600, path="/heartbeat")
    client = httpx.Client(transport=sandbox.transport(slept.append), base_url=sandbox.api_url, timeout=5)
    with client, pytest.raises(httpx.ReadTimeout):
        client.get("/heartbeat")
    assert slept == [5]


def test_a_slow_answer_arrives_in_small_parts_for_a_task(sandbox: Sandbox) -> None:
    """A slow answer also arrives in parts for an asynchronous client."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def read() -> Any:
        transport = sandbox.async_transport(sleep)
        async with httpx.AsyncClient(transport=transport, base_url=sandbox.api_url) as client:
            return (await client.get("/heartbeat")).json()

    sandbox.faults.add("drip", seconds=60, path="/heartbeat")
    assert anyio.run(read)[0].keys() == {"now"}
    assert sum(slept) == pytest.approx(60)


def test_an_answer_without_a_body_is_not_slowed(call: Any, sandbox: Sandbox) -> None:
    """The fault drip does not slow an answer without a body, and it can slow the token endpoint."""
    sandbox.faults.add("drip", seconds=60, method="DELETE")
    assert call("DELETE", "/integrations/101/dev/roles/reviewer").status == 204
    sandbox.faults.add("drip", seconds=7, path="*/token")
    assert call.form("/auth/realms/standard/protocol/openid-connect/token", "").spread == 7
