"""Start a sandbox, and apply the roster `roster.csv` twice. The second time nothing is left to do.

Two rows cannot succeed: one names an unknown person, one a role that does not exist. So the command fails with exit
code 3 both times. This script exits with 0 if everything was as described here.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROSTER = Path(__file__).resolve().parent / "roster.csv"
CSS = [sys.executable, "-m", "css_sdk.cli"]
SOME_FAILED = 3
CANNOT_SUCCEED = {"never logged in": 1, "failed": 1}


def main() -> int:
    """Run the demo, and return its exit code."""
    say("Starting a sandbox: a CSS API with its login server, in memory.")
    folder = Path(tempfile.mkdtemp(prefix="css-demo-"))
    with sandbox() as credentials:
        first = assign(credentials, folder / "first.csv")
        second = assign(credentials, folder / "second.csv")
    say(
        f"Both runs ended with exit code {SOME_FAILED}: some rows failed. One row names a person whom the sandbox\n"
        f"does not know, and one row names a role that does not exist. All other rows are done: the first run\n"
        f"carried out {first['done']} rows, and the second run found that {second['already has it']} of them were\n"
        f"done already.\n"
        f"The result of each row is in {folder}."
    )
    return 0 if first == {"done": 23} | CANNOT_SUCCEED and second == {"already has it": 23} | CANNOT_SUCCEED else 1


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    """Start a sandbox in its own process, and return the variables for the command."""
    process = subprocess.Popen([*CSS, "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        ready = json.loads(process.stdout.readline() if process.stdout else "")
        names = ("client_id", "client_secret", "token_url", "api_url")
        yield {f"CSS_{name.upper()}": ready[name] for name in names}
    finally:
        process.terminate()
        process.wait(10)


def assign(credentials: dict[str, str], result: Path) -> Counter[str]:
    """Apply the roster, and return the number of rows in each state."""
    say(f"$ css roster apply {ROSTER.parent.name}/{ROSTER.name}")
    command = [*CSS, "roster", "apply", str(ROSTER), "--result", str(result)]
    variables = credentials | {"CSS_STATE_FOLDER": str(result.parent)}
    code = subprocess.run(command, env=os.environ | variables, check=False).returncode
    if code != SOME_FAILED:
        sys.exit(f"The command ended with {code} instead of {SOME_FAILED}.")
    with result.open(encoding="utf-8", newline="") as file:
        return Counter(row["outcome"] for row in csv.DictReader(file))


def say(text: str) -> None:
    """Print a line of the demo, set apart from the output of the command."""
    sys.stdout.write(f"\n{text}\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
