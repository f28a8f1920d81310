"""pytest fixtures on the sandbox; `docs/testing.md` shows them used. pytest loads this wherever css-sdk is installed.

`css_sandbox` is a fresh sandbox for each test, `css` and `async_css` are clients of its first team, in process, and
`css_world` says what the sandbox holds. Everything that costs time is imported by the fixture that needs it.
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
"""A document, the path of a JSON file that holds one, or None for the world that comes with the sandbox."""


@pytest.fixture
def css_world() -> World:
    """What `css_sandbox` holds; tests override it with a document, or with the path of a JSON file beside them."""
    return None


@pytest.fixture
def css_sandbox(request: pytest.FixtureRequest, css_world: World) -> Iterator[Sandbox]:
    """A CSS API in memory. A test that sends it something destructive fails.

    The world is `css_world`, or the parameter where the fixture is parametrized with `indirect=True`.
    """
    world: World = getattr(request, "param", css_world)
    sandbox = _sandbox(request.path.parent / world if isinstance(world, str | os.PathLike) else world)
    yield sandbox
    if sandbox.harm:
        told = "".join(f"\n  {harm.method} {harm.path}: {harm.why}" for harm in sandbox.harm)
        pytest.fail(f"the sandbox refused what would have harmed the service:{told}", pytrace=False)


@pytest.fixture
def css(css_sandbox: Sandbox) -> Iterator[Css]:
    """A client of the sandbox's first team. It tries again as often as ever, and waits for nothing."""
    from . import Css, Settings  # noqa: PLC0415 - loads httpx

    settings = Settings(**css_sandbox.credentials())
    with Css(settings, transport=css_sandbox.transport(), retry=_at_once) as client:
        yield client


@pytest.fixture
def async_css(css_sandbox: Sandbox) -> AsyncCss:
    """As `css`, to be awaited; a plain fixture, so it serves any plugin that runs asynchronous tests.

    Nobody closes it: in process there is nothing to close.
    """
    from . import AsyncCss, Settings  # noqa: PLC0415 - loads httpx

    settings = Settings(**css_sandbox.credentials())
    return AsyncCss(settings, transport=css_sandbox.async_transport(), retry=_at_once)


def _sandbox(world: Mapping[str, Any] | Path | None) -> Sandbox:
    """A sandbox, or a test that ends with one line."""
    from .sandbox import Sandbox, SandboxError  # noqa: PLC0415 - not needed before
    from .sandbox.errors import require  # noqa: PLC0415

    try:
        require("jwt", "cryptography")
        return Sandbox(world)
    except SandboxError as error:
        told = str(error)
    pytest.fail(told, pytrace=False)


def _at_once(attempt: Attempt, chance: float) -> float | None:
    """What a client decides by itself, without the waiting."""
    from . import Backoff  # noqa: PLC0415 - not needed before

    return None if Backoff()(attempt, chance) is None else 0.0
