"""Measure the sandbox: time to start, time of reads, stalls, and a world of 100,000 people."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

from .measure import Finding, interleaved, percentile, repeated, seconds_each
from .servers import CONSTANT, PLACE, SANDBOX, Running, running, sandbox, target_of, username, world, world_file

STARTS: Final = 7
ROUNDS: Final = 40
READS: Final = 50
STALLED: Final = 20.0
"""In milliseconds; a delayed acknowledgement of TCP takes 40."""

PEOPLE: Final = 100_000
SEARCHES: Final = 100
USER: Final = "d6dff8c2546921b01198b4efd12cb3bc@idir"
BARE: Final = "a constant answer by uvicorn"


def start() -> Iterator[Finding]:
    """Measure the time from the command to the line that says it is ready."""
    pair = interleaved(lambda: _until_ready(*SANDBOX), lambda: _until_ready(*CONSTANT), STARTS)
    yield Finding("sandbox, ready", pair.value, "s", pair.reference, BARE, pair.ratio, most_value=0.5)


def reads() -> Iterator[Finding]:
    """Measure reads over one connection, compared with a server that always gives one answer."""
    with ExitStack() as stack:
        server, constant = stack.enter_context(sandbox()), stack.enter_context(running(*CONSTANT))
        read = _reader(stack, server, server.roles_url(USER))
        bare = _reader(stack, constant, constant.ready["api_url"] + "/")
        pair = interleaved(
            lambda: seconds_each(repeated(read), READS), lambda: seconds_each(repeated(bare), READS), ROUNDS
        )
        yield Finding("sandbox, one read", pair.value * 1000, "ms", pair.reference * 1000, BARE, pair.ratio, most=2)
        slow, usual = (percentile(_milliseconds(work, ROUNDS * READS), 0.99) for work in (read, bare))
        yield Finding("sandbox, slowest of 100 reads", slow, "ms", usual, BARE, most_value=STALLED)


def large_world() -> Iterator[Finding]:
    """Measure the start with a world of 100,000 people, and a search for one of them."""
    with world_file(world(PEOPLE, {"reviewer": 1})) as path, ExitStack() as stack:
        begin = time.perf_counter()
        json.loads(path.read_text(encoding="utf-8"))
        parsing = time.perf_counter() - begin
        server = stack.enter_context(running(*SANDBOX, "--world", str(path)))
        yield Finding(
            f"sandbox, {PEOPLE:,} people, ready", server.seconds, "s", parsing, "json.loads of its world", most_value=3
        )
        constant = stack.enter_context(running(*CONSTANT))
        guid = username(PEOPLE // 2).partition("@")[0]
        search = _reader(stack, server, f"{server.ready['api_url']}/{PLACE}/idir/users?guid={guid}")
        bare = _reader(stack, constant, constant.ready["api_url"] + "/")
        assert len(json.loads(search())["data"]) == 1
        took, usual = (statistics.median(_milliseconds(work, SEARCHES)) for work in (search, bare))
        yield Finding("sandbox, search by guid in it", took, "ms", usual, BARE, most_value=5)


def _until_ready(*arguments: str) -> float:
    with running(*arguments) as server:
        return server.seconds


def _milliseconds(work: Callable[[], object], times: int) -> list[float]:
    """Return the milliseconds of each of these calls."""
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        took.append((time.perf_counter() - begin) * 1000)
    return took


def _reader(stack: ExitStack, server: Running, url: str) -> Callable[[], bytes]:
    """Return a function that reads an address over one open connection and accepts only success."""
    connection = server.connection()
    stack.callback(connection.close)
    headers = {"Authorization": f"Bearer {server.token()}"} if "client_id" in server.ready else {}
    target = target_of(url)

    def read() -> bytes:
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"GET {target}: {answer.status} {body!r}")
        return body

    return read
