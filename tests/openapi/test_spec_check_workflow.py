"""The scheduled workflow runs the comparison, and opens or updates one issue if the document differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from openapi import prepare
from tests.openapi.swagger_site import Site, script
from tests.openapi.test_spec_check import SCRIPT, changed

ROOT = prepare.HERE.parent
WORKFLOW = ROOT / ".github" / "workflows" / "spec-check.yml"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the workflow runs on Linux")


def step(name: str) -> dict[str, Any]:
    """Return a step of the workflow."""
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return next(each for each in workflow["jobs"]["compare"]["steps"] if each.get("name") == name)


def run(name: str, folder: Path, environ: dict[str, str]) -> int:
    """Run the script of a step as GitHub does, with the given variables over those of the step."""
    own = {key: str(value) for key, value in step(name)["env"].items() if "${{" not in str(value)}
    runner = {
        "RUNNER_TEMP": str(folder),
        "GITHUB_STEP_SUMMARY": f"{folder}/summary",
        "GITHUB_OUTPUT": f"{folder}/output",
    }
    text = step(name)["run"].replace(".venv/bin/python", sys.executable)
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(command, env={**os.environ, **own, **runner, **environ}, cwd=ROOT, check=False).returncode


def test_a_difference_is_passed_to_the_next_step(site: Site, published: Any, tmp_path: Path) -> None:
    """If the document differs, the comparison step succeeds, and passes its report and code 2 to the next step."""
    site.answers[SCRIPT] = (200, "text/javascript", script(changed(published)))
    assert run("Compare", tmp_path, {"SPEC_URL": site.address}) == 0
    assert (tmp_path / "output").read_text() == "code=2\n"
    assert "schema user, field email is gone" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "summary").read_text() == (tmp_path / "report.md").read_text()


def test_the_same_document_opens_no_issue(site: Site, published: Any, tmp_path: Path) -> None:
    """If nothing differs, the code is 0, and the next step is skipped."""
    site.answers[SCRIPT] = (200, "text/javascript", script(published))
    assert run("Compare", tmp_path, {"SPEC_URL": site.address}) == 0
    assert (tmp_path / "output").read_text() == "code=0\n"
    assert step("Open or update the issue")["if"] == "steps.compare.outputs.code == '2'"


def test_a_document_that_cannot_be_fetched_fails_the_job(site: Site, tmp_path: Path) -> None:
    """If the document cannot be fetched, the job fails, so that somebody notices."""
    site.answers[SCRIPT] = (503, "text/plain", "down")
    assert run("Compare", tmp_path, {"SPEC_URL": site.address}) != 0


@pytest.mark.parametrize(("found", "words"), [("", "issue create"), ("7", "issue edit 7")])
def test_one_issue_is_open_at_a_time(tmp_path: Path, found: str, words: str) -> None:
    """The first difference opens an issue. While this issue is open, later differences update it."""
    program = tmp_path / "gh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n[ "$2" != list ] || echo "{found}"\n')
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert run("Open or update the issue", tmp_path, {"PATH": path}) == 0
    [listed, done] = (tmp_path / "calls").read_text().splitlines()
    assert listed.startswith("issue list --state open")
    assert done.startswith(words)
    assert done.endswith(f"--body-file {tmp_path}/report.md")
