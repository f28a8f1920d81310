"""`css plan` shows the changes in three formats, saves them, and writes nothing to the service."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles, secrets
from tests.support import GRANTS_PORTAL, asked, is_private

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
CHANGES = f"[auditor, {{name: boss, was: admin}}, {{name: reviewer, members: {{exact: [{TOBIAS}]}}}}]"
NEVER = f"[{{name: reviewer, members: [{{guid: {'0f' * 16}, provider: idir}}]}}]"
NOBODY = "[{name: reviewer, members: [{email: nobody@example.com}]}]"


def test_a_plan_is_shown_and_nothing_written(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css plan` shows each change with its sign, people with names, withheld steps and the sum, and only reads from
    the service.
    """
    file = file_of_roles(tmp_path, CHANGES)
    assert run_css("plan", file) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "Grants Portal (#101) dev",
        "  + create role auditor",
        "  ~ rename role admin to boss, with 1 member",
        f"  ! would remove {MAREN} ('Maren Fairweather') from reviewer",
        "  unmanaged, left alone: 1 role, 2 composites, 1 member",
        "",
        "Plan: 1 to create, 1 to rename. Not planned: 1 withheld.",
        out.splitlines()[-1],
    ]
    assert re.fullmatch("Plan id: [0-9a-f]{64}", out.splitlines()[-1])
    assert err == "css removes nothing without --prune. To carry out the withheld removals, pass --prune.\n"
    assert run_css("plan", file, "--prune") == 0
    out, err = capsys.readouterr()
    assert f"  - remove {MAREN} ('Maren Fairweather') from reviewer" in out.splitlines()
    assert err == ""
    assert asked(sandbox).keys() == {"token", "GET"}


