"""The one place through which every call goes: building it, sending it, trying again, telling what went wrong."""

from __future__ import annotations

import copy
import logging
import random
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, NoReturn, Self, TypeVar

import httpx
from attrs import frozen

from .._http import answers
from .._http import retry as _retry
from .._http.cancellation import AsyncInFlight
from .._http.clients import AsyncConnections
from .._http.concurrency import async_called, async_sleep
from .._http.journal_writer import Journal
from .._service import paths, service_limits
from .._verification.late_writes import LateAttempts
from .._version import __version__
from ..auth.credentials import ClientCredentials
from ..errors import ConfigurationError, CssError, MalformedAnswer, UnusableName, error_for, is_passing, type_of_thing
from ..settings import Settings
from .sending import AsyncSender, Limits

_LOG = logging.getLogger("css_sdk")
_USER_AGENT: Final = f"css-sdk/{__version__}"


@frozen
class Tried:
    """How one attempt of a call ended: with an answer, or with the error that came instead of one.

    `status` is that of the answer, also of one that could not be read. `sent` is False where it is certain that the
    call never reached the service.
    """

    response: httpx.Response | None
    error: CssError | None
    status: int | None = None
    sent: bool = True
    passing: bool = False


@frozen
class Call:
    """A request ready to be sent, with what log lines and errors may say of it."""

    request: httpx.Request
    name: str
    told_as: str
    about: type_of_thing


Kept = TypeVar("Kept")
Value = TypeVar("Value")
Attempts = Callable[[Call], Awaitable[Tried]]
"""Makes one try of a call."""


