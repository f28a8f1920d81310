"""An `AsyncCss` belongs to one event loop. In another one it is refused with an error that says what to do."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from css_sdk_openapi.api.roles import list_roles

from css_sdk import AsyncCss, ConfigurationError, Settings
from css_sdk.sandbox import Sandbox
from tests.support import GRANTS_PORTAL, asked, usernames

REFUSED = r"belongs to another event loop.*Nothing was sent\. Create one AsyncCss in each event loop"


@pytest.fixture
def css(sandbox: Sandbox, settings: Settings) -> AsyncCss:
    """Return a client that no event loop has used yet; it has no sockets that would have to be closed."""
    return AsyncCss(settings, transport=sandbox.async_transport())


@pytest.mark.parametrize("later", ["asyncio", "trio"])
def test_a_second_event_loop_is_refused(css: AsyncCss, sandbox: Sandbox, later: str) -> None:
    """In a second event loop, an `AsyncCss` refuses reads, remembered reads, writes and closing, and sends nothing."""

    async def first() -> Any:
        return (await css.integration(GRANTS_PORTAL)).environment("dev")

    dev = asyncio.run(first())
    before = asked(sandbox)
    for call in (
        css.integrations,
        lambda: css.integration(GRANTS_PORTAL),
        css.whoami,
        lambda: css.integrations(refresh=True),
        dev.roles.list,
        dev.state,
        lambda: dev.users.assign(usernames(sandbox, 1)[0], "reviewer"),
        lambda: list_roles.asyncio(GRANTS_PORTAL, "dev", client=css.api),
        css.aclose,
    ):
        with pytest.raises(ConfigurationError, match=REFUSED):
            anyio.run(call, backend=later)
    assert asked(sandbox) == before


def test_loops_at_the_same_time_are_refused_without_a_hang(css: AsyncCss, sandbox: Sandbox) -> None:
    """If four threads use one `AsyncCss` in their own event loops, one works and the others get an error at once."""
    start = threading.Barrier(4)
    sandbox.faults.add("delay", path="/integrations", seconds=0.3, times=None)

    async def use() -> int:
        return len(await css.integrations())

    def thread(_: int) -> object:
        start.wait(20)
        try:
            return asyncio.run(asyncio.wait_for(use(), 20))
        except ConfigurationError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(thread, range(4)))
    assert ends.count(3) == 1
    assert sum("belongs to another event loop" in str(end) for end in ends) == 3
    assert asked(sandbox) == {"token": 1, "GET": 1}


def test_a_bulk_call_in_a_second_event_loop_reports_the_refusal(css: AsyncCss, sandbox: Sandbox) -> None:
    """A bulk call in a second event loop reports the error for every item and sends nothing."""

    async def first() -> Any:
        return (await css.integration(GRANTS_PORTAL)).environment("dev")

    dev = asyncio.run(first())
    before = asked(sandbox)
    results = asyncio.run(dev.bulk.assign_many([(name, "reviewer") for name in usernames(sandbox, 3)]))
    assert [(result.outcome, type(result.error)) for result in results] == [("failed", ConfigurationError)] * 3
    assert asked(sandbox) == before


def test_a_client_that_was_only_made_and_closed_belongs_to_no_loop(css: AsyncCss) -> None:
    """An `AsyncCss` that was never used can be closed in any event loop, and is then refused as closed."""
    asyncio.run(css.aclose())
    with pytest.raises(ConfigurationError, match="was closed"):
        asyncio.run(css.integrations())
