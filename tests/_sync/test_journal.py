# Written from tests/_async/test_journal.py by `make generate`; edit that one.
"""A journal records the steps of every write before it is sent, and the outcome afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from css_sdk import ConfigurationError, Css, InvalidFile, NotFound, OutcomeUnknown, Settings
from css_sdk._http.journal_writer import Journal
from css_sdk._http.retry import Attempt
from css_sdk.journal.entries import Entry, read_journal
from css_sdk.sandbox import Sandbox
from css_sdk.state import Place, Step
from tests.support import GRANTS_PORTAL, asked, at_once, usernames

DEV = Place(GRANTS_PORTAL, "dev")


def _entries(path: Path) -> tuple[Entry, ...]:
    return read_journal(path.read_bytes(), path.name).entries


def _in_dev(sandbox: Sandbox, settings: Settings, journal: Journal, *work: tuple[str, ...]) -> None:
    """Call `group.method` of an environment's client with its arguments, one call after another."""
    with Css(settings, transport=sandbox.transport(), retry=at_once, journal=journal) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        for call, *arguments in work:
            room, _, method = call.partition(".")
            getattr(getattr(dev, room), method)(*arguments)


def test_the_journal_records_only_what_a_write_changes(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """The journal records only the roles that a write adds.

    So an undo does not remove roles that the user had before.
    """
    user = usernames(sandbox, 1)[0]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", user)
    with Journal(tmp_path / "journal") as journal:
        _in_dev(sandbox, settings, journal, ("users.assign", user, "approver", "admin"))
    assert _entries(journal.path) == (Entry(1, (Step("add_member", DEV, "admin", user),), "done"),)


def test_a_step_announced_as_not_done_is_not_read_again(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """If a step is announced as not done, its write needs no read.

    This applies once, and only until the announcement ends.
    """
    user = usernames(sandbox, 1)[0]
    step = Step("add_member", DEV, "admin", user)
    with Journal(tmp_path / "journal") as journal:
        with journal.knowing_not_done([step]):
            _in_dev(sandbox, settings, journal, ("users.assign", user, "admin"))
            assert asked(sandbox)["GET"] == 1  # the list of integrations
            # The role may be assigned by now. Only a read shows this.
            _in_dev(sandbox, settings, journal, ("users.assign", user, "admin"))
        with journal.knowing_not_done([Step("add_member", DEV, "approver", user)]):
            sandbox.grant(GRANTS_PORTAL, "dev", "approver", user)
        _in_dev(sandbox, settings, journal, ("users.assign", user, "approver"))
    assert [entry.steps for entry in _entries(journal.path)] == [(step,), (), ()]


def test_the_entry_of_a_deletion_records_what_is_lost_with_it(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """The journal entry of a deletion records the lost members, children and parents before the deletion itself."""
    with Journal(tmp_path / "journal") as journal:
        _in_dev(sandbox, settings, journal, ("roles.delete", "admin"), ("roles.delete", "reviewer"))
    first, second = _entries(journal.path)
    assert [(step.kind, step.role, step.target) for step in first.steps] == [
        ("remove_member", "admin", "d6dff8c2546921b01198b4efd12cb3bc@idir"),
        ("remove_composite", "admin", "approver"),
        ("remove_composite", "admin", "reviewer"),
        ("delete_role", "admin", ""),
    ]
    assert [step.kind for step in second.steps] == ["remove_member", "remove_member", "delete_role"]


def test_a_failed_and_an_unknown_write_are_distinguished(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """The journal records a refused write as failed, and a write that no read could check as unknown."""
    user = usernames(sandbox, 1)[0]
    with Journal(tmp_path / "journal") as journal:
        with pytest.raises(NotFound):
            _in_dev(sandbox, settings, journal, ("users.assign", user, "no such role"))
        sandbox.faults.add("lose_after", method="POST", path="*/users/*", times=None)
        sandbox.faults.add("drop_before", method="GET", path="*/users/*", after=1, times=None)
        with pytest.raises(OutcomeUnknown):
            _in_dev(sandbox, settings, journal, ("users.assign", user, "admin"))
    assert [entry.outcome for entry in _entries(journal.path)] == ["failed", "unknown"]
    assert read_journal(journal.path.read_bytes(), "journal").steps == (Step("add_member", DEV, "admin", user),)


def test_an_entry_of_a_killed_write_has_no_outcome(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """If the program ends between sending and verifying a write, its journal entry has no outcome."""
    user = usernames(sandbox, 1)[0]

    class Killed(BaseException):
        """The end of the program."""

    def killed(attempt: Attempt, chance: float) -> float | None:
        raise Killed

    sandbox.faults.add("lose_after", method="POST", path="*/users/*")
    sandbox.faults.add("drop_before", method="GET", path="*/users/*", after=1)
    with Journal(tmp_path / "journal") as journal:
        with pytest.raises(Killed):
            with Css(settings, transport=sandbox.transport(), retry=killed, journal=journal) as css:
                dev = (css.integration(GRANTS_PORTAL)).environment("dev")
                dev.users.assign(user, "admin")
    assert _entries(journal.path) == (Entry(1, (Step("add_member", DEV, "admin", user),)),)


def test_a_write_that_cannot_be_recorded_is_not_sent(
    sandbox: Sandbox, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the journal cannot be written because the disk is full, the write is not sent.

    Earlier entries stay readable.
    """
    user, other = usernames(sandbox, 2)
    with Journal(tmp_path / "journal") as journal:
        _in_dev(sandbox, settings, journal, ("users.assign", user, "admin"))
        written = os.write
        monkeypatch.setattr(os, "write", lambda file, content: written(file, content[:7]))
        before = asked(sandbox)["POST"]
        with pytest.raises(InvalidFile, match=r"cannot be written.*Nothing"):
            _in_dev(sandbox, settings, journal, ("users.assign", other, "admin"))
        monkeypatch.undo()
    assert asked(sandbox)["POST"] == before
    assert [entry.outcome for entry in _entries(journal.path)] == ["done"]


def test_a_client_with_a_journal_refuses_an_executor(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client with a journal refuses an executor before anything is sent, because workers could not write into it."""
    for key, value in sandbox.credentials().items():
        monkeypatch.setenv(f"CSS_{key.upper()}", str(value))
    with Journal(tmp_path / "journal") as journal:
        with Css.from_env(transport=sandbox.transport(), journal=journal) as css:
            dev = (css.integration(GRANTS_PORTAL)).environment("dev")
            with pytest.raises(ConfigurationError, match="journal"):
                dev.bulk.assign_many([(usernames(sandbox, 1)[0], "admin")], executor=object())  # type: ignore[arg-type]
    assert asked(sandbox)["POST"] == 0


def test_a_closed_journal_refuses_the_client_and_leaves_nothing_open(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the journal is closed, Css() raises an error and leaves no open httpx client."""
    made: list[httpx.Client] = []
    make = httpx.Client.__init__

    def remembering(self: httpx.Client, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(httpx.Client, "__init__", remembering)
    journal = Journal(tmp_path / "journal")
    journal.close()
    with pytest.raises(InvalidFile, match="is closed"):
        Css(settings, journal=journal)
    assert [client for client in made if not client.is_closed] == []
    assert journal.path.read_bytes() == b""
