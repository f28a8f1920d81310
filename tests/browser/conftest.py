"""Fixtures for tests that open our pages in a real browser: Chromium without a window."""

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
    """Start browsers that are closed at the end. Without Chromium the run ends at once, with one line."""
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
    """One browser for all tests."""
    return start_browser()


@pytest.fixture
def browser(any_browser: Chrome) -> Iterator[Chrome]:
    """The browser as it was started; nothing may be complained of, or asked of any network, in any test."""
    any_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    any_browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    quiet(any_browser)
    yield any_browser
    assert quiet(any_browser) == ([], [])


def quiet(browser: Chrome) -> tuple[list[str], list[str]]:
    """What the console said and what was asked for, but for files that a test opened, since it was asked last."""
    import json

    said = [entry["message"] for entry in browser.get_log("browser")]
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    return said, [url for url in sent if not url.startswith(("file:", "data:"))]
