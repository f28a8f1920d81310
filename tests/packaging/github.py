"""A fake GitHub: its API for comments, and a runner that carries out the steps of `action.yml`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import yaml
from attrs import define, field, frozen

ROOT: Final = Path(__file__).resolve().parent.parent.parent
TOKEN: Final = "token-of-the-job"
BOT: Final = "github-actions[bot]"
PAGE: Final = 2
"""Comments in one answer; few, so that each test reads several pages."""


@define
class GitHub:
    """A repository with comments and merged pull requests, served on a socket."""

    comments: list[dict[str, Any]] = field(factory=list)
    merges: dict[str, int] = field(factory=dict)
    """Map the commit of a merge to its pull request."""
    url: str = ""

    def say(self, number: int, body: str, login: str = BOT) -> dict[str, Any]:
        """Add a comment to a pull request."""
        comment = {"id": len(self.comments) + 1, "number": number, "body": body, "user": {"login": login}}
        self.comments.append(comment)
        return comment

    def answer(self, method: str, path: str, content: dict[str, Any]) -> tuple[int, Any]:
        """Answer one request as GitHub's API does."""
        address = urlsplit(path)
        query = {name: int(values[0]) for name, values in parse_qs(address.query).items()}
        match method, address.path.removeprefix("/repos/team/access/").split("/"):
            case "GET", ["issues", number, "comments"]:
                mine = [comment for comment in self.comments if comment["number"] == int(number)]
                start = (query["page"] - 1) * PAGE
                return 200, mine[start : start + PAGE]
            case "POST", ["issues", number, "comments"]:
                return 201, self.say(int(number), content["body"])
            case "PATCH", ["issues", "comments", number]:
                [comment] = [comment for comment in self.comments if comment["id"] == int(number)]
                comment["body"] = content["body"]
                return 200, comment
            case "GET", ["commits", commit, "pulls"]:
                merged = {"merged_at": "2026-11-28T12:00:00Z", "merge_commit_sha": commit}
                return 200, [{"number": self.merges[commit], **merged}] if commit in self.merges else []
        return 404, {"message": "Not Found"}

    @contextmanager
    def serve(self) -> Iterator[None]:
        """Serve the API on a free port."""
        github = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                content = json.loads(self.rfile.read(length) or b"{}")
                status, answer = github.answer(self.command, self.path, content)
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, answer = 401, {"message": "Bad credentials"}
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            do_POST = do_PATCH = do_GET

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield
            server.shutdown()
            thread.join()


@frozen
class Job:
    """The result of a job."""

    code: int
    log: str
    outputs: Mapping[str, str]
    summary: str


@frozen
class Runner:
    """Carry out the steps of `action.yml` in a working copy, as GitHub's runner does.

    Args:
        github: the GitHub whose API the action calls.
        copy: the working copy with the roles file.
        temp: the temporary folder of the job.
        credentials: the variables of the job.
    """

    github: GitHub
    copy: Path
    temp: Path
    credentials: Mapping[str, str]

    def use_tested_environment(self) -> None:
        """Use the environment of the tests instead of installing css-sdk."""
        (self.temp / "css-sdk").symlink_to(sys.prefix)

    def run(self, event: str, content: object, *, installs: bool = False, **inputs: str) -> Job:
        """Run the action for one event.

        Args:
            event: the name of the event.
            content: the content of the event.
            installs: whether to carry out the step that installs css-sdk, too.
            inputs: inputs of the action; the others have their defaults.
        """
        action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        values = {f"inputs.{name}": given.get(name, one["default"]) for name, one in action["inputs"].items()}
        values["inputs.token"] = TOKEN
        folder = self.temp / f"job-{len(list(self.temp.iterdir()))}"
        folder.mkdir(parents=True)
        files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")}
        files["GITHUB_EVENT_PATH"].write_text(json.dumps(content), encoding="utf-8")
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CSS_", "INPUT_", "GITHUB_"))},
            **self.credentials,
            **{name: str(file) for name, file in files.items()},
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": self.github.url,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_REPOSITORY": "team/access",
            "GITHUB_SHA": self.git("rev-parse", "HEAD"),
            "RUNNER_TEMP": str(self.temp),
        }
        log, code = "", 0
        for step in action["runs"]["steps"][0 if installs else 1 :]:
            inner = {name: filled(value, values) for name, value in step.get("env", {}).items()}
            run = subprocess.run(
                [str(shutil.which("bash")), "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.copy,
                env=environ | inner,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
            )
            log, code = log + run.stdout, run.returncode
            if code:
                break
        written = {name: file.read_text(encoding="utf-8") if file.exists() else "" for name, file in files.items()}
        outputs = dict(line.split("=", 1) for line in written["GITHUB_OUTPUT"].splitlines())
        return Job(code, log, outputs, written["GITHUB_STEP_SUMMARY"])

    def git(self, *arguments: str) -> str:
        """Run git in the working copy, and return what it printed."""
        who = ("-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false")
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=self.copy, check=True, capture_output=True, encoding="utf-8").stdout.strip()

    def commit(self, name: str, content: str) -> str:
        """Commit a file, and return the commit."""
        (self.copy / name).write_text(content, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Change {name}")
        return self.git("rev-parse", "HEAD")


def filled(value: str, values: Mapping[str, str]) -> str:
    """Return a text with its expressions replaced by their values."""
    return re.sub(r"\$\{\{ (\S+) \}\}", lambda match: values[match[1]], value)
