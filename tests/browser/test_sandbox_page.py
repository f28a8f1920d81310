"""The page of a sandbox in a real browser: it updates itself, fits every screen, and loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from css_sdk.sandbox import Sandbox, make_world
from css_sdk.sandbox.serving.server import Server
from tests.browser.conftest import quiet

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.browser

HOSTILE = "</td><script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    """Return a sandbox with hostile names."""
    world = make_world(300, 6, 3)
    world["integrations"][0]["project_name"] = HOSTILE
    world["users"][0] |= {"firstName": HOSTILE, "email": HOSTILE}
    world["roles"] += [{"integration": 101, "environment": "dev", "name": name} for name in (HOSTILE, "x" * 200)]
    return Sandbox(world)


@pytest.fixture(scope="module")
def server(sandbox: Sandbox) -> Iterator[Server]:
    """Return the server of the sandbox."""
    with sandbox.serve() as server:
        yield server


@pytest.fixture
def browser(any_browser: Chrome, server: Server) -> Iterator[Chrome]:
    """Return a browser, and check afterwards that it logged nothing and loaded only the page of the sandbox."""
    any_browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    any_browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    quiet(any_browser)
    any_browser.get(f"{server.origin}/")
    yield any_browser
    said, asked = quiet(any_browser)
    any_browser.get("about:blank")
    assert said == []
    assert set(asked) == {f"{server.origin}/"}


def until(browser: Chrome, condition: Callable[[], Any]) -> None:
    """Wait until a condition is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 30, 0.1).until(lambda _: condition())


def text_of(browser: Chrome, part: str) -> str:
    """Return the text of a part of the page."""
    return str(browser.execute_script("return document.getElementById(arguments[0]).innerText", part))


def test_the_page_shows_requests_and_faults_by_itself(browser: Chrome, sandbox: Sandbox, server: Server) -> None:
    """The page shows new requests and faults by itself and keeps its scroll position. Hostile names stay text."""
    browser.execute_script("window.scrollTo(0, 400)")
    sandbox.faults.add("500_before", path="*/seen-by-itself")
    httpx.get(f"{server.api_url}/seen-by-itself?<script>alert(3)</script>", trust_env=False)
    until(browser, lambda: "/api/v1/seen-by-itself" in text_of(browser, "requests"))
    sandbox.faults.add("late_write", method="PUT", path="*/later")
    until(browser, lambda: "*/later" in text_of(browser, "faults"))
    assert "500_before" not in text_of(browser, "faults")
    assert browser.execute_script("return window.scrollY") >= 400  # more, if something was added above
    assert browser.execute_script("return [document.scripts.length, document.images.length]") == [1, 0]
    assert HOSTILE in text_of(browser, "integrations")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 768, 1024, 1280, 1920])
def test_the_page_fits_every_screen_in_both_colour_schemes(browser: Chrome, width: int, scheme: str) -> None:
    """On every screen and in both colour schemes, nothing is too wide, no word is broken, and text has contrast."""
    device: dict[str, Any] = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 768}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    wide = "return Array.from(document.querySelectorAll('body *')).filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0).map((each) => each.outerHTML.slice(0, 80))"  # noqa: E501
    assert browser.execute_script(wide) == []
    lines = (
        "return Array.from(document.querySelectorAll('#roles td[data-head=Role], #requests td[data-head=Kind]'))"
        ".filter((each) => each.textContent.length < 12).map((each) => { const range = document.createRange();"
        " range.selectNodeContents(each); return range.getClientRects().length })"
    )
    assert set(browser.execute_script(lines)) == {1}  # no word is broken into two lines
    assert contrast(browser, "td") >= 7
    assert contrast(browser, "header p") >= 4.5
    assert contrast(browser, "dt") >= 4.5
    labels = "return getComputedStyle(document.querySelector('#roles td'), '::before').content"
    assert (browser.execute_script(labels) == '"Integration"') is (width <= 768)


def contrast(browser: Chrome, selector: str) -> float:
    """Return the contrast of a text with the page, as WCAG 2 defines it."""
    colours = browser.execute_script(
        "const parts = (colour) => colour.match(/\\d+/g).slice(0, 3).map(Number);"
        "return [getComputedStyle(document.querySelector(arguments[0])).color,"
        " getComputedStyle(document.body).backgroundColor].map(parts)",
        selector,
    )
    light, dark = sorted((luminance(colour) for colour in colours), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: list[int]) -> float:
    """Return the relative luminance of a colour."""
    red, green, blue = (
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_page_says_when_the_sandbox_is_stopped(any_browser: Chrome) -> None:
    """The page shows a notice while the sandbox is stopped, and hides it when the sandbox is back."""
    sandbox = Sandbox()
    with sandbox.serve() as server:
        any_browser.get(f"{server.origin}/")
        port = server.port
        lost = "return document.getElementById('lost').hidden"
        assert any_browser.execute_script(lost) is True
    until(any_browser, lambda: any_browser.execute_script(lost) is False)
    with sandbox.serve(port):
        until(any_browser, lambda: any_browser.execute_script(lost) is True)
    any_browser.get("about:blank")
    quiet(any_browser)


def test_without_javascript_the_page_reloads_itself(start_browser: Callable[..., Chrome], sandbox: Sandbox) -> None:
    """Without JavaScript, the page reloads itself every few seconds."""
    browser = start_browser(**{"profile.managed_default_content_settings.javascript": 2})
    with sandbox.serve() as server:
        browser.get(f"{server.origin}/")
        httpx.get(f"{server.api_url}/without-javascript", trust_env=False)
        until(browser, lambda: "/without-javascript" in browser.page_source)
        browser.get("about:blank")
