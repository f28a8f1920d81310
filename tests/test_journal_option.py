"""`--journal` on every command that writes: the changes can be undone, and the journal contains no secret."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click
import pytest

from css_sdk.cli import css
from css_sdk.journal.entries import read_journal
from css_sdk.sandbox import Sandbox
from tests.states import everything, file_of_roles, journals, secrets, writes
from tests.support import GRANTS_PORTAL, is_private, usernames

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
PLACE = ("-i", "101", "-e", "dev")

WRITING: dict[tuple[str, ...], Sequence[str]] = {
    ("apply",): ("roles.yaml", "--prune", "--yes"),
    ("assign",): ("{user}", *PLACE, "-r", "reviewer", "-r", "approver", "--client-id", "fisheries-service-102"),
    ("composites", "add"): ("approver", "reviewer", *PLACE),
    ("composites", "remove"): ("admin", "reviewer", *PLACE, "--yes"),
    ("composites", "set"): ("admin", "auditor", *PLACE, "--yes"),
    ("copy",): (*PLACE, "--to-integration", "102", "--to-environment", "dev", "--yes"),
    ("members", "set"): ("reviewer", "{user}", *PLACE, "--yes"),
    ("people", "copy"): (MAREN, "{user}", "--yes", "--allow-prod"),
    ("people", "mirror"): (*PLACE, "--apply"),
    ("people", "remove"): (MAREN, "--yes", "--allow-prod"),
    ("promote",): ("-i", "101", "--from", "dev", "--to", "test", "--yes"),
    ("roles", "create"): ("clerk", "inspector", *PLACE),
    ("roles", "delete"): ("reviewer", "auditor", *PLACE, "--yes"),
    ("roles", "ensure"): ("clerk", "reviewer", *PLACE),
    ("roles", "rename"): ("admin", "boss", *PLACE),
    ("roster", "apply"): ("roster.csv", *PLACE, "--yes"),
    ("service-account", "assign"): ("fisheries-service-102", "reviewer", "auditor", *PLACE),
    ("service-account", "unassign"): ("fisheries-service-102", "approver", *PLACE, "--yes"),
    ("unassign",): (MAREN, *PLACE, "-r", "reviewer", "--yes"),
    ("undo",): ("first.jsonl", "--yes"),
}


def prepared(run_css: Run, sandbox: Sandbox, folder: Path, words: tuple[str, ...]) -> list[str]:
    """Prepare the sandbox and the files of the current folder for a command that writes; return its arguments."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "auditor", ["approver"])
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", "service-account-fisheries-service-102")
    file_of_roles(folder, f"[{{name: boss, was: admin}}, {{name: reviewer, members: {{exact: [{MAREN}]}}}}, clerk]")
    rows = ["username,role,action", f"{MAREN},auditor,grant", f"{MAREN},reviewer,revoke"]
    (folder / "roster.csv").write_text("\n".join(rows), encoding="utf-8")
    assert run_css("roles", "create", "first", *PLACE, "--journal", "first.jsonl") == 0
    return [argument.format(user=usernames(sandbox, 20)[-1]) for argument in WRITING[words]]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_undo_restores_the_state_before_each_command(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    """`css undo` restores the state before each command that writes, and neither journals nor output
    contain a secret.
    """
    monkeypatch.chdir(tmp_path)
    arguments = prepared(run_css, sandbox, tmp_path, words)
    before = everything(sandbox)
    assert run_css(*words, *arguments, "--journal", "journal.jsonl") == 0
    assert everything(sandbox) != before
    journal = tmp_path / "journal.jsonl"
    assert is_private(journal)
    entries = read_journal(journal.read_bytes(), journal.name).entries
    assert entries
    assert {entry.outcome for entry in entries} == {"done"}
    assert run_css("undo", journal, "--yes", "--max-removals", 5) == 0
    assert everything(sandbox) == before
    printed = "".join(capsys.readouterr()) + "".join(
        path.read_text(encoding="utf-8") for path in tmp_path.glob("*.jsonl")
    )
    assert not [secret for secret in secrets(sandbox) if secret in printed]


def test_every_command_that_writes_is_in_the_table() -> None:
    """The table lists exactly the commands with `--journal`, and all commands with `--yes` are among them."""

    def walk(group: click.Group, above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
        context, found = click.Context(group), []
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found += walk(command, (*above, name)) if isinstance(command, click.Group) else [((*above, name), command)]
        return found

    commands = {words: {parameter.name for parameter in command.params} for words, command in walk(css)}
    assert {words for words, names in commands.items() if "journal" in names} == WRITING.keys()
    assert {words for words, names in commands.items() if "yes" in names} <= WRITING.keys()


@pytest.mark.parametrize(
    "words", [words for words in WRITING if words not in (("undo",), ("people", "mirror"))], ids=" ".join
)
def test_a_file_that_exists_is_not_used_as_a_journal(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """If the file of `--journal` exists and is not a journal, it stays as it is, and nothing is written
    to the service.
    """
    monkeypatch.chdir(tmp_path)
    sandbox.create_role(GRANTS_PORTAL, "dev", "auditor")
    file_of_roles(tmp_path, "[clerk]")
    (tmp_path / "roster.csv").write_text(f"username,role\n{MAREN},auditor\n", encoding="utf-8")
    notes = tmp_path / "notes.txt"
    notes.write_text("mine", encoding="utf-8")
    arguments = [argument.format(user=usernames(sandbox, 20)[-1]) for argument in WRITING[words]]
    assert run_css(*words, *arguments, "--journal", notes) == 64
    assert notes.read_text(encoding="utf-8") == "mine"
    assert writes(sandbox) == []


@pytest.mark.parametrize("words", [words for words in WRITING if words != ("undo",)], ids=" ".join)
def test_the_file_exists_after_every_command_that_reached_the_service(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """If a command has nothing to do, or fails after it has read something, `--journal` leaves a journal, too."""
    monkeypatch.chdir(tmp_path)
    arguments = prepared(run_css, sandbox, tmp_path, words)
    run_css(*words, *arguments, "--no-journal")
    sandbox.requests.clear()
    run_css(*words, *arguments, "--journal", "second.jsonl")
    assert sandbox.requests
    assert read_journal((tmp_path / "second.jsonl").read_bytes(), "second.jsonl").steps == ()


def test_a_journal_without_entries_can_be_used_again(run_css: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """If a command was refused before its first write, it can be repeated with the same journal."""
    journal = tmp_path / "j.jsonl"
    arguments = ("members", "set", "reviewer", usernames(sandbox, 20)[-1], *PLACE, "--journal", journal)
    assert run_css(*arguments) == 4
    assert read_journal(journal.read_bytes(), "journal").entries == ()
    assert run_css(*arguments, "--yes") == 0
    assert len(read_journal(journal.read_bytes(), "journal").entries) == 3


def test_mirror_without_apply_refuses_a_journal(run_css: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """`css people mirror` without `--apply` changes nothing, so it refuses `--journal`."""
    assert run_css("people", "mirror", *PLACE, "--journal", tmp_path / "j.jsonl") == 64
    assert writes(sandbox) == []
    assert list(tmp_path.glob("*.jsonl")) == journals() == []


def test_without_credentials_nothing_is_left_behind(
    run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without credentials, css names the missing variables, and leaves neither a default journal nor a named one."""
    monkeypatch.chdir(tmp_path)
    file_of_roles(tmp_path, "[clerk]")
    assert run_css("plan", "roles.yaml", "--out", "plan.json") == 0
    for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for options in ([], ["--journal", "named.jsonl"]):
        capsys.readouterr()
        assert run_css("apply", "plan.json", "--yes", *options) == 64
        assert "CSS_CLIENT_ID" in capsys.readouterr().err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "roles.yaml"]
