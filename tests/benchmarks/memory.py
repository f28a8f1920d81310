"""Measure that reading a role with many members keeps one page of them in memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Final

from css_sdk import Css

from .measure import Finding
from .servers import INTEGRATION, PLACE, sandbox, world

MANY: Final = 20_000
FEW: Final = 2_000
MOST: Final = 1.2
PAGE: Final = 50


def memory() -> Iterator[Finding]:
    """Measure the most memory in use while members are read one after another in this process.

    Garbage does not count, because it is collected after each page.
    """
    with sandbox(world(MANY, {"few": FEW, "many": MANY})) as server, Css(server.settings) as css:
        roles = css.integration(INTEGRATION).environment(PLACE).roles

        def peak(name: str) -> float:
            gc.collect()
            tracemalloc.reset_peak()
            count = 0
            for _ in roles.members(name):
                count += 1
                if count % PAGE == 0:
                    gc.collect()
            assert count == {"few": FEW, "many": MANY}[name]
            return tracemalloc.get_traced_memory()[1]

        tracemalloc.start()
        try:
            peak("many")  # creates what is created once, and fills the address caches of httpx and urllib
            few, many = peak("few"), peak("many")
        finally:
            tracemalloc.stop()
    against = f"the same with {FEW:,} members"
    yield Finding(
        f"memory for {MANY:,} members", many / 1024, "KB", few / 1024, against, most=MOST, complaint="too much"
    )
