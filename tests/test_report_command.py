"""`css report` prints and writes who has which role."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.people_world import ALPHA, ANN, BETA, PEOPLE, Run, running, world
from tests.support import asked


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox of two integrations and a draft."""
    return Sandbox(world=world())


@pytest.fixture
def run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return a function that runs the command."""
    with running("report", sandbox, monkeypatch, capsys) as run:
        yield run


def test_each_format_has_every_row(run: Run) -> None:
    """Each format has every row. A draft is named on stderr and skipped; if it is named explicitly, the
    exit code is 3.
    """
    code, out, err = run("--json")
    rows = [json.loads(line) for line in out]
    assert (code, len(rows)) == (0, 15)
    assert "css: Draft (#303) dev is skipped: " in err
    assert run("-i", "Draft")[0] == 3
    assert rows[4] == {
        "integration_id": ALPHA, "integration": "Alpha", "environment": "dev", "role": "reader",
        "username": f"{ANN}@azureidir", "name": "Ann Example", "email": "ann.e@people.example", "provider": "azureidir",
        "service_account": False, "direct": True, "chains": [["admin"]],
    }  # fmt: skip
    chosen = ("-i", "Alpha", "-i", str(BETA))
    for kind, lines in (("jsonl", 15), ("csv", 16), ("table", 16)):
        code, out, err = run(*chosen, "--format", kind)
        assert (code, len(out), err) == (0, lines, "")
    code, out, _ = run(*chosen, "--format", "markdown")
    assert (code, sum(line.startswith("| ") for line in out)) == (0, 17)
    code, out, _ = run(*chosen, "--format", "html")
    assert (code, sum(line.startswith("<tr><td>") for line in out)) == (0, 15)


def test_a_report_is_limited_to_environments_roles_and_people(run: Run) -> None:
    """Options limit a report to environments, roles and people."""
    place = ("-i", "Alpha", "-e", "dev", "-e", "prod")
    code, out, _ = run(*place, "--role", "writer", "--role", "lead", "--person", f"{ANN}@idir", "--json")
    assert code == 0
    assert [(row["role"], row["chains"]) for row in map(json.loads, out)] == [("lead", [["admin"]]), ("writer", [["admin", "lead"]])]  # fmt: skip  # noqa: E501


def test_a_role_that_does_not_exist_is_not_found(run: Run, tmp_path: Path) -> None:
    """A report about a mistyped role fails with a suggestion, and does not replace an older report."""
    file = tmp_path / "report.csv"
    place = ("-i", "Alpha", "-e", "dev", "-e", "prod", "--output", str(file))
    assert run(*place, "--role", "writer")[0] == 0
    before = file.read_bytes()
    code, out, err = run(*place, "--role", "Writer", "--role", "lead")
    assert (code, out) == (1, [])
    assert err.splitlines() == [
        "css: No environment that was read has a role 'Writer'. [NotFound]",
        "Did you mean 'writer'? To see which roles there are, run: css roles list -i INTEGRATION -e ENVIRONMENT",
    ]
    assert file.read_bytes() == before
    code, out, err = run("-i", "Draft", "-i", "Alpha", "--role", "writer", "--role", "nobody", "--json")
    assert (code, len(out)) == (3, 4)
    assert err.startswith("css: No environment that was read has a role 'nobody'.\ncss: ")


def test_a_file_is_written_whole_or_not_at_all(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the file decides the format. If writing fails, the old file stays and no temporary file is left."""
    chosen = ("-i", "Alpha", "--output")
    for name, begins in (("r.csv", b"\xef\xbb\xbfintegration_id,"), ("r.html", b"<!DOCTYPE html>"), ("r.md", b"# Who"), ("r.jsonl", b'{"int'), ("r.txt", b"INTEGRATION")):  # fmt: skip  # noqa: E501
        assert run(*chosen, tmp_path / name) == (0, [], "")
        assert (tmp_path / name).read_bytes().startswith(begins)
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.DictReader(file))) == 14
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken(*_: object) -> Iterator[list[str]]:
        yield ["half"]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("css_sdk.report.text.report_as_cells", broken)
    code, _, err = run(*chosen, tmp_path / "r.csv")
    assert code == 64
    assert "could not be written: No space left" in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_wrong_options_of_report_send_nothing(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Wrong options fail with exit code 64 and send nothing; an unknown integration or environment is
    refused with 4.
    """
    for arguments, said in (
        (["--output", tmp_path], "it is a folder"),
        (
            ["--output", tmp_path / "nowhere" / "r.csv"],
            f"cannot be written: there is no folder {tmp_path / 'nowhere'}.",
        ),
        (["--output", os.devnull, "--format", "csv"], "cannot be written: it is a device"),
        (["--output", tmp_path / "report"], "does not show the format"),
        (["--json", "--format", "csv"], "cannot be used together"),
        (["-e", "stage"], "stage"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (64, [])
        assert said in err
    assert asked(sandbox) == {}
    assert run("-i", "Gamma")[0] == 4
    assert run("-i", "Beta", "-e", "test")[0] == 4


def test_control_characters_of_names_are_in_no_format(run: Run, sandbox: Sandbox) -> None:
    """In every format, characters that control a terminal or reverse text are replaced."""
    sandbox.create_role(BETA, "dev", "evil\u202erole")
    sandbox.grant(BETA, "dev", "evil\u202erole", f"{ANN}@idir")
    sandbox.world.users[f"{ANN}@idir"] = PEOPLE[0] | {"firstName": "A\x1b[2Jnn"}
    for kind in ("table", "csv", "jsonl", "markdown", "html"):
        code, out, _ = run("-i", "Beta", "-e", "dev", "--format", kind)
        assert code == 0
        assert "role" in "".join(out)
        assert "nn Example" in "".join(out)
        assert not {"\x1b", "\u202e"} & {*"".join(out)}


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full device here")
def test_a_full_disk_is_reported_in_one_line(sandbox: Sandbox) -> None:
    """If the output cannot be written, css reports this in one line with exit code 64."""
    with sandbox.serve() as server, Path("/dev/full").open("w", encoding="utf-8") as full:
        environ = {f"CSS_{name.upper()}": value for name, value in server.credentials().items()}
        command = [sys.executable, "-m", "css_sdk.cli", "integrations"]
        done = subprocess.run(command, env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (64, "css: The results could not be printed: No space left on device.\n")
