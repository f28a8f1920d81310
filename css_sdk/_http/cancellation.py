"""Cancellation of tasks: a write in flight is finished first, and everything else ends at once.

If a write were cut off, nobody would know whether it was done. So nothing but the time limits of the request ends it,
from the moment when the request is handed to the connection until its answer is there. Then the cancellation goes on,
before anything new is sent.
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
    """Note that a request is handed to the connection now: from now on the write is in flight, if it is one."""
    if _BEGIN in request.extensions:
        request.extensions[_BEGIN]()


class InFlight(nullcontext[Any]):
    """The requests of one write in a thread, which nothing cancels. Enter it for the time of the write.

    Attributes:
        is_unanswered: whether a request was sent whose answer nobody will see.
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
    """The requests of one write in a task. Enter it for the time of the write.

    A cancellation that comes before a request is begun ends it. One that comes later goes on when the answer is there:
    at the next `await`, and at the latest when this is left.

    Attributes:
        is_unanswered: whether a request was sent whose answer nobody will see.
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
