"""`css apply`: a plan is carried out as it was made, or refused with nothing written."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from css_sdk import plan_as_json, read_plan
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles, journals, secrets, writes
from tests.support import GRANTS_PORTAL, is_private, usernames

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
CHANGES = f"[auditor, {{name: boss, was: admin}}, {{name: reviewer, members: {{exact: [{TOBIAS}]}}}}]"
NEVER = f"{{guid: {'0f' * 16}, provider: idir}}"
ADDITIONS = "[auditor, inspector]"


@pytest.fixture
def plan(run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Makes a plan of a file of roles, in the current folder."""
    monkeypatch.chdir(tmp_path)

    def make(roles: str = CHANGES, environment: str = "dev") -> Path:
        out = tmp_path / "plan.json"
        file = file_of_roles(tmp_path, roles, environment)
        assert run_css("plan", file, "--prune", "--out", out) in (0, 3)
        return out

    return make


def test_a_kept_plan_is_carried_out(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """css carries out exactly its steps, with a journal that only its owner can read, and shows no secret."""
    file = plan()
    assert run_css("apply", file, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"approver", "auditor", "boss", "reviewer"}
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [TOBIAS]
    assert [method for method, _ in writes(sandbox)] == ["POST", "PUT", "DELETE"]
    [journal] = journals()
    assert is_private(journal)
    assert [entry.outcome for entry in read_journal(journal.read_bytes(), "journal").entries] == ["confirmed"] * 3
    out, err = capsys.readouterr()
    way_back = f"The changes are in the journal {journal.stem}. To undo them, run: css undo {journal.stem}"
    assert err.splitlines()[-2:] == [way_back, "3 done"]
    said = out + err + journal.read_text(encoding="utf-8") + file.read_text(encoding="utf-8")
    assert not [secret for secret in secrets(sandbox) if secret in said]


def test_each_step_is_a_line_for_machines(
    run_css: Run, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With how it ended."""
    file = plan()
    capsys.readouterr()
    assert run_css("apply", file, "--yes", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["state"], row["action"], row["role"], row["target"], row["username"]) for row in rows] == [
        ("done", "create", "auditor", "", ""),
        ("done", "rename", "admin", "boss", ""),
        ("done", "revoke", "reviewer", "", MAREN),
    ]
    assert rows[-1]["name"] == "Maren Fairweather"


def test_a_file_is_planned_and_carried_out(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shown first; the second time there is nothing to do, and no second journal."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, CHANGES)
    assert run_css("apply", file, "--prune") == 4
    assert "  + create role auditor" in capsys.readouterr().err
    assert writes(sandbox) == []
    assert run_css("apply", file, "--prune", "--yes") == 0
    assert run_css("apply", file, "--prune", "--yes") == 0
    assert capsys.readouterr().err.splitlines()[-1] == "No changes."
    assert len(writes(sandbox)) == 3
    assert len(journals()) == 1


def test_a_kept_plan_needs_a_yes_though_it_only_adds(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The file may have been changed since it was looked at."""
    file = plan(ADDITIONS)
    assert run_css("apply", file) == 4
    assert "pass --yes" in capsys.readouterr().err
    assert writes(sandbox) == []
    assert run_css("apply", file, "--yes") == 0


def test_renaming_keeps_everybody(run_css: Run, sandbox: Sandbox, plan: Callable[..., Path]) -> None:
    """A role with 60 members is renamed by one write, and the same 60 hold it afterwards."""
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", *sorted(sandbox.world.users)[:60])
    held = sandbox.members(GRANTS_PORTAL, "dev", "approver")
    assert len(held) >= 60
    assert run_css("apply", plan("[{name: controller, was: approver}]"), "--yes") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "controller") == held
    assert [method for method, _ in writes(sandbox)] == ["PUT"]


def test_a_plan_is_stale_when_one_membership_has_changed(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent then, no journal is left, and none is spoken of."""
    file = plan()
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", usernames(sandbox, 20)[-1])
    assert run_css("apply", file, "--yes") == 5
    told = capsys.readouterr().err
    assert "has changed after the plan was made" in told
    assert "The changes are in" not in told
    assert writes(sandbox) == []
    assert journals() == []


@pytest.mark.parametrize(
    ("roles", "options", "code", "said"),
    [
        (CHANGES, [], 4, "pass --yes"),
        ("{exact: []}", ["--yes", "--max-removals", "2", "--allow-empty"], 4, "3 of 3 roles of Grants Portal"),
        ("{exact: []}", ["--yes", "--max-removals", "9"], 4, "removed: all 3 roles of 'Grants Portal' (#101 dev)."),
        ("[{name: admin, members: {exact: []}}]", ["--yes"], 4, "the only member of the role 'admin' (#101 dev)."),
        (f"[{{name: admin, members: {{exact: [{NEVER}]}}}}]", ["--yes"], 4, "pass --allow-empty"),
        ("{exact: [reviewer, approver]}", ["--yes", "--keep-last", "admin"], 4, "nobody would be left in the role"),
        ("[{name: admin, members: {exact: []}}]", ["--yes", "--allow-empty", "--keep-last", "admin"], 4, "left in"),
        (CHANGES, ["--yes", "--prune"], 64, "are for a roles file"),
        (CHANGES, ["--yes", "--dry-run"], 64, "No such option"),
        (CHANGES, ["--yes", "--resume", "a", "--journal", "b"], 64, "Leave out --journal"),
        (CHANGES, ["--yes", "--resume", "nothing.jsonl"], 64, "cannot be read"),
        (CHANGES, ["--yes", "--resume", "roles.yaml"], 64, "is not a journal"),
        (CHANGES, ["--yes", "--journal", "roles.yaml"], 64, "already exists"),
        ("[{name: reviewer, members: [{email: nobody@example.com}, {email: pascoe.delacroix@example.com, provider: idir}]}]", ["--strict"], 3, "Because of --strict, nothing was changed"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_refusal_writes_nothing(
    run_css: Run,
    sandbox: Sandbox,
    plan: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    roles: str,
    options: list[str],
    code: int,
    said: str,
) -> None:
    """By a guard, by the options, or by what they name; nothing is left behind, and nothing overwritten."""
    file = plan(roles)
    before = sorted(file.parent.iterdir())
    assert run_css("apply", file, *options) == code
    assert said in capsys.readouterr().err
    assert writes(sandbox) == []
    assert sorted(file.parent.iterdir()) == before


@pytest.mark.parametrize(("members", "kept", "most"), [(20, 15, 5), (60, 49, 11), (20, 0, 20)])
def test_many_removals_have_to_be_said(
    run_css: Run,
    sandbox: Sandbox,
    plan: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    members: int,
    kept: int,
    most: int,
) -> None:
    """More than a fifth of a role, or more than ten: refused with the number that would be enough; one less is not."""
    sandbox.revoke(GRANTS_PORTAL, "dev", "approver", TOBIAS)
    people = sorted(sandbox.world.users)[:members]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", *people)
    file = plan(f"[{{name: approver, members: {{exact: [{', '.join(people[:kept])}]}}}}]")
    empty = [] if kept else ["--allow-empty"]
    for options in ([], ["--max-removals", most - 1]):
        assert run_css("apply", file, "--yes", *empty, *options) == 4
        told = capsys.readouterr().err
        assert f"{most} of {members} members of the role 'approver' (#101 dev) would be removed" in told
        assert bool(options) or f"--max-removals {most}" in told
    assert writes(sandbox) == []
    assert run_css("apply", file, "--yes", *empty, "--max-removals", most) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "approver") == people[:kept]


def test_what_is_protected_is_never_taken_away(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A protected role and what belongs to it stay, and so does a protected person, even if exact lists omit them."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, "{exact: [{name: reviewer, members: {exact: []}}]}")
    text = file.read_text(encoding="utf-8")
    protect = f"protect: {{roles: ['a*'], users: ['{MAREN}', '{TOBIAS}']}}"
    file.write_text(text.replace("version: 1", f"version: 1, {protect}"), encoding="utf-8")
    assert run_css("apply", file, "--prune", "--yes") == 0
    told = capsys.readouterr().err.splitlines()
    assert any(line.startswith("  = protected: would delete role admin, taking it from ") for line in told)
    assert told[-1] == "No changes. Not part of it: 4 protected."
    assert writes(sandbox) == []


@pytest.mark.parametrize("of", [{"team_id": 7}, {"api_url": "https://elsewhere.example/api/v1"}])
def test_a_plan_of_another_team_or_address_is_stale(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], of: dict[str, Any]
) -> None:
    """It is refused before anything is sent."""
    file = plan()
    file.write_text(plan_as_json(evolve(read_plan(file.read_bytes(), file.name), **of)), encoding="utf-8")
    assert run_css("apply", file, "--yes") == 5
    assert writes(sandbox) == []


@pytest.mark.parametrize("roles", ["{exact: []}", "[{name: reviewer, members: {exact: []}}]"])
def test_everything_is_taken_away_only_on_purpose(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: str
) -> None:
    """Of a place or of a role, from a file as from a kept plan; what is added meanwhile makes it another matter."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, roles)
    assert run_css("apply", file, "--prune", "--yes") == 4
    assert writes(sandbox) == []
    assert journals() == []
    [added] = usernames(sandbox, 20)[-1:]
    other = f"{{exact: [{added}]}}" if "members" in roles else ""
    file_of_roles(tmp_path, roles.replace("{exact: []}", other or "{exact: [other]}"))
    assert run_css("plan", file, "--prune", "--out", "plan.json") == 0
    assert run_css("apply", "plan.json", "--yes") == 0
    file_of_roles(tmp_path, roles)
    assert run_css("apply", file, "--prune", "--yes", "--allow-empty") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [] if other else not sandbox.roles(GRANTS_PORTAL, "dev")


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("options", "typed", "code"),
    [
        (["--yes"], None, 4),
        (["--yes", "--allow-prod"], None, 0),
        (["--allow-prod"], None, 4),
        (["--yes"], "Grants Portal\n", 0),
        ([], "y\nGrants Portal\n", 0),
        ([], "Grants Portal\n", 130),
        (["--yes"], "grants\n", 4),
        (["--allow-prod"], "y\n", 0),
        (["--allow-prod"], "n\n", 4),
        ([], "", 130),
    ],
)
def test_prod_is_changed_only_on_purpose(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    typed: str | None,
    code: int,
) -> None:
    """Also where only something is added: allowed by an option, or the project's name is typed on a terminal."""
    monkeypatch.chdir(tmp_path)
    if typed is not None:
        monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert run_css("apply", file_of_roles(tmp_path, ADDITIONS, "prod"), *options) == code
    assert bool(writes(sandbox)) is (code == 0)


@pytest.mark.parametrize("journal", ["roles.yaml", "no/such/folder/j.jsonl"])
def test_nobody_is_asked_where_no_journal_can_be_kept(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    journal: str,
) -> None:
    """The answer would be for nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run_css("apply", file_of_roles(tmp_path, ADDITIONS), "--journal", journal) == 64
    told = capsys.readouterr().err
    assert "Carry it out?" not in told
    assert "Nothing was changed. Name another file with --journal." in told
    assert writes(sandbox) == []


def test_a_fresh_plan_is_confirmed_on_a_terminal(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A no leaves everything as it is, and so does an interrupt, which says so."""
    monkeypatch.chdir(tmp_path)
    for typed, code, said in (
        ("n\n", 4, "Nothing was changed"),
        ("", 130, "Interrupted. Nothing"),
        ("y\n", 0, "2 done"),
    ):
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        assert run_css("apply", file_of_roles(tmp_path, ADDITIONS)) == code
        assert said in capsys.readouterr().err
        assert len(writes(sandbox)) == (0 if code else 2)
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert run_css("unassign", "-i", "101", "-e", "dev", "-r", "reviewer", MAREN) == 130
    assert capsys.readouterr().err.endswith("css: Interrupted. Nothing was changed.\n")


def test_what_fails_is_told_and_kept_as_a_plan(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """What depends on it is skipped, the others are done; the rest is a plan of its own, which finishes it."""
    file = plan(f"[auditor, inspector, {{name: clerk, members: [{MAREN}]}}]")
    sandbox.faults.add("429", method="POST", path="*/roles", after=1, retry_after=3600)
    capsys.readouterr()
    assert run_css("apply", file, "--width", "1", "--yes") == 3
    out, err = capsys.readouterr()
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["failed", "create", "clerk"],
        ["skipped", "grant", "clerk"],
    ]
    assert "2 done, 1 failed, 1 skipped" in err
    assert sandbox.roles(GRANTS_PORTAL, "dev") >= {"auditor", "inspector"}
    left = file.with_name("plan.remainder.json")
    assert f"css apply {left}" in err
    assert is_private(left)
    assert run_css("apply", left, "--yes") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "clerk") == [MAREN]
    assert len(journals()) == 2


