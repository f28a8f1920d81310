"""Fixtures: clients that reach the sandbox within the process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from css_sdk import AsyncCss, Settings
from css_sdk._async.integrations import AsyncEnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.signing import NOW
from tests.support import Clock, at_once, unfinished_world


@pytest.fixture
async def css(sandbox: Sandbox, settings: Settings) -> AsyncIterator[AsyncCss]:
    """Return a client of the sandbox's default team that does not wait between attempts."""
    async with AsyncCss(settings, transport=sandbox.async_transport(), retry=at_once) as css:
        yield css


@pytest.fixture
async def dev(css: AsyncCss) -> AsyncEnvironmentClient:
    """Return the dev environment of an integration whose roles have members."""
    return (await css.integration("Grants Portal")).environment("dev")


@pytest.fixture
async def draft_css() -> AsyncIterator[AsyncCss]:
    """Return a client of a team with a draft and two integrations of one name. One of the two is not yet applied."""
    sandbox = Sandbox(world=unfinished_world())
    async with AsyncCss(Settings(**sandbox.credentials()), transport=sandbox.async_transport()) as css:
        yield css


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until a test sets it."""
    return Clock(NOW)
