"""Find the day in a time zone, and describe which grants end: members with a last day, `until`. Pure."""

from __future__ import annotations

import datetime
import difflib
import functools
from typing import Final

from attrs import frozen

from ..errors import ConfigurationError, InvalidRequest, StalePlan
from ..state import Place

WARNED_DAYS: Final = 14
"""A plan names the grants that end within this number of days."""


@frozen(order=True)
class Ending:
    """A grant with a last day: one that ends soon, or one that has ended and still exists in the service.

    Attributes:
        place: the integration and the environment.
        role: the name of the role.
        username: the username of the member.
        until: the last day of the grant.
    """

    place: Place
    role: str
    username: str
    until: datetime.date


@frozen
class Dates:
    """The day for which a plan was made. A plan has it if its roles files give members a last day.

    Attributes:
        timezone: the time zone of the files.
        day: the day in this time zone.
        last_day: the last day on which the files mean the same: the next day on which a grant ends; None if none does.
        endings: the grants that end within 14 days, and those that have ended and still exist.
    """

    timezone: str
    day: datetime.date
    last_day: datetime.date | None
    endings: tuple[Ending, ...] = ()

    @property
    def ending(self) -> tuple[Ending, ...]:
        """Return the grants that end within 14 days."""
        return tuple(each for each in self.endings if each.until >= self.day)

    @property
    def ended(self) -> tuple[Ending, ...]:
        """Return the grants that have ended and still exist."""
        return tuple(each for each in self.endings if each.until < self.day)

    def check_day(self, today: datetime.date) -> None:
        """Refuse a plan on a day on which its roles files mean something else than on the day of the plan.

        Args:
            today: the current day in the time zone of the plan.

        Raises:
            StalePlan: a grant has ended since, or the plan was made for a later day.
        """
        if today < self.day:
            raise StalePlan(
                f"The plan was made for {self.day}, but in {self.timezone} it is {today}. Nothing was sent. Wait for "
                f"this day, or make a plan for today."
            )
        if self.last_day is not None and today > self.last_day:
            raise StalePlan(
                f"The plan was made for {self.day}, and a grant has ended after {self.last_day} since: in "
                f"{self.timezone} it is {today}. Nothing was sent. Make the plan again."
            )


@functools.cache
def _timezones() -> frozenset[str]:
    """Return the names of the time zones that this machine knows. To search them takes longer than to read a file.

    Raises:
        ConfigurationError: this machine has no list of time zones.
    """
    import zoneinfo  # noqa: PLC0415 - only files with a time zone need it

    known = zoneinfo.available_timezones()
    if not known:
        raise ConfigurationError("Python finds no time zones on this machine. Install them: pip install tzdata")
    return frozenset(known)


def check_timezone(name: str) -> str:
    """Return the IANA name of a time zone, such as America/Vancouver, after checking that this machine knows it.

    Raises:
        ValueError: there is no such time zone.
        ConfigurationError: this machine has no list of time zones.
    """
    known = _timezones()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        hint = f"did you mean {near[0]}?" if near else "an example is America/Vancouver"
        raise ValueError(f"{name!r} is not the IANA name of a time zone; {hint}")
    return name


def day_in(timezone: str, moment: datetime.date | datetime.datetime) -> datetime.date:
    """Return the day of a moment in a time zone. A day without a time is returned unchanged.

    Args:
        timezone: the IANA name of the time zone.
        moment: a time with its offset, or a day.

    Raises:
        InvalidRequest: the time has no offset, or there is no such time zone.
        ConfigurationError: this machine has no list of time zones.

    >>> midnight = datetime.datetime(2027, 4, 1, tzinfo=datetime.UTC)
    >>> day_in("America/Vancouver", midnight), day_in("Pacific/Auckland", midnight)
    (datetime.date(2027, 3, 31), datetime.date(2027, 4, 1))
    """
    import zoneinfo  # noqa: PLC0415 - only files with a time zone need it

    if not isinstance(moment, datetime.datetime):
        return moment
    if moment.tzinfo is None:
        raise InvalidRequest(f"The time {moment} lacks its offset from UTC, such as +00:00.")
    try:
        return moment.astimezone(zoneinfo.ZoneInfo(check_timezone(timezone))).date()
    except ValueError as error:
        raise InvalidRequest(f"{error}.") from None
