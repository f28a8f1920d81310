"""Locks, sleeps, callbacks and workers, each in one version for threads and one for tasks.

The versions for tasks import anyio when they are used, so that a program without tasks starts faster.
"""

from __future__ import annotations

import atexit
import functools
import inspect
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, nullcontext
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConfigurationError
from .forks import watch

if TYPE_CHECKING:
    from anyio import CapacityLimiter
    from anyio.lowlevel import RunVar

Item = TypeVar("Item")
Result = TypeVar("Result")


Lock = threading.Lock


class AsyncLock:
    """A lock for tasks. A cancelled task can still acquire the lock, because the task must record what it has done."""

    def __init__(self) -> None:
        import anyio

        self._lock = anyio.Lock()

    async def __aenter__(self) -> None:
        import anyio

        with anyio.CancelScope(shield=True):
            await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class Slots:
    """Let at most `count` threads into a `with` block at once. The others wait, and enter in the order of arrival.

    `threading.Semaphore` does not keep this order: a thread that leaves and returns can overtake waiting threads.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            with self._lock:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                    raise
            self.__exit__()  # another thread let this one in just before the lock was taken
            raise

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


slots = Slots


def async_slots(count: int) -> CapacityLimiter:
    """Return an object that lets at most `count` tasks into an `async with` block, as `Slots` does for threads."""
    import anyio

    return anyio.CapacityLimiter(count)


@functools.cache
def _event_loop() -> RunVar[object]:
    from anyio.lowlevel import RunVar

    return RunVar("css_sdk_event_loop")


def event_loop() -> object:
    """Return the same object at each call. It stands for an event loop, because threads have no event loop."""
    return _event_loop


def async_event_loop() -> object:
    """Return an object that identifies the running event loop. The same loop always has the same object."""
    try:
        return _event_loop().get()
    except LookupError:
        mark = object()
        _event_loop().set(mark)
        return mark


sleep = time.sleep


async def async_sleep(seconds: float) -> None:
    """Wait for some seconds, while other tasks run."""
    import anyio

    await anyio.sleep(seconds)


def run(work: Callable[..., Result], *arguments: Any) -> Result:
    """Call `work` with the arguments, and return its result."""
    return work(*arguments)


def async_run(work: Callable[..., Awaitable[Result]], *arguments: Any) -> Result:
    """Run `work` in a new event loop, and return its result. Call this only where no event loop is running."""
    import anyio

    # Use an empty context. In a process that a task forked, the old context still says that a loop is running.
    return Context().run(anyio.run, work, *arguments)


def waited_for(future: Future[Result]) -> Result:
    """Wait for a future. Return its result, or raise its error."""
    return future.result()


async def async_waited_for(future: Future[Result]) -> Result:
    """Wait for a future while other tasks run. Return its result, or raise its error."""
    from anyio.to_thread import run_sync

    return await run_sync(future.result)


class _ReusedObjects:
    """Hold the objects that `reused` returns, each under its key."""

    def __init__(self) -> None:
        self.by_key: dict[Hashable, Any] = {}
        self.after_fork()
        watch(self)

    def after_fork(self) -> None:
        """Replace the lock in a forked child, because a thread of the parent process may hold the old one."""
        self.lock = threading.Lock()


_reused = _ReusedObjects()


def reused(key: Hashable, make: Callable[[], Any]) -> AbstractContextManager[Any]:
    """Return the object with this key, for a `with` statement. The first call makes the object.

    The object is closed when the process ends. A forked child uses the same object, so the object must be `ForkAware`.
    """
    with _reused.lock:
        if key not in _reused.by_key:
            _reused.by_key[key] = make()
            atexit.register(_reused.by_key[key].close)
    return nullcontext(_reused.by_key[key])


def async_reused(key: Hashable, make: Callable[[], Any]) -> AbstractAsyncContextManager[Any]:
    """Return a new object for an `async with` statement. The statement closes the object.

    The key is ignored and no object is kept, because connections belong to the event loop that made them.
    """
    return aclosing(make())


class _Shared(Iterator[Item]):
    """An iterator that several workers share. It ends after the last item, or when a worker sets `stopped`."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)
        self._lock = threading.Lock()
        self.stopped = False

    def __next__(self) -> Item:
        with self._lock:
            if self.stopped:
                raise StopIteration
            return next(self._items)


