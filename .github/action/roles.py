"""Show the plan of a roles file in a pull request, and apply the approved plan after the merge.

`action.yml` runs this after css-sdk is installed. It reads the variables that GitHub sets for every step, and those of
the inputs, `INPUT_*`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import httpx

MARK: Final = re.compile(r"<!-- css-sdk: (\{.*?\}) -->")
"""The hidden line of a comment: which file it is about, and the id of its plan."""

LONGEST_COMMENT: Final = 60_000
"""Characters; GitHub refuses comments of more than 65,536."""

MEANINGS: Final = {
    1: "the action failed, and nothing was changed",
    3: "a person could not be identified, a change failed, or its outcome is unknown",
    4: "a guard refused the plan",
    5: "this is not the approved plan: the file or the service has changed since. Nothing was sent. "
    "Open a pull request with a new plan",
    64: "the command or the file has a fault",
}


def text(name: str) -> str:
    """Return an input of the action."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def is_on(name: str) -> bool:
    """Return an input of the action that is true or false."""
    value = text(name).lower()
    if value not in ("", "true", "false"):
        fail(f"The input {name.lower().replace('_', '-')} must be true or false, not {value!r}.")
    return value == "true"


def fail(message: str, code: int = 64) -> NoReturn:
    """Print an error that GitHub shows above the log, and end."""
    print("::error::" + message.replace("%", "%25").replace("\n", "%0A"))
    sys.exit(code)


def put(variable: str, content: str) -> None:
    """Append to one of the files in which GitHub collects outputs and summaries."""
    if variable in os.environ:
        with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
            file.write(content)


def new_folder() -> Path:
    """Make a folder that only this user can read, and that lives as long as the job."""
    return Path(tempfile.mkdtemp(prefix="css-sdk-", dir=os.environ["RUNNER_TEMP"]))


