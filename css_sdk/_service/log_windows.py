"""Split a range of log times into windows, join the lines of the windows, and count the calls. Pure."""

from __future__ import annotations

import datetime
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, cast

from attrs import evolve, frozen
from dateutil import parser

from ..errors import InvalidRequest, Remedy
from ..models import LogLine

LONGEST_WINDOW: Final = datetime.timedelta(days=3)
"""The longest range of one call. The service refuses a range that is one second longer."""

SHORTEST_WINDOW: Final = datetime.timedelta(milliseconds=1)
"""The shortest window. css-sdk cannot halve it, because it sends times in whole milliseconds."""

CALLS: Final = 20
"""The log calls in one hour that the service accepts from one network address, for one environment of an integration.

A refused call counts, too.
"""

MOST_CALLS: Final = 1000
"""The most calls that css-sdk makes for one range. At 20 calls an hour, 1,000 calls take two days."""

HOUR: Final = 3600.0
_SLACK: Final = 60.0

_MOST_LINES: Final = {"prod": 25_000}
_MOST_LINES_ELSEWHERE: Final = 5_000

_ZONES: Final = {
    name: hours * 3600
    for name, hours in {
        **dict.fromkeys(("UT", "UTC", "GMT", "Z"), 0),
        "EST": -5,
        "EDT": -4,
        "CST": -6,
        "CDT": -5,
        "MST": -7,
        "MDT": -6,
        "PST": -8,
        "PDT": -7,
    }.items()
}
"""The names of time zones in RFC 2822 (4.3), with their offsets in seconds. Other names have several meanings."""

_VALID_TIMES: Final = Remedy(
    "Pass a datetime, a date, or a text such as '2026-11-21 12:00'.",
    "Pass a date such as 2026-11-02, a date and time, or a time span such as 3h.",
)

Moment = datetime.datetime | datetime.date | str


