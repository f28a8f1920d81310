"""Whether and when to try again, as a pure decision that the caller may replace."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Protocol

from attrs import field, frozen, validators

from ..errors import CssError


@frozen
class Attempt:
    """One try that failed in a way that may pass.

    Args:
        number: 1 for the first try.
        waited: seconds spent waiting between the tries so far.
        retry_after: seconds that the service asked to wait, if it did.
        status: of the answer, or None where none came.
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
        number: of the try that failed, from 1.
        seconds: of the wait.
        error: the error of that try.
    """

    call: str
    number: int
    seconds: float
    error: CssError


class RetryPolicy(Protocol):
    """Decides after a passing fault: seconds to wait before the next try, or None to stop."""

    def __call__(self, attempt: Attempt, chance: float) -> float | None:
        """Return the seconds, or None. `chance` is a random number from 0 to 1."""
        ...


@frozen
class Backoff:
    """Growing waits with full jitter, within a budget; `Retry-After` is obeyed when it fits, else the tries end.

    Args:
        tries: at the most, the first included.
        first: the longest wait before the second try, in seconds; it doubles from try to try.
        longest: the longest single wait, in seconds.
        budget: seconds of waiting in all.

    >>> Backoff()(Attempt(number=1, waited=0.0, retry_after=None, status=503), chance=1.0)
    0.5
    >>> Backoff()(Attempt(number=1, waited=0.0, retry_after=3600.0, status=429), chance=1.0) is None
    True
    """

    tries: int = field(default=4, validator=validators.ge(1))
    first: float = field(default=0.5, validator=validators.ge(0))
    longest: float = field(default=8.0, validator=validators.ge(0))
    budget: float = field(default=20.0, validator=validators.ge(0))

    def __call__(self, attempt: Attempt, chance: float) -> float | None:
        """Return the seconds to wait, or None."""
        if attempt.number >= self.tries:
            return None
        if attempt.retry_after is not None:
            wait = attempt.retry_after
        else:
            # Beyond some doublings any wait is the longest, and a larger power would not fit a float.
            wait = min(self.longest, self.first * 2.0 ** min(attempt.number - 1, 64)) * chance
        return wait if attempt.waited + wait <= self.budget else None


def seconds_to_wait(retry_after: str | None, now: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, as a number or a date (RFC 9110, 10.2.3), or None.

    Args:
        retry_after: the header's value.
        now: the present, in seconds since 1970.

    >>> seconds_to_wait("120", now=0.0)
    120.0
    >>> seconds_to_wait("Thu, 01 Jan 1970 00:01:00 GMT", now=0.0)
    60.0
    """
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
        # The dates of HTTP are in GMT, also without a zone.
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError, TypeError, IndexError):  # for some texts it raises what it does not document
        return None