def css(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a css command without the token of GitHub."""
    environ = {name: value for name, value in os.environ.items() if name != "INPUT_TOKEN"} | {"PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "css_sdk", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, encoding="utf-8", check=False)


def mark(file: str, plan_id: str | None) -> str:
    """Return the hidden line that says which plan a comment shows.

    >>> mark("roles.yaml", None)
    '<!-- css-sdk: {"file": "roles.yaml", "plan_id": null} -->'
    """
    return f"<!-- css-sdk: {json.dumps({'file': file, 'plan_id': plan_id}).replace('>', chr(92) + 'u003e')} -->"


def marked(comment: dict[str, Any], author: str) -> dict[str, Any]:
    """Return what the hidden line of a comment says; nothing if the comment is not ours."""
    found = MARK.match(comment["body"] or "")
    if found is None or comment["user"]["login"] != author:
        return {}
    content: dict[str, Any] = json.loads(found[1])
    return content


class Repository:
    """The repository in which the action runs, over GitHub's API."""

    def __init__(self) -> None:
        self._api = httpx.Client(
            base_url=f"{os.environ.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{os.environ['GITHUB_REPOSITORY']}",
            headers={"Authorization": f"Bearer {text('TOKEN')}", "Accept": "application/vnd.github+json"},
            timeout=30,
        )
        self._author = text("COMMENT_AUTHOR")

    def _send(self, method: str, path: str, **content: Any) -> Any:
        try:
            return self._api.request(method, path, **content).raise_for_status().json()
        except httpx.HTTPStatusError as error:
            fail(
                f"GitHub answered {error.response.status_code} to {method} {path}. The job needs the permissions "
                f"contents: read and pull-requests: write.",
                1,
            )
        except (httpx.HTTPError, ValueError) as error:
            fail(f"GitHub cannot be reached for {method} {path}: {error}.", 1)

    def _comments(self, number: int) -> Iterator[dict[str, Any]]:
        for page in itertools.count(1):
            found = self._send("GET", f"/issues/{number}/comments", params={"per_page": 100, "page": page})
            if not found:
                return
            yield from found

    def comment(self, number: int, file: str, body: str) -> None:
        """Write the comment about a file, or replace it, so that a pull request has one."""
        for comment in self._comments(number):
            if marked(comment, self._author).get("file") == file:
                self._send("PATCH", f"/issues/comments/{comment['id']}", json={"body": body})
                return
        self._send("POST", f"/issues/{number}/comments", json={"body": body})

    def approved_plan(self, commit: str, file: str) -> str:
        """Return the id of the plan in the pull request that a commit merged."""
        pulls = self._send("GET", f"/commits/{commit}/pulls")
        number = next((pull["number"] for pull in pulls if pull["merge_commit_sha"] == commit and pull["merged_at"]), 0)
        if not number:
            fail(f"The commit {commit} did not merge a pull request, so no plan was approved. Pass plan-id.", 4)
        ids = [found["plan_id"] for found in self._marks(number) if found.get("file") == file]
        if not ids or ids[-1] is None:
            fail(f"Pull request #{number} has no plan of {file}, so no plan was approved. Pass plan-id.", 4)
        return str(ids[-1])

    def _marks(self, number: int) -> list[dict[str, Any]]:
        return [marked(comment, self._author) for comment in self._comments(number)]


def plan(file: str, options: list[str], number: int | None) -> int:
    """Make the plan, and show it in the summary of the job and in the pull request.

    Args:
        file: of roles.
        options: of css plan.
        number: of the pull request, if there is one.
    """
    out = new_folder() / "plan.json"
    made = css("plan", *options, "--mask", "--markdown", "--out", str(out), "--", file)
    print(made.stderr, end="", file=sys.stderr)
    plan_id = json.loads(out.read_bytes())["plan_id"] if out.exists() else None
    if plan_id is None:
        shown = f"css-sdk could not make a plan of `{file}`: {MEANINGS.get(made.returncode, 'it failed')}. See the log."
    else:
        shown = made.stdout
        put("GITHUB_OUTPUT", f"plan-id={plan_id}\n")
    put("GITHUB_STEP_SUMMARY", shown)
    if len(shown) > LONGEST_COMMENT:
        shown = (
            f"The plan of `{file}` is too long for a comment. The summary of the job shows it.\n\nPlan id: {plan_id}"
        )
    if number is not None:
        Repository().comment(number, file, f"{mark(file, plan_id)}\n{shown}")
    return made.returncode


def apply(file: str, options: list[str], commit: str) -> int:
    """Apply the approved plan, and nothing else.

    Args:
        file: of roles.
        options: of css apply.
        commit: that merged the pull request.
    """
    folder = new_folder()
    journal, log = folder / "journal.jsonl", folder / "apply.log"
    plan_id = text("PLAN_ID") or Repository().approved_plan(commit, file)
    if is_on("ALLOW_PROD"):
        options = [*options, "--allow-prod"]
    put("GITHUB_OUTPUT", f"plan-id={plan_id}\njournal={journal}\nlog={log}\n")
    done = css("apply", *options, "--yes", "--plan-id", plan_id, "--journal", str(journal), "--", file)
    log.write_text(done.stderr + done.stdout, encoding="utf-8")
    if is_on("SHOW_OUTPUT"):
        print(log.read_text(encoding="utf-8"), end="")
    print(f"The whole output is in {log}. It contains usernames.")
    if done.returncode:
        meaning = MEANINGS.get(done.returncode, "it failed")
        fail(f"css apply failed with exit code {done.returncode}: {meaning}.", done.returncode)
    put("GITHUB_STEP_SUMMARY", f"Applied plan `{plan_id}` of `{file}`.\n")
    return 0


def main() -> int:
    """Plan in a pull request, apply after a push, and return the exit code of css."""
    event, file = os.environ["GITHUB_EVENT_NAME"], text("FILE")
    options = ["--prune"] if is_on("PRUNE") else []
    if event == "pull_request":
        content = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
        return plan(file, options, content["pull_request"]["number"])
    if event == "push" or text("PLAN_ID"):
        return apply(file, options, os.environ["GITHUB_SHA"])
    return plan(file, options, None)


if __name__ == "__main__":
    sys.exit(main())
