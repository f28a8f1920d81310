"""Reading a role with many members holds a page of them, not all."""

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


def memory() -> Iterator[Finding]:
    """The most memory in use at once while the members of a role are read one after another, in this process alone."""
    with sandbox(world(MANY, {"few": FEW, "many": MANY})) as server, Css(server.settings) as css:
        roles = css.integration(INTEGRATION).environment(PLACE).roles

        def peak(name: str) -> float:
            gc.collect()
            tracemalloc.start()
            try:
                count = sum(1 for _ in roles.members(name))
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
                assert count == {"few": FEW, "many": MANY}[name]

        peak("few")  # what is made once is made now
        few, many = peak("few"), peak("many")
    against = f"the same with {FEW:,} members"
    yield Finding(
        f"memory for {MANY:,} members", many / 1024, "KB", few / 1024, against, most=MOST, complaint="too much"
    )
