"""The sandbox on a socket and as a command."""

from __future__ import annotations

import http.client
import json
import math
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from css_sdk.sandbox import Sandbox, SandboxError
from css_sdk.sandbox.command import run
from css_sdk.sandbox.serving.server import Server

CONTROL = {"X-CSS-Sandbox": "1"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Sandbox, Server]]:
    """Yield a sandbox with its server."""
    sandbox = Sandbox()
    with sandbox.serve() as server:
        yield sandbox, server


@pytest.fixture
def sandbox(served: tuple[Sandbox, Server]) -> Iterator[Sandbox]:
    """Return the sandbox of these tests."""
    yield served[0]
    served[0].faults.clear()
    served[0].clear_requests()


@pytest.fixture
def connection(served: tuple[Sandbox, Server]) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection to the server."""
    connection = http.client.HTTPConnection("127.0.0.1", served[1].port, timeout=60)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send a request and return the answer."""
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_the_addresses_of_a_server_contain_its_port(served: tuple[Sandbox, Server]) -> None:
    """The addresses of a server contain its port, and its credentials are those of the sandbox."""
    sandbox, server = served
    assert server.api_url == f"http://127.0.0.1:{server.port}/api/v1"
    assert server.credentials()["token_url"] == server.token_url
    assert server.credentials()["client_id"] == sandbox.credentials()["client_id"]


def test_one_connection_serves_many_requests(connection: http.client.HTTPConnection, sandbox: Sandbox) -> None:
    """One connection stays open for several requests, and their paths arrive as sent."""
    for _ in range(3):
        answer, body = ask(connection, "GET", "/api/v1/heartbeat")
        assert (answer.status, answer.getheader("keep-alive")) == (200, "timeout=5")
        assert "now" in json.loads(body)[0]
        kept = connection.sock
    answer, body = ask(connection, "HEAD", "/api/v1/heartbeat")
    assert (body, int(answer.getheader("content-length")) > 0) == (b"", True)
    answer, body = ask(connection, "OPTIONS", "/api/v1/x/../y%2F%252F?a=%20")
    assert (answer.status, body) == (204, b"")
    assert connection.sock is kept
    assert sandbox.requests[-1].path == "/api/v1/x/../y%2F%252F?a=%20"


