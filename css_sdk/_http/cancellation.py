"""Delay the cancellation of a task until its write in flight is finished. Cancelled reads end at once.

If a write were cut off, nobody would know whether it was done. A write is in flight from the time when the connection
gets its request until css-sdk has read the answer. During this time, only the time limits of the request can end the
write. After the write, the cancellation takes effect, before the task sends anything new.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, Final, Self, TypeVar

import httpx

Exchange = TypeVar("Exchange")

_BEGIN: Final = "css_sdk.begin"
"""The name of a request extension. It holds the function that `begin` calls to mark a write as in flight."""


def begin(request: httpx.Request) -> None:
    """Mark a write as in flight. Call this when the request has its token, just before the request is sent.

    Only requests that `AsyncInFlight.finish` sends are marked.
    """
    if _BEGIN in request.extensions:
        request.extensions[_BEGIN]()


class InFlight(nullcontext[Any]):
    """Send the requests of one write in a thread, inside a `with` statement.

    A thread cannot be cancelled, so this class delays no cancellation. It only records whether an answer is missing.

    Attributes:
        is_unanswered: True while a request is sent and its answer is read. After an interrupt (Ctrl-C) during this
            time, the value stays True.
    """

    is_unanswered = False

    def __enter__(self) -> Self:
        return self

    def finish(self, send: Callable[[], Exchange], request: httpx.Request) -> Exchange:
        """Send a request, and return the result of `send`."""
        self.is_unanswered = True
        try:
            exchange = send()
        except Exception:
            self.is_unanswered = False  # the error says what is known about the request
            raise
        self.is_unanswered = False
        return exchange


class AsyncInFlight:
    """Send the requests of one write in a task, inside a `with` statement.

    If the task is cancelled before a request is in flight, the request is not sent. If the task is cancelled later, the
    cancellation waits until the answer was read. Then it takes effect at the next `await`, or when the block is left.

    Attributes:
        is_unanswered: True while a request is in flight.
    """

    def __init__(self) -> None:
        import anyio

        self.is_unanswered = False
        self._scope = anyio.CancelScope()
        self._cancelled: BaseException | None = None

    async def finish(self, send: Callable[[], Awaitable[Exchange]], request: httpx.Request) -> Exchange:
        """Send a request, and return the result of `send`. A cancellation waits while the request is in flight.

        `send` may first request a token. A cancellation ends the token request at once, because the write is not yet in
        flight.
        """
        import anyio

        ends: list[Exchange | Exception] = []
        here, there = anyio.CancelScope(), anyio.CancelScope()

        def shield() -> None:
            here.shield = there.shield = self.is_unanswered = True

        async def finish() -> None:
            with there:
                try:
                    ends.append(await send())
                except Exception as error:
                    ends.append(error)

        request.extensions = {**request.extensions, _BEGIN: shield}
        try:
            # Send in a new task, because an anyio scope cannot delay a cancellation that asyncio delivers to this task.
            with here:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(finish)
        except anyio.get_cancelled_exc_class() as cancelled:
            if not ends:
                raise
            # A cancelled scope of anyio raises the cancellation again at the next await. asyncio raises it only once,
            # so it must be raised again when the block is left.
            if anyio.current_effective_deadline() != -math.inf:
                self._cancelled = cancelled
                self._scope.cancel()
        self.is_unanswered = False
        if isinstance(ends[0], Exception):
            raise ends[0]
        return ends[0]

    def __enter__(self) -> Self:
        self._scope.__enter__()
        return self

    def __exit__(self, *ending: Any) -> bool | None:
        is_handled = self._scope.__exit__(*ending)
        if self._cancelled is not None:
            raise self._cancelled
        return is_handled
