"""Fixtures for tests that open our pages in headless Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

Start = Callable[..., "Chrome"]


@pytest.fixture(scope="session")
def start_browser() -> Iterator[Start]:
    """Return a function that starts browsers, and close them at the end. If Chromium is missing, end the run.

    The message about a missing Chromium is one line.
    """
    started: list[Chrome] = []

    def start(**preferences: Any) -> Chrome:
        try:
            started.append(chromium.start(**preferences))
        except FileNotFoundError as error:
            pytest.exit(str(error), 1)
        return started[-1]

    yield start
    for browser in started:
        browser.quit()


@pytest.fixture(scope="session")
def any_browser(start_browser: Start) -> Chrome:
    """Return one browser for all tests."""
    return start_browser()


@pytest.fixture
def browser(any_browser: Chrome) -> Iterator[Chrome]:
    """Return the browser in its initial state, and check afterwards that it logged nothing and sent no request."""
    any_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    any_browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    quiet(any_browser)
    yield any_browser
    assert quiet(any_browser) == ([], [])


def quiet(browser: Chrome) -> tuple[list[str], list[str]]:
    """Return what the console logged and which addresses were loaded since the last call, except for local files."""
    import json

    said = [entry["message"] for entry in browser.get_log("browser")]
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return said, [url for url in sent if not url.startswith(("file:", "data:"))]
