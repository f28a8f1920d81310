"""Report each request that was sent: in a line of the log, and to the caller's `on_request`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import frozen

from .._text.words import exception_in_words
from .concurrency import check_callback

_LOG = logging.getLogger("css_sdk")


@frozen
class SentRequest:
    """One request that was sent, for `on_request`. It holds no personal data.

    Args:
        method: the HTTP method, such as `GET`.
        path: the path with placeholders instead of names, such as `/integrations/{integration_id}/{environment}/roles`.
            For a token request, the path of the token endpoint.
        status: the status of the answer; None if no answer came.
        seconds: the time until the answer was read. If a call had to request a token first, that time is included.
        attempt: 1 for the first attempt of a call.
        error: the class of the error if no answer could be read, such as `ConnectionFailed`.
    """

    method: str
    path: str
    status: int | None
    seconds: float
    attempt: int = 1
    error: str | None = None


@contextmanager
def collected_warnings() -> Iterator[list[logging.LogRecord]]:
    """Collect the warnings and errors that css-sdk logs inside the block.

    Yields:
        The list of the log records. It grows while the block runs.
    """
    records: list[logging.LogRecord] = []
    keeper = logging.Handler(logging.WARNING)
    vars(keeper)["emit"] = records.append
    _LOG.addHandler(keeper)
    try:
        yield records
    finally:
        _LOG.removeHandler(keeper)


class Observer:
    """Report requests to the log and to a function of the caller.

    The function is not awaited. If the function raises an exception, the exception is only logged.
    """

    def __init__(self, on_request: Callable[[SentRequest], object] | None) -> None:
        check_callback("on_request", on_request, "is never awaited")
        self._on_request = on_request

    @property
    def is_active(self) -> bool:
        """Return whether anything receives the reports: the function of the caller, or a log at level DEBUG."""
        return self._on_request is not None or _LOG.isEnabledFor(logging.DEBUG)

    def note(
        self,
        method: str,
        path: str,
        status: int | None,
        began: float,
        attempt: int = 1,
        error: BaseException | None = None,
    ) -> None:
        """Report a request that has just ended.

        Args:
            began: when the request began, by `time.perf_counter`.
        """
        seconds, kind = time.perf_counter() - began, None if error is None else type(error).__name__
        again = f", attempt {attempt}" if attempt > 1 else ""
        _LOG.debug("%s %s: %s in %.0f ms%s", method, path, status or kind, seconds * 1000, again)
        if self._on_request is None:
            return
        try:
            self._on_request(SentRequest(method, path, status, seconds, attempt, kind))
        except Exception as failure:
            # The request was sent. An error of the function must not make it look as if it had failed.
            _LOG.warning("on_request= raised %s. The request itself is not affected.", exception_in_words(failure))
