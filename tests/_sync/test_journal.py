# Written from tests/_async/test_journal.py by `make generate`; edit that one.
"""A journal holds what every write really changed, before it is sent and after."""

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
    """Calls `room.method(arguments)` on an environment's client, one after another."""
    with Css(settings, transport=sandbox.transport(), retry=at_once, journal=journal) as css:
        dev = (css.integration(GRANTS_PORTAL)).environment("dev")
        for call, *arguments in work:
            room, _, method = call.partition(".")
            getattr(getattr(dev, room), method)(*arguments)


def test_only_what_a_write_changes_is_written_down(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """A role that the user holds already is no step of the entry, so that undoing does not take it away."""
    user = usernames(sandbox, 1)[0]
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", user)
    with Journal(tmp_path / "journal") as journal:
        _in_dev(sandbox, settings, journal, ("users.assign", user, "approver", "admin"))
    assert _entries(journal.path) == (Entry(1, (Step("add_member", DEV, "admin", user),), "confirmed"),)


def test_what_is_known_to_be_undone_is_not_read_again(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """A write whose steps were announced costs no read of its own; once, and not after the announcement is over."""
    user = usernames(sandbox, 1)[0]
    step = Step("add_member", DEV, "admin", user)
    with Journal(tmp_path / "journal") as journal:
        with journal.knowing_not_done([step]):
            _in_dev(sandbox, settings, journal, ("users.assign", user, "admin"))
            assert asked(sandbox)["GET"] == 1  # the list of integrations
            # It may exist by now; only a read shows this.
            _in_dev(sandbox, settings, journal, ("users.assign", user, "admin"))
        with journal.knowing_not_done([Step("add_member", DEV, "approver", user)]):
            sandbox.grant(GRANTS_PORTAL, "dev", "approver", user)
        _in_dev(sandbox, settings, journal, ("users.assign", user, "approver"))
    assert [entry.steps for entry in _entries(journal.path)] == [(step,), (), ()]


def test_a_deletion_tells_what_goes_along(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """Members, children and parents of a deleted role stand in its entry, before the deletion itself."""
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


def test_a_failed_and_an_unknown_write_are_told_apart(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """A refused write ends as failed, one that nobody could read afterwards as unknown."""
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


def test_a_killed_write_stands_as_begun(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """If the program ends between sending and verifying, the entry has no outcome."""
    user = usernames(sandbox, 1)[0]

    class Killed(BaseException):
        """The end of the program, as far as this test goes."""

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


def test_nothing_is_sent_that_cannot_be_written_down(
    sandbox: Sandbox, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal on a full disk stops the next write, and what stands in it stays readable."""
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
    assert [entry.outcome for entry in _entries(journal.path)] == ["confirmed"]


def test_a_journal_is_not_shared_with_workers(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An executor's workers could not write into it, so that is refused before anything is sent."""
    for key, value in sandbox.credentials().items():
        monkeypatch.setenv(f"CSS_{key.upper()}", str(value))
    with Journal(tmp_path / "journal") as journal:
        with Css.from_env(transport=sandbox.transport(), journal=journal) as css:
            dev = (css.integration(GRANTS_PORTAL)).environment("dev")
            with pytest.raises(ConfigurationError, match="journal"):
                dev.bulk.assign_many([(usernames(sandbox, 1)[0], "admin")], executor=object())  # type: ignore[arg-type]
    assert asked(sandbox)["POST"] == 0


def test_a_client_that_cannot_be_made_leaves_nothing_open(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that cannot be written refuses the client before an httpx client is made, which nobody would close."""
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
