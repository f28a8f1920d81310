"""The journals that commands keep by default: their folder, their content, their age, and how `css undo` uses them."""

from __future__ import annotations

import datetime
import errno
import getpass
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from css_sdk import InvalidFile, Settings
from css_sdk._http.journal_folder import DAYS, JournalFolder
from css_sdk._http.journal_writer import Journal
from css_sdk.journal.choice import Choice, newest_to_undo, undone_by
from css_sdk.journal.entries import Entry, JournalRead, read_journal
from css_sdk.models import Outcome
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, Step
from tests.states import everything, file_of_roles, journals, secrets
from tests.support import GRANTS_PORTAL, asked, is_private, json_rows, usernames
from tests.test_journal_option import MAREN, PLACE, WRITING, prepared

Run = Callable[..., int]
STEP = Step("create_role", Place(GRANTS_PORTAL, "dev"), "auditor")
NOW = datetime.datetime(2026, 11, 30, 9, tzinfo=datetime.UTC)


class Terminal(io.StringIO):
    """Input that is typed on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_every_command_that_writes_keeps_a_journal_that_undo_accepts(
    run_css: Run,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
) -> None:
    """Every command that writes keeps a private journal with user, command, place and reason.

    The last line on stderr is the command that undoes it, with the options that it needs.
    """
    monkeypatch.chdir(tmp_path)
    arguments = prepared(run_css, sandbox, tmp_path, words)
    before = everything(sandbox)
    capsys.readouterr()
    assert run_css(*words, *arguments, "--reason", "Ticket 4711") == 0
    _, _, command = capsys.readouterr().err.splitlines()[-1].partition("To undo the changes, run: css ")
    [file] = journals()
    assert is_private(file) and is_private(file.parent, 0o700)
    read = read_journal(file.read_bytes(), file.name)
    assert {entry.outcome for entry in read.entries} == {"done"}
    assert (read.user, read.command, read.reason) == (getpass.getuser(), f"css {' '.join(words)}", "Ticket 4711")
    text = file.read_text(encoding="utf-8")
    assert not [secret for secret in secrets(sandbox) if secret in text]
    assert "Fairweather" not in text
    assert {step.place.project_name for step in read.steps} <= {"Grants Portal", "Fisheries Service"}
    assert command.startswith(f"undo {file.stem}")
    assert run_css(*command.split(), "--yes") == 0
    assert everything(sandbox) == before


@pytest.mark.parametrize(
    ("options", "variable"), [(["--no-journal"], None), ([], "off"), ([], "OFF")], ids=["option", "off", "OFF"]
)
def test_default_journals_can_be_switched_off(
    run_css: Run,
    sandbox: Sandbox,
    state_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variable: str | None,
) -> None:
    """An option or a variable switches the default journal off, and then css does not even create the folder."""
    if variable is not None:
        monkeypatch.setenv("CSS_JOURNAL", variable)
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, *options) == 0
    assert not state_folder.exists()


@pytest.mark.parametrize(
    "options", [["--no-journal", "--journal", "j.jsonl"], ["--reason", "Ticket 4711", "--no-journal"]], ids=str
)
def test_a_reason_or_a_file_contradicts_no_journal(run_css: Run, sandbox: Sandbox, options: list[str]) -> None:
    """css refuses `--no-journal` together with `--journal` or `--reason`, and sends nothing."""
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, *options) == 64
    assert asked(sandbox) == {}


def test_if_the_default_folder_cannot_be_created_the_change_is_still_made(
    run_css: Run, sandbox: Sandbox, state_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the folder of journals cannot be created, css makes the change, warns and names `--no-journal`, with exit code
    0.
    """
    state_folder.mkdir()
    (state_folder / "journals").write_text("a file", encoding="utf-8")
    assert run_css("assign", MAREN, "-r", "approver", *PLACE) == 0
    printed = capsys.readouterr().err
    assert "cannot be written: File exists. So no journal is kept" in printed
    assert "--no-journal" in printed
    assert MAREN in sandbox.members(GRANTS_PORTAL, "dev", "approver")


def test_if_the_default_journal_cannot_be_written_the_change_is_still_made(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a default journal cannot be written, css makes the change, keeps no journal, and does not suggest an undo."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert run_css("roles", "create", "clerk", "inspector", *PLACE) == 0
    assert {"clerk", "inspector"} <= set(sandbox.roles(GRANTS_PORTAL, "dev"))
    assert journals() == []
    assert "To undo" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["assign", "apply"])
