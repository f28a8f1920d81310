"""The sandbox as a transport of httpx."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from css_sdk.sandbox import Sandbox


@pytest.fixture
def slept() -> list[float]:
    """Return the list of the seconds for which the transport waited."""
    return []


@pytest.fixture
def client(sandbox: Sandbox, slept: list[float]) -> Iterator[httpx.Client]:
    """Return a client of the sandbox with a token."""
    with httpx.Client(transport=sandbox.transport(slept.append), base_url=sandbox.api_url) as client:
        credentials = sandbox.credentials()
        form = {"grant_type": "client_credentials"}
        auth = (credentials["client_id"], credentials["client_secret"])
        answer = client.post(credentials["token_url"], data=form, auth=auth)
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def test_a_client_in_process_gets_complete_answers(client: httpx.Client, sandbox: Sandbox) -> None:
    """A client gets complete answers in process, and the sandbox records its requests."""
    assert client.get("/integrations").json()["data"][0]["projectName"] == "Grants Portal"
    assert client.head("/integrations").content == b""
    assert client.get("/nothing").headers["content-type"].startswith("text/html")
    created = client.post("/integrations/101/dev/roles", json={"name": "é"})
    assert (created.status_code, created.json()) == (201, {"name": "é", "composite": False})
    gone = client.delete("/integrations/101/dev/roles/%25C3%25A9")
    assert (gone.status_code, gone.content) == (204, b"")
    shown = [(entry.number, entry.kind, entry.method, entry.status) for entry in sandbox.requests]
    assert shown == [
        (1, "token", "POST", 200),
        (2, "api", "GET", 200),
        (3, "api", "HEAD", 200),
        (4, "api", "GET", 404),
        (5, "api", "POST", 201),
        (6, "api", "DELETE", 204),
    ]
    assert sandbox.requests[-1].path == "/api/v1/integrations/101/dev/roles/%25C3%25A9"
    assert sandbox.count("POST") == 2
    assert sandbox.count("post", "*/roles") == sandbox.count("POST", "/integrations/101/dev/roles") == 1
    assert sandbox.count(kind="token") == sandbox.count(status=204) == 1
    sandbox.clear_requests()
    assert sandbox.requests == []


def test_a_lost_answer_raises_an_error_of_httpx(client: httpx.Client, sandbox: Sandbox) -> None:
    """A lost answer raises the same error as over a socket, and the work is done."""
    sandbox.faults.add("lose_after", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/integrations/101/dev/roles", json={"name": "x"})
    assert "x" in sandbox.roles(101, "dev")


def test_threads_can_share_a_sandbox(client: httpx.Client, sandbox: Sandbox) -> None:
    """Eight threads can use one sandbox at once, and no request is lost."""

    def work(number: int) -> list[int]:
        path = "/integrations/101/test/roles"
        return [client.post(path, json={"name": f"{number}-{step}"}).status_code for step in range(20)]

    with ThreadPoolExecutor(8) as pool:
        assert [status for found in pool.map(work, range(8)) for status in found] == [201] * 160
    assert len(sandbox.roles(101, "test")) == sandbox.count("POST", "*/roles") == 160


def test_a_late_answer_can_exceed_the_timeout(client: httpx.Client, sandbox: Sandbox, slept: list[float]) -> None:
    """The client waits for a late answer as long as its timeout allows, and the work is done anyway."""
    sandbox.faults.add("delay", seconds=3)
    assert client.get("/integrations", timeout=None).status_code == 200
    sandbox.faults.add("delay", seconds=9)
    with pytest.raises(httpx.ReadTimeout):
        client.post("/integrations/101/dev/roles", json={"name": "x"}, timeout=4)
    assert slept == [3, 4]
    assert "x" in sandbox.roles(101, "dev")


def test_an_asynchronous_client_in_process_gets_the_same_answers(sandbox: Sandbox) -> None:
    """An asynchronous client gets the same answers, errors and delays."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def work() -> None:
        async with httpx.AsyncClient(transport=sandbox.async_transport(sleep)) as client:
            address = f"{sandbox.api_url}/heartbeat"
            assert (await client.get(address)).status_code == 200
            sandbox.faults.add("drop_before")
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(address)
            sandbox.faults.add("delay", seconds=2)
            assert (await client.get(address)).status_code == 200
            sandbox.faults.add("delay", seconds=20)
            with pytest.raises(httpx.ReadTimeout):
                await client.get(address, timeout=1)

    asyncio.run(work())
    assert slept == [2, 1]


def test_a_delay_uses_the_running_event_loop_by_default(sandbox: Sandbox) -> None:
    """Without a function to sleep, a delay uses the running event loop."""

    async def work() -> int:
        sandbox.faults.add("delay", seconds=0.001)
        async with httpx.AsyncClient(transport=sandbox.async_transport()) as client:
            return (await client.get(f"{sandbox.api_url}/heartbeat")).status_code

    assert asyncio.run(work()) == 200
