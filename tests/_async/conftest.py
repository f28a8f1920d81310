"""The client under test, on the sandbox, in process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from css_sdk import AsyncCss, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import at_once, unfinished_world


@pytest.fixture
async def css(sandbox: Sandbox, settings: Settings) -> AsyncIterator[AsyncCss]:
    """A client of the shipped world's team that does not wait between tries."""
    async with AsyncCss(settings, transport=sandbox.async_transport(), retry=at_once) as css:
        yield css


@pytest.fixture
async def dev(css: AsyncCss) -> AsyncEnvironmentClient:
    """The dev environment of the integration that has people in it."""
    return (await css.integration("Grants Portal")).environment("dev")


@pytest.fixture
async def draft_css() -> AsyncIterator[AsyncCss]:
    """Return a client of a team with a draft, and two integrations of the same name, one of them not yet applied."""
    sandbox = Sandbox(world=unfinished_world())
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport()) as css:
        yield css
