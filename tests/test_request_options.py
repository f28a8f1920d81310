"""Every command takes the options `-v`, `-vv`, `-q`, `--timeout` and `--retries`."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from css_sdk.cli import css, exit_code
from css_sdk.cli.command_table import COMMANDS
from css_sdk.sandbox import Sandbox
from tests.support import usernames

Run = Callable[..., int]
Capture = pytest.CaptureFixture[str]
PLACE = ("-i", 101, "-e", "dev")
ROLES = "/integrations/{integration_id}/{environment}/users/{username}/roles"


@pytest.mark.parametrize("before", [True, False], ids=["before the command", "after it"])
def test_verbose_prints_each_request(run_css: Run, sandbox: Sandbox, capsys: Capture, before: bool) -> None:
    """`-v` prints each request with method, path, status and milliseconds on stderr, without names of people."""
    [person] = usernames(sandbox, 1)
    command = ["assign", person, "-r", "approver", *PLACE]
    assert run_css(*(["-v", *command] if before else [*command, "-v"])) == 0
    printed = capsys.readouterr()
    lines = [line for line in printed.err.splitlines() if line.endswith(" ms")]
    assert [re.sub(r"\d+ ms", "N ms", line) for line in lines] == [
        "POST /auth/realms/standard/protocol/openid-connect/token: 200 in N ms",
        "GET /integrations: 200 in N ms",
        f"GET {ROLES}: 200 in N ms",
        f"POST {ROLES}: 201 in N ms",
    ]
    assert len(lines) == len(sandbox.requests)
    assert person.partition("@")[0] not in printed.err
    assert " ms" not in printed.out


def test_verbose_twice_prints_time_and_thread(run_css: Run, capsys: Capture) -> None:
    """`-v` twice, together or apart, also prints time and thread, and each line once."""
    for options in (["-vv", "whoami"], ["-v", "whoami", "-v"]):
        assert run_css(*options) == 0
        found = re.findall(r"^\d{4}-\d\d-\d\d [\d:,]+ MainThread (.*) in", capsys.readouterr().err, re.MULTILINE)
        assert found[1:] == ["GET /integrations: 200"]


def test_verbose_ends_with_the_command(run_css: Run, capsys: Capture) -> None:
    """`-v` affects one command only: afterwards the logger is as before, and the next command prints no requests."""
    log = logging.getLogger("css_sdk")
    before = (log.level, list(log.handlers))
    assert run_css("-v", "whoami") == 0
    assert (log.level, log.handlers) == before
    capsys.readouterr()
    assert run_css("whoami") == 0
    assert " ms" not in capsys.readouterr().err


def test_verbose_shows_waits_and_attempts(run_css: Run, sandbox: Sandbox, capsys: Capture) -> None:
    """`-v` shows a failed attempt, the wait after it, and the number of the next attempt."""
    sandbox.faults.add("429", path="/integrations", times=1, retry_after=0)
    assert run_css("whoami", "-v") == 0
    err = capsys.readouterr().err
    assert re.search(r"GET /integrations: 429 in \d+ ms\n", err)
    assert "list_integrations: status 429; trying again in 0.0 s\n" in err
    assert re.search(r"GET /integrations: 200 in \d+ ms, attempt 2\n", err)


def test_quiet_prints_only_errors(run_css: Run, sandbox: Sandbox, capsys: Capture) -> None:
    """`-q` prints neither counts nor suggested commands, but still results and errors."""
    [person] = usernames(sandbox, 1)
    assert run_css("assign", "-q", person, "-r", "approver", *PLACE) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert person in printed.out
    assert run_css("-q", "roles", "list", "-i", "Nothing", "-e", "dev") == 4
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("css: ")
    assert line.endswith("[NotFound]")


def test_quiet_prints_no_warnings(
    run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    """`-q` prints no warning, such as the one that the credentials file is not read."""
    monkeypatch.setenv("CSS_CREDENTIALS_FILE", str(tmp_path / "account.json"))
    for options, shown in ([], True), (["-q"], False):
        run = subprocess.run(
            [sys.executable, "-m", "css_sdk.cli", "whoami", "--retries", "0", *options],
            env=os.environ | environ | {"CSS_TOKEN_URL": "http://localhost:1/token"},
            capture_output=True,
            check=False,
            text=True,
        )
        assert run.returncode == 1
        assert ("does not read the file" in run.stderr) is shown
        assert "css: " in run.stderr


def test_the_options_of_a_token_request(sandbox: Sandbox, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """`css token` prints its request with `-v`, and gives up after `--timeout`."""
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
        assert exit_code(["token", "--system", "css", "-v"]) == 0
        assert re.search(r"^POST /auth/realms/standard\S+/token: 200 in \d+ ms$", capsys.readouterr().err, re.MULTILINE)
        sandbox.faults.add("delay", target="token", times=None, seconds=3.0)
        assert exit_code(["token", "--system", "css", "--timeout", "0.2"]) == 1
        assert "/protocol/openid-connect/token: no answer in time" in capsys.readouterr().err


def test_quiet_and_verbose_contradict_each_other(run_css: Run, sandbox: Sandbox, capsys: Capture) -> None:
    """`-v` together with `-q` is refused, and nothing is sent."""
    assert run_css("-v", "whoami", "-q") == 64
    assert "-v and -q cannot be used together" in capsys.readouterr().err
    assert not sandbox.requests


def test_retries_limit_the_attempts(run_css: Run, sandbox: Sandbox) -> None:
    """`--retries 0` makes one attempt, and `--retries 2` makes three."""
    for retries in (0, 2):
        sandbox.faults.add("429", path="/integrations", times=None, retry_after=0)
        sent = len(sandbox.requests)
        assert run_css("whoami", "--retries", retries) == 1
        asked = [entry for entry in sandbox.requests[sent:] if entry.kind == "api"]
        assert len(asked) == retries + 1
        sandbox.faults.clear()


def test_timeout_limits_an_attempt(run_css: Run, sandbox: Sandbox, capsys: Capture) -> None:
    """If an answer takes longer than `--timeout`, css gives up and names the request."""
    sandbox.faults.add("delay", path="/integrations", times=None, seconds=5.0)
    assert run_css("whoami", "--timeout", "0.2", "--retries", "0") == 1
    assert "GET /integrations: no" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "wanted"),
    [
        ("--timeout", "0", "a number of seconds above 0"),
        ("--timeout", "soon", "a number of seconds above 0"),
        ("--retries", "-1", "a whole number from 0 to 20"),
    ],
)
def test_invalid_values_of_timeout_and_retries_are_refused(
    run_css: Run, option: str, value: str, wanted: str, capsys: Capture
) -> None:
    """An invalid value of `--timeout` or `--retries` is a usage error that names the option, and says in words which
    numbers it takes.
    """
    assert run_css("whoami", option, value) == 64
    assert f"Invalid value for '{option}': '{value}' is not {wanted}.\n" in capsys.readouterr().err


def leaves(command: click.Command) -> list[click.Command]:
    """Return a command and all its subcommands."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return [command, *(leaf for each in below for leaf in leaves(each))]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_the_options(name: str) -> None:
    """Every command has each of the options once, and none has another option of the same name."""
    command = css.get_command(click.Context(css), name)
    assert command is not None
    for each in leaves(command):
        names = [option for parameter in each.params for option in parameter.opts]
        for option in ("-v", "-q", "--timeout", "--retries"):
            assert names.count(option) == 1, each.name
