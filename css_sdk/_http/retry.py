"""Decide whether and when a request is sent again. Pure. Users can replace the decision with their own function."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol

from attrs import frozen

from .._service import arguments
from ..errors import CssError


@frozen
class Attempt:
    """An attempt that failed with a fault that may be temporary.

    Args:
        number: 1 for the first attempt.
        waited: seconds spent waiting between the attempts so far.
        retry_after: the seconds that the service asked to wait; None if it did not ask.
        status: the status of the answer, or None if no answer came.
    """

    number: int
    waited: float
    retry_after: float | None
    status: int | None


@frozen
class Waiting:
    """A wait that is about to begin, for `on_wait`.

    Args:
        call: name of the call, such as `list_user_roles`.
        number: the number of the attempt that failed, from 1.
        seconds: how long the wait takes.
        error: the error of that attempt.
    """

    call: str
    number: int
    seconds: float
    error: CssError


class RetryPolicy(Protocol):
    """Decide after a temporary fault whether to send the request again, and after how many seconds."""

    def __call__(self, attempt: Attempt, chance: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None to stop.

        Args:
            attempt: the attempt that failed.
            chance: a random number from 0 to 1, for jitter.
        """
        ...


@frozen
class Backoff:
    """Wait longer after each attempt, with full jitter, and stop when the attempts or the budget are used up.

    If the service sent `Retry-After`, wait exactly that long, even if this is more than `longest`. Stop if all waits
    together would exceed the budget.

    Args:
        tries: the maximum number of attempts, including the first.
        first: the maximum wait after the first attempt, in seconds. The maximum doubles with each attempt.
        longest: the maximum of a single wait, in seconds, if the service sent no `Retry-After`.
        budget: the maximum of all waits together, in seconds.

    Raises:
        ConfigurationError: `tries` is not a whole number of 1 or more, or another value is not a number of 0 or more.

    >>> Backoff()(Attempt(number=1, waited=0.0, retry_after=None, status=503), chance=1.0)
    0.5
    >>> Backoff()(Attempt(number=1, waited=0.0, retry_after=3600.0, status=429), chance=1.0) is None
    True
    """

    tries: int = 4
    first: float = 0.5
    longest: float = 8.0
    budget: float = 20.0

    def __attrs_post_init__(self) -> None:
        arguments.check_number(self.tries, "tries", "attempts", whole=True)
        for name in ("first", "longest", "budget"):
            arguments.check_number(getattr(self, name), name, "seconds", zero=True)

    def __call__(self, attempt: Attempt, chance: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None to stop."""
        if attempt.number >= self.tries:
            return None
        if attempt.retry_after is not None:
            wait = attempt.retry_after
        else:
            # Limit the power, because a larger one does not fit in a float. The wait is then `longest` anyway.
            wait = min(self.longest, self.first * 2.0 ** min(attempt.number - 1, 64)) * chance
        return wait if attempt.waited + wait <= self.budget else None


def seconds_to_wait(retry_after: str | None, now: float) -> float | None:
    """Return how many seconds a `Retry-After` header asks to wait; None if it is missing or not valid.

    The header has a number of seconds or a date (RFC 9110, 10.2.3). For a date in the past, return 0.

    Args:
        retry_after: the value of the header; None if there is no header.
        now: the time, in seconds since 1970.

    >>> seconds_to_wait("120", now=0.0)
    120.0
    >>> seconds_to_wait("Thu, 01 Jan 1970 00:01:00 GMT", now=0.0)
    60.0
    """
    if retry_after is not None and (digits := retry_after.strip()).isdecimal():
        return float(digits)
    date = seconds_of_date(retry_after)
    return None if date is None else max(0.0, date - now)


def seconds_of_date(header: str | None) -> float | None:
    """Return the time in a header such as `Date`, in seconds since 1970; None if it is missing or not a date.

    >>> seconds_of_date("Thu, 01 Jan 1970 00:01:00 GMT")
    60.0
    """
    try:
        date = parsedate_to_datetime(header or "")
        # Dates in HTTP are in GMT, even if they name no zone.
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):  # some of these are not in the documentation
        return None
