"""Protection of the sandbox against web pages, symbolic links and very large bodies."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox, SandboxError
from css_sdk.sandbox.http import LARGEST_BODY
from css_sdk.sandbox.serving.server import Server
from css_sdk.sandbox.world import files

CONTROL = {"X-CSS-Sandbox": "1"}
CALLS = [
    ("GET", "/requests"),
    ("DELETE", "/requests"),
    ("GET", "/faults"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("GET", "/late-writes"),
    ("POST", "/late-writes"),
    ("GET", "/harm"),
    ("GET", "/state"),
    ("GET", "/settings"),
    ("PUT", "/settings"),
    ("POST", "/keys"),
    ("POST", "/revoke"),
    ("POST", "/token"),
    ("POST", "/reset"),
    ("GET", "/nothing"),
    ("OPTIONS", "/faults"),
]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Sandbox, Server]]:
    """Yield a sandbox with its server."""
    sandbox = Sandbox()
    with sandbox.serve() as server:
        yield sandbox, server


def ask(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes, Any]:
    """Send a request and return the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read(), answer.headers
    connection.close()
    return found


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_web_page_cannot_make_control_calls(call: Any, sandbox: Sandbox, method: str, path: str) -> None:
    """Each control call without the header X-CSS-Sandbox is refused, changes nothing, and allows no other origin."""
    before = sandbox.state.document()
    sandbox.faults.add("delay", after=10)
    body = json.dumps({"kind": "disaster"}).encode()
    answer = call.send(
        method, f"/sandbox{path}", body, **{"content-type": "text/plain", "origin": "http://evil.example"}
    )
    assert answer.status == 403
    assert "X-CSS-Sandbox" in json.loads(answer.body)["message"]
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert sandbox.state.document() == before
    assert [fault.kind for fault in sandbox.faults] == ["delay"]


def test_a_preflight_request_for_control_calls_is_refused(served: tuple[Sandbox, Server]) -> None:
    """A preflight request for the control header is refused, and one for the API is answered as by the service."""
    asking = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-css-sandbox",
    }
    status, _, headers = ask(served[1], "OPTIONS", "/sandbox/faults", None, **asking)
    assert status == 403
    assert headers["access-control-allow-origin"] is None
    status, _, headers = ask(served[1], "OPTIONS", "/api/v1/integrations", None, **asking)
    assert (status, headers["access-control-allow-origin"]) == (204, "*")


@pytest.mark.parametrize("path", ["/sandbox/state", "/api/v1/heartbeat", "/openapi/swagger/", "/"])
@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::2]"],
)
def test_a_request_for_another_host_is_refused(served: tuple[Sandbox, Server], host: str, path: str) -> None:
    """A request whose Host header is not this machine is refused, even if that name resolves to this machine."""
    status, body, headers = ask(served[1], "GET", path, None, Host=host, **CONTROL)
    assert (status, headers["access-control-allow-origin"]) == (403, None)
    assert b"localhost" in body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:9080"])
def test_requests_for_every_name_of_this_machine_are_answered(served: tuple[Sandbox, Server], host: str) -> None:
    """The sandbox answers requests for every name of this machine with any port, because ports may be forwarded."""
    assert ask(served[1], "GET", "/api/v1/heartbeat", None, Host=host)[0] == 200
    assert ask(served[1], "GET", "/sandbox/settings", None, Host=host, **CONTROL)[0] == 200


@pytest.fixture(scope="module")
def opened() -> Iterator[Server]:
    """Yield a server that other machines can reach, under one name."""
    with Sandbox().serve(host="0.0.0.0", names=["CSS-sandbox"]) as server:  # noqa: S104 - what the tests are about
        yield server


@pytest.mark.parametrize(
    "host", ["css-sandbox", "CSS-SANDBOX:9080", "172.17.0.2", "172.17.0.2:9080", "[fd00::2]:9080", "localhost"]
)
def test_a_sandbox_for_other_machines_answers_to_addresses_and_to_its_names(opened: Server, host: str) -> None:
    """A sandbox for other machines answers to IP addresses and to its names. Control calls still need their header."""
    assert ask(opened, "GET", "/api/v1/heartbeat", None, Host=host)[0] == 200
    assert ask(opened, "GET", "/sandbox/settings", None, Host=host)[0] == 403
    assert ask(opened, "GET", "/sandbox/settings", None, Host=host, **CONTROL)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "css-sandbox.evil.example", "1.evil.example", "[::1", "a@css-sandbox"]
)
def test_a_sandbox_for_other_machines_refuses_other_names(opened: Server, host: str) -> None:
    """A sandbox for other machines refuses any other name, and the answer names the option that allows it."""
    status, body, _ = ask(opened, "GET", "/", None, Host=host)
    assert status == 403
    assert b"localhost, 127.0.0.1, [::1], css-sandbox, any IP address. Use one of them." in body
    assert b"--allow-host NAME" in body


def test_the_origin_of_a_server_on_all_addresses_is_this_machine(opened: Server) -> None:
    """The origin of a server on 0.0.0.0 is 127.0.0.1, because nobody can call 0.0.0.0."""
    assert opened.origin == f"http://127.0.0.1:{opened.port}"


