"""Commands show people by name, and look up the people whom they know by username only."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import GRANTS_PORTAL, usernames

Run = Callable[..., int]
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
SHOWN = f"add {TOBIAS} ('Tobias Bellwether') to auditor"
SEARCHES = "*/users?guid=*"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a roles file that gives Tobias a new role."""
    monkeypatch.chdir(tmp_path)
    return file_of_roles(tmp_path, f"[{{name: auditor, members: [{TOBIAS}]}}]")


def test_a_plan_names_who_gains_a_role(run_css: Run, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan shows the names of the people who gain a role, as text, Markdown and JSON."""
    assert run_css("plan", file) == 0
    assert SHOWN in capsys.readouterr().out
    assert run_css("plan", file, "--markdown") == 0
    assert "Tobias Bellwether" in capsys.readouterr().out
    assert run_css("plan", file, "--json") == 0
    assert json.loads(capsys.readouterr().out)["names"] == {TOBIAS: "Tobias Bellwether"}


@pytest.mark.parametrize("option", ["--no-names", "--mask"])
def test_no_names_and_mask_look_up_nobody(
    run_css: Run, sandbox: Sandbox, file: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """With `--no-names` or `--mask`, a plan shows no names, and css looks up nobody."""
    for form in ([], ["--markdown"], ["--json"]):
        assert run_css("plan", file, option, *form) == 0
        assert "Tobias" not in "".join(capsys.readouterr())
    assert not [entry for entry in sandbox.requests if "guid=" in entry.path]


def test_a_saved_plan_names_the_same_people(run_css: Run, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A saved plan contains usernames only, and `css apply` looks up and shows the names."""
    saved = file.with_name("plan.json")
    assert run_css("plan", file, "--out", saved) == 0
    assert "Tobias" not in saved.read_text(encoding="utf-8")
    capsys.readouterr()
    assert run_css("apply", saved, "--yes", "--json") == 0
    out, err = capsys.readouterr()
    assert SHOWN in err
    row = json.loads(out.splitlines()[-1])
    assert (row["username"], row["name"], row["provider"]) == (TOBIAS, "Tobias Bellwether", "idir")


def test_a_plan_printed_as_json_can_be_applied(
    run_css: Run, sandbox: Sandbox, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan that was printed with `--json` can be applied, although it contains names."""
    assert run_css("plan", file, "--json") == 0
    saved = file.with_name("printed.json")
    saved.write_text(capsys.readouterr().out, encoding="utf-8")
    assert run_css("apply", saved, "--yes") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "auditor") == [TOBIAS]


def test_at_most_twenty_people_are_looked_up(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """css looks up at most 20 people, shows the others by username, and says so."""
    people = usernames(sandbox, 24)
    file = file_of_roles(tmp_path, f"[{{name: auditor, members: [{', '.join(people)}]}}]")
    assert run_css("plan", file) == 0
    out, err = capsys.readouterr()
    assert out.count("('") == 20
    assert "css looks up 20 names at most, so 4 people are shown by username only." in err
    assert sum("guid=" in entry.path for entry in sandbox.requests) == 20


def test_the_preview_of_a_removal_shows_names(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """The preview of `css unassign` shows the names of the people who lose a role."""
    assert run_css("assign", TOBIAS, "-i", 101, "-e", "prod", "-r", "admin") in (1, 4)
    assert run_css("unassign", TOBIAS, "-i", 101, "-e", "dev", "-r", "reviewer") == 4
    assert "in Grants Portal, dev: Tobias Bellwether c48af" in capsys.readouterr().err
