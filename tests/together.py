"""Make the same call from many threads or tasks at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import anyio

from css_sdk import CssError

Result = TypeVar("Result")


def together(count: int, call: Callable[[], Result]) -> list[Result | CssError]:
    """Return the results or errors of this many threads that make a call at the same moment."""
    start = threading.Barrier(count)

    def caller(_: int) -> Result | CssError:
        start.wait(30)
        try:
            return call()
        except CssError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(caller, range(count)))


async def async_together(count: int, call: Callable[[], Awaitable[Result]]) -> list[Result | CssError]:
    """Return the results or errors of this many tasks that make a call at the same moment."""
    ends: list[Result | CssError] = []

    async def caller() -> None:
        try:
            ends.append(await call())
        except CssError as error:
            ends.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(caller)
    return ends
