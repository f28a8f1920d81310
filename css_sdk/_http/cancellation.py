"""Delay the cancellation of a task until its write in flight is finished. Everything else ends at once.

If a write were cut off, nobody would know whether it was done. A write is in flight from the moment when the connection
gets its request until the answer is there. During this time only the time limits of the request can end it. Afterwards
the task is cancelled before it sends anything new.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, Final, Self, TypeVar

import httpx

Exchange = TypeVar("Exchange")

_BEGIN: Final = "css_sdk.begin"
"""Among a request's extensions: what to call when the request, with its token, is handed to the connection."""


def begin(request: httpx.Request) -> None:
    """Note that the connection gets a request now. If the request is a write, it is in flight from now on."""
    if _BEGIN in request.extensions:
        request.extensions[_BEGIN]()


class InFlight(nullcontext[Any]):
    """Send the requests of one write in a thread. Threads cannot be cancelled. Enter it for the time of the write.

    Attributes:
        is_unanswered: whether a request was sent and its answer was not read.
    """

    is_unanswered = False

    def __enter__(self) -> Self:
        return self

    def finish(self, send: Callable[[], Exchange], request: httpx.Request) -> Exchange:
        """Send a request and return how that ended.

        Args:
            send: sends it and reads the answer.
            request: the request.
        """
        self.is_unanswered = True
        try:
            exchange = send()
        except Exception:
            self.is_unanswered = False  # the error describes what is known of it
            raise
        self.is_unanswered = False
        return exchange


class AsyncInFlight:
    """Send the requests of one write in a task. Enter it for the time of the write.

    If the task is cancelled before a request is in flight, the request is not sent. If it is cancelled later, the
    cancellation waits for the answer. It then takes effect at the next `await`, or when the block is left.

    Attributes:
        is_unanswered: whether a request was sent and its answer was not read.
    """

    def __init__(self) -> None:
        import anyio

        self.is_unanswered = False
        self._scope = anyio.CancelScope()
        self._cancelled: BaseException | None = None

    async def finish(self, send: Callable[[], Awaitable[Exchange]], request: httpx.Request) -> Exchange:
        """Send a request and return how that ended, even when this task is cancelled meanwhile.

        Args:
            send: sends it and reads the answer. It may ask for a token first, which is not yet in flight.
            request: the request.
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
            # In a task of its own, since a scope holds off no cancellation that asyncio itself delivers to this one.
            with here:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(finish)
        except anyio.get_cancelled_exc_class() as cancelled:
            if not ends:
                raise
            # A cancelled scope raises this again at the next await; asyncio raises it only once.
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
