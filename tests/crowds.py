"""Many callers at the same moment, in threads or in tasks. Their token arrives only when all of them wait for it."""

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
    """So many callers of one auth. An auth looks at the clock twice before it asks or waits, and once more to ask.

    Attributes:
        now: what the clock shows.
        auth: theirs.
    """

    auth: TokenAuth

    def __init__(self, size: int) -> None:
        self.now = 1000.0
        self._size = size
        self._looks = 0
        self._changed = threading.Condition()

    def clock(self) -> float:
        """The time."""
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
        with SharedRequest.lock:  # the last of them may just be about to learn who asks
            pass

    async def async_wait(self, _: float = 0.0) -> None:
        """As `wait`, while other tasks go on."""
        with anyio.fail_after(30):
            while not self._is_there:
                await anyio.lowlevel.checkpoint()

    def call(self, client: httpx.Client, url: str) -> list[Any]:
        """What each of the threads got: a status, or an error."""
        self._looks = 0

        def one(_: int) -> Any:
            try:
                return client.get(url).status_code
            except Exception as error:
                return error

        with ThreadPoolExecutor(self._size) as pool:
            return [*pool.map(one, range(self._size))]

    async def async_call(self, client: httpx.AsyncClient, url: str) -> list[Any]:
        """What each of the tasks got: a status, or an error."""
        self._looks = 0
        return await gathered(self._size, lambda: client.get(url))


async def gathered(size: int, call: Callable[[], Any]) -> list[Any]:
    """What each of so many tasks got: a status, or an error."""
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
