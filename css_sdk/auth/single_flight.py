"""Let concurrent callers share one request and its outcome (single flight)."""

from __future__ import annotations

import contextvars
import copy
import os
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import httpx
from attrs import frozen

from ..errors import CssError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

Value = TypeVar("Value")


@frozen
class _Failed:
    """The result of a shared request that failed: its error."""

    error: CssError | httpx.RequestError


class SharedRequest(Generic[Value]):
    """One request that several callers share. The sender uses it in a `with` statement. The other callers wait.

    - If an answer came, all waiting callers get its value or its error. Otherwise fifty callers would repeat a request
      that the login server has just refused.
    - If no answer came, the waiting callers with the same timeouts as the sender get the sender's error. Callers with
      other timeouts try again: one of them becomes the sender.
    - If the sender is cancelled or interrupted, one of the waiting callers becomes the sender.

    No caller waits longer than its own timeouts allow.

    Args:
        request: the call for which the sender needs the result. Only its timeouts are used. None if all callers have
            the same timeouts.
        task: the id of the sender's task; None in a thread.

    Attributes:
        value: the result. The sender sets it before it leaves the `with` statement.
        lock: held while callers decide which of them is the sender. All objects share one lock, so that a forked child
            can replace it.
    """

    lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, request: httpx.Request | None = None, task: int | None = None) -> None:
        self.value: Value | None = None
        self._timeouts = _timeouts(request)
        self._process = os.getpid()
        self._loop = None if task is None else _asyncio_loop()
        self._thread, self._task = threading.get_ident(), task
        self._end: Future[Value | _Failed | None] = Future()
        self._end.set_running_or_notify_cancel()  # from now on no waiting caller can cancel it

    @property
    def is_over(self) -> bool:
        """Return whether the shared request has ended or its sender is gone. New callers do not wait for this request.

        A sender is gone when its event loop is closed. In a forked child, a sender in the parent process is also gone.
        """
        return self._process != os.getpid() or self._is_left or self._end.done()

    @property
    def _is_left(self) -> bool:
        return self._loop is not None and self._loop.is_closed()

    @classmethod
    def current(cls, pending: Self | None, request: httpx.Request | None, task: int | None) -> Self:
        """Return `pending` if the caller can wait for it. Otherwise, return a new object: the caller is its sender.

        The caller must hold `lock`.
        """
        if pending is not None and not pending.is_over and not pending.belongs_to_caller(task):
            return pending
        if pending is not None:
            pending.release()
        return cls(request, task)

    def release(self) -> None:
        """If the sender's event loop is closed, wake the waiting callers, so that one of them sends the request."""
        # In a forked child, do not wake callers of the parent process, and do not touch their locks.
        if self._process == os.getpid() and self._is_left:
            self._finish(None)

    def _finish(self, end: Value | _Failed | None) -> None:
        with suppress(InvalidStateError):  # it had ended already
            self._end.set_result(end)

    def belongs_to_caller(self, task: int | None = None) -> bool:
        """Return whether the calling thread or task is the sender, which must not wait for itself."""
        return self._thread == threading.get_ident() and (task is None or self._task in (None, task))

    def carry_out(self, work: Callable[[], Value]) -> None:
        """Start the work in a new thread, and return at once. The value of the work becomes the result.

        An interrupt of a waiting caller does not end the work.
        """

        def run() -> None:
            try:
                end: Value | _Failed = work()
            except (CssError, httpx.RequestError) as error:
                end = _Failed(error)
            except BaseException as error:
                with suppress(InvalidStateError):
                    self._end.set_exception(error)
                return
            self._finish(end)

        thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="css_sdk", daemon=True)
        try:
            thread.start()
        except BaseException:
            self._finish(None)
            raise

    async def async_carry_out(self, work: Callable[[], Awaitable[Value]]) -> None:
        """Do the work, and make its value the result. If the caller is cancelled, the work continues.

        In asyncio, a cancelled caller leaves at once. In trio, a cancelled caller waits for the end of the work.
        """

        async def run() -> None:
            with self:
                self.value = await work()

        import asyncio

        self._loop = _asyncio_loop()
        if self._loop is not None:
            # A cancelled caller leaves at once. The task is not garbage-collected, because the loop waits for its work.
            await asyncio.shield(asyncio.create_task(run()))
        else:
            import anyio

            with anyio.CancelScope(shield=True):
                await run()

    def result(self, request: httpx.Request | None = None, seconds: float | None = None) -> Value | None:
        """Wait for the result and return it; None if the caller must try again, and may become the sender.

        Args:
            request: the call of this caller. The sum of its connect and read timeouts limits the wait.
            seconds: the limit of the wait if `request` is None; None waits for ever.

        Raises:
            CssError: the answer to the shared request was an error.
            httpx.RequestError: no answer to the shared request came.
            TimeoutError: the result did not come within the limit.
        """
        return self._value_of(self._end.result(_seconds(request) if request is not None else seconds), request)

    async def async_result(self, request: httpx.Request | None = None, seconds: float | None = None) -> Value | None:
        """Wait for the result and return it, as `result` does. Other tasks run meanwhile."""
        import asyncio

        import anyio
        from anyio.to_thread import run_sync

        seconds = _seconds(request) if request is not None else seconds
        if _asyncio_loop() is None:
            end = await run_sync(self._end.result, seconds, abandon_on_cancel=True)
        else:
            with anyio.fail_after(seconds):
                end = await asyncio.wrap_future(self._end)
        return self._value_of(end, request)

    def _value_of(self, end: Value | _Failed | None, request: httpx.Request | None) -> Value | None:
        if not isinstance(end, _Failed):
            return end
        if isinstance(end.error, httpx.RequestError) and self._timeouts != _timeouts(request):
            return None
        raise copy.copy(end.error)

    def __enter__(self) -> SharedRequest[Value]:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        cause = cause_of(error)
        if isinstance(cause, CssError | httpx.RequestError):
            self._finish(_Failed(copy.copy(cause)))
        else:
            self._finish(self.value)


