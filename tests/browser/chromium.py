"""Start headless Chromium for tests and for the pictures of the documentation."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


def start(**preferences: Any) -> Chrome:
    """Return a browser with a page of 1280 by 900 points.

    Args:
        preferences: preferences of Chromium.

    Raises:
        FileNotFoundError: if Chromium or its driver is not installed.
    """
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        raise FileNotFoundError("Chromium and its driver are missing: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = program
    # As root, for example in a container, Chromium needs this option. It opens only our own pages.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", preferences)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options, Service(driver))
