"""Opening the way to the service: one httpx client, one token keeper, one wire over both."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypedDict

import httpx

from .._http.clients import AsyncConnections, Lent, new_client
from .._http.concurrency import AsyncSlots, async_check_callback, check_callback
from .._http.journal_writer import Journal
from .._http.retry import Attempt, Backoff, RetryPolicy, Waiting
from .._service import arguments, service_limits
from ..auth.credentials import ClientCredentials, team_of
from ..errors import ConfigurationError, WrongTeam
from ..settings import Settings
from .sending import DEADLINE, LARGEST_ANSWER, Limits
from .wire import AsyncWire

_IDLE_SECONDS = 4.0
"""The service closes idle connections after 5 s; one kept as long would now and then be found dead."""

_LENT: Final[tuple[Lent, ...]] = ("http_client", "transport")


class AsyncOptions(TypedDict, total=False):
    """What may be handed to a client besides its settings.

    `http_client`: an httpx client to send everything through, token requests included; the caller closes it.
    `transport`: an httpx transport, for a client of our own. `timeout`: seconds for each phase of a request.
    `deadline`: seconds for one attempt of a call, its token and its whole answer included; without it 120.
    `largest_answer`: bytes that the body of an answer may have, unpacked; without it 64 MiB.
    `retry`: decides whether and when to try again. `on_wait`: called before each wait between two tries. An `AsyncCss`
    awaits both where they are coroutine functions; when one raises an exception, the call is not tried again.
    `clock`: seconds that only grow, for the life of tokens and the budget of log calls. `journal`: a file that tells of
    every write, before and after it, with what it really changed; that costs a read where nobody has read it yet.
    """

    http_client: httpx.AsyncClient
    transport: httpx.AsyncBaseTransport
    timeout: float
    deadline: float
    largest_answer: int
    retry: RetryPolicy | Callable[[Attempt, float], Awaitable[float | None]]
    on_wait: Callable[[Waiting], object]
    clock: Callable[[], float]
    journal: Journal


_KINDS: Final = {
    "http_client": httpx.AsyncClient,
    "transport": httpx.AsyncBaseTransport,
    "journal": Journal,
}
"""The classes of options that only such an object can be."""


def _check(options: AsyncOptions) -> None:
    unknown = sorted(options.keys() - AsyncOptions.__annotations__.keys())
    if unknown:
        known = ", ".join(sorted(AsyncOptions.__annotations__))
        raise ConfigurationError(f"There is no option {', '.join(unknown)}; the options are {known}.")
    for name, kind in _KINDS.items():
        if options.get(name) is not None:
            arguments.check_kind(options.get(name), kind, f"{name}=", error=ConfigurationError)
    async_check_callback("on_wait", options.get("on_wait"))
    async_check_callback("retry", options.get("retry"))
    check_callback("clock", options.get("clock"))
    beside = sorted({"transport", "timeout"} & options.keys())
    if "http_client" in options and beside:
        raise ConfigurationError(f"An http_client has its own {' and '.join(beside)}; give one or the other.")


def open_wire(settings: Settings, options: AsyncOptions) -> AsyncWire:
    """A wire to the service, not yet connected."""
    _check(options)
    limits = Limits(options.get("deadline", DEADLINE), options.get("largest_answer", LARGEST_ANSWER))
    lent = next((name for name in _LENT if name in options), None)

    def make() -> httpx.AsyncClient:
        return options.get("http_client") or new_client(
            httpx.AsyncClient,
            transport=options.get("transport"),
            timeout=options.get("timeout", 30.0),
            limits=httpx.Limits(
                max_connections=service_limits.MOST_AT_ONCE,
                max_keepalive_connections=service_limits.MOST_AT_ONCE,
                keepalive_expiry=_IDLE_SECONDS,
            ),
        )

    def check_team(claims: dict[str, Any]) -> None:
        if settings.team_id is not None and team_of(claims) != settings.team_id:
            raise WrongTeam(
                f"The credentials of {settings.client_id!r} belong to team {team_of(claims)}, not to "
                f"{settings.team_id}. Nothing was sent."
            )

    clock = options.get("clock", time.monotonic)
    auth = ClientCredentials(
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        origins=[settings.api_url],
        accept=check_team,
        allow_http=settings.allow_http,
        clock=clock,
        name_of=settings.name_of,
    )
    # Whatever may refuse comes before the httpx client, which only the client's own end closes.
    journal = options.get("journal")
    if journal is not None:
        journal.open_for(settings)
    connections = AsyncConnections(make, lambda: AsyncSlots(service_limits.MOST_AT_ONCE), lent)
    return AsyncWire(
        settings,
        connections,
        auth,
        is_plain=lent is None,
        is_own="http_client" not in options,
        limits=limits,
        retry=options.get("retry", Backoff()),
        on_wait=options.get("on_wait"),
        clock=clock,
        journal=journal,
    )
