# Written from css_sdk/_async/logs.py by `make generate`; edit that one.
"""Read the log lines of one environment of one integration, for a time range of any length."""

from __future__ import annotations

from css_sdk_openapi.api.logs import get_logs

from .._http import answers, forks
from .._http.concurrency import Lock
from .._http.exchanges import Exchange
from .._service import log_windows
from .._text.tables import TupleOf
from .._text.words import counted, waiting_time
from ..errors import CssError, IncompleteSearch, MalformedAnswer, RateLimited
from ..models import LogLine
from ..state import Place
from .sending import Call
from .wire import Wire


class LogMeter:
    """Count a client's log calls for one integration and environment. Refuse calls that the service would refuse."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._budget = log_windows.Budget()
        # A lock for threads is sufficient for tasks, too: it is held only while counting, never during a request.
        self._lock = Lock()
        forks.watch(self)

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may hold."""
        self._lock = Lock()

    def attempt(self, call: Call, number: int) -> Exchange:
        """Send one call and count it. Then correct the count from the header `RateLimit` of the answer.

        Raises:
            RateLimited: no call is left in this hour. Nothing is sent.
        """
        with self._lock:
            wait = self._budget.wait(self._wire.clock())
            if wait is not None:
                raise RateLimited(
                    f"{call.label}: the {log_windows.CALLS} log calls of this hour are used up. "
                    f"Try again in {waiting_time(wait)}.",
                    request=call.label,
                    retry_after=wait,
                )
            self._budget = self._budget.spent(self._wire.clock())
        tried = self._wire.attempt(call, number)
        if tried.response is not None:
            with self._lock:
                header = tried.response.headers.get("RateLimit", "")
                self._budget = self._budget.corrected(header, self._wire.clock())
        return tried


def meter_for(wire: Wire, place: Place) -> LogMeter:
    """Return the meter that counts a client's log calls for one place. Create it at the first call."""
    return wire.remembered(("log calls", place), lambda: LogMeter(wire))


def read_logs(wire: Wire, place: Place, since: log_windows.Moment, until: log_windows.Moment) -> tuple[LogLine, ...]:
    """Return log lines; see `EnvironmentClient.logs`."""
    meter = meter_for(wire, place)
    waiting = log_windows.windows(log_windows.moment(since, "since"), log_windows.moment(until, "until"))
    lines: list[LogLine] = []
    calls = 0
    while waiting:
        window = waiting[0]
        calls += 1
        try:
            if calls > log_windows.MOST_CALLS:
                raise MalformedAnswer(
                    f"To read the logs of {place}, more than {log_windows.MOST_CALLS} calls are needed. Choose a "
                    f"shorter time range."
                )
            call = wire.call(get_logs, "integration", place.path | window.query)
            response = wire.answer(call, meter.attempt)
            found, message = answers.parsed(get_logs, response, call.label, answers.logs)
            is_cut = log_windows.is_cut(len(found), message, place.environment)
            if is_cut and window.halves is None:
                raise IncompleteSearch(
                    f"The service returned {len(found)} lines for the millisecond of {window.query['start']}, and left "
                    f"out others."
                )
        except CssError as error:
            raise _with_lines(error, lines, window) from error
        if is_cut and window.halves:
            waiting = [*window.halves, *waiting[1:]]
        else:
            lines = log_windows.joined(lines, found, window.since)
            waiting = waiting[1:]
    return TupleOf(lines)


def _with_lines(error: CssError, lines: list[LogLine], window: log_windows.Window) -> CssError:
    # Leave out lines from the start of this window: the caller reads them again when it continues.
    before = tuple(line for line in lines if line.timestamp is None or line.timestamp < window.since)
    read = counted(len(before), "line")
    error = error.with_message(f"{error} css-sdk has read {read}. Continue from {window.query['start']}.")
    error.lines, error.resume_at = before, window.since
    return error
