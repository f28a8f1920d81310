"""Find the day in a time zone, and describe grants with a last day, `until`. Pure."""

from __future__ import annotations

import datetime
import difflib
import functools
from typing import Final

from attrs import frozen

from ..errors import ConfigurationError, InvalidRequest, Remedy, StalePlan
from ..state import Place

WARNED_DAYS: Final = 14
"""A plan lists the grants that end at most this number of days after the day of the plan."""


@frozen(order=True)
class Ending:
    """A grant with a last day, `until`. It ends soon, or it has ended and the member still has the role."""

    place: Place
    role: str
    username: str
    until: datetime.date


@frozen
class Dates:
    """The day of a plan, and the grants that end. A plan has this if its roles files give members a last day.

    Attributes:
        timezone: the IANA name of the time zone of the roles files.
        day: the day for which the plan was made, in this time zone.
        last_day: the next day on which a grant ends, `day` or later. After this day, the plan is stale. `None` if no
            grant ends on `day` or later.
        endings: the grants that end within 14 days, and those that have ended and still exist.
    """

    timezone: str
    day: datetime.date
    last_day: datetime.date | None
    endings: tuple[Ending, ...] = ()

    @property
    def ending(self) -> tuple[Ending, ...]:
        """Return the grants that end on `day`, or within 14 days after it."""
        return tuple(each for each in self.endings if each.until >= self.day)

    @property
    def ended(self) -> tuple[Ending, ...]:
        """Return the grants that ended before `day`. The members still have these roles."""
        return tuple(each for each in self.endings if each.until < self.day)

    @property
    def validity(self) -> str:
        """Return in words on which days the plan can be carried out.

        >>> Dates("America/Vancouver", datetime.date(2027, 3, 1), datetime.date(2027, 3, 31)).validity
        'from 2027-03-01 to 2027-03-31'
        """
        if self.last_day is None:
            return f"on {self.day} or later"
        return f"on {self.day}" if self.last_day == self.day else f"from {self.day} to {self.last_day}"

    def check_day(self, today: datetime.date) -> None:
        """Refuse the plan if today is before `day` or after `last_day`.

        On these days, the files require different grants than the plan.
        """
        if today < self.day:
            raise StalePlan(
                f"The plan was made for {self.day}, but in {self.timezone} it is {today}. Nothing was sent. Wait until "
                f"{self.day}, or make a plan for today."
            )
        if self.last_day is not None and today > self.last_day:
            raise StalePlan(
                f"The plan was made for {self.day}, but in {self.timezone} it is {today}. A grant has ended since "
                f"then: {self.last_day} was its last day. Nothing was sent. Make the plan again."
            )


_INSTALL: Final = Remedy("To install them, run: pip install tzdata")


@functools.cache
def _timezones() -> frozenset[str]:
    """Return the names of the time zones that this machine knows. Cache the names, because finding them is slow."""
    import zoneinfo  # noqa: PLC0415 - only files with a time zone need it

    known = zoneinfo.available_timezones()
    if not known:
        raise ConfigurationError("Python finds no time zones on this machine.", remedy=_INSTALL)
    return frozenset(known)


def check_timezone(name: str) -> str:
    """Return `name` if it is the IANA name of a time zone that this machine knows, such as America/Vancouver.

    Raises:
        ValueError: this machine knows no time zone of this name.
        ConfigurationError: this machine has no list of time zones.
    """
    known = _timezones()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        hint = f"did you mean {near[0]}?" if near else "an example is America/Vancouver"
        raise ValueError(f"{name!r} is not the IANA name of a time zone; {hint}")
    return name


def day_in(timezone: str, moment: datetime.date | datetime.datetime) -> datetime.date:
    """Return the day of a moment in a time zone. Return a date without a time unchanged.

    Raises:
        InvalidRequest: the time has no offset from UTC, or this machine knows no time zone of this name.
        ConfigurationError: this machine has no list of time zones.

    >>> midnight = datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)
    >>> day_in("America/Vancouver", midnight), day_in("Pacific/Auckland", midnight)
    (datetime.date(2027, 3, 31), datetime.date(2027, 4, 1))
    """
    import zoneinfo  # noqa: PLC0415 - only files with a time zone need it

    if not isinstance(moment, datetime.datetime):
        return moment
    if moment.tzinfo is None:
        raise InvalidRequest(
            f"The time {moment} lacks its offset from UTC, such as +00:00. Pass a time with an offset, or a date."
        )
    try:
        return moment.astimezone(zoneinfo.ZoneInfo(check_timezone(timezone))).date()
    except ValueError as error:
        raise InvalidRequest(f"{error}.") from None
