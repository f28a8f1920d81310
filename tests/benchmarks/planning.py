"""Planning for 100,000 grants is a matter of seconds, takes memory in proportion, and grows no faster than the size."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from css_sdk.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.plan import Plan, plan
from css_sdk.roster import Person
from css_sdk.state import Place, PlaceState

from .measure import Finding

SIZES: Final = (1_000, 10_000, 100_000)
ROLES: Final = 40
MOST_SECONDS: Final = 10
MOST_MEGABYTES: Final = 500
MOST_GROWTH: Final = 1.5
"""Of the time that one grant takes, from one size to the next: a machine that does other things is no steady clock."""


@frozen
class Work:
    """A file with so many grants, half of which are there, and beside them as many that the file does not have."""

    desired: Desired
    state: PlaceState

    @classmethod
    def of(cls, grants: int) -> Work:
        """A fourth as many people as grants, each in four of 40 roles."""
        usernames = [f"{number:032x}@idir" for number in range(grants // 4)]
        wanted: dict[str, list[str]] = {f"role-{number}": [] for number in range(ROLES)}
        held: dict[str, set[str]] = {name: set() for name in wanted}
        for number, username in enumerate(usernames):
            for turn in range(4):
                name = f"role-{(number + turn) % ROLES}"
                wanted[name].append(username)
                held[f"role-{(number + turn + 2) % ROLES}"].add(username)
        roles = tuple(
            DesiredRole(name, members=Listed(tuple(Person("username", one) for one in some), exact=True))
            for name, some in wanted.items()
        )
        place = DesiredPlace("101", "dev", Listed(roles))
        members = {name: frozenset(some) for name, some in held.items()}
        return cls(Desired((place,)), PlaceState(Place(101, "dev"), "Grants Portal", frozenset(held), {}, members))

    def plan(self) -> Plan:
        """The plan, with its removals."""
        return plan(self.desired, {("101", "dev"): self.state}, {}, prune=True)


def planning() -> Iterator[Finding]:
    """Seconds for each size, how the time for one grant grows from the smallest to it, and the most memory in use."""
    first = 0.0
    for size in SIZES:
        work = Work.of(size)
        seconds = min(_seconds(work) for _ in range(3))
        first = first or seconds / size
        yield Finding(
            f"plan for {size:,} grants",
            seconds,
            "s",
            first * size,
            f"as much a grant as for {SIZES[0]:,}",
            most=MOST_GROWTH if size > SIZES[0] else None,
            most_value=MOST_SECONDS,
        )
    yield Finding(
        f"memory for {SIZES[-1]:,} grants",
        _megabytes(Work.of(SIZES[-1])),
        "MB",
        _megabytes(Work.of(SIZES[0])) * SIZES[-1] / SIZES[0],
        f"as much a grant as for {SIZES[0]:,}",
        most=MOST_GROWTH,
        most_value=MOST_MEGABYTES,
        complaint="too much",
    )


def _seconds(work: Work) -> float:
    gc.collect()
    begin = time.perf_counter()
    made = work.plan()
    seconds = time.perf_counter() - begin
    grants = sum(len(role.members.items) for role in work.desired.places[0].roles.items if role.members)  # type: ignore[union-attr]
    assert len(made.steps) == grants
    return seconds


def _megabytes(work: Work) -> float:
    """The most that a plan needs beside the file and what was read, the plan itself included."""
    gc.collect()
    tracemalloc.start()
    try:
        work.plan()
        return tracemalloc.get_traced_memory()[1] / 1024**2
    finally:
        tracemalloc.stop()
