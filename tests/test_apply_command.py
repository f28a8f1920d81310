"""`css apply` carries out a plan exactly as it was made, or refuses it and writes nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from css_sdk import plan_as_json, read_plan
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles, journals, secrets, writes
from tests.support import GRANTS_PORTAL, is_private, json_rows, usernames

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
CHANGES = f"[auditor, {{name: boss, was: admin}}, {{name: reviewer, members: {{exact: [{TOBIAS}]}}}}]"
NEVER = f"{{guid: {'0f' * 16}, provider: idir}}"
ADDITIONS = "[auditor, inspector]"


@pytest.fixture
def plan(run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that makes a plan from a roles file, in the current folder."""
    monkeypatch.chdir(tmp_path)

    def make(roles: str = CHANGES, environment: str = "dev") -> Path:
        out = tmp_path / "plan.json"
        file = file_of_roles(tmp_path, roles, environment)
        assert run_css("plan", file, "--prune", "--out", out) in (0, 3)
        return out

    return make


def test_a_saved_plan_is_carried_out(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """`css apply` carries out exactly the steps of a saved plan, keeps a journal that only its owner can read, and
    shows no secret.
    """
    file = plan()
    assert run_css("apply", file, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "dev") == {"approver", "auditor", "boss", "reviewer"}
    assert sandbox.members(GRANTS_PORTAL, "dev", "reviewer") == [TOBIAS]
    assert [method for method, _ in writes(sandbox)] == ["POST", "PUT", "DELETE"]
    [journal] = journals()
    assert is_private(journal)
    assert [entry.outcome for entry in read_journal(journal.read_bytes(), "journal").entries] == ["done"] * 3
    out, err = capsys.readouterr()
    assert err.splitlines()[-2:] == ["3 done", f"To undo the changes, run: css undo {journal.stem}"]
    said = out + err + journal.read_text(encoding="utf-8") + file.read_text(encoding="utf-8")
    assert not [secret for secret in secrets(sandbox) if secret in said]


def test_json_prints_one_row_for_each_step(
    run_css: Run, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--json`, `css apply` prints one JSON object for each step, with its state."""
    file = plan()
    capsys.readouterr()
    assert run_css("apply", file, "--yes", "--json") == 0
    rows = json_rows(capsys)
    assert [(row["state"], row["action"], row["role"], row["target"], row["username"]) for row in rows] == [
        ("done", "create", "auditor", "", ""),
        ("done", "rename", "admin", "boss", ""),
        ("done", "revoke", "reviewer", "", MAREN),
    ]
    assert rows[-1]["name"] == "Maren Fairweather"


def test_a_roles_file_is_planned_and_carried_out(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css apply FILE` shows the plan first and carries it out with `--yes`. A second run changes nothing and keeps no
    journal.
    """
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


def test_a_saved_plan_needs_yes_even_if_it_only_adds(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A saved plan needs `--yes` even if it only adds, because the file may have changed since somebody read it."""
    file = plan(ADDITIONS)
    assert run_css("apply", file) == 4
    assert "pass --yes" in capsys.readouterr().err
    assert writes(sandbox) == []
    assert run_css("apply", file, "--yes") == 0


def test_a_rename_keeps_all_members(run_css: Run, sandbox: Sandbox, plan: Callable[..., Path]) -> None:
    """`css apply` renames a role with 60 members with one write, and the same 60 people have it afterwards."""
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", *sorted(sandbox.world.users)[:60])
    held = sandbox.members(GRANTS_PORTAL, "dev", "approver")
    assert len(held) >= 60
    assert run_css("apply", plan("[{name: controller, was: approver}]"), "--yes") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "controller") == held
    assert [method for method, _ in writes(sandbox)] == ["PUT"]


def test_a_plan_is_stale_when_one_membership_has_changed(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """If one membership changed since the plan was made, `css apply` refuses the plan, writes nothing and keeps no
    journal.
    """
    file = plan()
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", usernames(sandbox, 20)[-1])
    assert run_css("apply", file, "--yes") == 5
    printed = capsys.readouterr().err
    assert "has changed after the plan was made" in printed
    assert "The changes are in" not in printed
    assert writes(sandbox) == []
    assert journals() == []


@pytest.mark.parametrize(
    ("roles", "options", "code", "said"),
    [
        (CHANGES, [], 4, "pass --yes"),
        ("{exact: []}", ["--yes", "--max-removals", "2", "--allow-empty"], 4, "3 of 3 roles of Grants Portal"),
        ("{exact: []}", ["--yes", "--max-removals", "9"], 4, "removed: all 3 roles of Grants Portal (#101) dev."),
        ("[{name: admin, members: {exact: []}}]", ["--yes"], 4, "the only member of the role 'admin' in Grants"),
        (f"[{{name: admin, members: {{exact: [{NEVER}]}}}}]", ["--yes"], 4, "pass --allow-empty"),
        ("{exact: [reviewer, approver]}", ["--yes", "--keep-last", "admin"], 4, "nobody would be left in the role"),
        ("[{name: admin, members: {exact: []}}]", ["--yes", "--allow-empty", "--keep-last", "admin"], 4, "left in"),
        (CHANGES, ["--yes", "--prune"], 64, "are only for roles files"),
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
    """If a guard or wrong options make `css apply` fail, it writes nothing, leaves no new file and overwrites none."""
    file = plan(roles)
    before = sorted(file.parent.iterdir())
    assert run_css("apply", file, *options) == code
    assert said in capsys.readouterr().err
    assert writes(sandbox) == []
    assert sorted(file.parent.iterdir()) == before


def test_a_journal_of_another_command_cannot_be_resumed(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The message names the command that wrote the journal, and the command that lists the right one."""
    file = plan(CHANGES)
    journal = tmp_path / "ci.jsonl"
    assert run_css("assign", "-i", 101, "-e", "dev", "-r", "reviewer", TOBIAS, "--journal", journal) == 0
    before = writes(sandbox)
    capsys.readouterr()
    assert run_css("apply", file, "--resume", journal, "--yes") == 5
    assert capsys.readouterr().err.splitlines()[-2:] == [
        f"css: The journal {journal} does not belong to a saved plan. Nothing was sent. [StalePlan]",
        "It belongs to a run of: css assign. Pass --resume with the journal of the interrupted run. To see the "
        "journals, run: css journal list",
    ]
    assert writes(sandbox) == before


@pytest.mark.parametrize(("members", "kept", "most"), [(20, 15, 5), (60, 49, 11), (20, 0, 20)])
def test_many_removals_need_max_removals(
    run_css: Run,
    sandbox: Sandbox,
    plan: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    members: int,
    kept: int,
    most: int,
) -> None:
    """If a plan removes more than a fifth of a role or more than ten people, css refuses it and names the
    `--max-removals` to pass.
    """
    sandbox.revoke(GRANTS_PORTAL, "dev", "approver", TOBIAS)
    people = sorted(sandbox.world.users)[:members]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", *people)
    file = plan(f"[{{name: approver, members: {{exact: [{', '.join(people[:kept])}]}}}}]")
    empty = [] if kept else ["--allow-empty"]
    for options in ([], ["--max-removals", most - 1]):
        assert run_css("apply", file, "--yes", *empty, *options) == 4
        printed = capsys.readouterr().err
        assert (
            f"{most} of {members} members of the role 'approver' in Grants Portal (#101) dev would be removed"
            in printed
        )
        assert bool(options) or f"--max-removals {most}" in printed
    assert writes(sandbox) == []
    assert run_css("apply", file, "--yes", *empty, "--max-removals", most) == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "approver") == people[:kept]


def test_protected_roles_and_people_lose_nothing(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Protected roles and people keep everything, even if exact lists omit them, and the output lists what was
    protected.
    """
    monkeypatch.chdir(tmp_path)
    file = file_of_roles(tmp_path, "{exact: [{name: reviewer, members: {exact: []}}]}")
    text = file.read_text(encoding="utf-8")
    protect = f"protect: {{roles: ['a*'], users: ['{MAREN}', '{TOBIAS}']}}"
    file.write_text(text.replace("version: 1", f"version: 1, {protect}"), encoding="utf-8")
    assert run_css("apply", file, "--prune", "--yes") == 0
    printed = capsys.readouterr().err.splitlines()
    assert any(line.startswith("  = protected: would delete role admin (") for line in printed)
    assert printed[-1] == "No changes. Not planned: 4 protected."
    assert writes(sandbox) == []


@pytest.mark.parametrize("of", [{"team_id": 7}, {"api_url": "https://elsewhere.example/api/v1"}])
def test_a_plan_of_another_team_or_address_is_stale(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], of: dict[str, Any]
) -> None:
    """If a plan was made for another team or API address, `css apply` refuses it and writes nothing."""
    file = plan()
    file.write_text(plan_as_json(evolve(read_plan(file.read_bytes(), file.name), **of)), encoding="utf-8")
    assert run_css("apply", file, "--yes") == 5
    assert writes(sandbox) == []


@pytest.mark.parametrize("roles", ["{exact: []}", "[{name: reviewer, members: {exact: []}}]"])
def test_an_empty_exact_list_needs_allow_empty(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, roles: str
) -> None:
    """`css apply` removes all roles or all members only with `--allow-empty`; a list that replaces them needs no such
    option.
    """
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
    """Input that is typed on a terminal."""

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
def test_a_change_in_prod_needs_allow_prod_or_the_typed_project_name(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    typed: str | None,
    code: int,
) -> None:
    """css changes prod only with `--allow-prod` or the project's name typed on a terminal, even if it only adds."""
    monkeypatch.chdir(tmp_path)
    if typed is not None:
        monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert run_css("apply", file_of_roles(tmp_path, ADDITIONS, "prod"), *options) == code
    assert bool(writes(sandbox)) is (code == 0)


@pytest.mark.parametrize("journal", ["roles.yaml", "no/such/folder/j.jsonl"])
def test_no_question_is_asked_if_the_journal_cannot_be_kept(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    journal: str,
) -> None:
    """If the journal cannot be kept, css refuses before it asks for confirmation, and names `--journal`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run_css("apply", file_of_roles(tmp_path, ADDITIONS), "--journal", journal) == 64
    printed = capsys.readouterr().err
    assert "Carry it out?" not in printed
    assert "Nothing was sent. Name another file with --journal." in printed
    assert writes(sandbox) == []


def test_on_a_terminal_apply_asks_for_confirmation(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, css asks before it carries out a plan; after a no or an interrupt it reports that nothing was
    changed.
    """
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


def test_failed_and_skipped_steps_are_saved_as_a_plan_of_the_remainder(
    run_css: Run, sandbox: Sandbox, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """If a step fails, css skips the steps that depend on it, does the others, and saves the rest as a plan that can be
    applied.
    """
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
    assert f"The steps that are left are saved. To carry them out, run: css apply {left}\n" in err
    assert is_private(left)
    assert run_css("apply", left, "--yes") == 0
    assert sandbox.members(GRANTS_PORTAL, "dev", "clerk") == [MAREN]
    assert len(journals()) == 2


def test_members_who_never_logged_in_are_reported_and_stay_in_the_remainder(
    run_css: Run, plan: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """css reports a member who never logged in, gives the others their role, and saves each remainder
    under a new name.
    """
    file = plan(f"[{{name: approver, members: [00000000000000000000000000000000@idir, {MAREN}]}}]")
    assert run_css("apply", file, "--yes") == 3
    out, err = capsys.readouterr()
    assert [line.split()[:4] for line in out.splitlines()[-1:]] == [["never", "logged", "in", "grant"]]
    assert "1 never logged in, 1 done" in err
    left = file.with_name("plan.remainder.json")
    saved = "The steps that are left are saved."
    assert f"{saved} First correct the cause of each failure. Then run: css apply {left}\n" in err
    before = left.read_bytes()
    assert run_css("apply", left, "--yes") == 3
    printed = capsys.readouterr().err
    assert "The changes are in" not in printed
    assert f"css apply {file.with_name('plan.remainder.2.json')}" in printed
    assert run_css("apply", file.with_name("plan.remainder.2.json"), "--yes") == 3
    assert left.read_bytes() == before
    assert file.with_name("plan.remainder.3.json").exists()


def test_a_file_with_the_name_of_the_remainder_is_not_overwritten(
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
def test_people_who_could_not_be_identified_lead_to_exit_code_3(
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
    """css does the rest if people could not be identified, and fails with exit code 3; `--allow-missing` excuses those
    who never logged in.
    """
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
def test_strict_writes_nothing_if_people_could_not_be_identified(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int
) -> None:
    """With `--strict`, css writes nothing if somebody never logged in, unless `--allow-missing` is passed, too."""
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
    """Without credentials, `css apply` names the variables to set and leaves no file behind, not even
    an empty journal.
    """
    folder = plan().parent
    before = sorted(folder.iterdir())
    monkeypatch.delenv("CSS_CLIENT_ID")
    monkeypatch.delenv("CSS_CLIENT_SECRET")
    capsys.readouterr()
    assert run_css(*arguments) == 64
    assert "There are no credentials. Set CSS_CLIENT_ID and CSS_CLIENT_SECRET" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == before