def test_who_never_logged_in_is_told(
    run_css: Run, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody who was named by username and whom the service does not know; the others get their role."""
    file = plan(f"[{{name: approver, members: [00000000000000000000000000000000@idir, {MAREN}]}}]")
    assert run_css("apply", file, "--yes") == 3
    out, err = capsys.readouterr()
    assert [line.split()[:4] for line in out.splitlines()[-1:]] == [["never", "logged", "in", "grant"]]
    assert "1 never logged in, 1 done" in err
    left = file.with_name("plan.remainder.json")
    before = left.read_bytes()
    assert run_css("apply", left, "--yes") == 3
    told = capsys.readouterr().err
    assert "The changes are in" not in told
    assert f"css apply {file.with_name('plan.remainder.2.json')}" in told
    assert run_css("apply", file.with_name("plan.remainder.2.json"), "--yes") == 3
    assert left.read_bytes() == before
    assert file.with_name("plan.remainder.3.json").exists()


def test_what_is_left_destroys_nothing(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """If another file has the name of the remainder, css reports this before it sends anything."""
    file = plan()
    file.with_name("plan.remainder.json").write_text("mine", encoding="utf-8")
    asked_before = len(sandbox.requests)
    assert run_css("apply", file, "--yes") == 64
    assert "plan.remainder.json exists, and is not a plan that css-sdk wrote" in capsys.readouterr().err
    assert len(sandbox.requests) == asked_before


NOT_FOUND = "{email: nobody@example.com}"
UNKNOWN_USER = "00000000000000000000000000000000@idir"
UNKNOWN_PROGRAM = "service-account-nothing-999"


@pytest.mark.parametrize("is_kept", [False, True], ids=["file", "kept plan"])
@pytest.mark.parametrize(
    ("member", "options", "code"),
    [
        (NOT_FOUND, [], 3),
        (NOT_FOUND, ["--allow-missing"], 3),
        (NEVER, [], 3),
        (NEVER, ["--allow-missing"], 0),
        (UNKNOWN_USER, [], 3),
        (UNKNOWN_USER, ["--allow-missing"], 0),
        (UNKNOWN_PROGRAM, ["--allow-missing"], 3),
        (MAREN, [], 0),
    ],
)
def test_people_who_could_not_be_identified_count(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_kept: bool,
    member: str,
    options: list[str],
    code: int,
) -> None:
    """The rest is done, and the exit code is 3; with `--allow-missing` people who never logged in do not count."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, f"[auditor, {{name: approver, members: [{member}]}}]")
    if is_kept:
        run_css("plan", file, "--out", "plan.json")
        file = Path("plan.json")
        capsys.readouterr()
    assert run_css("apply", file, "--yes", *options) == code
    assert "auditor" in sandbox.roles(GRANTS_PORTAL, "dev")
    err = capsys.readouterr().err
    assert ("could not be identified" in err) is (code == 3 and member in (NOT_FOUND, NEVER))
    assert ("pass --allow-missing" in err) is (code == 3 and member == NEVER)


@pytest.mark.parametrize(("options", "code"), [([], 3), (["--allow-missing"], 0)])
def test_strict_writes_nothing_for_the_same_people(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int
) -> None:
    """With `--allow-missing` people who never logged in do not count for `--strict` either."""
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, f"[auditor, {{name: approver, members: [{NEVER}]}}]")
    assert run_css("apply", file, "--yes", "--strict", *options) == code
    assert bool(writes(sandbox)) is (code == 0)


@pytest.mark.parametrize("arguments", [("apply", "plan.json", "--yes"), ("apply", "roles.yaml", "--yes", "--journal", "j.jsonl")])  # fmt: skip  # noqa: E501
def test_without_credentials_the_variables_are_named_and_nothing_is_left_behind(
    run_css: Run,
    plan: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
) -> None:
    """No empty journal either, however often it is tried."""
    folder = plan().parent
    before = sorted(folder.iterdir())
    monkeypatch.delenv("CSS_CLIENT_ID")
    monkeypatch.delenv("CSS_CLIENT_SECRET")
    capsys.readouterr()
    assert run_css(*arguments) == 64
    assert "There are no credentials. Set CSS_CLIENT_ID and CSS_CLIENT_SECRET" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before
