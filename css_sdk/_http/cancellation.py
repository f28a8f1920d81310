"""Cancellation of tasks: what is in flight of a write is finished, and everything else ends at once.

A write that is cut off leaves nobody knowing whether it was done. So from the moment at which its request is handed to
the connection until its answer is there, nothing but the time limits of the request ends it. The cancellation goes on
then, before anything new is sent.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

Exchange = TypeVar("Exchange")


class InFlight:
    """The requests of one write, in a thread, which nothing cancels. Entered for the time of the write.

    Attributes:
        is_unanswered: whether a request was sent whose answer nobody will see.
    """

    def __init__(self) -> None:
        self.is_unanswered = False

    def finish(self, send: Callable[[httpx.Auth], Exchange], request: httpx.Request, auth: httpx.Auth) -> Exchange:
        """Send a request and return what came of it.

        Args:
            send: sends it with an auth, and reads the answer.
            request: the request.
            auth: puts the token on, and may ask for one first.
        """
        self.is_unanswered = True
        try:
            exchange = send(auth)
        except Exception:
            self.is_unanswered = False  # the error says what is known of it
            raise
        self.is_unanswered = False
        return exchange

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class AsyncInFlight:
    """The requests of one write, in a task. Entered for the time of the write.

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

    async def finish(
        self, send: Callable[[httpx.Auth], Awaitable[Exchange]], request: httpx.Request, auth: httpx.Auth
    ) -> Exchange:
        """Send a request and return what came of it, even when this task is cancelled meanwhile.

        Args:
            send: sends it with an auth, and reads the answer.
            request: the request.
            auth: puts the token on, and may ask for one first, which is not yet in flight.
        """
        import anyio

        ends: list[Exchange | Exception] = []
        here, there = anyio.CancelScope(), anyio.CancelScope()

        def begin() -> None:
            here.shield = there.shield = self.is_unanswered = True

        async def finish() -> None:
            with there:
                try:
                    ends.append(await send(_Announcing(auth, request, begin)))
                except Exception as error:
                    ends.append(error)

        try:
            # In a task of its own, since a scope holds off no cancellation that asyncio itself delivers to this one.
            with here:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(finish)
        except anyio.get_cancelled_exc_class() as cancelled:
            if not ends:
                raise
            # A scope that is cancelled says so again at the next await; asyncio says it only once.
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        is_handled = self._scope.__exit__(kind, error, trace)
        if self._cancelled is not None:
            raise self._cancelled
        return is_handled


class _Announcing(httpx.Auth):
    """An auth that announces when the request itself is sent, and not one for a token."""

    def __init__(self, auth: httpx.Auth, request: httpx.Request, begin: Callable[[], object]) -> None:
        self._auth = auth
        self._request = request
        self._begin = begin

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        return _Flow(self._auth.async_auth_flow(request), self._request, self._begin)


class _Flow(AsyncGenerator[httpx.Request, httpx.Response]):
    def __init__(
        self,
        flow: AsyncGenerator[httpx.Request, httpx.Response],
        request: httpx.Request,
        begin: Callable[[], object],
    ) -> None:
        self._flow = flow
        self._request = request
        self._begin = begin

    async def asend(self, value: Any) -> httpx.Request:
        asked = await self._flow.asend(value)
        if "Authorization" in self._request.headers:  # which the auth sets when it has a token
            self._begin()
        return asked

    async def athrow(self, *error: Any) -> httpx.Request:
        return await self._flow.athrow(*error)

    async def aclose(self) -> None:
        await self._flow.aclose()
