"""Measure a call of the facade, compared with the same request by httpx on an open connection to another process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final

import httpx

from css_sdk import AsyncCss, Css

from .measure import MICRO, Finding, interleaved, repeated, seconds_each
from .servers import INTEGRATION, PLACE, Running, sandbox

MOST: Final = 1.25
ROUNDS: Final = 60
CALLS: Final = 40
USER: Final = "d6dff8c2546921b01198b4efd12cb3bc@idir"


def calls() -> Iterator[Finding]:
    """Compare `users.roles` of both clients with the GET of the same address by the same kind of httpx client."""
    with sandbox() as server:
        yield _sync(server)
        with asyncio.Runner() as runner:
            yield _async(server, runner)


def _sync(server: Running) -> Finding:
    url = server.roles_url(USER)
    with Css(server.settings) as css, httpx.Client(headers=_headers(server), trust_env=False) as http:
        users = css.integration(INTEGRATION).environment(PLACE).users
        assert [role.name for role in users.roles(USER)] == [role["name"] for role in http.get(url).json()["data"]]
        measured, reference = repeated(lambda: users.roles(USER)), repeated(lambda: http.get(url))
        pair = interleaved(lambda: seconds_each(measured, CALLS), lambda: seconds_each(reference, CALLS), ROUNDS)
    return _finding("users.roles, Css", pair.value, pair.reference, "GET by httpx.Client", pair.ratio)


def _async(server: Running, runner: asyncio.Runner) -> Finding:
    url = server.roles_url(USER)
    css = AsyncCss(server.settings)
    http = httpx.AsyncClient(headers=_headers(server), trust_env=False)

    async def close() -> None:
        await css.aclose()
        await http.aclose()

    try:
        users = runner.run(css.integration(INTEGRATION)).environment(PLACE).users

        async def read(times: int) -> None:
            for _ in range(times):
                await users.roles(USER)

        async def get(times: int) -> None:
            for _ in range(times):
                await http.get(url)

        pair = interleaved(
            lambda: seconds_each(lambda times: runner.run(read(times)), CALLS),
            lambda: seconds_each(lambda times: runner.run(get(times)), CALLS),
            ROUNDS,
        )
    finally:
        runner.run(close())
    return _finding("users.roles, AsyncCss", pair.value, pair.reference, "GET by httpx.AsyncClient", pair.ratio)


def _headers(server: Running) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token()}"}


def _finding(name: str, value: float, reference: float, against: str, ratio: float) -> Finding:
    return Finding(name, value * MICRO, "us", reference * MICRO, against, ratio, most=MOST)
