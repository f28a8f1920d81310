"""Timing what is measured and its reference in turns, and telling how they compare."""

from __future__ import annotations

import gc
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import frozen

MICRO: Final = 1e6

ENVIRONMENT: Final = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Of the processes that are started: all of them may keep what they compiled."""


@frozen
class Pair:
    """What was measured and its reference, each as the median of its rounds.

    `ratio` is the median of the rounds' own ratios, in which a load that comes and goes weighs less.
    """

    value: float
    reference: float
    ratio: float


@frozen
class Finding:
    """One line of the report.

    Args:
        name: what was measured.
        value: of what was measured.
        unit: of the value and its reference.
        reference: the same of something that the value compares to, from the same run.
        against: what the reference is.
        ratio: of the value to the reference; their quotient where it is not given.
        most: what the ratio may be at the most.
        most_value: what the value itself may be at the most.
        complaint: the word for a broken limit.
    """

    name: str
    value: float
    unit: str
    reference: float
    against: str
    ratio: float | None = None
    most: float | None = None
    most_value: float | None = None
    complaint: str = "too slow"

    @property
    def quotient(self) -> float:
        """How many times the reference the value is."""
        if self.ratio is not None:
            return self.ratio
        return self.value / self.reference if self.reference else math.inf if self.value else 1.0

    @property
    def is_broken(self) -> bool:
        """Whether a limit is."""
        over_ratio = self.most is not None and self.quotient > self.most
        return over_ratio or (self.most_value is not None and self.value > self.most_value)

    @property
    def cells(self) -> tuple[str, ...]:
        """The line, in parts."""
        limits = [] if self.most is None else [f"{self.most:g} x"]
        limits += [] if self.most_value is None else [f"{self.most_value:g} {self.unit}"]
        verdict = "ok" if limits else "-"
        return (
            self.name,
            f"{self.value:,.{_digits(self.value)}f} {self.unit}",
            f"{self.reference:,.{_digits(self.reference)}f} {self.unit}",
            f"{self.quotient:.2f} x",
            " ".join(limits) or "none",
            self.complaint if self.is_broken else verdict,
            self.against,
        )


HEADINGS: Final = ("measured", "value", "reference", "ratio", "limit", "", "the reference is")


def interleaved(measured: Callable[[], float], reference: Callable[[], float], rounds: int) -> Pair:
    """Both in turns, after a round that does not count, and each of them first in every other round.

    Args:
        measured: gives one value, such as seconds.
        reference: gives the same of the reference.
        rounds: that count.
    """
    measured(), reference()
    values: list[float] = []
    references: list[float] = []
    for number in range(rounds):
        for kept, take in [(values, measured), (references, reference)][:: -1 if number % 2 else 1]:
            kept.append(take())
    ratios = [value / other for value, other in zip(values, references, strict=True)]
    return Pair(statistics.median(values), statistics.median(references), statistics.median(ratios))


def seconds_each(work: Callable[[int], object], times: int) -> float:
    """Seconds that one of so many calls takes, after one that does not count.

    The garbage of whatever came before is collected first. The collector stays on: what a call makes it do is a part
    of the call's cost.

    Args:
        work: does the call as often as it is told.
        times: calls that count.
    """
    work(1)
    gc.collect()
    begin = time.perf_counter()
    work(times)
    return (time.perf_counter() - begin) / times


def repeated(call: Callable[[], object]) -> Callable[[int], None]:
    """Make a call as often as asked."""

    def work(times: int) -> None:
        for _ in range(times):
            call()

    return work


def process_seconds(*arguments: str, environ: Mapping[str, str] | None = None) -> float:
    """Seconds that a new Python process takes from its start to its end.

    Args:
        arguments: of the interpreter.
        environ: further variables.

    Raises:
        subprocess.CalledProcessError: when it fails.
    """
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT | dict(environ or {}),
        check=True,
    )
    return time.perf_counter() - begin


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of all the values does not exceed.

    >>> percentile([1, 2, 3, 4], 0.5)
    2
    """
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def _digits(value: float) -> int:
    """Digits after the point that say something."""
    if value == int(value):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) < 100 else 0
