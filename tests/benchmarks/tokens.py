"""Measure many callers with tokens that live one second: no call fails, and few tokens are requested."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from attrs import define, field

from css_sdk import AsyncCss, Css, CssError

from .measure import Finding
from .servers import INTEGRATION, PLACE, Running, sandbox

SECONDS: Final = 10.0
USABLE: Final = 0.9
"""Seconds for which a token with a stated life of one second is used: its life minus the time for its renewal."""

LIVES: Final = {"said 1 s": 1.99, "cut short": 1.0}
"""Lives of a token in the sandbox's settings.

Like login servers, the sandbox counts whole seconds and rounds down the stated life and the end of a token. With a life
of 1.99 seconds, the stated life is one second and the token hardly ends sooner. With a life of 1 second, the token ends
with the second in which it began, usually while its client still uses it.
"""

MOST_SECONDS: Final = 5.0
"""The longest time of a call while many others are in progress, so no caller waits forever."""

THREADS: Final = 50
TASKS: Final = 200
USER: Final = "d6dff8c2546921b01198b4efd12cb3bc@idir"


@define
class Ends:
    """The outcomes of calls, and the time of the longest call."""

    done: int = 0
    longest: float = 0.0
    errors: Counter[str] = field(factory=Counter)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count the outcome of the call that is made within the block."""
        begin = time.perf_counter()
        try:
            yield
            self.done += 1
        except CssError as error:
            self.errors[f"{type(error).__name__} of status {error.status}"] += 1
        finally:
            self.longest = max(self.longest, time.perf_counter() - begin)


def tokens() -> Iterator[Finding]:
    """Measure threads and tasks that share a client, with each kind of token life."""
    with sandbox() as server:
        for kind, life in LIVES.items():
            server.admin("PUT", "/settings", {"token_life": life})
            yield from _counted(server, f"{THREADS} threads, {kind}", THREADS, _with_threads)
            yield from _counted(
                server, f"{TASKS} tasks, {kind}", TASKS, lambda server: asyncio.run(_with_tasks(server))
            )


def _counted(server: Running, name: str, many: int, work: Callable[[Running], Ends]) -> Iterator[Finding]:
    server.admin("DELETE", "/requests")
    begin = time.perf_counter()
    ends = work(server)
    seconds = time.perf_counter() - begin
    asked = len(server.admin("GET", "/requests?kind=token"))
    refused = sum(entry["status"] == 401 for entry in server.admin("GET", "/requests?kind=api"))
    lives, against = math.floor(seconds / USABLE) + 1, "one for each usable life begun"
    if name.endswith("cut short"):
        lives, against = lives + math.floor(seconds) + 1, "one more for each second"
    found = "; ".join(f"{count} {error}" for error, count in ends.errors.most_common(3)) or "the calls that succeeded"
    failed = ends.errors.total()
    yield Finding(f"{name}: failed", failed, "calls", ends.done, found, most_value=0, complaint="too many")
    against = f"{against}; {refused} calls were answered 401"
    yield Finding(f"{name}: asked", asked, "tokens", lives, against, most=1, complaint="too many")
    fair = many * seconds / max(1, ends.done + failed)
    yield Finding(f"{name}: longest", ends.longest, "s", fair, "the mean of all", most_value=MOST_SECONDS)


def _with_threads(server: Running) -> Ends:
    ends = [Ends() for _ in range(THREADS)]
    with Css(server.settings) as css, ThreadPoolExecutor(THREADS) as pool:
        users = css.integration(INTEGRATION).environment(PLACE).users
        until = time.perf_counter() + SECONDS

        def read(own: Ends) -> None:
            while time.perf_counter() < until:
                with own.one():
                    users.roles(USER)

        list(pool.map(read, ends))
    errors = sum((own.errors for own in ends), Counter[str]())
    return Ends(sum(own.done for own in ends), max(own.longest for own in ends), errors)


async def _with_tasks(server: Running) -> Ends:
    ends = Ends()
    async with AsyncCss(server.settings) as css:
        users = (await css.integration(INTEGRATION)).environment(PLACE).users
        until = time.perf_counter() + SECONDS

        async def read() -> None:
            while time.perf_counter() < until:
                with ends.one():
                    await users.roles(USER)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(TASKS):
                tasks.create_task(read())
    return ends