def test_if_a_named_journal_cannot_be_written_nothing_is_changed(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, command: str
) -> None:
    """If the journal that `--journal` names cannot be written, css changes nothing."""
    file = file_of_roles(tmp_path, "[clerk]")
    arguments = {"assign": (MAREN, "-r", "approver", *PLACE), "apply": (file, "--yes")}[command]
    before = everything(sandbox)
    assert run_css(command, *arguments, "--journal", tmp_path / "none" / "j.jsonl") == 64
    assert everything(sandbox) == before


def test_a_named_journal_exists_after_a_run_without_changes(run_css: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A named journal exists after a refused run, which can then be repeated with it. With entries, it is refused to
    other changes.
    """
    journal = tmp_path / "j.jsonl"
    assert run_css("unassign", MAREN, "-r", "reviewer", *PLACE, "--journal", journal) == 4
    assert read_journal(journal.read_bytes(), "j.jsonl").entries == ()
    assert run_css("unassign", MAREN, "-r", "reviewer", *PLACE, "--journal", journal, "--yes") == 0
    assert len(read_journal(journal.read_bytes(), "j.jsonl").entries) == 1
    assert run_css("assign", MAREN, "-r", "reviewer", *PLACE, "--journal", journal) == 64


def test_a_named_journal_of_a_plan_without_changes_can_be_used_again(
    run_css: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """If a plan has no changes or is not confirmed, its named journal stays empty, and a later run can use it."""
    file, journal = file_of_roles(tmp_path, "[reviewer]"), tmp_path / "j.jsonl"
    assert run_css("apply", file, "--journal", journal) == 0
    file_of_roles(tmp_path, "[reviewer, clerk]")
    assert run_css("apply", file, "--journal", journal) == 4
    assert read_journal(journal.read_bytes(), "j.jsonl").entries == ()
    assert run_css("apply", file, "--journal", journal, "--yes") == 0
    assert len(read_journal(journal.read_bytes(), "j.jsonl").entries) == 1
    assert run_css("apply", file, "--journal", journal, "--yes") == 0


def test_a_run_without_changes_leaves_no_default_journal(run_css: Run, sandbox: Sandbox) -> None:
    """If a command changes nothing, it leaves no default journal behind."""
    assert run_css("assign", MAREN, "-r", "reviewer", *PLACE) == 0
    assert journals() == []


def test_a_journal_needs_no_additional_requests(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands send the same number of requests with a journal as without one."""
    counts = []
    for variable in ("on", "off"):
        monkeypatch.setenv("CSS_JOURNAL", variable)
        sandbox.clear_requests()
        assert run_css("assign", MAREN, "-r", "approver", *PLACE) == 0
        assert run_css("unassign", MAREN, "-r", "approver", *PLACE, "--yes") == 0
        counts.append(asked(sandbox))
    assert counts[0] == counts[1]
    assert len(journals()) == 2


@pytest.mark.parametrize(("days", "left"), [(None, ["20260902T090000.000000Z-assign"]), ("400", None), ("1", [])])
def test_old_journals_are_removed(tmp_path: Path, days: str | None, left: list[str] | None) -> None:
    """css removes default journals after 90 days, or the given number of days, and no other file."""
    folder = JournalFolder(tmp_path / "journals")
    names = ["20251201T090000.000000Z-assign", "20260830T090000.000000Z-roster-apply", "20260902T090000.000000Z-assign"]
    others = ["notes.jsonl", "20251201T090000.000000Z-assign.txt", "20259999T090000.000000Z-assign.jsonl"]
    folder.path.mkdir()
    for name in (*(f"{name}.jsonl" for name in names), *others):
        (folder.path / name).write_text("", encoding="utf-8")
    file = folder.new_file("css roster apply", NOW, int(days or DAYS))
    assert file == folder.path / "20261130T090000.000000Z-roster-apply.jsonl"
    kept = {path.name for path in folder.path.iterdir()}
    assert kept == {*others, *(f"{name}.jsonl" for name in (names if left is None else left))}


@pytest.mark.parametrize(("variable", "is_left"), [(None, False), ("90", True)])
def test_a_profile_sets_how_long_journals_are_kept(
    run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, is_left: bool
) -> None:
    """A profile sets the number of days that journals are kept, unless CSS_JOURNAL_DAYS is set."""
    config = tmp_path / "css-sdk" / "config.toml"
    config.parent.mkdir(mode=0o700)
    account = {"clientId": os.environ["CSS_CLIENT_ID"], "clientSecret": os.environ["CSS_CLIENT_SECRET"]}
    (config.parent / "team.json").write_text(json.dumps(account), encoding="utf-8")
    (config.parent / "team.json").chmod(0o600)
    addresses = {name: os.environ[f"CSS_{name.upper()}"] for name in ("api_url", "token_url")}
    lines = ["[profiles.short]", 'credentials_file = "team.json"', "journal_days = 10"]
    lines += [f'{name} = "{address}"' for name, address in addresses.items()]
    config.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("CSS_CONFIG_FILE", str(config))
    if variable is not None:
        monkeypatch.setenv("CSS_JOURNAL_DAYS", variable)
    assert run_css("assign", MAREN, "-r", "approver", *PLACE) == 0
    [new] = journals()
    made = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=20)
    old = new.with_name(f"{made:%Y%m%dT%H%M%S.%fZ}-assign.jsonl")
    new.rename(old)
    for name in ("client_id", "client_secret", *addresses):
        monkeypatch.delenv(f"CSS_{name.upper()}")
    assert run_css("--profile", "short", "unassign", MAREN, "-r", "approver", *PLACE, "--yes") == 0
    assert old.exists() is is_left


