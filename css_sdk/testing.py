"""Provide pytest fixtures with the sandbox. pytest loads them if css-sdk is installed.

- `css_sandbox` is a new sandbox for each test.
- `css` and `async_css` are clients of its first team. They open no network connections.
- `css_world` sets the content of the sandbox.

Each fixture imports slow modules only when a test uses the fixture. `docs/testing.md` has examples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

if TYPE_CHECKING:
    from ._async.client import AsyncCss
    from ._http.retry import Attempt
    from ._sync.client import Css
    from .sandbox import Sandbox

World: TypeAlias = Mapping[str, Any] | str | os.PathLike[str] | None
"""The content of a sandbox: a document that describes it, the path of a JSON file with such a document, or None.

None stands for the built-in world.
"""


@pytest.fixture
def css_world() -> World:
    """Return the content of `css_sandbox`: `None`, which means the built-in world.

    To use another world, define a fixture with the same name that returns a document or the path of a JSON file. A
    relative path begins in the folder of the test.
    """
    return None


@pytest.fixture
def css_sandbox(request: pytest.FixtureRequest, css_world: World) -> Iterator[Sandbox]:
    """Yield a sandbox: a CSS API in memory. A test fails if it sends a harmful request.

    The fixture `css_world` returns the content of the sandbox. But a test can set the content itself: it parametrizes
    `css_sandbox` with `indirect=True`.
    """
    world: World = getattr(request, "param", css_world)
    sandbox = _sandbox(request.path.parent / world if isinstance(world, str | os.PathLike) else world)
    yield sandbox
    if sandbox.harm:
        requests = "".join(f"\n  {harm.method} {harm.path}: {harm.why}" for harm in sandbox.harm)
        pytest.fail(f"the sandbox refused requests that would harm the service:{requests}", pytrace=False)


@pytest.fixture
def css(css_sandbox: Sandbox) -> Iterator[Css]:
    """Yield a client of the sandbox's first team. The client retries as usual, but does not wait."""
    from . import Css, Settings  # noqa: PLC0415 - loads httpx

    settings = Settings(**css_sandbox.credentials())
    with Css(settings, transport=css_sandbox.transport(), retry=_at_once) as client:
        yield client


@pytest.fixture
def async_css(css_sandbox: Sandbox) -> AsyncCss:
    """Return an asynchronous client of the sandbox's first team. It works with every plugin for asynchronous tests.

    Tests need not close the client, because it opens no connections.
    """
    from . import AsyncCss, Settings  # noqa: PLC0415 - loads httpx

    settings = Settings(**css_sandbox.credentials())
    return AsyncCss(settings, transport=css_sandbox.async_transport(), retry=_at_once)


def _sandbox(world: Mapping[str, Any] | Path | None) -> Sandbox:
    """Return a sandbox. If it cannot start, fail the test with one line of text."""
    from .sandbox import Sandbox, SandboxError  # noqa: PLC0415 - not needed before
    from .sandbox.errors import require  # noqa: PLC0415

    try:
        require("jwt", "cryptography")
        return Sandbox(world)
    except SandboxError as error:
        problem = str(error)
    pytest.fail(problem, pytrace=False)


def _at_once(attempt: Attempt, chance: float) -> float | None:
    """Return 0 seconds if a client repeats the attempt by default, otherwise None."""
    from . import Backoff  # noqa: PLC0415 - not needed before

    return None if Backoff()(attempt, chance) is None else 0.0
