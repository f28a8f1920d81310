"""Send calls of the generated client, retry reads, and raise errors. Every call goes through this module."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn, Self, TypeVar

import httpx
from attrs import evolve

from .._http import answers
from .._http import retry as _retry
from .._http.cancellation import AsyncInFlight
from .._http.concurrency import async_called, async_sleep
from .._http.exchanges import Exchange
from .._http.journal_writer import Journal
from .._service.error_answers import error_for, is_passing
from .._text.words import exception_in_words
from .._verification.late_writes import LateAttempts
from ..auth.credentials import credentials_of, team_of
from ..errors import ConfigurationError, CssError, MalformedAnswer, type_of_thing
from ..settings import Settings
from ..state import Step
from .connection import AsyncConnections, AsyncOptions, check_options
from .sending import AsyncSender, Call

_LOG = logging.getLogger("css_sdk")


Remembered = TypeVar("Remembered")
Value = TypeVar("Value")
Attempts = Callable[[Call, int], Awaitable[Exchange]]
"""A function that makes one attempt of a call. It gets the call and the number of the attempt, from 1."""


class AsyncWire:
    """Send calls of the generated client over one httpx client, with one auth and one retry policy.

    Attributes:
        journal: records each write before css-sdk sends the write, and again when the write has ended.
        is_plain: whether a worker in a different process can create an equal wire. If the caller passed `http_client`
            or `transport`, no worker can.
        clock: returns the time in seconds, from a clock that never goes back.
        late: the attempts of writes that got no answer. The service may still carry them out.
        places: the names of known places for error messages, by the integration and environment in paths.

    Raises:
        ConfigurationError: an option is not valid.
        InvalidFile: the journal cannot be written.
    """

    def __init__(self, settings: Settings, options: AsyncOptions) -> None:
        check_options(options)
        self.settings = settings
        self.journal = options.get("journal")
        self.is_plain = not {"http_client", "transport"} & options.keys()
        self.clock = options.get("clock", time.monotonic)
        self.late = LateAttempts()
        self.places: dict[tuple[str, str], str] = {}
        self._retry = options.get("retry", _retry.Backoff())
        self._on_wait = options.get("on_wait")
        self._remembered: dict[Hashable, Any] = {}
        self._auth = credentials_of(settings, self.clock, options.get("on_request"))
        if self.journal is not None:
            self.journal.open_for(settings)
        # Open the connections last: if an earlier line raised an error, nobody would close them.
        self.connections = AsyncConnections(options)
        self._sender = AsyncSender(self.connections, self._auth, settings, options)

    def __reduce__(self) -> NoReturn:
        raise ConfigurationError(
            "A client cannot be copied or pickled, because it owns its connections and its token. Share it among "
            "threads or tasks. In another process, create a client there with from_env or from_file."
        )

    def with_journal(self, journal: Journal) -> Self:
        """Return a second wire that uses the same connections and records its writes in a journal."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, journal=journal)
        return other

    def knowing_not_done(self, steps: Iterable[Step]) -> AbstractContextManager[None]:
        """Return a context in which the journal treats these steps as not done.

        Use the context after a read has shown that the steps are not done. The journal then needs no second read before
        the write. Without a journal, the context has no effect.
        """
        return nullcontext() if self.journal is None else self.journal.knowing_not_done(steps)

    @property
    def team(self) -> int | None:
        """Return the id of the team that the current token names, or None.

        None means that no token was requested yet, or that the token names no team.
        """
        return team_of(self._auth.claims)

    def remembered(self, key: Hashable, make: Callable[[], Remembered]) -> Remembered:
        """Return the value that this client remembers for a key. The first call creates the value with `make`."""
        found: Remembered = self._remembered.setdefault(key, make())
        return found

    async def aclose(self) -> None:
        """Close the connections. An httpx client that the caller passed stays open."""
        await self.connections.aclose()

    async def read(
        self,
        operation: answers.Operation,
        convert: Callable[[Any], Value],
        about: type_of_thing = "path",
        /,
        **arguments: Any,
    ) -> Value:
        """Send a call that only reads, retry it after temporary faults, and return the converted answer.

        Args:
            about: the kind of thing that is missing if the service answers 404.
            arguments: the arguments of the generated function. Pass names as they are, not encoded.
        """
        call = self.call(operation, about, arguments)
        return answers.parsed(operation, await self.answer(call), call.label, convert)

    async def answer(self, call: Call, attempt: Attempts | None = None) -> httpx.Response:
        """Send a call that only reads, retry it after temporary faults, and return the successful answer."""
        waited, number = 0.0, 0
        while True:
            number += 1
            tried = await (attempt or self.attempt)(call, number)
            if tried.error is None and tried.response is not None:
                return tried.response
            waited += await self.pause(call, tried, number, waited)

    def call(self, operation: answers.Operation, about: type_of_thing, arguments: dict[str, Any]) -> Call:
        """Return the call that a generated module describes, ready to be sent.

        Args:
            about: the kind of thing that is missing if the service answers 404.

        Raises:
            Refused: the request would do harm; see `AsyncSender.call`.
        """
        return self._sender.call(operation._get_kwargs(**arguments), operation.__name__.rpartition(".")[2], about)

    async def attempt(self, call: Call, number: int, write: AsyncInFlight | None = None) -> Exchange:
        """Make one attempt of a call, and return how it ended. An error of the service is returned, not raised.

        Args:
            number: the number of the attempt, from 1.
            write: as for `AsyncSender.send`.
        """
        ended = await self._sender.send(call, write, number)
        if ended.response is None or ended.response.is_success:
            return ended
        answer = answers.error_answer(ended.response, call.label, now=time.time())
        return evolve(ended, error=error_for(answer, call.about, self.places), is_passing=is_passing(answer))

    async def forward(self, described: dict[str, Any]) -> httpx.Response:
        """Send a request of the generated client once, and return the answer, also if its status is an error.

        Raises:
            Refused: the request would do harm; see `AsyncSender.call`.
            ConfigurationError: the client cannot be used. A write also raises this error if the client has a journal,
                because the journal could not record the write.
            CssError: there is no answer, or the answer cannot be read.
        """
        call = self._sender.call(described)
        is_write = call.request.method != "GET"
        if self.journal is not None and is_write:
            raise ConfigurationError(
                f"{call.label}: this client keeps a journal. The journal cannot record writes of the generated client. "
                f"Nothing was sent. For this call, create another client without journal=."
            )
        with AsyncInFlight() as in_flight:
            ended = await self._sender.send(call, in_flight if is_write else None)
        if ended.response is None:
            raise ended.error or MalformedAnswer(f"{call.label}: there is no answer.", request=call.label)
        call.request.headers.pop("Authorization", None)
        return ended.response

    async def pause(self, call: Call, tried: Exchange, number: int, waited: float) -> float:
        """Wait before the next attempt, and return the seconds. If there is no further attempt, raise the last error.

        There is no further attempt if the error is not temporary, or if `retry` returns None. If `retry` or `on_wait`
        raises an exception, there is no further attempt, either.
        """
        error = tried.error or MalformedAnswer(f"{call.label}: the change could not be verified.", request=call.label)
        if not tried.is_passing:
            raise error
        attempt = _retry.Attempt(number, waited, error.retry_after, error.status)
        wait = await self._hook("retry", error, self._retry, attempt, random.random())  # noqa: S311
        if wait is None:
            raise error
        # Log only the name of the operation, because paths contain usernames.
        _LOG.info("%s: status %s; trying again in %.1f s", call.name, error.status or "none", wait)
        if self._on_wait is not None:
            await self._hook("on_wait", error, self._on_wait, _retry.Waiting(call.name, number, wait, error))
        await async_sleep(wait)
        return wait

    async def _hook(
        self, name: str, error: CssError, hook: Callable[..., Awaitable[Value] | Value], *arguments: Any
    ) -> Value:
        """Call `retry` or `on_wait`, which the caller passed, and return the result.

        If the function raises an exception, raise a copy of `error` whose message also names this exception.
        """
        try:
            return await async_called(name, hook, *arguments)
        except Exception as failure:
            # Raise the error of the attempt, because this error says what may have been done.
            raise error.with_message(
                f"{error} There was no further attempt, because {name}= raised {exception_in_words(failure)}."
            ) from failure
