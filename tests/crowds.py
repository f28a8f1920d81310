"""Many threads or tasks that call at the same moment: the token arrives only when all of them wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import anyio.lowlevel
import httpx

from css_sdk.auth.credentials import TokenAuth
from css_sdk.auth.single_flight import SharedRequest


class Crowd:
    """Call with one auth from many threads or tasks at once.

    An auth reads the clock twice before it requests a token or waits, and once more when it requests one. By counting
    the reads, a crowd knows when all callers have arrived.

    Attributes:
        now: the time that the clock shows.
        auth: the auth that all callers share.
    """

    auth: TokenAuth

    def __init__(self, size: int) -> None:
        self.now = 1000.0
        self._size = size
        self._looks = 0
        self._changed = threading.Condition()

    def clock(self) -> float:
        """Return the time, and count that it was read."""
        with self._changed:
            self._looks += 1
            self._changed.notify_all()
        return self.now

    @property
    def _is_there(self) -> bool:
        return self._looks > 2 * self._size

    def wait(self, _: float = 0.0) -> None:
        """Wait until all callers have arrived. The caller that delays the token calls this."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._is_there, 30)
        with SharedRequest.lock:  # the last caller may be about to find out who sends the request
            pass

    async def async_wait(self, _: float = 0.0) -> None:
        """Wait as `wait` does, while other tasks continue."""
        with anyio.fail_after(30):
            while not self._is_there:
                await anyio.lowlevel.checkpoint()

    def call(self, client: httpx.Client, url: str) -> list[Any]:
        """Send one request from each thread and return the status or the error that each got."""
        self._looks = 0

        def one(_: int) -> Any:
            try:
                return client.get(url).status_code
            except Exception as error:
                return error

        with ThreadPoolExecutor(self._size) as pool:
            return [*pool.map(one, range(self._size))]

    async def async_call(self, client: httpx.AsyncClient, url: str) -> list[Any]:
        """Send one request from each task and return the status or the error that each got."""
        self._looks = 0
        return await gathered(self._size, lambda: client.get(url))


async def gathered(size: int, call: Callable[[], Any]) -> list[Any]:
    """Make the call in `size` tasks and return the status or the error that each got."""
    got: list[Any] = []

    async def one() -> None:
        try:
            got.append((await call()).status_code)
        except Exception as error:
            got.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(size):
            tasks.start_soon(one)
    return got
