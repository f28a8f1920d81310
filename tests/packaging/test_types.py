"""Type checkers read the types of the installed wheel in a user's script. `make test-wheel` runs this."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests import readme
from tests.packaging.installed import ROOT, Installed

pytestmark = pytest.mark.wheel

CHECKERS: Final = {
    "mypy": ("-m", "mypy", "--strict", "--no-incremental", "--python-executable"),
    "pyright": ("-m", "pyright", "--pythonpath"),
}


@pytest.fixture
def scripts(tmp_path: Path) -> list[str]:
    """Return scripts outside of the repository: each public call with its type, and the program in the README."""
    shutil.copy(ROOT / "tests" / "typing_api.py", tmp_path)
    (tmp_path / "program.py").write_text(readme.python(), encoding="utf-8")
    (tmp_path / "mistake.py").write_text("from css_sdk import Css\n\nCss.from_env().nothing()\n", encoding="utf-8")
    return ["typing_api.py", "program.py"]


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_users_script_passes_and_a_mistake_is_found(
    bare: Installed, scripts: list[str], tmp_path: Path, checker: str
) -> None:
    """Type checkers accept a correct script and find a mistake with the types of the wheel alone."""

    def run(*files: str) -> tuple[int, str]:
        command = [sys.executable, *CHECKERS[checker], str(bare.python), *files]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
        return run.returncode, run.stdout + run.stderr

    code, printed = run(*scripts)
    assert code == 0, printed
    code, printed = run("mistake.py")
    assert code == 1
    assert "nothing" in printed
