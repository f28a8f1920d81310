"""One asks, all wait: a request that many want at the same moment is made once, and how it ended is everybody's."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import os
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from types import TracebackType
from typing import Any, ClassVar, Generic, TypeVar

import anyio
import anyio.to_thread
import httpx
from attrs import frozen

from ..errors import CssError

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
    Nobody waits longer than a request of their own might take.

    Args:
        request: the request that what is asked for is wanted for, if all who wait do not have the same patience anyway.
        task: the task that asks; None in a thread.

    Attributes:
        value: what came, to be set before leaving.
        deciding: held while it is decided who asks, and no longer; one for all, so that a forked child can renew it.
    """

    deciding: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, request: httpx.Request | None = None, task: int | None = None) -> None:
        self.value: Value | None = None
        self._patience = _patience(request)
        self._process = os.getpid()
        self._loop = None if task is None else _asyncio_loop()
        self._thread, self._task = threading.get_ident(), task
        self._end: Future[Value | _Failed | None] = Future()
        self._end.set_running_or_notify_cancel()  # from now on nobody who waits can cancel it

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or never will, as who makes it is in the process before a fork or in a closed loop."""
        return self._process != os.getpid() or self._is_left or self._end.done()

    @property
    def _is_left(self) -> bool:
        return self._loop is not None and self._loop.is_closed()

    def release(self) -> None:
        """Lets those go who wait for what was left in a closed loop; they are to see who asks now."""
        # In the process before a fork nobody is to be woken, and its locks are not to be touched.
        if self._process == os.getpid() and self._is_left:
            self._finish(None)

    def _finish(self, end: Value | _Failed | None) -> None:
        with suppress(InvalidStateError):  # nobody waits any more
            self._end.set_result(end)

    def is_callers(self, task: int | None = None) -> bool:
        """Whether it is the caller's own thread, or task, that carries it on, and that could never wait for its end."""
        return self._thread == threading.get_ident() and (task is None or self._task in (None, task))

    def carry_out(self, work: Callable[[], Value]) -> None:
        """Start the work in a thread of its own, so that no caller hangs with it; its value is what came.

        Callers wait in `result`, for as long as they have time. An interrupt ends their waiting and not the work.
        """

        def carried_out() -> None:
            try:
                end: Value | _Failed = work()
            except (CssError, httpx.RequestError) as error:
                end = _Failed(error)
            except BaseException as error:
                with suppress(InvalidStateError):
                    self._end.set_exception(error)
                return
            self._finish(end)

        thread = threading.Thread(
            target=contextvars.copy_context().run, args=(carried_out,), name="css_sdk", daemon=True
        )
        try:
            thread.start()
        except BaseException:
            self._finish(None)
            raise

    async def async_carry_out(self, work: Callable[[], Awaitable[Value]]) -> None:
        """As `carry_out`; the work goes on when who called it is cancelled, and ends with the event loop."""

        async def carried_out() -> None:
            with self:
                self.value = await work()

        self._loop = _asyncio_loop()
        if self._loop is not None:
            # Whoever gives up leaves at once. What the work waits for holds the task, as long as the loop is there.
            await asyncio.shield(asyncio.create_task(carried_out()))
        else:
            with anyio.CancelScope(shield=True):
                await carried_out()

    def result(self, request: httpx.Request | None = None, seconds: float | None = None) -> Value | None:
        """What came, when it has come; None when the caller is to ask.

        Args:
            request: the request that it is wanted for, whose timeouts say how long to wait.
            seconds: to wait, where there is no request.

        Raises:
            CssError: that the answer stood for.
            httpx.RequestError: when none came.
            TimeoutError: when the end did not come in the time that a request may take.
        """
        return self._told(self._end.result(_seconds(request) if request is not None else seconds), request)

    async def async_result(self, request: httpx.Request | None = None, seconds: float | None = None) -> Value | None:
        """As `result`, while other tasks go on."""
        seconds = _seconds(request) if request is not None else seconds
        if _asyncio_loop() is None:
            end = await anyio.to_thread.run_sync(self._end.result, seconds, abandon_on_cancel=True)
        else:
            with anyio.fail_after(seconds):
                end = await asyncio.wrap_future(self._end)
        return self._told(end, request)

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
        cause = cause_of(error)
        if isinstance(cause, CssError | httpx.RequestError):
            self._finish(_Failed(copy.copy(cause)))
        else:
            self._finish(self.value)


