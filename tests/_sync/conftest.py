# Written from tests/_async/conftest.py by `make generate`; edit that one.
"""Fixtures: clients that reach the sandbox within the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from css_sdk import Css, Settings
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.signing import NOW
from tests.support import Clock, at_once, unfinished_world


@pytest.fixture
def css(sandbox: Sandbox, settings: Settings) -> Iterator[Css]:
    """Return a client of the sandbox's default team that does not wait between attempts."""
    with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
        yield css


@pytest.fixture
def dev(css: Css) -> EnvironmentClient:
    """Return the dev environment of an integration whose roles have members."""
    return (css.integration("Grants Portal")).environment("dev")


@pytest.fixture
def draft_css() -> Iterator[Css]:
    """Return a client of a team with a draft and two integrations of one name. One of the two is not yet applied."""
    sandbox = Sandbox(world=unfinished_world())
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        yield css


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until a test sets it."""
    return Clock(NOW)
