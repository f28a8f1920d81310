# Written from css_sdk/_async/callbacks.py by `make generate`; edit that one.
"""Call the caller's `progress` with each result. If `progress` raises an exception, the writes continue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._http.concurrency import called, check_callback
from .._text.words import exception_in_words
from ..errors import CallbackFailed

Returned = TypeVar("Returned")


class ProgressCalls:
    """Pass results to the caller's `progress`. If `progress` raises an exception, report this at the end of the run.

    Args:
        callback: the caller's function, or None.
        name: the name of the argument with which the caller passed the function.
    """

    def __init__(self, callback: Callable[..., object] | None, name: str = "progress") -> None:
        check_callback(name, callback)
        self._name = name
        self._callback = callback
        self._error: Exception | None = None

    def note(self, *result: object) -> None:
        """Pass one result to the callback. If the callback has raised an exception before, do not call it.

        Args:
            result: the parts of the result. The callback gets each part as one argument.
        """
        if self._callback is None or self._error is not None:
            return
        try:
            called(self._name, self._callback, *result)
        except Exception as error:
            self._error = error

    def ended(self, returned: Returned) -> Returned:
        """Return the result of the run.

        Raises:
            CallbackFailed: the callback raised an exception during the run. `result` of the error is the result of the
                run.
        """
        if self._error is None:
            return returned
        raise CallbackFailed(
            f"{self._name}= raised {exception_in_words(self._error)}. css-sdk finished the call nevertheless. "
            f"`result` of this error holds the return value of the call.",
            result=returned,
        ) from self._error