class SingleFlight(Generic[Value]):
    """Lets concurrent callers, in threads and in tasks, share one request and its end, an error included.

    When the caller that makes the request is cancelled, one of those who wait makes it again.
    """

    def __init__(self) -> None:
        self._asking: Asking[Value] | None = None

    def share(self, work: Callable[[], Value], *, is_fresh: bool = False) -> Value:
        """Return what `work` gives, to this caller or to one whose `work` is under way.

        Args:
            work: makes the request; it may not give None.
            is_fresh: accept only what was asked for after this call.

        Raises:
            CssError: when the request failed.
        """
        is_good = not is_fresh
        while True:
            asking, is_mine = self._join()
            if is_mine:
                with asking:
                    asking.value = value = work()
                return value
            came = asking.result()
            if came is not None and is_good:
                return came
            is_good = True

    async def async_share(self, work: Callable[[], Awaitable[Value]], *, is_fresh: bool = False) -> Value:
        """As `share`, while other tasks go on."""
        task = anyio.get_current_task().id
        is_good = not is_fresh
        while True:
            asking, is_mine = self._join(task)
            if is_mine:
                with asking:
                    asking.value = value = await work()
                return value
            came = await asking.async_result()
            if came is not None and is_good:
                return came
            is_good = True

    def _join(self, task: int | None = None) -> tuple[Asking[Value], bool]:
        """Return the request under way, and whether the caller is to make it."""
        with Asking.deciding:
            under_way = self._asking
            if under_way is None or under_way.is_over or under_way.is_callers(task):
                if under_way is not None:
                    under_way.release()
                self._asking = asking = Asking[Value](task=task)
                return asking, True
            return under_way, False


def cause_of(error: BaseException | None) -> BaseException | None:
    """What became of a request, by what an auth flow sees of it: httpx closes the flow, while it handles the error."""
    return error.__context__ if isinstance(error, GeneratorExit) else error


class AsyncFlow(AsyncGenerator[httpx.Request, httpx.Response]):
    """An auth flow for tasks that learns why it is closed, as one for threads does: see `cause_of`."""

    def __init__(self, flow: AsyncGenerator[httpx.Request, httpx.Response]) -> None:
        self._flow = flow

    async def asend(self, value: Any) -> httpx.Request:
        """The next request, after an answer."""
        return await self._flow.asend(value)

    async def athrow(self, *error: Any) -> httpx.Request:
        """The next request, after an error."""
        return await self._flow.athrow(*error)

    async def aclose(self) -> None:
        """Ends it, and tells it what its caller is handling."""
        ending = GeneratorExit()
        ending.__context__ = sys.exc_info()[1]
        with suppress(GeneratorExit, StopAsyncIteration):
            await self._flow.athrow(ending)


def _renew_lock() -> None:
    Asking.deciding = threading.Lock()  # who held the other one is not in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _patience(request: httpx.Request | None) -> object:
    return None if request is None else request.extensions.get("timeout")


def _seconds(request: httpx.Request | None) -> float | None:
    """How long a request may wait for a connection and then for an answer; None for one that waits for ever."""
    timeouts = (request.extensions.get("timeout") if request is not None else None) or {}
    connect, read = timeouts.get("connect"), timeouts.get("read")
    return None if connect is None or read is None else float(connect + read)


def _asyncio_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # none, or another kind than asyncio's
        return None
