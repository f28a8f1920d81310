"""The decision whether to retry, and after how long."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import ConfigurationError
from css_sdk._http.retry import Attempt, Backoff, seconds_to_wait

YEAR_2024 = 1_704_067_200.0
"""Mon, 01 Jan 2024 00:00:00 GMT."""


@pytest.mark.parametrize(
    ("backoff", "attempt", "chance", "wait"),
    [
        # The waits double, up to the longest one.
        (Backoff(), Attempt(1, 0.0, None, 503), 1.0, 0.5),
        (Backoff(), Attempt(2, 0.5, None, 503), 1.0, 1.0),
        (Backoff(), Attempt(3, 1.5, None, 503), 1.0, 2.0),
        (Backoff(tries=9, longest=3.0), Attempt(5, 1.0, None, None), 1.0, 3.0),
        (Backoff(tries=9999, longest=3.0, budget=1e9), Attempt(5000, 1.0, None, None), 1.0, 3.0),
        (Backoff(tries=9999, first=0.0), Attempt(5000, 0.0, None, None), 1.0, 0.0),
        # A random part of each wait is used.
        (Backoff(), Attempt(2, 0.0, None, 500), 0.5, 0.5),
        (Backoff(), Attempt(1, 0.0, None, 500), 0.0, 0.0),
        # The number of attempts includes the first one.
        (Backoff(), Attempt(4, 0.0, None, 503), 1.0, None),
        (Backoff(), Attempt(9, 0.0, None, 503), 1.0, None),
        (Backoff(tries=1), Attempt(1, 0.0, None, 503), 1.0, None),
        (Backoff(tries=1), Attempt(1, 0.0, 1.0, 429), 1.0, None),
        (Backoff(tries=2), Attempt(1, 0.0, None, 503), 1.0, 0.5),
        # The budget is for all waits together.
        (Backoff(budget=20.0), Attempt(2, 19.0, None, 503), 1.0, 1.0),
        (Backoff(budget=20.0), Attempt(2, 19.5, None, 503), 1.0, None),
        (Backoff(budget=0.0), Attempt(1, 0.0, None, 503), 1.0, None),
        (Backoff(budget=0.0, first=0.0), Attempt(1, 0.0, None, 503), 1.0, 0.0),
        # The wait that the service asks for is kept exactly, if it fits the budget.
        (Backoff(), Attempt(1, 0.0, 20.0, 429), 0.1, 20.0),
        (Backoff(), Attempt(1, 0.0, 20.5, 429), 0.1, None),
        (Backoff(), Attempt(2, 15.0, 6.0, 429), 0.1, None),
        (Backoff(), Attempt(1, 0.0, 3600.0, 429), 0.0, None),
        (Backoff(), Attempt(1, 0.0, 0.0, 503), 1.0, 0.0),
        (Backoff(), Attempt(1, 0.0, math.inf, 503), 1.0, None),
    ],
)
def test_the_wait_after_each_failed_attempt(
    backoff: Backoff, attempt: Attempt, chance: float, wait: float | None
) -> None:
    """After a failed attempt, the policy gives the next wait, or None if no attempt may follow."""
    assert backoff(attempt, chance) == wait


@given(
    st.builds(
        Backoff, tries=st.integers(1, 5000), first=st.floats(0, 10), longest=st.floats(0, 60), budget=st.floats(0, 1e9)
    ),
    st.builds(
        Attempt,
        number=st.integers(1, 5000),
        waited=st.floats(0, 1e6),
        retry_after=st.none() | st.floats(0, 1e6),
        status=st.none() | st.integers(400, 599),
    ),
    st.floats(0, 1),
)
def test_waits_stay_within_bounds(backoff: Backoff, attempt: Attempt, chance: float) -> None:
    """No wait is negative, exceeds the budget or is longer than the longest wait, after any number of attempts."""
    wait = backoff(attempt, chance)
    if wait is None:
        return
    assert attempt.number < backoff.tries
    assert wait >= 0
    assert attempt.waited + wait <= backoff.budget
    assert wait == attempt.retry_after if attempt.retry_after is not None else wait <= backoff.longest


@pytest.mark.parametrize(
    "wrong",
    [
        {"tries": 0},
        {"tries": -1},
        {"tries": 2.5},
        {"tries": "3"},
        {"first": -0.1},
        {"first": None},
        {"longest": -1.0},
        {"budget": -1.0},
        {"budget": float("nan")},
    ],
    ids=str,
)
def test_invalid_limits_of_a_policy_are_refused(wrong: dict[str, Any]) -> None:
    """A policy with no attempts, negative seconds or a value that is not a number is refused when it is made."""
    with pytest.raises(ConfigurationError, match=f"{next(iter(wrong))}= must be"):
        Backoff(**wrong)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("0\x1f", 0.0),
        ("3600", 3600.0),
        # Two forms of a date in RFC 9110, and a date with a time zone.
        ("Mon, 01 Jan 2024 00:02:00 GMT", 120.0),
        ("Monday, 01-Jan-24 00:02:00 GMT", 120.0),
        ("Mon, 01 Jan 2024 01:02:00 +0100", 120.0),
        # Past dates ask for no wait.
        ("Mon, 01 Jan 2024 00:00:00 GMT", 0.0),
        ("Sun, 31 Dec 2023 23:59:59 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        # Anything else is ignored.
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("5, 5", None),
        ("Mon, 41 Jan 2024 00:00:00 GMT", None),
        ("1 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str | None, seconds: float | None) -> None:
    """`Retry-After` is read as seconds or as a date, and any other value is ignored."""
    assert seconds_to_wait(header, now=YEAR_2024) == seconds


@pytest.fixture(params=["UTC0", "PST8PDT", "XYZ-14"])
def zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """Set each time zone of the machine in turn, and yield it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process cannot be set here")
@pytest.mark.parametrize(
    "header", ["Mon, 01 Jan 2024 00:02:00", "Mon, 01 Jan 2024 00:02:00 -0000", "Mon Jan  1 00:02:00 2024"]
)
def test_dates_without_a_zone_are_in_gmt(zone: str, header: str) -> None:
    """A date without a zone is in GMT, in every time zone of this machine."""
    assert seconds_to_wait(header, now=YEAR_2024) == 120.0


@given(
    st.text()
    | st.lists(
        st.sampled_from(
            ["Mon,", "01", "Jan", "2024", "99999999999", "00:00:00", "0:0", "GMT", "+9999", "-0000", ":", "-"]
        )
    ).map(" ".join),
    st.floats(0, 4e9),
)
def test_any_header_gives_seconds_or_nothing(header: str, now: float) -> None:
    """Any content of the header gives seconds or None, and no error."""
    seconds = seconds_to_wait(header, now)
    assert seconds is None or seconds >= 0
