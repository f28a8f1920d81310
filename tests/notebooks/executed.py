"""The example notebooks and how they run: `python -m tests.notebooks.executed` runs all and stores their outputs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 60
"""After which a cell has hung."""


def read(path: Path) -> Any:
    """A notebook, checked."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def executed(path: Path) -> Any:
    """The notebook as it is after a run from top to bottom, in a new kernel and a copy of its folder.

    What changes from one machine or run to the next is left out, and so is the text of what has HTML.
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
    """All outputs of all cells."""
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


if __name__ == "__main__":
    import nbformat

    for each in NOTEBOOKS:
        each.write_text(nbformat.writes(executed(each), indent=1) + "\n", encoding="utf-8", newline="\n")
