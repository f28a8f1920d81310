"""Files that are too large, or have too many faults, are refused early with a short message."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk import InvalidFile, read_desired, read_plan, read_roster
from css_sdk._text.files import MOST_BYTES, FirstFaults, text_of
from css_sdk.sandbox import Sandbox
from tests.support import asked

Run = Callable[..., int]
PLACE = {"integration": "101", "environment": "dev"}
PLACED = ("-i", "101", "-e", "dev")


@pytest.mark.parametrize("read", [read_roster, read_desired, read_plan])
@pytest.mark.parametrize("content", ["x" * 11, b"x" * 11], ids=["text", "bytes"])
def test_a_content_over_the_limit_is_refused(read: Callable[..., object], content: str | bytes) -> None:
    """Content over the limit is refused with an error that names `max_bytes=`, or the variable on the command line.

    The limit can be changed or switched off.
    """
    with pytest.raises(InvalidFile, match=r"big\.csv is larger than 10 bytes.*max_bytes=") as refused:
        read(content, "big.csv", max_bytes=10)
    assert "CSS_MAX_FILE_MIB" in refused.value.text_for("command_line")
    for limit in (11, None):
        with pytest.raises(InvalidFile) as caught:
            read(content, "big.csv", max_bytes=limit)
        assert "larger" not in str(caught.value)


def test_the_default_limit_is_20_mib() -> None:
    """The default limit is 20 MiB, and one byte more is refused."""
    assert MOST_BYTES == 20 * 2**20
    assert len(text_of(b"a" * MOST_BYTES, "x")) == MOST_BYTES
    with pytest.raises(InvalidFile, match="x is larger than 20 MiB"):
        text_of(b"a" * (MOST_BYTES + 1), "x")
    with pytest.raises(InvalidFile, match="larger than 20 MiB"):
        read_roster(b"a" * (MOST_BYTES + 1))


class Counting(io.BytesIO):
    """Endless input that counts the bytes that are read from it."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0, "it would be read whole"
        self.taken += size
        return b"a" * size


@pytest.mark.parametrize(
    "command",
    [
        ["roster", "apply", "-", *PLACED],
        ["roster", "check", "-", *PLACED],
        ["plan", "-"],
        ["drift", "-"],
        ["apply", "-"],
        ["validate", "-"],
    ],
    ids=" ".join,
)
def test_commands_stop_reading_endless_input_at_the_limit(
    run_css: Run,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    """If standard input never ends, a command reads one byte more than the limit, fails and sends nothing."""
    endless = Counting()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(endless))
    monkeypatch.setenv("CSS_MAX_FILE_MIB", "1")
    assert run_css(*command) == 64
    assert "stdin is larger than 1 MiB" in capsys.readouterr().err
    assert endless.taken == 2**20 + 1
    assert asked(sandbox) == {}


def test_a_variable_sets_the_limit_of_commands(
    run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CSS_MAX_FILE_MIB sets the limit of commands, and an invalid value is refused by its name."""
    roster = tmp_path / "r.csv"
    roster.write_text("username,role,notes\n" + f"{'0f' * 16}@idir,reviewer,{'x' * 600}\n" * 2_000, encoding="utf-8")
    for said, code in (("1", 64), ("2", 0), ("many", 64), ("0", 64), ("-1", 64)):
        monkeypatch.setenv("CSS_MAX_FILE_MIB", said)
        assert run_css("roster", "check", roster, *PLACED, "--ignore", "notes") == code
        err = capsys.readouterr().err
        assert code == 0 or ("larger than 1 MiB" if said == "1" else f"CSS_MAX_FILE_MIB is '{said}'") in err


def test_the_first_100_of_many_faults_are_reported_with_the_count() -> None:
    """If a roster has many faults, the error lists the first 100, in the order of their lines, and the
    number of all.
    """
    rows = "".join(f"{'0f' * 16}@idir,reviewer,give\n" for _ in range(3000))
    with pytest.raises(InvalidFile, match=r"has 3000 faults. Nothing was sent\. These are the first 100") as caught:
        read_roster(f"username,role,action\n{rows}", "r.csv", **PLACE)
    error = caught.value
    assert (len(error.faults), error.fault_count, len(error.__notes__)) == (100, 3000, 100)
    assert [fault.split(":")[1] for fault in error.faults] == [str(line) for line in range(2, 102)]
    lines = "\n".join(['{"role": 5}'] * 1500)
    with pytest.raises(InvalidFile) as caught:
        read_roster(lines, "r.jsonl", **PLACE)
    assert (len(caught.value.faults), caught.value.fault_count) == (100, 1500)


def test_validate_reports_the_first_100_faults_of_a_roles_file_with_the_count(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css validate` lists the first 100 faults of a roles file, and the number of all, also with `--json`."""
    file = tmp_path / "roles.yaml"
    roles = "".join("          - no\n" for _ in range(2500))
    head = "version: 1\nintegrations:\n  - integration: 101\n    environments:\n      dev:\n        roles:\n"
    file.write_text(head + roles, encoding="utf-8")
    assert run_css("validate", file, "--json") == 64
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (len(found["faults"]), found["fault_count"]) == (100, 2500)
    assert "has 2500 faults. Nothing was sent. These are the first 100." in err
    assert len(err.splitlines()) == 101
    assert found["faults"][0].startswith(f"{file}:7: ")


def test_faults_are_sorted_by_line_and_few_are_stored() -> None:
    """Faults are reported in the order of their lines, however they are found, and css-sdk stores only a few more."""
    faults = FirstFaults("x")
    for line in range(100_000, 0, -1):
        faults.add(line, "wrong")
    assert len(faults._found) < 1000
    error = faults.error()
    assert error.fault_count == 100_000
    assert error.faults == tuple(f"x:{line}: wrong" for line in range(1, 101))


@pytest.mark.parametrize("content", [b"\xe9t\xe9", b"PK\x03\x04"], ids=["latin-1", "archive"])
def test_only_errors_for_tables_mention_excel(content: bytes) -> None:
    """The error for a file that is not text says how to save it in Excel, but not for YAML and JSON."""
    for name, is_table in {"people.csv": True, "roles.yaml": False, "plan.json": False}.items():
        with pytest.raises(InvalidFile) as refused:
            text_of(content, name)
        assert ("«CSV UTF-8»" in str(refused.value)) is is_table
