"""Time a call and its reference in turns, and compare them."""

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
"""Variables of started processes, which may write compiled files."""


@frozen
class Pair:
    """The medians of what was measured and of its reference.

    `ratio` is the median of the ratios of all rounds, in which a temporary load has less weight.
    """

    value: float
    reference: float
    ratio: float


@frozen
class Finding:
    """One line of the report.

    Args:
        name: what was measured.
        value: the measured value.
        unit: the unit of the value and its reference.
        reference: the value of the reference in the same run.
        against: a description of the reference.
        ratio: the ratio of the value to the reference; by default their quotient.
        most: the limit of the ratio.
        most_value: the limit of the value.
        complaint: the word for an exceeded limit.
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
        """Return the ratio of the value to the reference."""
        if self.ratio is not None:
            return self.ratio
        return self.value / self.reference if self.reference else math.inf if self.value else 1.0

    @property
    def is_broken(self) -> bool:
        """Return whether a limit is exceeded."""
        over_ratio = self.most is not None and self.quotient > self.most
        return over_ratio or (self.most_value is not None and self.value > self.most_value)

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the parts of the line."""
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
    """Measure both in turns after one round that does not count; each goes first in every other round.

    Args:
        measured: returns one value, such as seconds.
        reference: returns the same for the reference.
        rounds: the number of rounds that count.
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
    """Return the seconds of one of these calls, after one call that does not count.

    The garbage of earlier work is collected first. The collector stays on, because its work is part of the cost of a
    call.

    Args:
        work: makes the call the given number of times.
        times: the number of calls that count.
    """
    work(1)
    gc.collect()
    begin = time.perf_counter()
    work(times)
    return (time.perf_counter() - begin) / times


def repeated(call: Callable[[], object]) -> Callable[[int], None]:
    """Return a function that makes a call the given number of times."""

    def work(times: int) -> None:
        for _ in range(times):
            call()

    return work


def process_seconds(*arguments: str, environ: Mapping[str, str] | None = None) -> float:
    """Return the seconds of a new Python process from its start to its end.

    Args:
        arguments: arguments of the interpreter.
        environ: additional variables.

    Raises:
        subprocess.CalledProcessError: the process fails.
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
    """Return the number of useful digits after the decimal point."""
    if value == int(value):
        return 0
    return max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) < 100 else 0
