"""Context variables of the caller are visible wherever a `Css` works, so that traces and log lines belong together."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar

import httpx
import pytest

from css_sdk import Css, Grant, Settings
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, usernames

_trace: ContextVar[str] = ContextVar("trace", default="none")


@pytest.fixture
def traced() -> Iterator[list[str]]:
    """Return a list for the trace of each request, while the test runs under its own trace."""
    before = _trace.set("of the caller")
    yield []
    _trace.reset(before)


def test_requests_of_worker_threads_belong_to_the_callers_trace(
    sandbox: Sandbox, settings: Settings, traced: list[str]
) -> None:
    """Each request and each call of `progress` in a worker thread sees the context variables of the caller."""
    reported: list[str] = []
    hooks = {"request": [lambda _: traced.append(_trace.get())]}
    with httpx.Client(transport=sandbox.transport(), event_hooks=hooks) as http, Css(settings, http_client=http) as css:
        dev = css.integration(GRANTS_PORTAL).environment("dev")
        dev.state()
        css.report()
        dev.bulk.assign_many(
            [Grant(name, "reviewer") for name in usernames(sandbox, 6)],
            progress=lambda _: reported.append(_trace.get()),
        )
    assert len(traced) > 10
    assert set(traced) == {"of the caller"}
    assert reported == ["of the caller"] * 6
