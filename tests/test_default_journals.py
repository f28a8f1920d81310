"""The journals that commands keep by default: where, how long, what is in them, and what `css undo` does with them."""

from __future__ import annotations

import datetime
import errno
import getpass
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk import InvalidFile, Settings
from css_sdk._http.journal_folder import JournalFolder, days_kept, is_kept
from css_sdk._http.journal_writer import Journal
from css_sdk.errors import ConfigurationError
from css_sdk.journal.choice import Choice, newest_to_undo, undone_by
from css_sdk.journal.entries import Entry, JournalRead, read_journal
from css_sdk.models import Outcome
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, Step
from tests.states import everything, file_of_roles, journals, secrets
from tests.support import GRANTS_PORTAL, asked, is_private
from tests.test_journal_option import MAREN, PLACE, WRITING, prepared

Run = Callable[..., int]
STEP = Step("create_role", Place(GRANTS_PORTAL, "dev"), "auditor")
NOW = datetime.datetime(2026, 11, 30, 9, tzinfo=datetime.UTC)


class Terminal(io.StringIO):
    """What somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_every_command_that_writes_keeps_one(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Only its owner can read it; it says who did it, by which command and why; and `css undo` takes its name."""
    monkeypatch.chdir(tmp_path)
    arguments = prepared(run_css, sandbox, tmp_path, words)
    before = everything(sandbox)
    assert run_css(*words, *arguments, "--reason", "Ticket 4711") == 0
    [file] = journals()
    assert is_private(file) and is_private(file.parent, 0o700)
    read = read_journal(file.read_bytes(), file.name)
    assert {entry.outcome for entry in read.entries} == {"confirmed"}
    assert (read.user, read.command, read.reason) == (getpass.getuser(), f"css {' '.join(words)}", "Ticket 4711")
    text = file.read_text(encoding="utf-8")
    assert not [secret for secret in secrets(sandbox) if secret in text]
    assert "Fairweather" not in text
    assert run_css("undo", file.stem, "--yes", "--max-removals", 5) == 0
    assert everything(sandbox) == before


@pytest.mark.parametrize(
    ("options", "variable"), [(["--no-journal"], None), ([], "off"), ([], "OFF")], ids=["option", "off", "OFF"]
)
def test_it_can_be_switched_off(
    run_css: Run,
    sandbox: Sandbox,
    state_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variable: str | None,
) -> None:
    """By an option for one run, or by a variable for all; then not even the folder is made."""
    if variable is not None:
        monkeypatch.setenv("CSS_JOURNAL", variable)
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, *options) == 0
    assert list(state_folder.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--no-journal", "--journal", "j.jsonl"], ["--reason", "Ticket 4711", "--no-journal"]], ids=str
)
def test_options_that_contradict_each_other(run_css: Run, sandbox: Sandbox, options: list[str]) -> None:
    """A reason without a journal is written nowhere, so that it is refused."""
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, *options) == 64
    assert asked(sandbox) == {}


