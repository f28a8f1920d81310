"""`css export`: what is there as a file of roles, whose plan is empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest

from css_sdk import read_desired
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked

Run = Callable[..., int]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-i", "101"],
        ["-i", "Grants Portal", "-i", "102", "-e", "dev"],
        ["-e", "test"],
        ["--additive", "--by-name", "--names"],
    ],
)
def test_the_plan_of_it_is_empty(run_css: Run, sandbox: Sandbox, tmp_path: Path, options: Sequence[str]) -> None:
    """However it is made; reads alone are sent."""
    sandbox.grant(GRANTS_PORTAL, "dev", "approver", "service-account-fisheries-service-102", *sandbox.world.users)
    sandbox.create_role(GRANTS_PORTAL, "test", "no", [])
    file = tmp_path / "roles.yaml"
    assert run_css("export", *options, "--output", file) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert run_css("plan", file, "--prune", "--detailed-exitcode") == 0
    assert run_css("drift", file) == 0
    assert asked(sandbox).keys() == {"token", "GET"}


def test_all_places_are_written_down(run_css: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the integrations that are Gold and applied; people's names only where that is asked."""
    assert run_css("export") == 0
    text = capsys.readouterr().out
    places = [place.named for place in read_desired(text, "export").places]
    assert places == [
        *(("101", name) for name in ("dev", "test", "prod")),
        *(("102", name) for name in ("dev", "prod")),
        ("103", "dev"),
    ]
    assert "Maren" not in text
    assert run_css("export", "--by-name", "--names") == 0
    named = capsys.readouterr().out
    assert "# Maren Fairweather" in named
    assert "integration: Grants Portal" in named


def test_an_environment_that_is_missing_is_refused(run_css: Run) -> None:
    """Of an integration that was named; of all those that there are, some need not have it."""
    assert run_css("export", "-i", "102", "-e", "test") == 4
    assert run_css("export", "-e", "test") == 0


def test_what_no_request_can_speak_of_is_left_out(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A role whose name holds control characters is told; everything else is there, and the plan of it is empty."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "evil\x1b[2Jrole")
    file = tmp_path / "roles.yaml"
    assert run_css("export", "-i", "101", "-e", "dev", "--output", file) == 0
    assert "evil\\x1b[2Jrole" in caplog.text
    assert "\x1b" not in caplog.text
    [place] = read_desired(file.read_text(encoding="utf-8"), "export").places
    assert [role.name for role in place.roles.items] == ["admin", "approver", "reviewer"] if place.roles else False
    assert run_css("plan", file, "--prune", "--detailed-exitcode") == 0


def test_what_no_file_can_hold_is_told(
    run_css: Run, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An integration's name with control characters would come back as another one; nothing is written."""
    integrations = sandbox.world.integrations
    integrations[GRANTS_PORTAL] = attrs.evolve(integrations[GRANTS_PORTAL], project_name="evil\x1b[2J")
    file = tmp_path / "roles.yaml"
    assert run_css("export", "-i", "101", "--by-name", "--output", file) == 64
    told = capsys.readouterr().err
    assert "cannot be told by a file of roles" in told
    assert "\x1b" not in told
    assert not file.exists()
    assert run_css("export", "-i", "101", "--output", file) == 0
