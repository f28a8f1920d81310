"""`css promote`, `css copy` and `css compare`: what one environment has, for another and beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import everything, journals, writes
from tests.support import FISHERIES, GRANTS_PORTAL

Run = Callable[..., int]
TO_TEST = ("promote", "-i", "Grants Portal", "--from", "dev", "--to", "test")
TO_FISHERIES = ("copy", "-i", 101, "-e", "dev", "--to-integration", "Fisheries Service", "--to-environment", "dev")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Journals go into the current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_roles_and_composites_are_promoted(run_css: Run, sandbox: Sandbox) -> None:
    """What the target has besides stays; the second time there is nothing to do."""
    sandbox.create_role(GRANTS_PORTAL, "test", "own")
    assert run_css(*TO_TEST, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "test") == {"own", *sandbox.roles(GRANTS_PORTAL, "dev")}
    assert sandbox.composites(GRANTS_PORTAL, "test") == sandbox.composites(GRANTS_PORTAL, "dev")
    assert sandbox.grants(GRANTS_PORTAL, "test") == {}
    done = len(writes(sandbox))
    assert run_css(*TO_TEST, "--yes") == 0
    assert len(writes(sandbox)) == done


def test_members_come_along_and_roles_may_be_called_something_else(run_css: Run, sandbox: Sandbox) -> None:
    """Only where that is said."""
    assert run_css(*TO_TEST, "--members", "--rename", "admin=boss", "--yes") == 0
    assert sandbox.composites(GRANTS_PORTAL, "test") == {"boss": {"approver", "reviewer"}}
    assert sandbox.members(GRANTS_PORTAL, "test", "boss") == sandbox.members(GRANTS_PORTAL, "dev", "admin")


def test_a_plan_can_be_kept_instead(run_css: Run, sandbox: Sandbox, in_a_folder: Path) -> None:
    """Nothing is changed then; the plan is carried out later, and prod has to be allowed there as well."""
    out = in_a_folder / "plan.json"
    assert run_css("promote", "-i", 101, "--from", "dev", "--to", "prod", "--out", out, "--yes") == 0
    assert writes(sandbox) == []
    assert run_css("apply", out, "--yes") == 4
    assert run_css("apply", out, "--yes", "--allow-prod") == 0
    assert sandbox.roles(GRANTS_PORTAL, "prod") == sandbox.roles(GRANTS_PORTAL, "dev")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([*TO_TEST], 4, "pass --yes"),
        (["promote", "-i", "101", "--from", "dev", "--to", "prod", "--yes"], 4, "pass --allow-prod"),
        (["promote", "-i", "101", "--from", "dev", "--to", "dev"], 64, "must be different environments"),
        (["promote", "-i", "102", "--from", "dev", "--to", "test", "--yes"], 4, "has no environment 'test'"),
        ([*TO_TEST, "--rename", "admin", "--yes"], 64, "OLD=NEW"),
        ([*TO_TEST, "--rename", "nope=a", "--yes"], 64, "has no role 'nope'"),
        ([*TO_TEST, "--rename", "admin=approver", "--yes"], 64, "would become 'approver'"),
        ([*TO_TEST, "--rename", "admin=..", "--yes"], 64, "cannot be addressed"),
        ([*TO_TEST, "--rename", "admin= lead", "--yes"], 64, "has blanks around it"),
    ],
)
def test_a_refusal_writes_nothing(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    """By a guard, or because it makes no sense."""
    assert run_css(*arguments) == code
    assert capsys.readouterr().err.count(said) == 1
    assert writes(sandbox) == []


def test_an_integration_is_copied_and_who_is_not_known_there_is_told(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is done; run again, only the same are left. A service account that is not there will not log in."""
    robot = "service-account-permit-robot-103"
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", robot)
    where = (*TO_FISHERIES[:-1], "prod", "--members", "--allow-prod", "--yes")
    for _ in range(2):
        capsys.readouterr()
        assert run_css(*where) == 3
        out, err = capsys.readouterr()
        [row] = out.splitlines()[1:]
        assert row.split()[:3] == ["failed", "grant", "reviewer"]
        assert robot in row
        assert "1 failed" in err
    assert sandbox.composites(FISHERIES, "prod") == sandbox.composites(GRANTS_PORTAL, "dev")
    sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", robot)
    assert run_css(*where) == 0
    assert sandbox.grants(FISHERIES, "prod").keys() == {
        user for user, held in sandbox.grants(GRANTS_PORTAL, "dev").items() if held
    }


def test_a_transfer_is_undone(run_css: Run, sandbox: Sandbox, in_a_folder: Path) -> None:
    """Every change stands in a journal, whose way back leads to where it began."""
    before = everything(sandbox)
    assert run_css(*TO_FISHERIES, "--members", "--yes") == 0
    [journal] = journals()
    assert journal.stem.endswith("-copy")
    assert run_css("undo", journal, "--yes") == 0
    assert everything(sandbox) == before


def test_environments_stand_side_by_side(run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, and as an object for each row; what is the same everywhere can be left out."""
    sandbox.create_role(GRANTS_PORTAL, "test", "admin")
    assert run_css("compare", "-i", "101", "-e", "dev", "-e", "test", "--members", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == {
        "kind": "role",
        "role": "admin",
        "target": "",
        "differs": False,
        "present": {"#101 dev": True, "#101 test": True},
    }
    assert {row["kind"] for row in rows} == {"role", "composite", "member"}
    assert run_css("compare", "-i", "101", "-e", "dev", "-e", "test", "--differences") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["WHAT", "ROLE", "TARGET", "#101", "DEV", "#101", "TEST"],
        ["composite", "admin", "approver", "yes", "-"],
        ["composite", "admin", "reviewer", "yes", "-"],
        ["role", "approver", "yes", "-"],
        ["role", "reviewer", "yes", "-"],
    ]
    assert writes(sandbox) == []
