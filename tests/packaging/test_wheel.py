"""The wheel, installed into an empty environment, does what the README says. Run by `make test-wheel`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import readme

pytestmark = pytest.mark.wheel
ROOT = readme.README.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made of the sdist, as an index would hold it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--quiet", "--outdir", str(folder), str(ROOT)], check=True)
    assert list(folder.glob("*.tar.gz"))
    return next(folder.glob("*.whl"))


class Installed:
    """An environment that holds the wheel and what it needs, and nothing else."""

    def __init__(self, folder: Path, requirement: str) -> None:
        venv.create(folder, with_pip=True)
        self._bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self._folder = folder
        constraints = str(ROOT / "constraints.txt")
        self.run("python", "-m", "pip", "install", "--quiet", "--constraint", constraints, requirement)

    def run(self, program: str, *arguments: str, code: int = 0, **environ: str) -> str:
        """Runs a program of the environment, and gives what it printed on either stream."""
        run = subprocess.run(
            [str(self._bin / program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self._folder,
            env=os.environ | environ,
        )
        assert run.returncode == code, run.stdout
        return run.stdout

    @contextmanager
    def sandbox(self) -> Iterator[dict[str, str]]:
        """`css sandbox` of this environment, as the variables that lead to it."""
        command = [str(self._bin / "css"), "sandbox", "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=self._folder) as process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            names = ("client_id", "client_secret", "token_url", "api_url")
            yield {f"CSS_{name.upper()}": ready[name] for name in names}
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


@pytest.fixture(scope="session")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """`css-sdk[sandbox]`."""
    return Installed(tmp_path_factory.mktemp("whole"), f"css-sdk[sandbox] @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """`css-sdk` without extras."""
    return Installed(tmp_path_factory.mktemp("bare"), f"css-sdk @ {wheel.as_uri()}")


def test_the_wheel_holds_both_packages_and_their_data(wheel: Path) -> None:
    """The facade, the typed client, the sandbox's world, both marks of typed packages, and the licence."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "css_sdk/py.typed",
        "css_sdk_openapi/py.typed",
        "css_sdk/_sync/client.py",
        "css_sdk/sandbox/world/world.json",
        "css_sdk/sandbox/serving/published.json",
    } <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"css_sdk", "css_sdk_openapi"}


def test_the_readme_runs_on_the_wheel(whole: Installed) -> None:
    """The Python as it stands, and the commands that need no file of the repository."""
    assert "Usage: css" in whole.run("css", "--help")
    with whole.sandbox() as environ:
        assert whole.run("python", "-c", readme.python(), **environ) in readme.blocks("text")
        assert "2016" in whole.run("css", "whoami", **environ)


def test_without_extras_the_client_works_and_the_sandbox_says_what_to_install(
    bare: Installed, whole: Installed
) -> None:
    """Only who runs a sandbox needs its libraries."""
    assert "Usage: css" in bare.run("css", "--help")
    with whole.sandbox() as environ:
        assert "2016" in bare.run("css", "whoami", **environ)
    told = bare.run("css", "sandbox", code=64)
    assert 'pip install "css-sdk[sandbox]"' in told
    assert "Traceback" not in told