class AsyncWire:
    """Sends calls of the generated client over one httpx client, with one auth and one policy for trying again.

    Args:
        settings: the addresses.
        connections: the httpx client that everything goes through, token requests included.
        auth: the token keeper.
        is_own: whether the httpx client is ours.
        is_plain: whether another process could make the same one.
        limits: for each attempt of a call.
        retry: decides whether and when to try again.
        on_wait: called before each wait between two tries.
        clock: seconds that only grow.
        journal: gets every write, before and after it.
    """

    def __init__(
        self,
        settings: Settings,
        connections: AsyncConnections,
        auth: ClientCredentials,
        *,
        is_own: bool,
        is_plain: bool,
        limits: Limits,
        retry: _retry.RetryPolicy | Callable[[_retry.Attempt, float], Awaitable[float | None]],
        on_wait: Callable[[_retry.Waiting], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        journal: Journal | None = None,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.is_plain = is_plain
        self.clock = clock
        self.late = LateAttempts()
        self._connections = connections
        self._auth = auth
        self._sender = AsyncSender(connections, auth, limits, settings.token_url, is_own=is_own)
        self._retry = retry
        self._on_wait = on_wait
        self._kept: dict[Hashable, Any] = {}
        self._base = httpx.URL(settings.api_url).raw_path.rstrip(b"/")

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "A client is not copied or pickled: its connections and its token belong to it. Share it among threads or "
            "tasks; in another process, make one there with from_env or from_file."
        )

    def with_journal(self, journal: Journal) -> Self:
        """Return a wire over the same connections, whose writes go into a journal."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, journal=journal)
        return other

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the token in hand."""
        return self._auth.claims

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What is kept as long as the client lives under a key, made when it is first asked for."""
        found: Kept = self._kept.setdefault(key, make())
        return found

    def check_usable(self, request: str) -> None:
        """Check that a request could be sent here and now.

        Args:
            request: as error messages name it.

        Raises:
            ConfigurationError: when the client was closed, or belongs to another process or event loop.
        """
        self._connections.http(request)

    async def aclose(self) -> None:
        """Closes the connections, but not those of an httpx client that was handed in."""
        await self._connections.aclose()

    async def read(
        self,
        operation: answers.Operation,
        convert: Callable[[Any], Value],
        about: type_of_thing = "path",
        /,
        **arguments: Any,
    ) -> Value:
        """What the answer of a reading call holds, tried again while its faults are passing.

        Args:
            operation: the generated module of the call.
            convert: makes a value of ours of the parsed answer.
            about: what the call is about, for the error of a 404.
            arguments: of the generated module's function, names in paths encoded once.

        Raises:
            CssError: as the answer, or its absence, demands.
        """
        call = self.call(operation, about, arguments)
        return self.value(call, operation, await self.answer(call), convert)

    def value(
        self, call: Call, operation: answers.Operation, response: httpx.Response, convert: Callable[[Any], Value]
    ) -> Value:
        """What a successful answer holds.

        Raises:
            MalformedAnswer: which names the call, when it makes no sense.
        """
        try:
            return convert(answers.parsed(operation, response, call.told_as))
        except MalformedAnswer as error:
            if error.request is not None:
                raise
            raise MalformedAnswer(
                f"{call.told_as}: {error}", status=response.status_code, request=call.told_as
            ) from None

    async def answer(self, call: Call, attempt: Attempts | None = None) -> httpx.Response:
        """The successful answer to a reading call, tried again while its faults are passing.

        Args:
            call: the call.
            attempt: makes one try, where that is more than `attempt` does.
        """
        waited, number = 0.0, 0
        while True:
            number += 1
            tried = await (attempt or self.attempt)(call)
            if tried.error is None and tried.response is not None:
                return tried.response
            waited += await self.pause(call, tried, number, waited)

    def call(self, operation: answers.Operation, about: type_of_thing, arguments: dict[str, Any]) -> Call:
        """The request that a generated module describes, refused when it would harm.

        Raises:
            RequestTooLong: when it would bring the service down.
            UnusableName: when its path would not arrive as it was built.
            ConfigurationError: when the client was closed, or belongs to another process or event loop.
        """
        described = operation._get_kwargs(**arguments)
        path = described.pop("url")
        told_as = f"{described['method'].upper()} {path}"
        request = self._sender.request(self.settings.api_url + path, described, told_as)
        # Set, not handed over: httpx would merge them one by one.
        request.headers["User-Agent"] = _USER_AGENT
        request.headers["Accept"] = "application/json"
        target = request.url.raw_path.removeprefix(self._base)
        paths.check_path(path, told_as)
        if target.partition(b"?")[0] != path.encode("ascii"):
            raise UnusableName(f"{told_as}: the path would not arrive as it stands here.", request=told_as)
        service_limits.check_length(target.decode("ascii"), told_as)
        return Call(request, operation.__name__.rpartition(".")[2], told_as, about)

    async def attempt(self, call: Call, write: AsyncInFlight | None = None) -> Tried:
        """Make one attempt of a call, and return how it ended.

        Args:
            call: the call.
            write: finishes it when the task is cancelled, where it is one of a write.

        Raises:
            ConfigurationError: when the client was closed, or belongs to another process or event loop.
        """
        ended = await self._sender.send(call.request, call.told_as, write)
        response = ended.response
        if response is None:
            return Tried(None, ended.error, ended.status, ended.was_sent, ended.is_passing)
        if response.is_success:
            return Tried(response, None, ended.status)
        told = answers.told(response, call.told_as, now=time.time())
        return Tried(response, error_for(told, call.about), ended.status, passing=is_passing(told))

    async def pause(self, call: Call, tried: Tried, number: int, waited: float) -> float:
        """Waits before the next try and gives the seconds waited, or raises the error when there is to be none."""
        error = tried.error or MalformedAnswer(f"{call.told_as}: no proof that it was done.", request=call.told_as)
        if not tried.passing:
            raise error
        attempt = _retry.Attempt(number, waited, error.retry_after, error.status)
        wait = await self._hook("retry", error, self._retry, attempt, random.random())  # noqa: S311
        if wait is None:
            raise error
        # The operation's name alone: paths hold usernames.
        _LOG.info("%s: status %s; trying again in %.1f s", call.name, error.status or "none", wait)
        if self._on_wait is not None:
            await self._hook("on_wait", error, self._on_wait, _retry.Waiting(call.name, number, wait, error))
        await async_sleep(wait)
        return wait

    async def _hook(
        self, name: str, error: CssError, hook: Callable[..., Awaitable[Value] | Value], *arguments: Any
    ) -> Value:
        """Return what a function of the caller's returns; when it raises an exception, there is no other attempt."""
        try:
            return await async_called(name, hook, *arguments)
        except Exception as failure:
            # The error of the attempt goes on, since it says what may have been done.
            last = copy.copy(error)
            last.args = (f"{error} There was no other attempt: {name}= raised {type(failure).__name__}: {failure}.",)
            raise last from failure