def each(work: Callable[[Item], object], items: Iterable[Item], at_once: int) -> None:
    """Call `work` with every item, with at most `at_once` calls at a time. Take an item only when a worker is free.

    Each worker has a copy of the caller's context, so that tracing and logging assign its work to the caller.

    After an error or an interrupt (Ctrl-C), the workers finish the items in progress and take no more items. Then
    `each` raises the error.
    """
    shared = _Shared(items)

    def draw() -> None:
        try:
            for item in shared:
                work(item)
        except BaseException:
            shared.stopped = True
            raise

    with ThreadPoolExecutor(at_once, thread_name_prefix="css_sdk") as pool:
        try:
            workers = [pool.submit(copy_context().run, draw) for _ in range(at_once)]
            for worker in workers:
                worker.result()
        except BaseException:
            shared.stopped = True
            raise


async def async_each(work: Callable[[Item], Awaitable[object]], items: Iterable[Item], at_once: int) -> None:
    """Call `work` with every item as `each` does, but in tasks. Raise the first error.

    If the calling task is cancelled, writes in flight are finished. All other work ends at once.
    """
    if at_once < 1:
        raise ValueError("at_once must be greater than 0")
    import anyio.lowlevel

    shared = _Shared(items)
    errors: list[Exception] = []

    async def draw() -> None:
        try:
            await anyio.lowlevel.checkpoint()
            for item in shared:
                await work(item)
                await anyio.lowlevel.checkpoint()
        except Exception as error:
            shared.stopped = True
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(draw)
    # Raise the first error, not an exception group, so that Css and AsyncCss raise the same class.
    if errors:
        raise errors[0]


def check_callback(name: str, callback: object, ending: str = "only AsyncCss awaits") -> None:
    """Raise `ConfigurationError` for a callback that cannot be called, or that would return before its work is done.

    Args:
        ending: the words after `which` in the error message "NAME= is a coroutine function, which …".
    """
    async_check_callback(name, callback)
    if callback is not None and _is(inspect.iscoroutinefunction, callback):
        raise ConfigurationError(f"{name}= is a coroutine function, which {ending}. Pass an ordinary function.")


def async_check_callback(name: str, callback: object) -> None:
    """Check a callback as `check_callback` does, but accept a coroutine function, because `async_called` awaits it."""
    if callback is None:
        return
    if not callable(callback):
        raise ConfigurationError(f"{name}= must be a function, not a value of type {type(callback).__name__}.")
    if _is(inspect.isgeneratorfunction, callback) or _is(inspect.isasyncgenfunction, callback):
        raise ConfigurationError(f"{name}= is a generator function, and would never run. Pass an ordinary function.")


def called(name: str, callback: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that a user of css-sdk passed in, and return its result.

    If the result is awaitable, raise `ConfigurationError`, because nothing would await the result.
    """
    result = callback(*arguments)
    if inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()  # otherwise Python warns that it was never awaited
        raise ConfigurationError(
            f"{name}= returned an awaitable, which only AsyncCss awaits. Pass an ordinary function."
        )
    return result


async def async_called(name: str, callback: Callable[..., Awaitable[Result] | Result], *arguments: Any) -> Result:
    """Call a function that a user of css-sdk passed in, and return its result. If the result is awaitable, await it."""
    result = callback(*arguments)
    return await result if inspect.isawaitable(result) else result


def _is(kind: Callable[[object], bool], callback: object) -> bool:
    """Return whether a callback or its `__call__` is a function of a kind. Look inside a `functools.partial`.

    Args:
        kind: the check for this kind, such as `inspect.iscoroutinefunction`.
    """
    while isinstance(callback, functools.partial):
        callback = callback.func
    return kind(callback) or kind(getattr(callback, "__call__", None))  # noqa: B004 - asks what it is, not whether
