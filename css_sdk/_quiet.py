"""Keeps httpx's own INFO line, which prints whole addresses with e-mail queries, silent for our calls alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ours: ContextVar[bool] = ContextVar("css_sdk_call_under_way", default=False)


def _is_not_ours(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or not _ours.get()


logging.getLogger("httpx").addFilter(_is_not_ours)


@contextmanager
def quiet() -> Iterator[None]:
    """While this is entered, in this thread or task, httpx logs nothing at INFO or below."""
    before = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(before)
