"""The command `css sandbox`: its options, its output in scripts and on terminals, and its warnings."""

from __future__ import annotations

import http.client
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from css_sdk.cli import exit_code
from css_sdk.sandbox import make_world
from css_sdk.sandbox.command import next_steps

CSS = [sys.executable, "-m", "css_sdk.cli"]


@contextmanager
def running(*arguments: str, stdout: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Run `css sandbox` and stop it at the end."""
    command = [*CSS, "sandbox", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def stop(process: subprocess.Popen[str]) -> str:
    """Stop the command as Ctrl-C does, and return what it printed on stderr."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)[1]


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the line of JSON that the command printed when it was ready."""
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


@pytest.mark.posix
def test_a_generated_world_is_served() -> None:
    """--people, --integrations and --seed serve the same world that make_world() returns for them."""
    with running("--people", "500", "--integrations", "12", "--seed", "7") as process:
        line = first_line(process)
        host = line["url"].removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", "/sandbox/state", None, line["control"]["headers"])
        state = json.loads(connection.getresponse().read())
        connection.close()
    grants = make_world(500, 12, 7)["grants"]
    assert {tuple(grant.values()) for grant in state["grants"]} == {tuple(grant.values()) for grant in grants}


@pytest.mark.parametrize("option", ["--people", "--integrations", "--seed"])
def test_world_and_options_for_generated_worlds_exclude_each_other(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """--world together with an option for generated worlds is refused, and the message names both options."""
    assert exit_code(["sandbox", "--world", "world.json", option, "3"]) == 64
    assert f"--world and {option} cannot be used together: pass one of them." in capsys.readouterr().err


@pytest.mark.posix
def test_listening_for_other_machines_prints_a_warning() -> None:
    """--host 0.0.0.0 prints a warning on stderr that recommends made-up data."""
    with running("--host", "0.0.0.0", "--allow-host", "css") as process:  # noqa: S104 - what the test is about
        line = first_line(process)
        assert line["api_url"].startswith("http://127.0.0.1:")
        warning = stop(process)
    assert "WARNING: the sandbox listens on 0.0.0.0" in warning
    assert "Use made-up data only" in warning


@pytest.mark.posix
def test_a_script_gets_only_the_line_of_json() -> None:
    """In a script, the command prints only the line of JSON, and nothing on stderr."""
    with running() as process:
        first_line(process)
        assert stop(process) == ""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such terminals")
def test_a_terminal_shows_what_to_do_next_and_how_to_stop(tmp_path: Path) -> None:
    """On a terminal, the command prints on stderr what to do next and how to stop it."""
    import pty

    main, other = pty.openpty()
    file = tmp_path / "my sandbox.env"
    try:
        with running("--env-file", str(file), stdout=other) as process:
            assert process.stderr is not None
            shown = [process.stderr.readline() for _ in range(6)]
    finally:
        os.close(other)
        os.close(main)
    assert shown[1].startswith("The sandbox is ready. Open http://127.0.0.1:")
    assert shown[3] == f"  . {shlex.quote(str(file))}\n"
    assert "css integrations" in shown[4]
    assert shown[5] == "Ctrl-C stops the sandbox. The changes to roles and members are then lost.\n"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such terminals")
def test_quiet_prints_only_the_line_of_json() -> None:
    """With -q on a terminal, the command prints only the line of JSON."""
    import pty

    main, other = pty.openpty()
    try:
        with running("-q", stdout=other) as process:
            assert b'"api_url"' in os.read(main, 10_000)
            assert stop(process) == ""
    finally:
        os.close(other)
        os.close(main)


LINE = {
    "url": "http://127.0.0.1:9080/",
    "client_id": "service-account-1",
    "client_secret": "it's",
    "token_url": "http://127.0.0.1:9080/token",
    "api_url": "http://127.0.0.1:9080/api/v1",
}


@pytest.mark.skipif(os.name != "posix", reason="Windows has another shell")
def test_the_lines_for_a_shell_can_be_pasted() -> None:
    """The printed lines for a shell keep a quotation mark in a secret."""
    lines = next_steps(LINE, None, None, "sh").splitlines()
    exports = [line for line in lines if line.startswith("  export ")]
    done = subprocess.run(
        ["/bin/sh", "-c", "\n".join([*exports, 'printf %s "$CSS_CLIENT_SECRET $CSS_API_URL"'])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "it's http://127.0.0.1:9080/api/v1"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((LINE, None, None, "powershell"), "  $env:CSS_CLIENT_SECRET = 'it''s'"),
        ((LINE, Path("sandbox.env"), None, "powershell"), "  $env:CSS_API_URL = 'http://127.0.0.1:9080/api/v1'"),
        ((LINE, Path("sandbox.env"), None, "sh"), "  . ./sandbox.env"),
        ((LINE, Path("a b/s.env"), None, "sh"), "  . 'a b/s.env'"),
        (
            (LINE, None, Path("state.json"), "sh"),
            "Ctrl-C stops the sandbox. The changes to roles and members stay in state.json.",
        ),
    ],
)
def test_the_next_steps_match_the_shell_and_the_options(arguments: Any, line: str) -> None:
    """The next steps use the syntax of the shell, and read the file if one was written."""
    assert line in next_steps(*arguments).splitlines()
