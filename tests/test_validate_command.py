"""`css validate` checks roles files without settings and without a request."""

from __future__ import annotations

import io
import json
import sys
import textwrap
from pathlib import Path

import pytest

from css_sdk.cli import exit_code

ANN, BO = f"{'0f3a' * 8}@idir", f"{'7c1d' * 8}@idir"
GOOD = f"""\
version: 1
integrations:
  - integration: Grants Portal
    environments:
      dev:
        roles: [{{name: reviewer, members: [{ANN}, {BO}]}}, admin]
        users: [{{username: {ANN}, roles: [reviewer, admin]}}]
"""


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove all variables that lead to a service."""
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE", "CSS_TOKEN_URL", "CSS_API_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Return a file without faults."""
    file = tmp_path / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """Return a file with a control character and two other faults."""
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD.replace("admin]}", "no, a\x07]}").replace("version: 1", "version: 2"), encoding="utf-8")
    return file


def test_a_valid_file_is_reported_with_its_counts(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a valid file, css prints the number of environments, roles and grants; a grant that is listed twice counts
    once.
    """
    assert exit_code(["validate", str(good)]) == 0
    assert capsys.readouterr() == (f"{good}: 1 place, 2 roles, 3 grants\n", "")


def test_all_files_are_checked(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file is checked: faults go to stderr with their lines, and valid files are still reported."""
    other_place = GOOD.replace("dev:", "test:")
    bad.write_text(other_place.replace("admin]}", "no]}").replace("version: 1", "version: 2"), encoding="utf-8")
    assert exit_code(["validate", str(bad), str(good), str(good.parent / "none.yaml")]) == 64
    out, err = capsys.readouterr()
    assert out == f"{good}: 1 place, 2 roles, 3 grants\n"
    assert f"css: {bad} has 2 faults" in err
    assert f"\n  {bad}:1: version: " in err
    assert f"\n  {bad}:7: integrations[0].environments.test.users[0].roles[1]: without quotes, YAML reads 'no'" in err
    assert "none.yaml cannot be read: No such file" in err


def test_json_is_one_object_per_file(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--json`, css prints one object for each file, with its faults."""
    assert exit_code(["validate", "--json", str(good), str(bad)]) == 64
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"file": str(good), "faults": [], "places": 1, "roles": 2, "grants": 3}
    assert second["file"] == str(bad)
    assert second["faults"] == [
        f"{bad}:7: the character '\\x07' cannot be seen: remove it, or escape it in double quotes"
    ]


def test_validate_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`css validate -` reads standard input and calls it `stdin`."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"version: 1\n")))
    assert exit_code(["validate", "-"]) == 64
    assert "stdin:1: the key 'integrations' is missing" in capsys.readouterr().err


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With any content or name of a file, no control character reaches the terminal."""
    file = tmp_path / "a\x1b[2J.yaml"
    file.write_text('version: 1\nintegrations: ["\\e[2J", {"\\e": 1, integration: 101}]\n', encoding="utf-8")
    assert exit_code(["validate", str(file)]) == 64
    assert exit_code(["validate", str(file), "--json"]) == 64
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err


def test_the_schema_is_printed_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """`css validate --schema` prints the schema of roles files, without a file or a request."""
    assert exit_code(["validate", "--schema"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["$id"] == "urn:css-sdk:roles-file:1"
    assert err == ""


@pytest.mark.parametrize("command", ["plan", "validate"])
def test_the_help_shows_a_valid_roles_file(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The help of `css plan` and of `css validate` shows a roles file in which css finds no fault."""
    assert exit_code([command, "--help"]) == 0
    example = capsys.readouterr().out.partition("Example of a roles file:\n")[2].partition("\n\n")[0]
    file = tmp_path / "example.yaml"
    file.write_text(textwrap.dedent(example), encoding="utf-8")
    assert exit_code(["validate", str(file)]) == 0
