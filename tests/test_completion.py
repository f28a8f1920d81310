"""Shells complete integrations, environments and roles from a cache, quickly, and without printing errors."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from css_sdk.cli import css
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL


@pytest.fixture(autouse=True)
def served(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    """Set the variables that lead to the sandbox, and use an empty cache."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: tmp_path / "cache")
    with sandbox.serve() as server:
        for name, value in server.credentials().items():
            monkeypatch.setenv(f"CSS_{name.upper()}", str(value))
        yield server


def completed(*words: str) -> list[str]:
    """Return the completions of the last word."""
    *before, last = words
    return [item.value for item in ShellComplete(css, {}, "css", "_CSS_COMPLETE").get_completions(before, last)]


def test_integrations_are_completed_by_id(sandbox: Sandbox) -> None:
    """A part of an integration's name or id is completed to the id, and a second completion sends no request."""
    assert completed("roles", "list", "-i", "grants") == [str(GRANTS_PORTAL)]
    asked = len(sandbox.requests)
    assert completed("report", "-i", "10") == ["101", "102", "103"]
    assert len(sandbox.requests) == asked


def test_names_that_are_too_old_are_completed_if_the_service_does_not_answer(sandbox: Sandbox, tmp_path: Path) -> None:
    """Names are read again after five minutes. If the service fails then, the old names are completed."""
    assert completed("report", "-i", "10") == ["101", "102", "103"]
    [file] = (tmp_path / "cache" / "completions").iterdir()
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, "until": content["until"] - 301}), encoding="utf-8")
    sandbox.faults.add("500_before", times=None)
    asked = len(sandbox.requests)
    assert completed("report", "-i", "10") == ["101", "102", "103"]
    assert len(sandbox.requests) > asked


def test_environments_are_completed_without_a_request(sandbox: Sandbox) -> None:
    """The three environments are completed without a request."""
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
    """Roles are completed from the integration and environment that the line names before."""
    assert completed(*words, "a") == ["admin", "approver"]


def test_roles_of_the_default_place_are_completed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If the line names no place, roles are completed from the place that variables, css.toml or a profile set."""
    monkeypatch.setenv("CSS_CONFIG_FILE", str(tmp_path / "config.toml"))
    assert completed("members", "list", "a") == []
    monkeypatch.setenv("CSS_INTEGRATION", "101")
    assert completed("members", "list", "-e", "dev", "a") == ["admin", "approver"]
    monkeypatch.setenv("CSS_ENVIRONMENT", "dev")
    assert completed("assign", "-r", "a") == ["admin", "approver"]
    monkeypatch.setenv("CSS_ENVIRONMENT", "nowhere")
    assert completed("assign", "-r", "a") == []


def test_a_role_name_with_a_line_break_is_not_completed(sandbox: Sandbox) -> None:
    """A role whose name contains a line break is not completed, because shells read completions line by line."""
    sandbox.create_role(GRANTS_PORTAL, "dev", "a\nplain,evil")
    assert completed("assign", "-i", "101", "-e", "dev", "-r", "a") == ["admin", "approver"]


def test_completion_offers_and_prints_nothing_if_the_service_does_not_answer(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completion offers and prints nothing if the line or the credentials are incomplete, or the service is slow."""
    assert completed("members", "list", "-i", "101", "") == []
    sandbox.faults.add("delay", seconds=3.0, times=None)
    began = time.monotonic()
    assert completed("roles", "list", "-i", "") == []
    assert time.monotonic() - began < 20
    monkeypatch.delenv("CSS_CLIENT_ID")
    assert completed("roles", "list", "-i", "") == []
    assert capsys.readouterr() == ("", "")


def test_completion_does_not_run_a_credential_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox
) -> None:
    """Completion does not run the command that prints the credentials of a profile, and so completes nothing."""
    marker = tmp_path / "ran"
    config = tmp_path / "config.toml"
    config.write_text(f'[profiles.work]\ncredential_process = ["touch", "{marker.as_posix()}"]\n', encoding="utf-8")
    config.chmod(0o600)
    monkeypatch.setenv("CSS_CONFIG_FILE", str(config))
    monkeypatch.setenv("CSS_PROFILE", "work")
    assert completed("roles", "list", "-i", "") == []
    assert not marker.exists()
    assert not sandbox.requests
