"""Run the example notebooks: `python -m tests.notebooks.executed` runs all and stores their outputs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 60
"""The time limit of a cell."""


def read(path: Path) -> Any:
    """Return a validated notebook."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def executed(path: Path) -> Any:
    """Return the notebook after a run in a new kernel and in a copy of its folder.

    The result leaves out what differs between machines and runs, and the text of outputs that have HTML.
    """
    from nbclient import NotebookClient

    notebook = read(path)
    metadata = dict(notebook.metadata)
    with tempfile.TemporaryDirectory() as folder:
        beside = shutil.copytree(FOLDER, Path(folder) / "notebooks")
        resources = {"metadata": {"path": str(beside)}}
        NotebookClient(notebook, timeout=SECONDS, resources=resources, record_timing=False).execute()
    notebook.metadata = metadata
    for output in outputs(notebook):
        if "text/html" in output.get("data", {}):
            output.data.pop("text/plain", None)
    return notebook


def outputs(notebook: Any) -> list[Any]:
    """Return all outputs of all cells."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


if __name__ == "__main__":
    import nbformat

    for each in NOTEBOOKS:
        each.write_text(nbformat.writes(executed(each), indent=1) + "\n", encoding="utf-8", newline="\n")
