# Written from css_sdk/_async/callbacks.py by `make generate`; edit that one.
"""Call the caller's `progress` with each result. If `progress` fails, the run of writes goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._http.concurrency import called, check_callback
from ..errors import CallbackFailed

Returned = TypeVar("Returned")


class ProgressCalls:
    """Pass results to the caller's `progress`. If it raises an exception, report this at the end of the run.

    Args:
        callback: the caller's function, or None.
        name: the name of the argument with which the caller passed the function.

    Raises:
        ConfigurationError: `callback` is not a function, or is a coroutine function that the client cannot await.
    """

    def __init__(self, callback: Callable[..., object] | None, name: str = "progress") -> None:
        check_callback(name, callback)
        self._name = name
        self._callback = callback
        self._error: Exception | None = None

    def note(self, *result: object) -> None:
        """Pass one result to the callback. If the callback raises an exception, remember the exception."""
        if self._callback is None or self._error is not None:
            return
        try:
            called(self._name, self._callback, *result)
        except Exception as error:
            self._error = error

    def ended(self, returned: Returned) -> Returned:
        """Return the result of the run, if the callback never failed.

        Raises:
            CallbackFailed: the callback failed. The error has the result of the run.
        """
        if self._error is None:
            return returned
        raise CallbackFailed(
            f"{self._name}= raised {type(self._error).__name__}: {self._error}. The call was carried out to its end, "
            f"and `result` of this error holds what it returns.",
            result=returned,
        ) from self._error
