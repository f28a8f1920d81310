"""Measure planning for 100,000 grants: it takes seconds, and time and memory grow in proportion to the grants.

The state was read before. The benchmark measures the plan alone, and the way from the text of the file to the text of
the plan.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve, frozen

from css_sdk.people.identities import Person
from css_sdk.plan.desired import Desired, DesiredPlace, DesiredRole, Listed
from css_sdk.plan.planner import Plan, plan
from css_sdk.plan.serialization import plan_as_json
from css_sdk.roles_file.parser import read_desired
from css_sdk.roles_file.writer import desired_as_yaml
from css_sdk.state import Place, PlaceState

from .measure import Finding

SIZES: Final = (1_000, 10_000, 100_000)
ROLES: Final = 40
MOST_SECONDS: Final = 10
MOST_MEGABYTES: Final = 500
MOST_GROWTH: Final = 1.5
"""The limit for the growth of the time of one grant from the smallest size. It allows for a busy machine."""


@frozen
class Work:
    """A roles file with this number of grants. Half of them exist, and it omits as many grants that exist."""

    grants: int
    desired: Desired
    text: str
    state: PlaceState

    @classmethod
    def of(cls, grants: int) -> Work:
        """Return work with a quarter as many people as grants, each of them with four of 40 roles."""
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
        desired = Desired((DesiredPlace("101", "dev", Listed(roles)),))
        members = {name: frozenset(some) for name, some in held.items()}
        state = PlaceState(Place(101, "dev"), "Grants Portal", frozenset(held), {}, members)
        return cls(grants, desired, desired_as_yaml(desired), state)

    def plan(self, desired: Desired | None = None) -> Plan:
        """Return the plan with half of the grants to add and as many to remove."""
        made = plan(desired or self.desired, {("101", "dev"): self.state}, {}, prune=True)
        assert len(made.steps) == self.grants
        return made

    def from_text_to_text(self) -> str:
        """Return the text of the plan from the text of the roles file."""
        made = self.plan(read_desired(self.text, "roles.yaml"))
        facts = {"api_url": "https://example.org", "version": "1", "created_at": "2026-11-21T12:00:00+00:00"}
        return plan_as_json(evolve(made, team_id=2016, **facts))


STAGES: Final[tuple[tuple[str, Callable[[Work], object]], ...]] = (
    ("plan", Work.plan),
    ("text to text", Work.from_text_to_text),
)


def planning() -> Iterator[Finding]:
    """Measure the seconds for each size, the growth of the time of one grant, and the most memory in use."""
    works = [Work.of(size) for size in SIZES]
    against = f"as much a grant as for {SIZES[0]:,}"
    for name, stage in STAGES:
        first = 0.0
        for work in works:
            seconds = min(_seconds(stage, work) for _ in range(3))
            first = first or seconds / work.grants
            yield Finding(
                f"{name}, {work.grants:,} grants",
                seconds,
                "s",
                first * work.grants,
                against,
                most=MOST_GROWTH if work is not works[0] else None,
                most_value=MOST_SECONDS,
            )
        yield Finding(
            f"memory of that, {works[-1].grants:,}",
            _megabytes(stage, works[-1]),
            "MB",
            _megabytes(stage, works[0]) * works[-1].grants / works[0].grants,
            against,
            most=MOST_GROWTH,
            most_value=MOST_MEGABYTES,
            complaint="too much",
        )


def _seconds(stage: Callable[[Work], object], work: Work) -> float:
    gc.collect()
    begin = time.perf_counter()
    stage(work)
    return time.perf_counter() - begin


def _megabytes(stage: Callable[[Work], object], work: Work) -> float:
    """Return the most memory that the work needs, including its result, besides what was in use before."""
    gc.collect()
    tracemalloc.start()
    try:
        stage(work)
        return tracemalloc.get_traced_memory()[1] / 1024**2
    finally:
        tracemalloc.stop()
