"""Separate environments in which tests install the wheel."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CONSTRAINTS: Final = ROOT / "constraints.txt"
UV: Final = (sys.executable, "-m", "uv", "--no-python-downloads", "--no-progress")


def build(folder: Path, source: Path = ROOT) -> tuple[Path, Path]:
    """Build the sdist, and from it the wheel, with the pinned back-end, and return both.

    Args:
        folder: the folder for the two files.
        source: the folder of the project.
    """
    command = (*UV, "build", "--build-constraints", str(CONSTRAINTS), "--require-hashes")
    subprocess.run([*command, "--out-dir", str(folder), str(source)], check=True, capture_output=True)
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def pinned(wheel: Path, extras: str = "") -> str:
    """Return a requirement that names the wheel with its hash.

    Args:
        wheel: the built wheel.
        extras: extras such as `[sandbox]`.
    """
    return f"css-sdk{extras} @ {wheel.as_uri()}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}"


class Installed:
    """An environment with only the wheel and its requirements.

    Args:
        folder: the folder for the environment.
        requirement: the requirement to install; every file needs a known hash.
        python: the version of the interpreter, such as `3.12`; by default the one that runs the tests.
    """

    def __init__(self, folder: Path, requirement: str, python: str = sys.executable) -> None:
        self._bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.folder = folder
        self.python = self._bin / "python"
        subprocess.run([*UV, "venv", "--quiet", "--python", python, str(folder)], check=True)
        self.install(requirement, "--require-hashes")

    def install(self, *arguments: str) -> None:
        """Install more packages, with the versions of constraints.txt."""
        command = (*UV, "pip", "install", "--quiet", "--python", str(self.folder), "--constraint", str(CONSTRAINTS))
        subprocess.run([*command, *arguments], check=True)

    def run(self, program: str, *arguments: str, code: int = 0, **environ: str) -> str:
        """Run a program of the environment and return its output on both streams."""
        run = subprocess.run(
            [str(self._bin / program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.folder,
            env=os.environ | environ,
        )
        assert run.returncode == code, run.stdout
        return run.stdout

    @contextmanager
    def sandbox(self) -> Iterator[dict[str, str]]:
        """Run `css sandbox` of this environment, and yield the variables that lead to it."""
        command = [str(self._bin / "css"), "sandbox", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=self.folder) as process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            names = ("client_id", "client_secret", "token_url", "api_url")
            yield {f"CSS_{name.upper()}": ready[name] for name in names}
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
