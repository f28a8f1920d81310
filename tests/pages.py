"""Run the command sessions that documentation pages show, compare them, or write their output again.

A session is a `console` block in which each command follows `$ ` and precedes its output. A line `…` in the output
matches any lines. A comment `# exit code N` behind a command names its exit code, otherwise 0. A comment such as `# 1
token, 4 reads, 1 write` counts the requests of the command.

usage: python -m tests.pages          writes the output of every session into the pages, and the picture of a terminal
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import unittest.mock
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from css_sdk.cli import exit_code
from css_sdk.sandbox import Entry, Sandbox
from css_sdk.sandbox.serving.server import Server

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ACCOUNT_FILE = re.compile(r"^export CSS_CREDENTIALS_FILE=([\w.-]+)$", re.MULTILINE)
_PROFILE_FILE = re.compile(r'^credentials_file = "(service-account-team-(\d+)-\d+\.json)"$', re.MULTILINE)
_WORLD = re.compile(r"`css sandbox --world ([\w./-]+)`")
_REQUESTS = re.compile(r"(\d+) (token|read|write)s?\b")
_VARYING = {
    r"127\.0\.0\.1:\d{5}(/\S+)?(  )": r"127.0.0.1:9080\1 \2",  # keeps the width of the table's column
    r"127\.0\.0\.1:\d+": "127.0.0.1:9080",
    r"Plan id: [0-9a-f]{64}": "Plan id: 623f17274be9899e2298aab518db533410089cde765b3638fc8213f8c5c37734",
    r"Started: \S+": "Started: 2026-11-30T09:00:00.000+00:00",
    r"\d{8}T\d{6}\.\d{6}Z": "20261130T090000.000000Z",
    r"\S+[/\\](service-account-team-[\w-]+\.json)": r"/home/me/\1",
}
"""Patterns of text that differs from run to run, and the constant text that the pages show instead."""


@frozen
class Command:
    """One command of a session with the output and the exit code that the page shows."""

    line: str
    output: str

    @property
    def exit_code(self) -> int:
        """Return the exit code that the comment behind the command names."""
        named = re.search(r"#.*exit code (\d+)", self.line)
        return int(named[1]) if named else 0

    @property
    def requests(self) -> dict[str, int] | None:
        """Return how many requests of each kind the comment behind the command counts; None if it counts none."""
        comment = self.line.partition("  # ")[2]
        counts = {kind: int(number) for number, kind in _REQUESTS.findall(comment)}
        return {} if comment.endswith("no requests") else counts or None

    def fits(self, printed: str) -> bool:
        """Return whether the output that the page shows is the one that was printed."""
        parts = [re.escape(part) for part in re.split(r"^…$\n?", self.output, flags=re.MULTILINE)]
        return re.fullmatch(".*".join(parts), printed, re.DOTALL) is not None


def commands_in(block: str) -> list[Command]:
    """Return the commands of a block; none if it has no line that begins with `$ `."""
    found: list[Command] = []
    for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        if part.startswith("$ "):
            line, _, output = part.partition("\n")
            found.append(Command(line[2:], output))
    return found


def sessions(page: Path) -> list[Command]:
    """Return all commands that a page shows, in their order."""
    return [command for block in _BLOCK.findall(page.read_text(encoding="utf-8")) for command in commands_in(block)]


def variables(page: Path, folder: Path, server: Server) -> dict[str, str]:
    """Return the environment variables with the credentials of a sandbox, as the page sets them.

    If the page exports CSS_CREDENTIALS_FILE, or shows a `config.toml`, write the account files that it names.
    """
    credentials = server.credentials()
    config = folder / "config.toml"
    if config.exists():
        text = config.read_text(encoding="utf-8").replace("127.0.0.1:9080", credentials["api_url"].split("/")[2])
        config.write_text(text, encoding="utf-8")
        for name, team in _PROFILE_FILE.findall(text):
            write_account(folder / name, server.credentials(int(team)))
        return {"CSS_CONFIG_FILE": config.name}
    named = _ACCOUNT_FILE.search(page.read_text(encoding="utf-8"))
    if named is None:
        return {f"CSS_{name.upper()}": value for name, value in credentials.items()}
    write_account(folder / named[1], credentials)
    return {"CSS_CREDENTIALS_FILE": named[1], "CSS_API_URL": credentials["api_url"]}


def write_account(file: Path, credentials: Mapping[str, str]) -> None:
    """Write an account file of the sandbox."""
    keys = {"clientId": "client_id", "clientSecret": "client_secret", "tokenUrl": "token_url"}
    file.write_text(json.dumps({key: credentials[name] for key, name in keys.items()}), encoding="utf-8")
    file.chmod(0o600)


@contextlib.contextmanager
def beside(page: Path, folder: Path) -> Iterator[Sandbox]:
    """Change to a folder with the examples and the files of a page, with the credentials of a fresh sandbox."""
    text = page.read_text(encoding="utf-8")
    shutil.copytree(DOCS.parent / "examples", folder / "examples")
    for name, content in _FILE.findall(text):
        (folder / name).write_text(content, encoding="utf-8")
    world = _WORLD.search(text)
    sandbox = Sandbox(folder / world[1] if world else None)
    cache = unittest.mock.patch("platformdirs.user_cache_path", lambda *_, **__: folder / "cache")
    with sandbox.serve() as server, contextlib.chdir(folder), cache:
        with unittest.mock.patch.dict(os.environ):
            for name in ("CSS_CLIENT_ID", "CSS_CLIENT_SECRET", "CSS_TOKEN_URL", "CSS_CREDENTIALS_FILE", "CSS_API_URL"):
                os.environ.pop(name, None)
            os.environ |= {"CSS_STATE_FOLDER": str(folder / "state"), "LOGNAME": "me"}
            os.environ.update({**variables(page, folder, server), "COLUMNS": "100"})
            yield sandbox


def run(command: Command, printed: io.StringIO | None = None) -> tuple[int, str]:
    """Run one command and return its exit code and what it printed.

    Args:
        command: the command.
        printed: the stream that the command prints to.
    """
    printed = io.StringIO() if printed is None else printed
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = exit_code(shlex.split(command.line, comments=True)[1:])
    text = printed.getvalue()
    for pattern, constant in _VARYING.items():
        text = re.sub(pattern, constant, text)
    return code, text


@frozen
class Played:
    """What a command did: its exit code, what it printed, and how many requests of each kind it sent."""

    exit_code: int
    printed: str
    requests: dict[str, int]


def played(page: Path, folder: Path) -> Iterator[tuple[Command, Played]]:
    """Run the commands of a page in one fresh sandbox, and yield each with what it did."""
    with beside(page, folder) as sandbox:
        for command in sessions(page):
            sandbox.clear_requests()
            code, printed = run(command)
            yield command, Played(code, printed, dict(Counter(map(_kind, sandbox.requests))))


def _kind(request: Entry) -> str:
    return "token" if request.kind == "token" else "read" if request.method == "GET" else "write"


def main() -> int:
    """Write the output of every session into its page."""
    for page in PAGES:
        if not sessions(page):
            continue
        with tempfile.TemporaryDirectory() as folder:
            printed = iter(list(played(page, Path(folder))))

        def renewed(block: re.Match[str], printed: Iterator[tuple[Command, Played]] = printed) -> str:
            commands = commands_in(block[1])
            if not commands:
                return block[0]
            lines = []
            for command in commands:
                _, did = next(printed)
                lines.append(f"$ {command.line}\n{command.output if command.fits(did.printed) else did.printed}")
            return f"```console\n{''.join(lines)}```"

        text = page.read_text(encoding="utf-8")
        page.write_text(_BLOCK.sub(renewed, text), encoding="utf-8")

    from tests import terminal  # imports this module

    terminal.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
