"""Measure how many people a second get a role, by the number of concurrent calls. There is no limit for it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Final

import httpx

from css_sdk import Css

from .measure import Finding
from .servers import INTEGRATION, PLACE, Running, sandbox, username, world

PEOPLE: Final = 200
WIDTHS: Final = (1, 4, 8)
ROUNDS: Final = 3


def bulk() -> Iterator[Finding]:
    """Compare `bulk.assign_many` for 200 people with the same number of single POSTs one after another."""
    with sandbox(world(PEOPLE, {"reviewer": 0})) as server, Css(server.settings) as css:
        many = css.integration(INTEGRATION).environment(PLACE).bulk
        grants = [(username(number), "reviewer") for number in range(PEOPLE)]
        rates: dict[int, list[float]] = {width: [] for width in WIDTHS}
        bare = []
        for _ in range(ROUNDS):
            for width, found in rates.items():
                begin = time.perf_counter()
                results = many.assign_many(grants, width=width)
                found.append(PEOPLE / (time.perf_counter() - begin))
                assert all(result.outcome == "done" for result in results)
            bare.append(_bare_rate(server))
        for width, found in rates.items():
            yield Finding(
                f"assign {PEOPLE} people, width {width}",
                statistics.median(found),
                "/s",
                statistics.median(bare),
                "POSTs by one httpx.Client",
            )


def _bare_rate(server: Running) -> float:
    """Return how many people a second get a role with single POSTs."""
    with httpx.Client(headers={"Authorization": f"Bearer {server.token()}"}, trust_env=False) as http:
        begin = time.perf_counter()
        for number in range(PEOPLE):
            http.post(server.roles_url(username(number)), json=[{"name": "reviewer"}]).raise_for_status()
        return PEOPLE / (time.perf_counter() - begin)
