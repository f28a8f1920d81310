"""`css drift` compares the service with a roles file in both directions, and prints nothing if they agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from css_sdk.sandbox import Sandbox
from tests.states import file_of_roles
from tests.support import GRANTS_PORTAL, asked, json_rows, usernames

Run = Callable[..., int]
MAREN = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
TOBIAS = "c48af3232157a5f13dc753a5d3eed7ce@idir"
NONE = "No drift.\n"
EXACT = f"{{exact: [admin, approver, {{name: reviewer, members: {{exact: [{MAREN}, {TOBIAS}]}}}}]}}"


def test_without_drift_nothing_is_printed(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the service agrees with the file, `css drift` says so on stderr. With `-q` it prints nothing, for cron."""
    assert run_css("drift", file_of_roles(tmp_path, EXACT)) == 0
    assert capsys.readouterr() == ("", NONE)
    assert run_css("drift", "-q", file_of_roles(tmp_path, EXACT)) == 0
    assert capsys.readouterr() == ("", "")
    assert asked(sandbox).keys() == {"token", "GET"}


PORTAL = (101, "Grants Portal", "dev")


def test_missing_and_additional_entries_are_reported(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`css drift` reports entries that are missing and entries that an exact list does not contain, and
    writes nothing.
    """
    stranger = usernames(sandbox, 20)[-1]
    name = "{firstName} {lastName}".format(**sandbox.world.users[stranger])
    sandbox.create_role(GRANTS_PORTAL, "dev", "extra")
    sandbox.grant(GRANTS_PORTAL, "dev", "reviewer", stranger)
    sandbox.revoke(GRANTS_PORTAL, "dev", "reviewer", MAREN)
    file = file_of_roles(tmp_path, EXACT)
    assert run_css("drift", file, "--json") == 2
    rows = json_rows(capsys)
    assert [tuple(row.values()) for row in rows] == [
        ("missing", "member", *PORTAL, "reviewer", "", MAREN, "Maren Fairweather", "idir"),
        ("not in the file", "member", *PORTAL, "reviewer", "", stranger, name, "idir"),
        ("not in the file", "role", *PORTAL, "extra", "", "", "", ""),
    ]
    assert run_css("drift", file) == 2
    assert re.search(f"{name} +{stranger}", capsys.readouterr().out)
    assert run_css("drift", file, "--mask") == 2
    out = capsys.readouterr().out
    assert MAREN not in out
    assert stranger not in out
    assert asked(sandbox).keys() == {"token", "GET"}


@pytest.mark.parametrize(
    ("roles", "code", "said"),
    [
        ("[admin]", 0, None),
        (f"[{{name: reviewer, members: [{{guid: {'0f' * 16}, provider: idir}}]}}]", 3, "never logged in"),
        (
            f"[{{name: reviewer, members: [{{guid: {'0f' * 16}, provider: idir}}]}}, x]",
            2,
            f"never logged in: {'0f' * 16}",
        ),
        ("[{name: reviewer, members: [{email: nobody@example.com}]}]", 3, "not found: nobody@example.com"),
        (
            "[{name: reviewer, members: [{email: maren.fairweather@example.com, provider: githubpublic}]}]",
            3,
            "wrong provider: maren",
        ),
        ("[{name: reviewer, members: [{email: nobody@example.com}]}, x]", 2, "not found: nobody@example.com"),
        (
            f"[{{name: reviewer, members: [{{email: maren.fairweather@example.com, provider: idir}}, {TOBIAS}]}}]",
            0,
            None,
        ),
        ("[{name: reviewer, members: [{email: front.counter@example.com}]}]", 3, "ambiguous"),
        ("[{name: reviewer, members: [{email: front.counter@example.com}]}, auditor]", 2, "ambiguous"),
        ("[no]", 64, "quotes"),
    ],
)
def test_people_who_were_not_identified_are_reported_with_exit_code_3(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], roles: str, code: int, said: str | None
) -> None:
    """`css drift` names people who could not be identified, with exit code 3, or 2 if there is drift, too.

    Additive lists accept other members. With exit code 0 nothing else is printed.
    """
    assert run_css("drift", file_of_roles(tmp_path, roles)) == code
    out, err = capsys.readouterr()
    assert said in err if said else (out, err) == ("", NONE)


def test_allow_missing_ignores_people_who_never_logged_in(
    run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--allow-missing`, people who never logged in do not count; people who were not found always count."""
    never = f"{{guid: {'0f' * 16}, provider: idir}}"
    file = file_of_roles(tmp_path, f"[{{name: reviewer, members: [{never}]}}]")
    assert run_css("drift", file, "--allow-missing") == 0
    assert capsys.readouterr() == ("", NONE)
    file = file_of_roles(tmp_path, f"[{{name: reviewer, members: [{never}, {{email: nobody@example.com}}]}}]")
    assert run_css("drift", file, "--allow-missing") == 3


def test_protected_roles_are_no_drift(run_css: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Protected roles are no drift, even if an exact list does not contain them."""
    file = file_of_roles(tmp_path, "{exact: [reviewer]}")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("version: 1", "version: 1, protect: {roles: ['a*']}"), encoding="utf-8")
    assert run_css("drift", file) == 0
    assert capsys.readouterr() == ("", NONE)


@pytest.mark.parametrize(("roles", "code"), [("[admin]", 0), ("[auditor]", 2)])
def test_a_warning_about_an_unusable_role_is_logged_only_with_drift(
    sandbox: Sandbox, tmp_path: Path, roles: str, code: int
) -> None:
    """A warning about a role that no plan can change is logged only if there is drift."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "evil\x1b[2Jrole")
    with sandbox.serve() as server:
        given = {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()}
        command = [sys.executable, "-m", "css_sdk.cli", "drift", str(file_of_roles(tmp_path, roles))]
        ended = subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=False)
    assert ended.returncode == code
    assert ("is not read" in ended.stderr) is (code == 2)
    assert (ended.stdout + ended.stderr == NONE) is (code == 0)
