"""`css drift`: whether the service still is as a file of roles says, in both directions; quiet when it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import GRANTS_PORTAL, asked, usernames

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
EXACT = f"{{exact: [admin, approver, {{name: reviewer, members: {{exact: [{MAREN}, {TOBIAS}]}}}}]}}"


def test_nothing_is_said_of_nothing(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As whoever runs it by the clock wants it."""
    assert run_css("drift", file_of_roles(tmp_path, EXACT)) == 0
    assert capsys.readouterr() == ("", "")
    assert asked(sandbox).keys() == {"token", "GET"}


def test_both_directions_are_told(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing, and what an exact set does not list; nothing is written."""
    stranger = usernames(sandbox, 20)[-1]
    sandbox.create_role(GRANTS_PORTAL, "dev", "extra")
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", stranger)
    sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", MAREN)
    file = file_of_roles(tmp_path, EXACT)
    assert run_css("drift", file, "--json") == 2
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [tuple(row.values()) for row in rows] == [
        ("missing", "member", "reviewer", MAREN, 101, "dev"),
        ("not in the file", "member", "reviewer", stranger, 101, "dev"),
        ("not in the file", "role", "extra", "", 101, "dev"),
    ]
    assert run_css("drift", file, "--mask") == 2
    out = capsys.readouterr().out
    assert MAREN not in out
    assert stranger not in out
    assert asked(sandbox).keys() == {"token", "GET"}


@pytest.mark.parametrize(
    ("roles", "code", "said"),
    [
        ("[admin]", 0, ""),
        ("[{name: reviewer, members: [{email: nobody@example.com}]}]", 0, "never logged in: nobody@example.com"),
        (f"[{{name: reviewer, members: [{{email: maren.fairweather@example.com, provider: idir}}, {TOBIAS}]}}]", 0, ""),
        ("[{name: reviewer, members: [{email: front.counter@example.com}]}]", 3, "ambiguous"),
        ("[{name: reviewer, members: [{email: front.counter@example.com}]}, auditor]", 2, "ambiguous"),
        ("[no]", 64, "quotes"),
    ],
)
def test_what_else_there_is_to_tell(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], roles: str, code: int, said: str
) -> None:
    """Additive lists let others be; who never logged in can hold nothing; who cannot be told leaves it open."""
    assert run_css("drift", file_of_roles(tmp_path, roles)) == code
    assert said in capsys.readouterr().err
