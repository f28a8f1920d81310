"""Let concurrent callers of a client share one request and its outcome, an error included (single flight)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from ..auth.single_flight import SharedRequest, async_current_task

Value = TypeVar("Value")


class AsyncSingleFlight(Generic[Value]):
    """Let concurrent callers share one request.

    If the caller that sends the request is cancelled, one of the waiting callers sends the request again.
    """

    def __init__(self) -> None:
        self._pending: SharedRequest[Value] | None = None

    async def share(self, work: Callable[[], Awaitable[Value]], *, is_fresh: bool = False) -> Value:
        """Return the result of `work`. If another caller's request is in progress, wait for its result instead.

        If the request fails, all callers that share this request get its error.

        Args:
            work: sends the request. It must not return None.
            is_fresh: whether the request must begin after this call. The caller then does not use the result of a
                request that is already in progress.
        """
        task = async_current_task()
        is_good = not is_fresh
        while True:
            with SharedRequest.lock:
                before, self._pending = self._pending, SharedRequest[Value].current(self._pending, None, task)
                shared, is_mine = self._pending, self._pending is not before
            if is_mine:
                with shared:
                    shared.value = value = await work()
                return value
            result = await shared.async_result()
            if result is not None and is_good:
                return result
            is_good = True
