"""One asks, all wait: a request that many want at the same moment is made once, and how it ended is everybody's."""

from __future__ import annotations

import asyncio
import copy
import math
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, ClassVar, Generic, TypeVar

import anyio
import httpx
from attrs import frozen

from ._pairs import async_waited_for
from .errors import CssError

Value = TypeVar("Value")


@frozen
class _Failed:
    """The request failed, and why."""

    error: CssError | httpx.RequestError


class Asking(Generic[Value]):
    """A request under way, entered by the one who makes it, while others wait for its end, in threads and in tasks.

    What came is for all. So is an error that an answer stands for: nobody who waited asks again by themselves, or fifty
    would fall upon a login server that has just said no. That no answer came is for all who would have waited as long
    as the one who asked; others are to ask themselves, and so is one of those who wait when whoever asked was stopped.

    Args:
        request: the request that what is asked for is wanted for, if all who wait do not have the same patience anyway.
        task: the task that asks; None in a thread.

    Attributes:
        asked: the request, once it is made.
        value: what came, to be set before leaving.
        deciding: held while it is decided who asks, and no longer; one for all, so that a forked child can renew it.
    """

    deciding: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, request: httpx.Request | None = None, task: int | None = None) -> None:
        self.asked: httpx.Request | None = None
        self.value: Value | None = None
        self._error: CssError | None = None
        self._patience = _patience(request)
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread, self._task = threading.get_ident(), task
        self._end: Future[Value | _Failed | None] = Future()
        self._end.set_running_or_notify_cancel()  # from now on nobody who waits can cancel it

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or never will, as who makes it is in the process before a fork or in a closed loop."""
        is_left = self._process != os.getpid() or (self._loop is not None and self._loop.is_closed())
        return is_left or self._end.done()

    def fail(self, error: CssError) -> None:
        """Tells why it is about to end without a value."""
        self._error = error

    def is_callers(self, task: int | None = None) -> bool:
        """Whether it is the caller's own thread, or task, that carries it on, and that could never wait for its end."""
        return self._thread == threading.get_ident() and (task is None or self._task in (None, task))

    def carry_out(self, work: Callable[[], Value]) -> None:
        """Does the work, whose value is what came."""
        with self:
            self.value = work()

    async def async_carry_out(self, work: Callable[[], Awaitable[Value]]) -> None:
        """As `carry_out`; the work goes on when who called it is cancelled, and ends with the event loop."""

        async def carried_out() -> None:
            with self:
                self.value = await work()

        if _runs_asyncio():
            self._loop = asyncio.get_running_loop()
            # Whoever gives up leaves at once. What the work waits for holds the task, as long as the loop is there.
            await asyncio.shield(asyncio.create_task(carried_out()))
        else:
            with anyio.CancelScope(shield=True):
                await carried_out()

    def result(self, request: httpx.Request | None = None) -> Value | None:
        """What came, when it has come; None when the caller is to ask.

        Raises:
            CssError: that the answer stood for.
            httpx.RequestError: when none came.
        """
        return self._told(self._end.result(), request)

    async def async_result(self, request: httpx.Request | None = None) -> Value | None:
        """As `result`, while other tasks go on."""
        end = asyncio.wrap_future(self._end) if _runs_asyncio() else async_waited_for(self._end)
        return self._told(await end, request)

    def _told(self, end: Value | _Failed | None, request: httpx.Request | None) -> Value | None:
        if not isinstance(end, _Failed):
            return end
        if isinstance(end.error, httpx.RequestError) and self._patience != _patience(request):
            return None
        raise copy.copy(end.error)

    def __enter__(self) -> Asking[Value]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # httpx does not throw into a flow what became of its request: it closes the flow. What it was at is the context
        # then, but in a flow for tasks there is none.
        cause: Any = self._error or (error.__context__ if isinstance(error, GeneratorExit) else error)
        if isinstance(cause, CssError | httpx.RequestError):
            self._end.set_result(_Failed(copy.copy(cause)))
        elif isinstance(error, GeneratorExit) and cause is None and self._task is not None and not _is_cancelled():
            lost = httpx.NetworkError("The request for a token got no answer.", request=self.asked)
            self._end.set_result(_Failed(lost))
        else:
            self._end.set_result(self.value)


def _renew_lock() -> None:
    Asking.deciding = threading.Lock()  # who held the other one is not in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _patience(request: httpx.Request | None) -> object:
    return None if request is None else request.extensions.get("timeout")


def _runs_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # another event loop than asyncio's
        return False
    return True


def _is_cancelled() -> bool:
    """Whether the task that runs is being cancelled."""
    if anyio.current_effective_deadline() == -math.inf:
        return True
    if not _runs_asyncio():
        return False
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
