"""`css promote` and `css copy` transfer roles to another environment, and `css compare` shows environments side by
side.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import everything, journals, writes
from tests.support import FISHERIES, GRANTS_PORTAL, json_rows

Run = Callable[..., int]
TO_TEST = ("promote", "-i", "Grants Portal", "--from", "dev", "--to", "test")
TO_FISHERIES = ("copy", "-i", 101, "-e", "dev", "--to-integration", "Fisheries Service", "--to-environment", "dev")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder of the test and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_roles_and_composites_are_promoted(run_css: Run, sandbox: Sandbox) -> None:
    """`css promote` adds roles and composites, keeps the target's own roles, and changes nothing the second time."""
    sandbox.create_role(GRANTS_PORTAL, "test", "own")
    assert run_css(*TO_TEST, "--yes") == 0
    assert sandbox.roles(GRANTS_PORTAL, "test") == {"own", *sandbox.roles(GRANTS_PORTAL, "dev")}
    assert sandbox.composites(GRANTS_PORTAL, "test") == sandbox.composites(GRANTS_PORTAL, "dev")
    assert sandbox.grants(GRANTS_PORTAL, "test") == {}
    done = len(writes(sandbox))
    assert run_css(*TO_TEST, "--yes") == 0
    assert len(writes(sandbox)) == done


def test_promote_copies_members_and_renames_roles_only_if_asked(run_css: Run, sandbox: Sandbox) -> None:
    """`css promote` copies members with `--members`, and gives roles new names with `--rename`."""
    assert run_css(*TO_TEST, "--members", "--rename", "admin=boss", "--yes") == 0
    assert sandbox.composites(GRANTS_PORTAL, "test") == {"boss": {"approver", "reviewer"}}
    assert sandbox.members(GRANTS_PORTAL, "test", "boss") == sandbox.members(GRANTS_PORTAL, "dev", "admin")


def test_promote_can_save_a_plan_instead(run_css: Run, sandbox: Sandbox, in_a_folder: Path) -> None:
    """With `--out`, promote changes nothing and saves a plan, which needs `--allow-prod` when it is applied in prod."""
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
    """If a guard or wrong options refuse a promotion, the message appears once and nothing is written."""
    assert run_css(*arguments) == code
    assert capsys.readouterr().err.count(said) == 1
    assert writes(sandbox) == []


def test_copy_reports_members_who_are_unknown_in_the_target(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css copy` copies everything else if a service account is unknown in the target, and reports it again in each
    run.
    """
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


def test_a_copy_can_be_undone(run_css: Run, sandbox: Sandbox, in_a_folder: Path) -> None:
    """`css copy` keeps a journal, with which `css undo` restores the state before."""
    before = everything(sandbox)
    assert run_css(*TO_FISHERIES, "--members", "--yes") == 0
    [journal] = journals()
    assert journal.stem.endswith("-copy")
    assert run_css("undo", journal, "--yes") == 0
    assert everything(sandbox) == before


def test_compare_shows_environments_side_by_side(
    run_css: Run, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css compare` shows environments as a table or JSON, and with `--differences` only the rows that differ."""
    sandbox.create_role(GRANTS_PORTAL, "test", "admin")
    assert run_css("compare", "-i", "101", "-e", "dev", "-e", "test", "--members", "--json") == 0
    rows = json_rows(capsys)
    assert rows[0] == {
        "kind": "role",
        "role": "admin",
        "target": "",
        "differs": False,
        "present": [
            {"integration_id": 101, "integration": "Grants Portal", "environment": environment, "present": True}
            for environment in ("dev", "test")
        ],
    }
    assert {row["kind"] for row in rows} == {"role", "composite", "member"}
    assert run_css("compare", "-i", "101", "-e", "dev", "-e", "test", "--differences") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["KIND", "ROLE", "TARGET", *["GRANTS", "PORTAL", "(#101)", "DEV"], *["GRANTS", "PORTAL", "(#101)", "TEST"]],
        ["composite", "admin", "approver", "yes", "-"],
        ["composite", "admin", "reviewer", "yes", "-"],
        ["role", "approver", "yes", "-"],
        ["role", "reviewer", "yes", "-"],
    ]
    assert writes(sandbox) == []