def test_a_sandbox_can_listen_on_ipv6() -> None:
    """A sandbox can listen on an IPv6 address, which its origin shows in brackets."""
    with Sandbox().serve(host="::1") as server:
        assert server.origin == f"http://[::1]:{server.port}"
        connection = http.client.HTTPConnection("::1", server.port, timeout=60)
        connection.request("GET", "/api/v1/heartbeat")
        assert connection.getresponse().status == 200
        connection.close()


def test_both_of_two_host_headers_are_checked(served: tuple[Sandbox, Server]) -> None:
    """If a request has two Host headers, a valid one does not hide an invalid one."""
    with socket.create_connection(("127.0.0.1", served[1].port), timeout=60) as connection:
        connection.sendall(b"GET /api/v1/heartbeat HTTP/1.1\r\nhost: evil.example\r\nhost: localhost\r\n\r\n")
        assert connection.recv(100).split()[1] in (b"403", b"400")


def test_a_body_that_is_too_large_is_refused(served: tuple[Sandbox, Server]) -> None:
    """A body larger than the limit is refused before it is read completely, with a length or in chunks."""
    status, _, _ = ask(served[1], "POST", "/api/v1/token", b" " * LARGEST_BODY)
    assert status != 413
    for head in (b"content-length: 1000000000", b"transfer-encoding: chunked"):
        with socket.create_connection(("127.0.0.1", served[1].port), timeout=60) as connection:
            connection.sendall(b"POST /api/v1/token HTTP/1.1\r\nhost: localhost\r\n" + head + b"\r\n\r\n")
            piece = b"x" * 2**20
            for _ in range(LARGEST_BODY // len(piece) + 3):
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if b"chunked" in head else piece)
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert ask(served[1], "GET", "/api/v1/heartbeat")[0] == 200


posix = pytest.mark.skipif(os.name != "posix", reason="links and modes are those of POSIX")


@posix
@pytest.mark.parametrize("target", ["there", "missing"])
def test_a_symbolic_link_as_state_file_is_refused(tmp_path: Path, target: str) -> None:
    """If the state file is a symbolic link, it is refused, and its target is not read, written or created."""
    victim, link = tmp_path / "victim", tmp_path / "state.json"
    if target == "there":
        victim.write_text('{"roles": []}', encoding="utf-8")
    link.symlink_to(victim)
    with pytest.raises(SandboxError, match=r"state\.json is a symbolic link"):
        Sandbox(state=link)
    assert victim.exists() is (target == "there")
    assert not victim.exists() or victim.read_text(encoding="utf-8") == '{"roles": []}'


@posix
def test_a_pipe_as_state_file_is_refused(tmp_path: Path) -> None:
    """A state file that is a pipe is refused, because reading it would never end."""
    path = tmp_path / "state.json"
    os.mkfifo(path)
    with pytest.raises(SandboxError, match="not a regular file"):
        Sandbox(state=path)


@posix
def test_a_symbolic_link_as_temporary_file_is_not_followed(tmp_path: Path) -> None:
    """The sandbox does not follow a symbolic link in the place of its temporary file."""
    victim, path = tmp_path / "victim", tmp_path / "state.json"
    victim.write_text("precious", encoding="utf-8")
    path.with_name("state.json.tmp").symlink_to(victim)
    Sandbox(state=path)
    assert victim.read_text(encoding="utf-8") == "precious"
    assert not path.is_symlink()


@posix
def test_reading_and_replacing_a_file_do_not_follow_a_symbolic_link(tmp_path: Path) -> None:
    """Reading a file refuses a symbolic link, and replacing a file replaces the link instead of its target."""
    victim, path = tmp_path / "victim", tmp_path / "state.json"
    victim.write_text("{}", encoding="utf-8")
    path.symlink_to(victim)
    with pytest.raises(OSError, match=r"state\.json"):
        files.read(path)
    files.replace(path, b"new")
    assert (path.is_symlink(), path.read_bytes(), victim.read_text(encoding="utf-8")) == (False, b"new", "{}")


@posix
def test_an_existing_state_file_becomes_readable_for_its_owner_only(tmp_path: Path) -> None:
    """The sandbox makes an existing state file readable for its owner only when it opens it."""
    path = tmp_path / "state.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o666)
    Sandbox(state=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_an_existing_env_file_becomes_readable_for_its_owner_only(tmp_path: Path) -> None:
    """The sandbox makes an existing --env-file readable for its owner only."""
    path = tmp_path / "sandbox.env"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    command = [sys.executable, "-m", "css_sdk.cli", "sandbox", "--port", "0", "--env-file", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
    assert "export CSS_CLIENT_SECRET=" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_a_symbolic_link_as_env_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If --env-file is a symbolic link, the command fails with exit code 64 and writes no secret to its target."""
    victim, link = tmp_path / "victim", tmp_path / "sandbox.env"
    link.symlink_to(victim)
    assert exit_code(["sandbox", "--port", "0", "--env-file", str(link)]) == 64
    assert "symbolic link" in capsys.readouterr().err
    assert not victim.exists()
