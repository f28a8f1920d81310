"""Fixtures for every room: a fresh sandbox, and the promise that no test sends it anything destructive."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as profiles

from css_sdk import Css, Settings
from css_sdk.cli import exit_code
from css_sdk.sandbox import Sandbox

# These tests start hundreds of processes; what one of them compiles, the others load.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The tests do not read the profiles of the person who runs them.
os.environ["CSS_CONFIG_FILE"] = "off"

# How long an example takes says nothing about it on a busy machine.
profiles.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
profiles.register_profile("thorough", profiles.get_profile("usual"), max_examples=1000)
profiles.load_profile("usual")


def pytest_configure() -> None:
    """Interrupts interrupt, where the tests were started in the background, too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs POSIX on other systems."""
    if os.name != "posix" and item.get_closest_marker("posix"):
        pytest.skip("signals, permissions and shells are those of POSIX")


def pytest_xdist_auto_num_workers() -> int:
    """Return more workers than there are processors: the tests wait for processes and sockets a third of their time."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through thousands of collected tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_is_destroyed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No sandbox of a test may receive a destructive request, except in tests marked `destructive`."""
    made: list[Sandbox] = []
    make = Sandbox.__init__

    def remembering(self: Sandbox, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        made.append(self)

    monkeypatch.setattr(Sandbox, "__init__", remembering)
    yield
    if request.node.get_closest_marker("destructive") is None:
        assert not [harm for sandbox in made for harm in sandbox.harm]


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands keep their journals in, instead of that of the user who runs the tests."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("CSS_STATE_FOLDER", str(folder))
    return folder


@pytest.fixture
def sandbox() -> Sandbox:
    """The made-up world that the package ships."""
    return Sandbox()


@pytest.fixture
def settings(sandbox: Sandbox) -> Settings:
    """The first team's credentials."""
    return Settings(**sandbox.credentials())


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, which httpx users mostly have."""
    return "asyncio"


@pytest.fixture
def run_css(sandbox: Sandbox, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command against the sandbox in process, and gives its exit code."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    from_env = Css.from_env
    monkeypatch.setattr(Css, "from_env", lambda **options: from_env(transport=sandbox.transport(), **options))
    return lambda *arguments: exit_code([str(argument) for argument in arguments])


@pytest.fixture
def environ(sandbox: Sandbox, state_folder: Path) -> dict[str, str]:
    """The variables through which a command finds the sandbox in process."""
    given: dict[str, Any] = sandbox.credentials()
    variables = {f"CSS_{name.upper()}": str(value) for name, value in given.items()}
    return variables | {"CSS_STATE_FOLDER": str(state_folder)}
