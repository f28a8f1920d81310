"""Requests of css-sdk that carry a token, and their connection to the caller's request."""

from __future__ import annotations

import gc

import httpx
import pytest

from css_sdk import Css, NotFound, Settings
from css_sdk._http.bound_requests import ApiRequest
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL

ADDRESS = "https://css.example/api/v1/integrations"


def checked(_: httpx.Request) -> None:
    """Allow every address."""


def test_a_request_that_a_hook_keeps_stays_whole(sandbox: Sandbox) -> None:
    """If an event hook keeps requests, each keeps its own address after the caller's request is garbage collected."""
    kept: list[httpx.Request] = []
    with httpx.Client(transport=sandbox.transport(), event_hooks={"request": [kept.append]}) as http:
        css = Css(Settings(**sandbox.credentials()), http_client=http)
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        for number in range(5):
            with pytest.raises(NotFound):
                dev.users.roles(f"nobody-{number}@githubpublic")
    for _ in range(3):
        gc.collect()
    assert [request.url.path.split("/")[-2] for request in kept[-5:]] == [f"nobody-{n}@githubpublic" for n in range(5)]


def test_a_change_of_the_sent_request_also_changes_the_callers_request() -> None:
    """If an event hook changes the request that is sent, the caller's request shows the change, and the other way
    round.
    """
    original = httpx.Request("GET", ADDRESS)
    request = ApiRequest(original, checked)
    request.url = httpx.URL("https://css.example/other")
    original.headers["X-Late"] = "yes"
    assert original.url == request.url
    assert request.headers["X-Late"] == "yes"
