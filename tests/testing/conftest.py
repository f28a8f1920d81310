"""Fixtures that run the tests of users' projects in a separate pytest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
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

_LETTERS = {".": "passed", "F": "failed", "E": "error", "s": "skipped"}


def run_in(folder: Path, files: dict[str, str]) -> Outcome:
    """Write the files of a project into a folder and run pytest on it, without any option for css-sdk."""
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *PLAIN, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    summary = done.stdout.splitlines()[-1] if done.stdout else done.stderr
    return {word.rstrip("s"): int(count) for count, word in re.findall(r"(\d+) (\w+)", summary)}, done.stdout


def counts_in(printed: str, file: str) -> dict[str, int]:
    """Return the number of tests of one file by outcome, from the output of pytest."""
    found = re.search(rf"^{re.escape(file)} ([.FEs]+)", printed, re.MULTILINE)
    assert found is not None, printed
    return {_LETTERS[letter]: count for letter, count in Counter(found[1]).items()}


@pytest.fixture
def run(tmp_path: Path) -> Callable[[dict[str, str]], Outcome]:
    """Return a function that writes the files of a project and runs pytest on it."""
    return lambda files: run_in(tmp_path, files)
