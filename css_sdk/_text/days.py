"""Read days as rosters and roles files write them. Pure."""

from __future__ import annotations

import datetime
import re


def read_day(text: str) -> datetime.date:
    """Return the day in a text such as 2027-03-31. Raise `ValueError` for any other form.

    >>> read_day("2027-03-31")
    datetime.date(2027, 3, 31)
    """
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError(f"{text!r} is not a day: write it as year-month-day, such as 2027-03-31")
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}") from None