def test_a_plan_is_printed_as_json_or_markdown_and_can_be_masked(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css plan` prints a plan as JSON or Markdown, never a secret, and with `--mask` no person. A masked plan cannot
    be applied.
    """
    file = file_of_roles(tmp_path, CHANGES)
    assert run_css("plan", file, "--json", "--prune") == 0
    [line] = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert [step["step"] for step in found["steps"]] == ["create_role", "rename_role", "remove_member"]
    assert (found["team_id"], found["api_url"]) == (2016, sandbox.api_url)
    assert run_css("plan", file, "--markdown", "--prune") == 0
    assert "| + | create role `auditor` |" in capsys.readouterr().out.splitlines()
    out = tmp_path / "plan.json"
    for form in ([], ["--json"], ["--markdown"]):
        assert run_css("plan", file, "--prune", "--mask", "--out", out, *form) == 0
        said = "".join(capsys.readouterr()) + out.read_text(encoding="utf-8")
        assert not [word for word in (MAREN, "Maren", "Fairweather", TOBIAS, *secrets(sandbox)) if word in said]
    assert run_css("apply", out, "--yes") == 64
    assert "masked" in capsys.readouterr().err


@pytest.mark.parametrize("before", [None, 0o644])
def test_only_the_owner_can_read_a_saved_plan(run_css: Run, tmp_path: Path, before: int | None) -> None:
    """Only the owner can read a saved plan, even if it replaces an older file that others could read."""
    file, out = file_of_roles(tmp_path, CHANGES), tmp_path / "plan.json"
    if before is not None:
        assert run_css("plan", file, "--out", out, "--mask") == 0
        out.chmod(before)
    assert run_css("plan", file, "--out", out) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["masked"] is False
    assert is_private(out)
    assert json.loads(out.read_text(encoding="utf-8"))["version"] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"plan.json", "roles.yaml"}


@pytest.mark.posix
@pytest.mark.parametrize("content", ["mine", "{}", '{"steps": []}', None])
def test_nothing_but_a_plan_is_replaced(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
) -> None:
    """`css plan` and `css promote` with `--out` replace no file that is not a plan or empty, and send nothing."""
    monkeypatch.chdir(tmp_path)
    file, out = file_of_roles(tmp_path, CHANGES), tmp_path / "kept.json"
    if content is None:
        out.symlink_to(file)
    else:
        out.write_text(content, encoding="utf-8")
    before = out.read_text(encoding="utf-8")
    places = ("-i", "101", "--from", "dev", "--to", "test")
    for command in (["plan", file], ["promote", *places]):
        assert run_css(*command, "--out", out) == 64
        assert "Name another file" in capsys.readouterr().err
    assert out.read_text(encoding="utf-8") == before
    assert asked(sandbox) == {}
    out.unlink()
    out.touch()
    assert run_css("plan", file, "--out", out) == 0


def test_a_plan_or_journal_for_the_wrong_command_is_recognized(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a command gets a plan or a journal that it cannot use, one message says what the file is and which command
    takes it.
    """
    monkeypatch.chdir(tmp_path)
    assert run_css("plan", file_of_roles(tmp_path, "[auditor]"), "--out", "p.json") == 0
    assert run_css("apply", "p.json", "--yes", "--journal", "j.jsonl") == 0
    capsys.readouterr()
    a_plan = "a plan, not a roles file. [InvalidFile]\nTo carry it out, run: css apply p.json"
    a_journal = "a journal, not a roles file. [InvalidFile]\nTo undo it, run: css undo j.jsonl"
    given = [(command, "p.json", a_plan) for command in ("plan", "validate", "drift")]
    given += [(command, "j.jsonl", a_journal) for command in ("plan", "validate", "apply")]
    given += [("undo", "p.json", "a plan, not a journal. [InvalidFile]\nTo carry it out, run: css apply p.json")]
    for command, file, said in given:
        assert run_css(command, file) == 64
        assert capsys.readouterr().err == f"css: {file} is {said}\n"


@pytest.mark.posix
@pytest.mark.parametrize("out", ["/dev/null", "no/such/folder/plan.json", ".", "-"])
def test_a_plan_is_not_saved_to_a_device_or_folder(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """`--out` with a device or a folder is refused before anything is sent."""
    monkeypatch.chdir(tmp_path)
    assert run_css("plan", file_of_roles(tmp_path, CHANGES), "--out", out) == 64
    assert asked(sandbox) == {}


@pytest.mark.parametrize(
    ("person", "stays"), [("email: nobody@example.com", True), (f"guid: {'0f' * 16}, provider: idir", False)]
)
def test_the_hint_at_prune_promises_no_removal_of_people_who_may_be_in_the_file(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], person: str, stays: bool
) -> None:
    """If a person could not be identified, members who may be this person stay even with `--prune`, and css says so.

    If css could remove nobody even with `--prune`, css does not mention it.
    """
    file = file_of_roles(tmp_path, f"[{{name: reviewer, members: {{exact: [{{{person}}}]}}}}]")
    assert run_css("plan", file) == 3
    assert ("To carry out the withheld removals, pass --prune.\n" in capsys.readouterr().err) is not stays
    assert run_css("plan", file, "--prune") == 3
    out, err = capsys.readouterr()
    assert ("  - remove" in out) is not stays
    assert "pass --prune" not in err
    roles = f"{{exact: [{{name: reviewer, members: {{exact: [{{{person}}}]}}}}, approver]}}"
    assert run_css("plan", file_of_roles(tmp_path, roles)) == 3
    wanted = (
        "To carry out 1 of the 3 withheld removals, pass --prune. The other members stay"
        if stays
        else "the withheld removals, pass"
    )
    assert wanted in capsys.readouterr().err


@pytest.mark.parametrize(
    ("roles", "options", "code"),
    [
        (CHANGES, [], 0),
        (CHANGES, ["--detailed-exitcode"], 2),
        ("[admin]", ["--detailed-exitcode"], 0),
        (f"[{{name: reviewer, members: {{exact: [{TOBIAS}]}}}}]", ["--detailed-exitcode"], 0),
        (NOBODY, [], 3),
        (NOBODY, ["--strict"], 3),
        (NOBODY, ["--allow-missing"], 3),
        (NEVER, [], 3),
        (NEVER, ["--strict"], 3),
        (NEVER, ["--allow-missing"], 0),
        (NEVER, ["--allow-missing", "--strict"], 0),
        (NEVER.replace("}]}]", "}]}, new]"), ["--allow-missing", "--detailed-exitcode"], 2),
        (NEVER.replace("}]}]", "}]}, new]"), ["--detailed-exitcode", "--strict"], 3),
        ("[admin]", ["--strict"], 0),
        ("[admin]", ["--json", "--markdown"], 64),
        ("[{name: admin, composites: [nope]}]", [], 64),
        ("[{name: reviewer, composites: [admin]}]", [], 4),
        ("[no]", [], 64),
    ],
)
def test_the_exit_code_of_plan_depends_on_changes_faults_and_people(
    run_css: Run, tmp_path: Path, roles: str, options: list[str], code: int
) -> None:
    """Changes count for the exit code only with `--detailed-exitcode`; faults and people who were not identified always
    count.
    """
    assert run_css("plan", file_of_roles(tmp_path, roles), *options) == code


def test_with_strict_an_incomplete_plan_is_shown_and_not_saved(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--strict`, a plan that lacks people who were not identified is shown but not saved."""
    out = tmp_path / "plan.json"
    assert run_css("plan", file_of_roles(tmp_path, NOBODY), "--strict", "--out", out) == 3
    printed = capsys.readouterr()
    assert "  ? not found: nobody@example.com, for reviewer" in printed.out.splitlines()
    assert "could not be identified. Because of --strict, no plan was written." in printed.err
    assert not out.exists()


def test_an_integration_that_is_missing_or_not_gold_is_refused(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a roles file names an integration that does not exist or is not Gold, `css plan` is refused
    with exit code 4.
    """
    file = file_of_roles(tmp_path, "[a]")
    text = file.read_text(encoding="utf-8")
    for change, code in (("integration: nope", 4), ("integration: 104", 4)):
        file.write_text(text.replace("integration: 101", change), encoding="utf-8")
        assert run_css("plan", file) == code
    for command in ("plan", "apply", "drift"):
        text = text.replace("integration: 101", "integration: Grants Portl")
        file.write_text(f"# For Grants Portl\n{text}", encoding="utf-8")
        capsys.readouterr()
        assert run_css(command, file) == 4
        err = capsys.readouterr().err
        assert f"\n  {file}:2 names this integration.\n" in err
        assert "Did you mean 'Grants Portal'?" in err
        assert run_css(command, file, "-i", "Nope") == 4
        assert "names this integration" not in capsys.readouterr().err
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"admin", "approver", "reviewer"}