def test_a_folder_that_cannot_be_made_stops_nothing(
    run_css: Run, sandbox: Sandbox, state_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a container or in cron, the change is made, and the warning names the options; the exit code is as usual."""
    (state_folder / "journals").write_text("a file", encoding="utf-8")
    assert run_css("assign", MAREN, "-r", "approver", *PLACE) == 0
    told = capsys.readouterr().err
    assert "No journal is kept" in told
    assert "--no-journal" in told
    assert MAREN in sandbox.members(GRANTS_PORTAL, "dev", "approver")


def test_a_disk_that_is_full_stops_nothing(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A default journal ends there; the file holds whole lines only."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert run_css("roles", "create", "clerk", "inspector", *PLACE) == 0
    assert {"clerk", "inspector"} <= set(sandbox.roles(GRANTS_PORTAL, "dev"))
    assert journals() == []
    assert "To undo" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["assign", "apply"])
def test_a_journal_that_is_named_must_be_written(run_css: Run, sandbox: Sandbox, tmp_path: Path, command: str) -> None:
    """Otherwise nothing is sent."""
    file = file_of_roles(tmp_path, "[clerk]")
    arguments = {"assign": (MAREN, "-r", "approver", *PLACE), "apply": (file, "--yes")}[command]
    before = everything(sandbox)
    assert run_css(command, *arguments, "--journal", tmp_path / "none" / "j.jsonl") == 64
    assert everything(sandbox) == before


def test_a_journal_that_is_named_exists_after_a_run_without_changes(
    run_css: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A script can rely on it; the same command may be run again with it, and another account may not."""
    journal = tmp_path / "j.jsonl"
    assert run_css("unassign", MAREN, "-r", "reviewer", *PLACE, "--journal", journal) == 4
    assert read_journal(journal.read_bytes(), "j.jsonl").entries == ()
    assert run_css("unassign", MAREN, "-r", "reviewer", *PLACE, "--journal", journal, "--yes") == 0
    assert len(read_journal(journal.read_bytes(), "j.jsonl").entries) == 1
    assert run_css("assign", MAREN, "-r", "reviewer", *PLACE, "--journal", journal) == 64


def test_a_plan_without_changes_leaves_the_journal_that_is_named(
    run_css: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Also one that is not confirmed; the same file is used when it is."""
    file, journal = file_of_roles(tmp_path, "[reviewer]"), tmp_path / "j.jsonl"
    assert run_css("apply", file, "--journal", journal) == 0
    file_of_roles(tmp_path, "[reviewer, clerk]")
    assert run_css("apply", file, "--journal", journal) == 4
    assert read_journal(journal.read_bytes(), "j.jsonl").entries == ()
    assert run_css("apply", file, "--journal", journal, "--yes") == 0
    assert len(read_journal(journal.read_bytes(), "j.jsonl").entries) == 1
    assert run_css("apply", file, "--journal", journal, "--yes") == 0


def test_a_default_journal_of_nothing_is_not_left_behind(run_css: Run, sandbox: Sandbox) -> None:
    """A user who has the role already changes nothing that could be undone."""
    assert run_css("assign", MAREN, "-r", "reviewer", *PLACE) == 0
    assert journals() == []


def test_a_journal_costs_no_request(run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before the first write is not read again for the journal."""
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
    """After 90 days, or as many as the variable says; nothing else in the folder is touched."""
    folder = JournalFolder(tmp_path / "journals")
    names = ["20251201T090000.000000Z-assign", "20260830T090000.000000Z-roster-apply", "20260902T090000.000000Z-assign"]
    others = ["notes.jsonl", "20251201T090000.000000Z-assign.txt", "20259999T090000.000000Z-assign.jsonl"]
    folder.path.mkdir()
    for name in (*(f"{name}.jsonl" for name in names), *others):
        (folder.path / name).write_text("", encoding="utf-8")
    file = folder.new_file("css roster apply", NOW, days_kept({"CSS_JOURNAL_DAYS": days} if days else {}))
    assert file == folder.path / "20261130T090000.000000Z-roster-apply.jsonl"
    kept = {path.name for path in folder.path.iterdir()}
    assert kept == {*others, *(f"{name}.jsonl" for name in (names if left is None else left))}


@pytest.mark.parametrize(("variable", "is_left"), [(None, False), ("90", True)])
def test_a_profile_says_how_long_journals_are_kept(
    run_css: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, is_left: bool
) -> None:
    """Unless the variable does."""
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


@pytest.mark.parametrize("variable", [{"CSS_JOURNAL": "no"}, {"CSS_JOURNAL_DAYS": "0"}, {"CSS_JOURNAL_DAYS": "ten"}])
def test_other_values_are_refused(variable: dict[str, str]) -> None:
    """The message names the variable and its values."""
    with pytest.raises(ConfigurationError, match=next(iter(variable))):
        is_kept(variable)
        days_kept(variable)


def test_journals_are_listed_and_shown(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest first, with who, what and why, and whether it was undone; without credentials."""
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, "--reason", "Ticket 4711") == 0
    assert run_css("unassign", MAREN, "-r", "reviewer", *PLACE, "--yes") == 0
    first, second = [file.stem for file in journals()]
    assert run_css("undo", second, "--yes") == 0
    undo = journals()[-1].stem
    capsys.readouterr()
    assert run_css("journal", "list", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
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
        told = capsys.readouterr().out
        assert f"+ add {MAREN} to approver: done" in told
        assert "Reason: Ticket 4711" in told


def test_an_empty_list_says_so(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """With the folder."""
    assert run_css("journal", "list") == 0
    assert "There are no journals in " in capsys.readouterr().err
    assert run_css("journal", "show") == 64
    assert "There are no journals in " in capsys.readouterr().err


def test_undo_without_a_journal_takes_the_newest(
    run_css: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run after the other, newest first, and no undo; a script must name the journal."""
    before = everything(sandbox)
    assert run_css("assign", MAREN, "-r", "approver", *PLACE, "--reason", "Ticket 4711") == 0
    assert run_css("roles", "create", "clerk", *PLACE) == 0
    assert run_css("undo") == 64
    assert "css journal list" in capsys.readouterr().err
    for name, words in zip(reversed([file.stem for file in journals()]), ("delete role clerk", "Ticket"), strict=True):
        monkeypatch.setattr("sys.stdin", Terminal("y\n"))
        assert run_css("undo") == 0
        told = capsys.readouterr().err
        assert f"Journal {name}: css" in told
        assert words in told
    assert everything(sandbox) == before
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert run_css("undo") == 64
    assert "There is no journal of " in capsys.readouterr().err


def journal(*outcomes: Outcome | None, client_id: str = "ann", undoes: str = "") -> JournalRead:
    """A journal with writes of these outcomes."""
    entries = tuple(Entry(number, (STEP,), outcome) for number, outcome in enumerate(outcomes, start=1))
    return JournalRead(client_id, "https://api.example/v1", entries, undoes=undoes)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({}, Choice(None)),
        ({"b": journal("confirmed"), "a": journal("confirmed")}, Choice("b")),
        ({"b": journal("failed"), "a": journal("unknown")}, Choice("a")),
        ({"b": journal(), "a": journal("confirmed")}, Choice("a")),
        ({"b": journal("confirmed", client_id="bob"), "a": journal("confirmed")}, Choice("a")),
        ({"b": journal("confirmed", None), "a": journal("confirmed")}, Choice("a", ("b",))),
        ({"c": journal("confirmed", undoes="b"), "b": journal("confirmed"), "a": journal("confirmed")}, Choice("a")),
        ({"c": journal("failed", undoes="b"), "b": journal("confirmed"), "a": journal("confirmed")}, Choice("b")),
        ({"c": journal(undoes="b"), "b": journal("confirmed")}, Choice("b")),
        ({"c": journal("confirmed", undoes="old"), "b": journal("confirmed")}, Choice("b")),
    ],
)
def test_which_journal_is_undone(kept: dict[str, JournalRead], expected: Choice) -> None:
    """The newest of the account that changed something, is finished, is no undo, and was not undone."""
    assert newest_to_undo(kept, "ann", "https://api.example/v1") == expected
    assert newest_to_undo(kept, "ann", "https://other.example/v1") == Choice(None)
    assert newest_to_undo(kept, "ann", "https://api.example/v1", in_use=kept.keys()).name is None


def test_a_journal_that_is_being_written_is_not_undone(tmp_path: Path, settings: Settings) -> None:
    """Another run holds it; an undo of half of that run would help nobody."""
    folder = JournalFolder(tmp_path / "journals")
    with Journal(folder.new_file("css apply", NOW, 90)) as running:
        running.open_for(settings)
        assert folder.in_use() == {"20261130T090000.000000Z-apply"}
    assert folder.in_use() == frozenset()


def test_without_a_home_no_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose user has no home would make a folder of the name `~` where it stands."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="no home folder"):
        JournalFolder(Path("~/.local/state/css-sdk/journals")).new_file("css assign", NOW, 90)
    assert list(tmp_path.iterdir()) == []


def test_an_undo_counts_if_everything_in_it_is_done() -> None:
    """An undo with a failed write can be repeated by the same command."""
    kept = {"c": journal("confirmed", undoes="b"), "d": journal("confirmed", "unknown", undoes="a")}
    assert undone_by(kept) == {"b": "c"}


def test_a_saved_plan_finds_its_journal(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan that was interrupted names the journal to continue with, and `--resume` takes that name."""
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


def test_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    """A name of a journal never leads out of the folder."""
    (tmp_path / "secret.jsonl").write_text("", encoding="utf-8")
    folder = JournalFolder(tmp_path / "journals")
    for name in ("../secret", "secret", "..", "", "20261130T090000.000000Z-assign"):
        assert folder.file_of(name) is None


def test_a_required_journal_still_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Only the default journal may end early."""
    with Journal(tmp_path / "j.jsonl") as required:
        required.open_for(settings)
        monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(InvalidFile):
            required.begin([STEP])
