"""Send requests without log lines of httpx, and remove the frames of httpx from errors."""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar, Token

# Import the logger itself, because its name may change. If httpx no longer has it, this import fails.
from httpx._client import logger as _log_of_httpx

_is_sending: ContextVar[bool] = ContextVar("css_sdk_is_sending", default=False)


def _is_wanted(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or not _is_sending.get()


_log_of_httpx.addFilter(_is_wanted)


def cut_frames(error: BaseException | None, outer: BaseException | None) -> None:
    """Remove the traceback from an error and from its causes, because the frames hold headers with tokens.

    Args:
        outer: the error that the program was already handling before the request. This error and its causes keep their
            tracebacks.
    """
    seen: set[int] = set() if outer is None else {id(outer)}
    left = [error]
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = None
        left += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            left += each.exceptions


def system_error_behind(error: BaseException) -> OSError | None:
    """Return the first of an error and its causes that the operating system explains; None if there is none."""
    below: BaseException | None = error
    while below is not None and not (isinstance(below, OSError) and below.strerror):
        below = below.__cause__ or below.__context__
    return below


class Sending:
    """Keep personal data and tokens of the requests in a `with` block out of logs and tracebacks.

    httpx logs no line for a request inside the block, because the line would show the query with e-mail addresses.

    Every exception that leaves the block loses the frames of httpx, because these frames hold headers with tokens.
    Interrupts and cancellations lose them too. After the block, Python adds the frames of the callers.
    """

    def __enter__(self) -> None:
        self._outer = sys.exc_info()[1]
        self._before: Token[bool] = _is_sending.set(True)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        _is_sending.reset(self._before)
        cut_frames(error, self._outer)
