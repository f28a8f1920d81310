"""Commands replace files that css-sdk wrote before, and other files only with `--force`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk._text.workbooks import workbook_of
from css_sdk.report.text import CSV_COLUMNS, ROSTER_COLUMNS
from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import asked, usernames

Run = Callable[..., int]
COMMANDS = {
    "report.csv": ("report --output report.csv", "--output"),
    "report.html": ("report --output report.html", "--output"),
    "report.md": ("report --output report.md", "--output"),
    "report.jsonl": ("report --output report.jsonl", "--output"),
    "report.txt": ("report --output report.txt", "--output"),
    "roles.out.yaml": ("export -i 101 -e dev --output roles.out.yaml", "--output"),
    "plan.json": ("plan roles.yaml --out plan.json", "--out"),
    "promoted.json": ("promote -i 101 --from dev --to test --out promoted.json", "--out"),
    "copied.json": ("copy -i 101 -e dev --to-integration 102 --to-environment dev --out copied.json", "--out"),
    "audit.csv": ("roster apply roster.csv -i 101 -e dev --result audit.csv", "--result"),
    "left.result.csv": ("roster apply left.csv -i 101 -e dev", "--result"),
}
CASES = [(name, command, option) for name, (command, option) in COMMANDS.items()]


@pytest.fixture
def folder(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with the files that the commands read."""
    monkeypatch.chdir(tmp_path)
    user = usernames(sandbox, 20)[-1]
    Path("roster.csv").write_text(f"username,role\n{user},reviewer\n", encoding="utf-8")
    Path("left.csv").write_text(f"username,role\n{'0' * 32}@idir,reviewer\n", encoding="utf-8")
    file_of_roles(tmp_path, "[auditor]")
    return tmp_path


@pytest.mark.parametrize(("name", "command", "option"), CASES)
@pytest.mark.usefixtures("folder")
def test_only_what_css_sdk_wrote_is_replaced(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], name: str, command: str, option: str
) -> None:
    """A file that css-sdk did not write stays as it is, nothing is sent, and the message names the option and
    `--force`.
    """
    file = Path(name)
    usual = 3 if name == "left.result.csv" else 0
    file.write_text("name,notes\nmine,keep\n", encoding="utf-8")
    assert run_css(*command.split()) == 64
    err = capsys.readouterr().err
    assert f"{name} exists and is not " in err
    assert f"Name another file with {option}, or replace the file with --force." in err
    assert file.read_text(encoding="utf-8") == "name,notes\nmine,keep\n"
    assert asked(sandbox) == {}
    assert run_css(*command.split(), "--force") == usual
    assert b"mine,keep" not in file.read_bytes()
    written = file.read_bytes()
    assert run_css(*command.split()) == usual
    assert len(file.read_bytes()) == pytest.approx(len(written), abs=40)
    file.write_bytes(b"")
    assert run_css(*command.split()) == usual
    assert file.read_bytes()


@pytest.mark.parametrize(("name", "command", "option"), CASES)
@pytest.mark.parametrize(
    "why", ["it is a folder", "there is no folder nowhere", "you have no permission to write in the current folder"]
)
@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_written_is_refused_with_the_reason_and_the_option(
    run_css: Run,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    command: str,
    option: str,
    why: str,
) -> None:
    """If a file cannot be written, css names the reason and the option, and sends nothing."""
    words = command.split()
    if why.startswith("there is"):
        if name not in words:
            pytest.skip("the file beside a roster is in a folder that exists")
        words[words.index(name)] = f"nowhere/{name}"
    elif why.startswith("it is"):
        Path(name).mkdir()
    else:
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert run_css(*words) == 64
    err = capsys.readouterr().err
    assert "is a directory" in err or f"cannot be written: {why}" in err
    assert option in err
    assert asked(sandbox) == {}


@pytest.mark.parametrize(
    "command",
    ["report", "roster export -i 101 -e dev", "members list -i 101 -e dev reviewer"],
    ids=lambda text: text[:6],
)
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.usefixtures("folder")
def test_a_table_to_which_somebody_added_a_column_is_kept(
    run_css: Run, capsys: pytest.CaptureFixture[str], command: str, ending: str
) -> None:
    """css keeps a table that it wrote if the table now has another column, such as the last days of grants."""
    if ending == "xlsx":
        pytest.importorskip("xlsxwriter")
        pytest.importorskip("python_calamine")
    file = Path(f"table.{ending}")
    assert run_css(*command.split(), "--output", file) == 0
    columns = [*(CSV_COLUMNS if command == "report" else ROSTER_COLUMNS), "until"]
    if ending == "csv":
        file.write_text(file.read_text(encoding="utf-8").replace("\n", ",until\n", 1), encoding="utf-8")
        assert file.read_text(encoding="utf-8-sig").startswith(",".join(columns))
    else:
        file.write_bytes(workbook_of([columns], "Sheet"))
    written = file.read_bytes()
    assert run_css(*command.split(), "--output", file) == 64
    assert f"{file} exists and is not " in capsys.readouterr().err
    assert file.read_bytes() == written


@pytest.mark.usefixtures("folder")
def test_the_file_of_remaining_rows_is_named_only_if_rows_remain(
    run_css: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """If rows of a roster remain, the file of results is named after the summary and exists; otherwise it is not
    mentioned.
    """
    assert run_css("roster", "apply", "left.csv", "-i", 101, "-e", "dev") == 3
    assert capsys.readouterr().err.splitlines() == [
        "1 never logged in",
        "To search for people, run: css people find --guid 00000000000000000000000000000000",
        "All results are in left.result.csv. Correct the rows that are left, and apply this file.",
    ]
    assert Path("left.result.csv").exists()
    assert run_css("roster", "apply", "roster.csv", "-i", 101, "-e", "dev", "--result", "audit.csv") == 0
    assert capsys.readouterr().err.startswith("1 done\nTo undo the changes, run: ")


def test_drafts_are_named_and_skipped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`report`, `export` and `compare` skip integrations that are drafts, name them on stderr, and exit with 0."""
    from css_sdk import Css
    from css_sdk.cli import exit_code
    from tests.support import unfinished_world

    sandbox = Sandbox(world=unfinished_world())
    for key, value in sandbox.credentials().items():
        monkeypatch.setenv(f"CSS_{key.upper()}", str(value))
    from_env = Css.from_env
    monkeypatch.setattr(Css, "from_env", lambda **options: from_env(transport=sandbox.transport(), **options))
    for command in ("report", "export", "compare"):
        assert exit_code([command]) == 0, capsys.readouterr().err
        assert "css: Draft App (#200) dev is skipped: " in capsys.readouterr().err
