"""Fixtures for all tests: a fresh sandbox, and a check that no test sends a sandbox a destructive request."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as profiles

from css_sdk import Backoff, Css, Settings
from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox
from tests.certificates import write_certificate

# These tests start hundreds of processes. Each loads the bytecode that an earlier one compiled.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The tests do not read the profiles of the person who runs them.
os.environ["CSS_CONFIG_FILE"] = "off"

# On a busy machine an example may take long, so Hypothesis sets no deadline.
profiles.register_profile("usual", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
profiles.register_profile("thorough", profiles.get_profile("usual"), max_examples=1000)
profiles.load_profile("usual")


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGINT interrupt the tests even if they were started in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The tests end programs, but never the machine. Slow disks would take most of the time.
    os.fsync = lambda descriptor: None
    # The usual file has 150 certificates. Every client reads it, which takes longer than the rest of most tests. The
    # tests of the wheel need it, because they fetch packages. Workers inherit the variable.
    if "not wheel" in config.option.markexpr and not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp())
        config.add_cleanup(lambda: shutil.rmtree(folder))
        os.environ["SSL_CERT_FILE"] = str(write_certificate(folder)[0])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked `posix` on systems that are not POSIX."""
    if os.name != "posix" and item.get_closest_marker("posix"):
        pytest.skip("signals, permissions and shells are those of POSIX")


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each processor, because tests sometimes wait for processes and sockets."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from scanning thousands of collected tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_is_destroyed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test whose sandbox received a destructive request, unless the test is marked `destructive`."""
    made: list[Sandbox] = []
    make = Sandbox.__init__

    def remembering(self: Sandbox, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(Sandbox, "__init__", remembering)
    yield
    if request.node.get_closest_marker("destructive") is None:
        assert not [harm for sandbox in made for harm in sandbox.harm]


@pytest.fixture(scope="session")
def state_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield paths of folders that do not exist. Most tests need none, and to create thousands takes time."""
    return map(tmp_path_factory.mktemp("state").joinpath, map(str, count()))


@pytest.fixture(autouse=True)
def state_folder(state_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a new folder for journals of commands, so that no test writes to the user's own folder."""
    folder = next(state_folders)
    monkeypatch.setenv("CSS_STATE_FOLDER", str(folder))
    return folder


@pytest.fixture
def sandbox() -> Sandbox:
    """Return a sandbox with the world that the package ships."""
    return Sandbox()


@pytest.fixture
def settings(sandbox: Sandbox) -> Settings:
    """Return settings with the credentials of the sandbox's first team."""
    return Settings(**sandbox.credentials())


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, which most users of httpx have."""
    return "asyncio"


@pytest.fixture
def run_css(sandbox: Sandbox, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Return a function that runs a command against the sandbox in this process and returns its exit code.

    Commands repeat failed requests at once. They wait only if the service sends `Retry-After`.
    """
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    from_env = Css.from_env

    def without_waits(**options: Any) -> Css:
        return from_env(**{"transport": sandbox.transport(), "retry": Backoff(first=0), **options})

    monkeypatch.setattr(Css, "from_env", without_waits)
    return lambda *arguments: exit_code([str(argument) for argument in arguments])


@pytest.fixture
def environ(sandbox: Sandbox, state_folder: Path) -> dict[str, str]:
    """Return the environment variables with which a command finds the sandbox."""
    given: dict[str, Any] = sandbox.credentials()
    variables = {f"CSS_{name.upper()}": str(value) for name, value in given.items()}
    return variables | {"CSS_STATE_FOLDER": str(state_folder)}
