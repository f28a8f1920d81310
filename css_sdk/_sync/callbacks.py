# Written from css_sdk/_async/callbacks.py by `make generate`; edit that one.
"""The caller's `progress`: called with each result, and kept from ending a run whose writes cannot be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .._http.concurrency import called, check_callback
from ..errors import CallbackFailed

Returned = TypeVar("Returned")


class ProgressCalls:
    """Hands results to the caller's `progress` until it raises an exception, which is raised when the run has ended.

    Args:
        callback: the caller's function, or None.

    Raises:
        ConfigurationError: for what is not a function that can be called and, in an `Css`, awaited.
    """

    def __init__(self, callback: Callable[..., object] | None) -> None:
        check_callback("progress", callback)
        self._callback = callback
        self._error: Exception | None = None

    def note(self, result: object) -> None:
        """Hand on one result; what the callback raises is kept."""
        if self._callback is None or self._error is not None:
            return
        try:
            called("progress", self._callback, result)
        except Exception as error:
            self._error = error

    def ended(self, returned: Returned) -> Returned:
        """Return what the run returns, when the callback never failed.

        Raises:
            CallbackFailed: which carries it, when the callback did.
        """
        if self._error is None:
            return returned
        raise CallbackFailed(
            f"progress= raised {type(self._error).__name__}: {self._error}. The call went on to its end all the same, "
            f"and `result` of this error holds what it returns.",
            result=returned,
        ) from self._error