def moment(value: Moment, what: str) -> datetime.datetime:
    """Return a time in UTC, to the millisecond.

    A date means the beginning of the day. A time without a zone is read as UTC. Times of numpy and pandas are accepted.

    A text with the name of a time zone that RFC 2822 does not define is refused.

    >>> moment("2026-11-21", "since").isoformat()
    '2026-11-21T00:00:00+00:00'
    """
    if isinstance(value, str):
        value = _parsed(value, what)
    elif type(value).__name__ == "datetime64":  # a time of numpy, which becomes one of Python
        value = cast(Any, value).astype("datetime64[us]").item()
    # A missing time of pandas passes for a `datetime`, but is not equal to itself.
    is_missing = isinstance(value, datetime.date) and value != value
    if not isinstance(value, datetime.date) or is_missing:
        raise InvalidRequest(f"{what} is {value!r}, which is not a time.", remedy=_VALID_TIMES)
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    zoned = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    utc = zoned.astimezone(datetime.UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _parsed(text: str, what: str) -> datetime.datetime:
    # The parser takes what a date lacks from a default day. If two default days give two dates, the date is incomplete.
    days = [datetime.datetime(1972, 1, 1), datetime.datetime(1976, 2, 2)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", parser.UnknownTimezoneWarning)
            read = [parser.parse(text, default=day, tzinfos=_ZONES) for day in days]
    except parser.UnknownTimezoneWarning:
        raise InvalidRequest(
            f"{what} is {text!r}, which has a time zone that is not known. Write its offset instead, such as -08:00."
        ) from None
    except (ValueError, OverflowError):  # the parser's own words are for programmers
        raise InvalidRequest(f"{what} is {text!r}, which is not a time.", remedy=_VALID_TIMES) from None
    if read[0].date() != read[1].date():
        raise InvalidRequest(f"{what} is {text!r}, which is not a complete date. Give year, month and day.")
    return read[0]


@frozen
class Window:
    """A part of a range of log times. It includes both `since` and `until`."""

    since: datetime.datetime
    until: datetime.datetime

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters `start` and `end` of a logs call."""
        ends = (self.since, self.until)
        start, end = (time.isoformat(timespec="milliseconds").replace("+00:00", "Z") for time in ends)
        return {"start": start, "end": end}

    @property
    def halves(self) -> tuple[Window, Window] | None:
        """Return the two halves of the window; None if the window is too short. The halves share one moment."""
        span = (self.until - self.since) / 2
        middle = self.since + datetime.timedelta(milliseconds=span // SHORTEST_WINDOW)
        if not self.since < middle < self.until:
            return None
        return Window(self.since, middle), Window(middle, self.until)


def windows(since: datetime.datetime, until: datetime.datetime) -> list[Window]:
    """Split a range into windows of at most 3 days, oldest first. Neighbouring windows share one moment."""
    if until < since:
        raise InvalidRequest(f"The range ends at {until.isoformat()}, before it begins at {since.isoformat()}.")
    result = []
    while until - since > LONGEST_WINDOW:
        result.append(Window(since, since + LONGEST_WINDOW))
        since += LONGEST_WINDOW
    return [*result, Window(since, until)]


def is_cut(lines: int, message: str, environment: str) -> bool:
    """Return whether the service left out some lines of a window.

    `lines` is the number of lines that it sent. `message` is the message that it sent with them.
    """
    return lines >= _MOST_LINES.get(environment, _MOST_LINES_ELSEWHERE) or "more logs" in message.lower()


def joined(before: list[LogLine], lines: Iterable[LogLine], seam: datetime.datetime) -> list[LogLine]:
    """Return the lines of a range and of the next window, oldest first.

    Both contain the lines of the `seam`, the moment that they share. Each of these lines is returned once.
    """
    twice = Counter(_text(line) for line in before if _is_at(line, seam))
    fresh = []
    for line in sorted(lines, key=_age):
        text = _text(line)
        if _is_at(line, seam) and twice[text] > 0:
            twice[text] -= 1
        else:
            fresh.append(line)
    return before + fresh


def _age(line: LogLine) -> datetime.datetime:
    return line.timestamp or datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _is_at(line: LogLine, seam: datetime.datetime) -> bool:
    return line.timestamp is not None and abs(line.timestamp - seam) <= SHORTEST_WINDOW


def _text(line: LogLine) -> str:
    return json.dumps(dict(line.fields), sort_keys=True, default=str)


@frozen
class Budget:
    """The log calls that css-sdk may still make in the current hour, for one environment of one integration.

    `renewed_at` is the time when the service accepts 20 calls again. Before the first call, it is minus infinity.
    """

    left: int = CALLS
    renewed_at: float = float("-inf")

    def wait(self, now: float) -> float | None:
        """Return the seconds until the next call is allowed; None if it is allowed now."""
        return self.renewed_at - now if self.left <= 0 and now < self.renewed_at else None

    def spent(self, now: float) -> Budget:
        """Return the budget after one more call. If the hour is over at `now`, the call begins a new hour."""
        if now >= self.renewed_at:
            return Budget(CALLS - 1, now + HOUR)
        return evolve(self, left=self.left - 1)

    def corrected(self, header: str, now: float) -> Budget:
        """Return the budget that the `RateLimit` header of an answer states.

        Such a header is `limit=20, remaining=7, reset=1800`. If `remaining` or `reset` is missing, the budget does not
        change. Within one hour, the number left never grows, because answers may arrive in another order than their
        requests.
        """
        stated = dict(re.findall(r"(\w+)=([0-9]{1,9})", header))
        if "remaining" not in stated or "reset" not in stated:
            return self
        left, renewed_at = int(stated["remaining"]), now + int(stated["reset"])
        is_same_hour = abs(renewed_at - self.renewed_at) < _SLACK
        return Budget(min(left, self.left) if is_same_hour else left, renewed_at)