def test_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server closes a connection that was idle for the seconds that it announces. The test shortens them."""
    monkeypatch.setattr("css_sdk.sandbox.serving.server.IDLE", 0.05)
    with Sandbox().serve() as server, socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"OPTIONS /api/v1/ HTTP/1.1\r\nhost: localhost\r\n\r\n")
        received = b""
        while more := connection.recv(1000):
            received += more
    assert received.startswith(b"HTTP/1.1 204 ")


def test_the_page_leads_to_the_published_document(
    connection: http.client.HTTPConnection, served: tuple[Sandbox, Server]
) -> None:
    """The documentation page leads to a script with the published document, whose server is this host."""
    answer, _ = ask(connection, "GET", "/openapi/swagger")
    assert (answer.status, answer.getheader("location")) == (301, "/openapi/swagger/")
    answer, page = ask(connection, "GET", "/openapi/swagger/")
    assert b'src="./swagger-ui-init.js"' in page
    answer, script = ask(connection, "GET", "/openapi/swagger/swagger-ui-init.js")
    assert answer.getheader("content-type").startswith("application/javascript")
    assert b"options = {" in script
    document, _ = json.JSONDecoder().raw_decode(script.decode().partition('"swaggerDoc": ')[2])
    assert document["openapi"].startswith("3.0")
    assert document["servers"] == [{"url": served[1].api_url}]
    for path in ("/openapi/swagger/other", "/openapi/swaggers"):
        assert ask(connection, "GET", path)[0].status == 404
    assert ask(connection, "POST", "/openapi/swagger/")[0].status == 404


@pytest.mark.parametrize("kind", ["drop_before", "lose_after"])
def test_a_lost_answer_closes_the_connection(
    connection: http.client.HTTPConnection, sandbox: Sandbox, kind: str
) -> None:
    """For a lost answer, the server closes the connection without sending a byte, and the next connection works."""
    ask(connection, "GET", "/api/v1/heartbeat")
    sandbox.faults.add(kind)
    assert connection.sock is not None
    connection.sock.sendall(b"GET /api/v1/heartbeat HTTP/1.1\r\nhost: localhost\r\n\r\n")
    received = b"?"
    try:
        received = connection.sock.recv(100)
    except ConnectionResetError:
        received = b""
    assert received == b""
    connection.close()
    assert ask(connection, "GET", "/api/v1/heartbeat")[0].status == 200


def test_a_refused_request_for_logs_closes_its_connection(
    served: tuple[Sandbox, Server], connection: http.client.HTTPConnection
) -> None:
    """After a refused request for logs, the server closes the connection, although the answer says it stays open."""
    account = served[1].credentials()
    form = f"grant_type=client_credentials&client_id={account['client_id']}&client_secret={account['client_secret']}"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    path = "/" + served[1].token_url.removeprefix("http://").partition("/")[2]
    token = json.loads(ask(connection, "POST", path, form, **kind)[1])["access_token"]
    logs = "/api/v1/integrations/999/dev/logs?start=2026-11-01&end=2026-11-02"
    answer, body = ask(connection, "GET", logs, None, authorization=f"Bearer {token}")
    assert (answer.status, json.loads(body)) == (403, {"message": "forbidden"})
    assert answer.getheader("keep-alive") == "timeout=5"
    assert connection.sock is not None
    assert connection.sock.recv(1) == b""


def test_a_delayed_answer_does_not_delay_others(connection: http.client.HTTPConnection, sandbox: Sandbox) -> None:
    """While a delayed request waits, the server answers other requests."""
    sandbox.faults.add("delay", seconds=2.0, path="/heartbeat")
    done: list[str] = []

    def slow() -> None:
        other = http.client.HTTPConnection(connection.host, connection.port, timeout=60)
        ask(other, "GET", "/api/v1/heartbeat")
        other.close()
        done.append("slow")

    thread = threading.Thread(target=slow)
    thread.start()
    while not sandbox.count(path="/heartbeat"):
        ask(connection, "GET", "/openapi/swagger/")
    ask(connection, "GET", "/openapi/swagger/")
    done.append("quick")
    thread.join()
    assert done == ["quick", "slow"]


def test_a_slow_answer_arrives_in_small_parts(connection: http.client.HTTPConnection, sandbox: Sandbox) -> None:
    """With the fault drip, the head arrives before the body, and the complete body arrives within the given time."""
    sandbox.faults.add("drip", seconds=0.2, path="/heartbeat")
    began = time.monotonic()
    connection.request("GET", "/api/v1/heartbeat")
    answer = connection.getresponse()
    first = answer.read(1)
    rest = answer.read()
    assert time.monotonic() - began >= 0.2
    assert json.loads(first + rest)[0].keys() == {"now"}


def test_many_connections_at_once_are_answered(served: tuple[Sandbox, Server], sandbox: Sandbox) -> None:
    """The server answers two hundred requests of eight connections, and records all of them."""
    port = served[1].port

    def work(number: int) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        statuses = [ask(connection, "GET", f"/api/v1/heartbeat?{number}")[0].status for _ in range(25)]
        connection.close()
        return statuses

    with ThreadPoolExecutor(8) as pool:
        assert [status for found in pool.map(work, range(8)) for status in found] == [200] * 200
    assert sandbox.count(path="/heartbeat") == 200


def test_control_calls_over_http(connection: http.client.HTTPConnection, sandbox: Sandbox) -> None:
    """Control calls over HTTP read and set faults, requests, harm, state, keys, tokens and settings."""

    def own(method: str, path: str, value: Any = None) -> Any:
        body = None if value is None else json.dumps(value)
        answer, body = ask(connection, method, f"/sandbox{path}", body, **CONTROL)
        return json.loads(body) if answer.status == 200 else answer.status

    assert own("POST", "/faults", {"kind": "500_before", "path": "/heartbeat"})["struck"] == 0
    assert ask(connection, "GET", "/api/v1/heartbeat")[0].status == 500
    assert [fault["struck"] for fault in own("GET", "/faults")] == [1]
    assert own("DELETE", "/faults") == {}
    assert own("GET", "/faults") == []
    assert [entry["status"] for entry in own("GET", "/requests?method=GET&path=/heart*&kind=api")] == [500]
    assert own("DELETE", "/requests") == {}
    assert own("GET", "/requests") == []
    assert own("GET", "/harm") == {"harm": [], "notes": []}
    assert {"roles", "grants"} <= own("GET", "/state").keys()
    assert own("PUT", "/settings", {"token_life": 60}) == {"token_life": 60, "clock_skew": 0}
    assert own("PUT", "/settings", {"token_life": 300}) == own("GET", "/settings")
    assert own("POST", "/keys", {"environment": "dev"}) == own("POST", "/revoke") == {}
    login = {"username": "permit-robot-103", "integration": 103, "environment": "dev"}
    assert own("POST", "/token", login)["access_token"].count(".") == 2
    assert own("POST", "/token", {}) == own("POST", "/faults", []) == own("POST", "/keys", {"environment": "x"}) == 400
    assert own("PUT", "/settings", {"token_life": 60, "clock_skew": math.inf}) == 400
    assert own("GET", "/settings") == {"token_life": 300, "clock_skew": 0}
    assert own("GET", "/nothing") == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("POST", "/keys", b'{"env": "dev"}', 400, "this call has no key 'env'; its keys are environment"),
        (
            "PUT",
            "/settings",
            b'{"token_lief": 5}',
            400,
            "this call has no key 'token_lief'; did you mean 'token_life'?",
        ),
        ("PUT", "/settings", b'{"token_life": "5"}', 400, "token_life is '5'; it must be a number of seconds"),
        ("PUT", "/settings", b'{"token_life": true}', 400, "token_life is True; it must be a number of seconds"),
        ("GET", "/requests?metod=GET", b"", 400, "this call has no key 'metod'; did you mean 'method'?"),
        ("GET", "/requests?kind=api&kind=token", b"", 400, "kind is ['api', 'token']; it must be a text"),
        ("POST", "/token", b"{}", 400, "the body lacks 'username'"),
        (
            "POST",
            "/token",
            b'{"username": 5, "integration": 1, "environment": "dev"}',
            400,
            "username is 5; it must be a text",
        ),
        (
            "POST",
            "/token",
            b'{"username": "x", "integration": [], "environment": "dev"}',
            400,
            "integration is []; it must be a whole number",
        ),
        (
            "POST",
            "/token",
            b'{"username": "x", "integration": 101, "environment": "dev"}',
            400,
            "no user 'x' is known in dev",
        ),
        ("POST", "/faults", b"[]", 400, "the body is []; it must be an object"),
        ("POST", "/faults", b'{"kind": "429", "times": true}', 400, "a fault's times is True; it must be"),
        ("POST", "/faults", b"x", 400, "the body is not JSON: "),
        ("POST", "/faults", b"\xff", 400, "the body is not JSON: "),
        (
            "POST",
            "/faults",
            b'{"kind": "429", "tims": 2}',
            400,
            "a fault has no key 'tims'; did you mean 'times'?",
        ),
        ("PATCH", "/faults", b"", 404, "there is no call PATCH /sandbox/faults"),
    ],
)
def test_a_wrong_control_call_gets_a_message(
    call: Any, sandbox: Sandbox, method: str, path: str, body: bytes, status: int, message: str
) -> None:
    """A control call gets a message and changes nothing if it, or one of its arguments, is unknown or not valid."""
    before = sandbox.state.document(), sandbox.token_life, len(sandbox.faults)
    answer = call.control(method, path, body)
    assert (answer.status, json.loads(answer.body)["message"][: len(message)]) == (status, message)
    assert (sandbox.state.document(), sandbox.token_life, len(sandbox.faults)) == before


def test_a_port_in_use_is_reported_with_a_free_one(served: tuple[Sandbox, Server]) -> None:
    """If the port is in use, the error names it and suggests a free port."""
    with pytest.raises(SandboxError, match=rf"port {served[1].port} on 127.0.0.1 is in use; .* example \d+$") as caught:
        Sandbox().serve(served[1].port)
    free = int(str(caught.value).rpartition(" ")[2])
    with Sandbox().serve(free) as server:
        assert server.port == free


@pytest.mark.parametrize(
    ("host", "port", "problem"),
    [
        ("127.0.0.1", 70000, "70000 is not a port; ports are 0 to 65535"),
        (
            "192.0.2.1",
            0,
            r"cannot listen on 192.0.2.1, port 0: [^\[]+\. Choose an address of this machine and a free port",
        ),
        ("no such host.example", 0, "cannot listen on no such host.example, port 0"),
        ("x" * 80, 0, "cannot listen on x"),
    ],
)
def test_an_unusable_address_is_refused(host: str, port: int, problem: str) -> None:
    """If the server cannot listen on an address, the error names it. It names no option, because Python has none."""
    with pytest.raises(SandboxError, match=problem):
        Sandbox().serve(port, host)


def started(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Return the running command and the line of JSON that it printed."""
    command = [sys.executable, "-m", "css_sdk.sandbox", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.mark.posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_stops_on_a_signal(number: signal.Signals) -> None:
    """The command prints one line when it is ready, and a signal stops it with exit code 0 despite open connections."""
    process, line = started()
    names = {"url", "api_url", "token_url", "client_id", "client_secret", "api_accounts", "control", "cern", "bss"}
    assert line.keys() == names
    account = {name: line[name] for name in ("client_id", "client_secret")}
    assert line["api_accounts"] == [{"team": 2016, **account}]
    host, _, port = line["api_url"].removeprefix("http://").partition("/")[0].partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    assert ask(connection, "GET", "/api/v1/heartbeat")[0].status == 200
    control = line["control"]
    path = "/" + control["url"].removeprefix("http://").partition("/")[2]
    assert ask(connection, "GET", f"{path}/settings", None, **control["headers"])[0].status == 200
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
    connection.close()


def test_the_command_prints_harmful_requests() -> None:
    """The command prints a harmful request on stderr."""
    process, line = started()
    host, _, port = line["api_url"].removeprefix("http://").partition("/")[0].partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    account = {name: line[name] for name in ("client_id", "client_secret")}
    form = urlencode({"grant_type": "client_credentials", **account})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    token = json.loads(ask(connection, "POST", "/api/v1/token", form, **kind)[1])["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert ask(connection, "GET", f"/api/v1/{'x' * 255}", None, **headers)[0].status == 503
    connection.close()
    process.terminate()
    assert "255 characters" in process.communicate(timeout=60)[1]


def test_the_command_says_why_it_cannot_start(tmp_path: Path) -> None:
    """If the command cannot start, it prints one line on stderr and fails with exit code 64."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for arguments in (["--world", str(tmp_path / "none.json")], ["--port", str(taken.getsockname()[1])]):
            command = [sys.executable, "-m", "css_sdk.sandbox", *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (64, "", 1)
            assert done.stderr.startswith("css sandbox: ")


def test_signal_handlers_are_restored_if_the_server_cannot_start(tmp_path: Path) -> None:
    """If run() cannot start, the caller's signal handlers are unchanged."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SandboxError):
        run(tmp_path / "none.json", 0)
    assert signal.getsignal(signal.SIGTERM) is before
