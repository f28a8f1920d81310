"""Shells complete integrations, environments and roles: from a cache, quickly, and never with an error."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from css_sdk.cli import css
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL


@pytest.fixture(autouse=True)
def served(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """The variables that lead to the sandbox, and an empty cache."""
    monkeypatch.setattr("css_sdk.cli.support.completion._folder", lambda: tmp_path / "completion")
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
        yield server


def completed(*words: str) -> list[str]:
    """Return what completes the last word."""
    *before, last = words
    return [item.value for item in ShellComplete(css, {}, "css", "_CSS_COMPLETE").get_completions(before, last)]


def test_integrations_are_completed_by_id(sandbox: Sandbox) -> None:
    """From a part of their names, or of the id; the second time without a request."""
    assert completed("roles", "list", "-i", "grants") == [str(GRANTS_PORTAL)]
    asked = len(sandbox.requests)
    assert completed("report", "-i", "10") == ["101", "102", "103"]
    assert len(sandbox.requests) == asked


def test_environments_are_completed_without_a_request(sandbox: Sandbox) -> None:
    """There are three."""
    assert completed("roles", "list", "-i", "101", "-e", "") == ["dev", "test", "prod"]
    assert completed("report", "-e", "p") == ["prod"]
    assert not sandbox.requests


@pytest.mark.parametrize(
    "words",
    [
        ("assign", "-i", "101", "-e", "dev", "-r"),
        ("members", "list", "-i", "101", "-e", "dev"),
        ("composites", "add", "-i", "101", "-e", "dev", "admin"),
        ("roles", "delete", "-i", "Grants Portal", "-e", "dev"),
        ("service-account", "assign", "-i", "101", "-e", "dev", "some-client"),
    ],
    ids=" ".join,
)
def test_roles_are_completed(words: tuple[str, ...]) -> None:
    """In the place that the line names before."""
    assert completed(*words, "a") == ["admin", "approver"]


def test_a_name_that_could_end_a_line_is_left_out(sandbox: Sandbox) -> None:
    """A shell reads completions line by line."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "a\nplain,evil")
    assert completed("assign", "-i", "101", "-e", "dev", "-r", "a") == ["admin", "approver"]


def test_nothing_is_completed_without_an_answer(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor an error printed: with a service that is down or slow, and without credentials."""
    assert completed("members", "list", "-i", "101", "") == []
    sandbox.faults.add("delay", seconds=3.0, times=None)
    began = time.monotonic()
    assert completed("roles", "list", "-i", "") == []
    assert time.monotonic() - began < 20
    monkeypatch.delenv("CSS_CLIENT_ID")
    assert completed("roles", "list", "-i", "") == []
    assert capsys.readouterr() == ("", "")


def test_no_command_is_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox) -> None:
    """A profile whose credentials a command prints gets no completion."""
    marker = tmp_path / "ran"
    config = tmp_path / "config.toml"
    config.write_text(f'[profiles.work]\ncredential_process = ["touch", "{marker.as_posix()}"]\n', encoding="utf-8")
    config.chmod(0o600)
    monkeypatch.setenv("CSS_CONFIG_FILE", str(config))
    monkeypatch.setenv("CSS_PROFILE", "work")
    assert completed("roles", "list", "-i", "") == []
    assert not marker.exists()
    assert not sandbox.requests
