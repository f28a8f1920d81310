"""Measure that reading 10,000 rows of a workbook, a DataFrame or dictionaries takes about as long as reading CSV."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from css_sdk import read_roster
from css_sdk._text.csv_lines import csv_line
from css_sdk._text.workbooks import workbook_of

from .measure import ENVIRONMENT, Finding, interleaved
from .servers import username

ROWS: Final = 10_000
ROUNDS: Final = 9
MOST_TIME: Final = 1.5
MOST_MEMORY: Final = 2.0
HEADER: Final = ["username", "role", "integration", "environment", "action"]
PEAK: Final = """
import re, sys
from pathlib import Path
from css_sdk import read_roster
file = Path(sys.argv[1])
assert len(read_roster(file.read_bytes(), file.name)) == int(sys.argv[2])
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
"""Only Linux reports how much memory a process needed, so memory is not measured elsewhere."""


def rosters() -> Iterator[Finding]:
    """Compare each form with CSV: the time to read it, and for a workbook also the memory of the process."""
    lines = [[username(number), "reviewer", "Grants Portal", "dev", "grant"] for number in range(ROWS)]
    text = "".join(f"{csv_line(cells)}\r\n" for cells in (HEADER, *lines)).encode()
    workbook = workbook_of([HEADER, *lines], "People")
    forms: dict[str, Any] = {"workbook": workbook}
    forms["dictionaries"] = [dict(zip(HEADER, cells, strict=True)) for cells in lines]
    for library in ("pandas", "polars"):
        if find_spec(library) is not None:
            forms[library] = import_module(library).DataFrame(forms["dictionaries"])
    for name, content in forms.items():
        pair = interleaved(partial(_seconds, content), partial(_seconds, text), ROUNDS)
        yield Finding(
            f"{ROWS:,} rows, {name}", pair.value, "s", pair.reference, "the same as CSV", pair.ratio, most=MOST_TIME
        )
    if not Path("/proc/self/status").exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for name, content in (("r.xlsx", workbook), ("r.csv", text)):
            file = Path(folder) / name
            file.write_bytes(content)
            command = [sys.executable, "-c", PEAK, str(file), str(ROWS)]
            printed = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True, text=True).stdout
            peaks.append(int(printed) / 1024)
    most, reference = peaks
    yield Finding(
        f"memory for {ROWS:,} rows, workbook",
        most,
        "MB",
        reference,
        "a process that reads CSV",
        most=MOST_MEMORY,
        complaint="too much",
    )


def _seconds(content: Any) -> float:
    """Return the seconds to read a roster."""
    begin = time.perf_counter()
    assert len(read_roster(content)) == ROWS
    return time.perf_counter() - begin