def cause_of(error: BaseException | None) -> BaseException | None:
    """Return the error with which a request failed; None if there is no error.

    If a request fails, httpx closes its auth flow. The flow then gets a `GeneratorExit`, and its `__context__` is the
    error of the request. Any other exception is itself the error.
    """
    return error.__context__ if isinstance(error, GeneratorExit) else error


class AsyncFlow(AsyncGenerator[httpx.Request, httpx.Response]):
    """Wrap an asynchronous auth flow, so that `cause_of` finds the error with which httpx closes the flow."""

    def __init__(self, flow: AsyncGenerator[httpx.Request, httpx.Response]) -> None:
        self._flow = flow

    async def asend(self, value: Any) -> httpx.Request:
        """Pass an answer to the flow, and return the next request of the flow."""
        return await self._flow.asend(value)

    async def athrow(self, *error: Any) -> httpx.Request:
        """Raise an error in the flow, and return the next request of the flow."""
        return await self._flow.athrow(*error)

    async def aclose(self) -> None:
        """Close the wrapped flow with a `GeneratorExit`, whose `__context__` is the error that httpx is handling.

        `cause_of` reads the error from this context.
        """
        ending = GeneratorExit()
        ending.__context__ = sys.exc_info()[1]
        with suppress(GeneratorExit, StopAsyncIteration):
            await self._flow.athrow(ending)


def _renew_lock() -> None:
    SharedRequest.lock = threading.Lock()  # the thread that held the old one is not in the child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _timeouts(request: httpx.Request | None) -> object:
    return None if request is None else request.extensions.get("timeout")


def _seconds(request: httpx.Request | None) -> float | None:
    """Return the sum of the connect and read timeouts of a request, in seconds; None if one of them is not set."""
    timeouts = (request.extensions.get("timeout") if request is not None else None) or {}
    connect, read = timeouts.get("connect"), timeouts.get("read")
    return None if connect is None or read is None else float(connect + read)


def current_task() -> int | None:
    """Return None, because a `SharedRequest` identifies a thread by the thread's own id."""
    return None


def async_current_task() -> int:
    """Return the id of the running task."""
    import anyio

    return anyio.get_current_task().id


def _asyncio_loop() -> AbstractEventLoop | None:
    import asyncio

    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # no loop, or not one of asyncio
        return None