@pytest.mark.parametrize(
    ("name", "value"),
    [("CSS_JOURNAL", "no"), ("CSS_JOURNAL_DAYS", "0"), ("CSS_JOURNAL_DAYS", "ten"), ("CSS_JOURNAL_DAYS", "9" * 6)],
)
def test_invalid_values_of_the_journal_variables_are_refused(
    name: str, value: str, run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """If CSS_JOURNAL or CSS_JOURNAL_DAYS is not valid, css names the variable, and changes nothing."""
    monkeypatch.setenv(name, value)
    assert run_css("assign", MAREN, "-r", "approver", *PLACE) == 64
    assert name in capsys.readouterr().err
    assert "POST" not in asked(sandbox)


def test_journals_are_listed_and_shown(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """`css journal` lists journals, newest first, with command, reason and undo, and shows their changes."""
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, "--reason", "Ticket 4711") == 0
    assert run_css("unassign", MAREN, "-r", "reviewer", *PLACE, "--yes") == 0
    first, second = [file.stem for file in journals()]
    assert run_css("undo", second, "--yes") == 0
    undo = journals()[-1].stem
    capsys.readouterr()
    assert run_css("journal", "list", "--json") == 0
    rows = json_rows(capsys)
    assert [(row["journal"], row["command"], row["undoes"], row["undone_by"]) for row in rows] == [
        (undo, "css undo", second, ""),
        (second, "css unassign", "", undo),
        (first, "css assign", "", ""),
    ]
    assert [row["reason"] for row in rows] == ["", "", "Ticket 4711"]
    assert {row["changes"] for row in rows} == {"1 done"}
    assert run_css("journal", "list") == 0
    assert first in capsys.readouterr().out
    assert run_css("journal", "show") == 0
    assert f"Undoes: {second}" in capsys.readouterr().out
    for command in (("journal", "show", first), ("show", first)):
        assert run_css(*command) == 0
        printed = capsys.readouterr().out
        assert f"+ add {MAREN} to approver: done" in printed
        assert "Reason: Ticket 4711" in printed


def test_without_journals_the_commands_name_the_folder(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """If there are no journals, `css journal list` and `css journal show` say so and name the folder."""
    assert run_css("journal", "list") == 0
    assert "There are no journals in " in capsys.readouterr().err
    assert run_css("journal", "show") == 64
    assert "There are no journals in " in capsys.readouterr().err


def test_undo_on_a_terminal_reverts_the_newest_journal(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, `css undo` reverts the newest journal that is not undone yet. In a script, it needs the journal's
    name.
    """
    before = everything(sandbox)
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, "--reason", "Ticket 4711") == 0
    assert run_css("roles", "create", "clerk", *PLACE) == 0
    assert run_css("undo") == 64
    assert "css journal list" in capsys.readouterr().err
    for name, words in zip(reversed([file.stem for file in journals()]), ("delete role clerk", "Ticket"), strict=True):
        monkeypatch.setattr("sys.stdin", Terminal("y\n"))
        assert run_css("undo") == 0
        printed = capsys.readouterr().err
        assert f"css chose the journal {name}: css" in printed
        assert words in printed
    assert everything(sandbox) == before
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert run_css("undo") == 64
    assert "No journal of the account " in capsys.readouterr().err


def journal(*outcomes: Outcome | None, client_id: str = "ann", undoes: str = "") -> JournalRead:
    """Return a journal whose writes have these outcomes."""
    entries = tuple(Entry(number, (STEP,), outcome) for number, outcome in enumerate(outcomes, start=1))
    return JournalRead(client_id, "https://api.example/v1", entries, undoes=undoes)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({}, Choice(None)),
        ({"b": journal("done"), "a": journal("done")}, Choice("b")),
        ({"b": journal("failed"), "a": journal("unknown")}, Choice("a")),
        ({"b": journal(), "a": journal("done")}, Choice("a")),
        ({"b": journal("done", client_id="bob"), "a": journal("done")}, Choice("a")),
        ({"b": journal("done", None), "a": journal("done")}, Choice("a", ("b",))),
        ({"c": journal("done", undoes="b"), "b": journal("done"), "a": journal("done")}, Choice("a")),
        ({"c": journal("failed", undoes="b"), "b": journal("done"), "a": journal("done")}, Choice("b")),
        ({"c": journal(undoes="b"), "b": journal("done")}, Choice("b")),
        ({"c": journal("done", undoes="old"), "b": journal("done")}, Choice("b")),
    ],
)
def test_undo_selects_the_newest_finished_journal_of_the_account(
    kept: dict[str, JournalRead], expected: Choice
) -> None:
    """`css undo` selects the account's newest journal that changed something, is finished, is not an undo and was not
    undone.
    """
    assert newest_to_undo(kept, "ann", "https://api.example/v1") == expected
    assert newest_to_undo(kept, "ann", "https://other.example/v1") == Choice(None)
    assert newest_to_undo(kept, "ann", "https://api.example/v1", in_use=kept.keys()).name is None


def test_a_journal_that_is_being_written_counts_as_in_use(tmp_path: Path, settings: Settings) -> None:
    """A journal that a run is still writing counts as in use, so that `css undo` does not select it."""
    folder = JournalFolder(tmp_path / "journals")
    with Journal(folder.new_file("css apply", NOW, 90)) as running:
        running.open_for(settings)
        assert folder.in_use() == {"20261130T090000.000000Z-apply"}
    assert folder.in_use() == frozenset()


def test_without_a_home_folder_no_folder_named_tilde_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the user has no home folder, css-sdk fails, instead of creating a folder `~` in the current one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="no home folder"):
        JournalFolder(Path("~/.local/state/css-sdk/journals")).new_file("css assign", NOW, 90)
    assert list(tmp_path.iterdir()) == []


def test_a_journal_counts_as_undone_only_if_every_write_of_the_undo_is_confirmed() -> None:
    """A journal counts as undone only if every write of its undo is confirmed, so that a failed undo
    can be repeated.
    """
    kept = {"c": journal("done", undoes="b"), "d": journal("done", "unknown", undoes="a")}
    undone = {"a": journal("done"), "b": journal("done")}
    assert undone_by(kept | undone) == {"b": "c"}
    assert undone_by({"c": journal("done", undoes="b", client_id="bob")} | undone) == {}


def test_an_unfinished_plan_names_its_journal_for_resume(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If a plan is not finished, css names the journal to continue with, and `--resume` takes that name."""
    plan = tmp_path / "plan.json"
    assert run_css("plan", file_of_roles(tmp_path, "[clerk, inspector]"), "--out", plan) == 0
    sandbox.faults.add("lose_after", method="POST", path="*/roles")
    sandbox.faults.add("429", method="GET", path="*/roles", times=None, after=1, retry_after=3600)
    assert run_css("apply", plan, "--yes") == 3
    [file] = journals()
    assert f"css apply {plan} --resume {file.stem}" in capsys.readouterr().err
    sandbox.faults.clear()
    assert run_css("apply", plan, "--yes", "--resume", file.stem) == 0
    assert {"clerk", "inspector"} <= set(sandbox.roles(GRANTS_PORTAL, "dev"))
    assert journals() == [file]


def test_the_name_of_a_journal_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    """The name of a journal never leads to a file outside of the folder of journals."""
    (tmp_path / "secret.jsonl").write_text("", encoding="utf-8")
    folder = JournalFolder(tmp_path / "journals")
    for name in ("../secret", "secret", "..", "", "20261130T090000.000000Z-assign"):
        assert folder.file_of(name) is None


def test_a_journal_of_the_python_api_that_cannot_be_written_raises_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """If a journal that the caller passed cannot be written, css-sdk raises an error before the write."""
    with Journal(tmp_path / "j.jsonl") as required:
        required.open_for(settings)
        monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(InvalidFile):
            required.begin([STEP])


def test_the_way_back_has_the_options_that_it_needs(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """In prod `--allow-prod`, for many removals their number; with `-q`, or if nothing was done, there is no line."""
    people = usernames(sandbox, 12)
    sandbox.create_role(GRANTS_PORTAL, "prod", "admin")
    given = (*people, "-r", "admin", "-i", "101", "-e", "prod", "--allow-prod")
    assert run_css("assign", *given) == 0
    [journal] = [file.stem for file in journals()]
    err = capsys.readouterr().err
    assert err.endswith(f"To undo the changes, run: css undo {journal} --max-removals 12 --allow-prod\n")
    assert run_css("assign", *given) == 0
    assert run_css("unassign", "-q", *given, "--yes") == 0
    assert "To undo" not in capsys.readouterr().err
