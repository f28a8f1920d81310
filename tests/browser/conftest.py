"""Fixtures for the room where a real browser opens our pages: Chromium without a window."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

Start = Callable[..., "Chrome"]


@pytest.fixture(scope="session")
def start_browser() -> Iterator[Start]:
    """Starts browsers that are ended in the end; without Chromium the run ends there and then, in one line."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.exit("Chromium and its driver are missing: apt-get install chromium chromium-driver", 1)
    started: list[Chrome] = []

    def start(**preferences: Any) -> Chrome:
        options = ChromeOptions()
        options.binary_location = program
        # As root, as in a container, Chromium runs only without its sandbox; the pages are our own.
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        started.append(Chrome(options, Service(driver)))
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
