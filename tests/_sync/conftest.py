# Written from tests/_async/conftest.py by `make generate`; edit that one.
"""The client under test, on the sandbox, in process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from css_sdk import Css, Settings
from css_sdk._sync.integrations import EnvironmentClient
from css_sdk.sandbox import Sandbox
from tests.support import at_once, unfinished_world


@pytest.fixture
def css(sandbox: Sandbox, settings: Settings) -> Iterator[Css]:
    """A client of the shipped world's team that does not wait between tries."""
    with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
        yield css


@pytest.fixture
def dev(css: Css) -> EnvironmentClient:
    """The dev environment of the integration that has people in it."""
    return (css.integration("Grants Portal")).environment("dev")


@pytest.fixture
def draft_css() -> Iterator[Css]:
    """Return a client of a team with a draft, and two integrations of the same name, one of them not yet applied."""
    sandbox = Sandbox(world=unfinished_world())
    with Css(Settings(**sandbox.credentials()), transport=sandbox.transport()) as css:
        yield css
