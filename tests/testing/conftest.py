"""Fixtures that run the tests of users' projects in a separate pytest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "testing.md"

PLAIN = [part for name in ("schemathesis", "hypothesispytest", "cacheprovider") for part in ("-p", f"no:{name}")]
"""Disable plugins that take time and that these tests do not need."""


@pytest.fixture(scope="session")
def documented() -> dict[str, str]:
    """Return the files of the documentation's example project by name."""
    pattern = r"`([\w.]+)`:\n\n```\w+\n(.*?)^```$"
    return dict(re.findall(pattern, DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE))


Outcome = tuple[dict[str, int], str]
"""The number of tests by outcome, and the printed text."""


@pytest.fixture
def run(tmp_path: Path) -> Callable[[dict[str, str]], Outcome]:
    """Return a function that writes the files of a project and runs pytest on it, without any option for css-sdk."""

    def run(files: dict[str, str]) -> Outcome:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\nfilterwarnings = error\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", *PLAIN, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        summary = done.stdout.splitlines()[-1] if done.stdout else done.stderr
        return {word.rstrip("s"): int(count) for count, word in re.findall(r"(\d+) (\w+)", summary)}, done.stdout

    return run
