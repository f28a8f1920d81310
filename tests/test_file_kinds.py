"""A file that is passed to the wrong command: the message says what the file is, and names the right command."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.support import asked

Run = Callable[..., int]
ROLES = "# Our roles\n---\nversion: 1\nintegrations: []\n"
FILES = {
    "roles.yaml": ROLES,
    "roles.txt": ROLES,
    "roles.json": '{"version": 1,\n "integrations": []}',
    "plan.json": '{"css_sdk": "1", "places": [], "steps": []}',
    "changes.jsonl": '{"journal": 1}\n{"write": 1}\n',
    "team.csv": "email,role\n",
}
PLAN = "a roles file", "To see what it would change, run: css plan"
APPLY = "a plan", "To carry it out, run: css apply"
UNDO = "a journal", "To undo it, run: css undo"
ROSTER = "a roster", "To apply it, run: css roster apply"
CASES = [
    ("roster check", "roles.yaml", *PLAN, "a roster"),
    ("roster apply", "roles.txt", *PLAN, "a roster"),
    ("roster apply", "roles.json", *PLAN, "a roster"),
    ("roster apply", "plan.json", *APPLY, "a roster"),
    ("roster apply", "changes.jsonl", *UNDO, "a roster"),
    ("undo", "roles.yaml", *PLAN, "a journal"),
    ("undo", "plan.json", *APPLY, "a journal"),
    ("undo", "team.csv", *ROSTER, "a journal"),
    ("journal show", "plan.json", *APPLY, "a journal"),
    ("show", "team.csv", *ROSTER, "a plan or a journal"),
    ("show", "roles.json", *PLAN, "a plan or a journal"),
    ("plan", "team.csv", *ROSTER, "a roles file"),
    ("apply", "changes.jsonl", *UNDO, "a roles file"),
    ("validate", "plan.json", *APPLY, "a roles file"),
]


@pytest.mark.parametrize(("command", "file", "kind", "next_step", "wanted"), CASES, ids=lambda text: str(text)[:20])
def test_a_file_of_another_kind_is_refused_with_the_command_for_it(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    file: str,
    kind: str,
    next_step: str,
    wanted: str,
) -> None:
    """The message has one line about the file and one with the command. Nothing is sent."""
    monkeypatch.chdir(tmp_path)
    Path(file).write_text(FILES[file], encoding="utf-8")
    assert run_css(*command.split(), file) == 64
    assert capsys.readouterr().err == f"css: {file} is {kind}, not {wanted}. [InvalidFile]\n{next_step} {file}\n"
    assert asked(sandbox) == {}


def test_standard_input_is_named_by_a_hyphen(
    run_css: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a roles file comes from standard input, the command for it reads standard input, too."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ROLES.encode())))
    assert run_css("roster", "check", "-") == 64
    assert capsys.readouterr().err.endswith("run: css plan -\n")


def test_a_file_with_a_long_comment_is_read_quickly(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The time to recognize a file does not grow with each further `#` at its beginning."""
    file = tmp_path / "team.txt"
    file.write_text(f"{'#' * 2000} --- {'# ' * 2000}\n" * 9 + "email,role\n", encoding="utf-8")
    assert run_css("roster", "check", file) == 64
    assert "roles file" not in capsys.readouterr().err
    file.write_text(f"{'#' * 2000}\r\n# ---\r\n\r\nversion: 1\r\n", encoding="utf-8")
    assert run_css("roster", "check", file) == 64
    assert "is a roles file, not a roster" in capsys.readouterr().err
