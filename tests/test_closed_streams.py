"""Standard streams may be closed, as some services start their programs. Closed input does not count as a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, usernames

pytestmark = pytest.mark.posix


@pytest.fixture
def environ_of_server(sandbox: Sandbox) -> dict[str, str]:
    """Return the variables of a sandbox without a socket, for tests that end before anything is sent."""
    return os.environ | {f"CSS_{name.upper()}": str(value) for name, value in sandbox.credentials().items()}


def css(line: str, environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell that calls css."""
    script = line.replace("css ", f"'{sys.executable}' -m css_sdk.cli ", 1)
    here = {"PYTHONPATH": str(Path.cwd())}
    return subprocess.run(
        ["/bin/sh", "-c", script], env=environ | here, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("css roster check - -i 101 -e dev <&-", 64, "Standard input is closed, so - cannot be read. Name a file"),
        ("css plan - <&-", 64, "Standard input is closed"),
        ("css token verify --audience a <&-", 64, "Standard input is closed"),
    ],
)
def test_a_command_that_reads_closed_input_names_the_cause(
    environ_of_server: dict[str, str], tmp_path: Path, line: str, code: int, said: str
) -> None:
    """If standard input is closed, a command that would read from it fails with exit code 64 and names the cause."""
    done = css(line, environ_of_server, tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert said in done.stderr


def test_with_closed_input_a_removal_needs_yes(sandbox: Sandbox, tmp_path: Path) -> None:
    """If standard input is closed, a removal needs `--yes`. With it, the removal works even if all
    streams are closed.
    """
    user = usernames(sandbox, 20)[-1]
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", user)
    with sandbox.serve() as server:
        environ = os.environ | {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        line = f"css unassign -i 101 -e dev -r reviewer {user}"
        done = css(f"{line} <&-", environ, tmp_path)
        assert done.returncode == 4, done.stderr
        assert "pass --yes" in done.stderr
        assert css(f"{line} --yes --json <&- >&- 2>&-", environ, tmp_path).returncode == 0
    assert user not in sandbox.members(GRANTS_PORTAL, "dev", "reviewer")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full device here")
@pytest.mark.parametrize("as_json", ["", " --json"], ids=["table", "json"])
@pytest.mark.parametrize("line", ["assign -r reviewer {user}", "roles create auditor", "members set reviewer {user}"])
def test_writes_whose_results_cannot_be_printed_fail_with_exit_code_3(
    sandbox: Sandbox, tmp_path: Path, line: str, as_json: str
) -> None:
    """If the results of writes cannot be printed, css reports on stderr that the writes were carried out, with exit
    code 3.
    """
    held = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")
    user = " ".join([*held, usernames(sandbox, 20)[-1]] if "set" in line else [usernames(sandbox, 20)[-1]])
    with sandbox.serve() as server:
        environ = os.environ | {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        done = css(f"css {line.format(user=user)} -i 101 -e dev{as_json} >/dev/full", environ, tmp_path)
    assert sandbox.count(method="POST", kind="api") == 1
    assert done.returncode == 3, done.stderr
    assert "The writes were sent. The results could not be printed: No space left on device." in done.stderr
    assert "\n1 done\nTo undo the changes, run: css undo " in done.stderr


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full device here")
def test_without_a_write_a_failed_output_is_not_reported_as_a_write(sandbox: Sandbox, tmp_path: Path) -> None:
    """If the user already has the role, nothing was sent, so the message about failed output does not
    mention a write.
    """
    user = sandbox.members(GRANTS_PORTAL, "dev", "reviewer")[0]
    with sandbox.serve() as server:
        environ = os.environ | {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        done = css(f"css assign -i 101 -e dev -r reviewer {user} >/dev/full", environ, tmp_path)
    assert (done.returncode, "writes" in done.stderr) == (64, False), done.stderr
