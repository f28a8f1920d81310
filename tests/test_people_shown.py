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


def test_steps_that_are_left_are_saved_with_names(
    run_css: Run, sandbox: Sandbox, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless the names are switched off, even if the plan has them."""
    assert run_css("plan", file, "--out", "plan.json") == 0
    for options, names in (([], {TOBIAS: "Tobias Bellwether"}), (["--no-names"], {})):
        sandbox.reset()
        sandbox.faults.add("500_before", method="POST", path="*/users/*", times=9)
        assert run_css("apply", "plan.json", "--yes", *options) == 3
        assert json.loads(file.with_name("plan.remainder.json").read_text(encoding="utf-8"))["names"] == names


def test_a_journal_holds_no_names_and_can_be_shown_with_them(
    run_css: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line says how; the integration is named in the journal."""
    assert run_css("apply", file, "--yes") == 0
    capsys.readouterr()
    for words in (("show",), ("journal", "show")):
        assert run_css(*words) == 0
        out, err = capsys.readouterr()
        assert "Grants Portal (#101) dev" in out.splitlines()
        assert "Tobias" not in out
        assert "To see the names of people, add --names" in err
        assert run_css(*words, "--names") == 0
        assert SHOWN in capsys.readouterr().out
        assert run_css(*words, "--names", "--json") == 0
        row = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (row["name"], row["integration"], row["integration_id"]) == ("Tobias Bellwether", "Grants Portal", 101)
        assert run_css(*words, "--names", "--mask") == 0
        out, err = capsys.readouterr()
        assert "Tobias" not in out + err


@pytest.mark.parametrize("option", ["--no-names", "--mask"])
def test_no_names_and_mask_look_up_nobody(
    run_css: Run, sandbox: Sandbox, file: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """With `--no-names` or `--mask`, a plan shows and saves no names, and css looks up nobody."""
    for form in ([], ["--markdown"], ["--json"], ["--out", "plan.json"]):
        assert run_css("plan", file, option, *form) == 0
        assert "Tobias" not in "".join(capsys.readouterr())
    assert json.loads(Path("plan.json").read_text(encoding="utf-8"))["names"] == {}
    assert not [entry for entry in sandbox.requests if "guid=" in entry.path]


def test_a_saved_plan_names_the_same_people(run_css: Run, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`css show` shows the names in the file. `css apply` ignores them and looks them up again."""
    saved = file.with_name("plan.json")
    assert run_css("plan", file, "--out", saved) == 0
    saved.write_text(saved.read_text(encoding="utf-8").replace("Tobias", "Jack"), encoding="utf-8")
    capsys.readouterr()
    for form in ((), ("--markdown",), ("--html",), ("--json",)):
        assert run_css("show", saved, *form) == 0
        assert "Jack Bellwether" in capsys.readouterr().out
    assert run_css("show", saved, "--names") == 0
    assert SHOWN in capsys.readouterr().out
    assert run_css("apply", saved, "--yes", "--json") == 0
    out, err = capsys.readouterr()
    assert SHOWN in err
    assert "Jack" not in out + err
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
    assert "in Grants Portal (#101) dev: Tobias Bellwether c48af" in capsys.readouterr().err
