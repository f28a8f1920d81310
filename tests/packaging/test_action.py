"""The GitHub action, from a pull request to an apply, in a temporary repository with a sandbox."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from css_sdk import Css
from css_sdk.sandbox import Sandbox
from tests.packaging.github import TOKEN, GitHub, Runner
from tests.support import usernames

pytestmark = [
    pytest.mark.wheel,
    pytest.mark.skipif(os.name != "posix", reason="the action runs on Linux and macOS"),
]

PULL_REQUEST = {"pull_request": {"number": 7}}
ROLES = """version: 1
integrations:
  - integration: 101
    environments:
      {environment}:
        roles: [auditor]
        users:
          - {{username: "{user}", roles: [auditor]}}
"""


@pytest.fixture
def user(css_sandbox: Sandbox) -> str:
    """Return the user whom the roles file names."""
    return usernames(css_sandbox, 1)[0]


@pytest.fixture
def runner(css_sandbox: Sandbox, tmp_path: Path, user: str) -> Iterator[Runner]:
    """Return a runner for a working copy with a committed roles file, connected to a sandbox and a fake GitHub."""
    github, copy = GitHub(), tmp_path / "a copy"
    for folder in (copy, tmp_path / "temp"):
        folder.mkdir()
    with github.serve(), css_sandbox.serve() as server:
        credentials = {f"CSS_{name.upper()}": str(value) for name, value in server.credentials().items()}
        runner = Runner(github, copy, tmp_path / "temp", credentials)
        runner.git("init", "--quiet")
        runner.commit("roles.yaml", ROLES.format(environment="dev", user=user))
        yield runner


@pytest.fixture
def ready(runner: Runner) -> Runner:
    """Return a runner on which css-sdk is already installed."""
    runner.use_tested_environment()
    return runner


def members(css: Css) -> list[str]:
    """Return the members of the role in the roles file."""
    dev = css.integration(101).environment("dev")
    names = {role.name for role in dev.roles.list()}
    return [user.username for user in dev.roles.members("auditor")] if "auditor" in names else []


def merge(runner: Runner, number: int = 7) -> str:
    """Merge the pull request, and return the commit."""
    commit = runner.commit("merged.txt", f"merged #{number}")
    runner.github.merges[commit] = number
    return commit


def test_a_merge_applies_the_plan_of_the_pull_request(ready: Runner, css: Css, user: str) -> None:
    """The comment shows the masked plan, the merge applies it, and no log contains the username."""
    ready.github.say(7, "Looks good to me", "colleague")
    planned = ready.run("pull_request", PULL_REQUEST)
    assert (planned.code, members(css)) == (0, [])
    [_, comment] = ready.github.comments
    plan_id = planned.outputs["plan-id"]
    assert "create role `auditor`" in comment["body"]
    assert comment["body"].count(plan_id) == 2
    assert planned.summary in comment["body"]

    merge(ready)
    applied = ready.run("push", {})
    assert (applied.code, members(css)) == (0, [user])
    assert applied.outputs["plan-id"] == plan_id
    for text in (planned.log, planned.summary, comment["body"], applied.log, applied.summary):
        assert user not in text
        assert TOKEN not in text
    log, journal = Path(applied.outputs["log"]), Path(applied.outputs["journal"])
    assert user in log.read_text(encoding="utf-8")
    assert "done" in journal.read_text(encoding="utf-8")
    assert log.parent.stat().st_mode & 0o077 == 0


def test_a_new_push_replaces_the_comment(ready: Runner, css: Css, user: str) -> None:
    """A new push to a pull request replaces the comment, and the merge applies the last plan."""
    first = ready.run("pull_request", PULL_REQUEST)
    ready.commit("roles.yaml", ROLES.format(environment="test", user=user))
    second = ready.run("pull_request", PULL_REQUEST)
    assert first.outputs != second.outputs
    [comment] = ready.github.comments
    assert first.outputs["plan-id"] not in comment["body"]
    merge(ready)
    assert ready.run("push", {}).outputs["plan-id"] == second.outputs["plan-id"]
    assert members(css) == []
    assert "auditor" in {role.name for role in css.integration(101).environment("test").roles.list()}


def test_a_plan_that_was_not_reviewed_is_not_applied(ready: Runner, css: Css) -> None:
    """If the service changed after the plan was made, the apply sends nothing and says what to do."""
    ready.run("pull_request", PULL_REQUEST)
    css.integration(101).environment("dev").roles.create("auditor")
    merge(ready)
    applied = ready.run("push", {})
    assert applied.code == 5
    assert "::error::css apply failed with exit code 5: this is not the approved plan" in applied.log
    assert members(css) == []


@pytest.mark.parametrize("login", ["stranger", "github-actions"])
def test_a_comment_of_somebody_else_approves_nothing(ready: Runner, css: Css, login: str) -> None:
    """A copied comment of somebody else approves no plan."""
    planned = ready.run("pull_request", PULL_REQUEST)
    [comment] = ready.github.comments
    ready.github.comments.clear()
    ready.github.say(7, comment["body"], login)
    merge(ready)
    applied = ready.run("push", {})
    assert applied.code == 4
    assert "::error::Pull request #7 has no plan of roles.yaml" in applied.log
    assert members(css) == []
    assert planned.code == 0


def test_a_mark_within_a_comment_does_not_count(ready: Runner, css: Css) -> None:
    """A comment counts as a plan only if the hidden mark is at its beginning."""
    ready.run("pull_request", PULL_REQUEST)
    [comment] = ready.github.comments
    comment["body"] = f"A plan:\n{comment['body']}"
    merge(ready)
    assert ready.run("push", {}).code == 4
    assert members(css) == []


def test_a_commit_without_a_pull_request_needs_a_plan_id(ready: Runner, css: Css, user: str) -> None:
    """A commit without a pull request is applied only with the id of a plan."""
    refused = ready.run("push", {})
    assert refused.code == 4
    assert re.search(r"::error::The commit [0-9a-f]{40} did not merge a pull request.* Pass plan-id\.", refused.log)
    shown = ready.run("workflow_dispatch", {})
    assert (shown.code, ready.github.comments, members(css)) == (0, [], [])
    assert shown.outputs["plan-id"] in shown.summary
    assert ready.run("workflow_dispatch", {}, plan_id=shown.outputs["plan-id"], show_output="true").code == 0
    assert members(css) == [user]


def test_prod_needs_the_input_allow_prod(ready: Runner, css: Css, user: str) -> None:
    """In prod, the action applies a plan only with allow-prod."""
    ready.commit("roles.yaml", ROLES.format(environment="prod", user=user))
    ready.run("pull_request", PULL_REQUEST)
    merge(ready)
    refused = ready.run("push", {})
    assert refused.code == 4
    assert "a guard refused the plan" in refused.log
    assert ready.run("push", {}, allow_prod="true").code == 0


def test_a_faulty_file_stops_the_job_before_the_service_is_asked(ready: Runner, css_sandbox: Sandbox) -> None:
    """A faulty roles file fails the job with its line in the log, before the service is asked."""
    ready.commit("roles.yaml", "version: 1\nintegration: []\n")
    css_sandbox.journal.clear()
    job = ready.run("pull_request", PULL_REQUEST)
    assert job.code == 64
    assert "roles.yaml:2: the key 'integration' is unknown" in job.log
    assert not css_sandbox.journal.entries


def test_a_plan_that_fails_replaces_the_older_one(ready: Runner) -> None:
    """If a new plan fails, the job fails and the comment no longer shows the old plan, so it cannot be applied."""
    assert ready.run("pull_request", PULL_REQUEST).code == 0
    broken = Runner(ready.github, ready.copy, ready.temp, {**ready.credentials, "CSS_CLIENT_SECRET": "wrong"})
    assert broken.run("pull_request", PULL_REQUEST).code != 0
    [comment] = ready.github.comments
    assert "css-sdk could not make a plan of `roles.yaml`" in comment["body"]
    merge(ready)
    assert ready.run("push", {}).code == 4


def test_inputs_that_are_neither_true_nor_false_are_refused(ready: Runner) -> None:
    """An input that must be true or false is refused if it has another value."""
    job = ready.run("pull_request", PULL_REQUEST, prune="yes")
    assert job.code == 64
    assert "::error::The input prune must be true or false, not 'yes'." in job.log


def test_a_refusal_of_github_says_which_permission_is_missing(ready: Runner) -> None:
    """If GitHub refuses a request, the log names the missing permission."""
    ready.github.comments.clear()
    broken = Runner(GitHub(url=ready.github.url + "/nowhere"), ready.copy, ready.temp, ready.credentials)
    job = broken.run("pull_request", PULL_REQUEST)
    assert job.code == 1
    assert "GitHub answered 404 to GET /issues/7/comments" in job.log
    assert "pull-requests: write" in job.log


def test_the_first_step_installs_css_sdk(runner: Runner, css: Css, user: str) -> None:
    """The first step of the action installs css-sdk and its pinned requirements."""
    assert runner.run("pull_request", PULL_REQUEST, installs=True).code == 0
    merge(runner)
    assert runner.run("push", {}).code == 0
    assert members(css) == [user]
