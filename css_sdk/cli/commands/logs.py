"""`css logs`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from ..._text.escaping import shown
from ..support import options
from ..support.exit_codes import ExitCode
from ..support.options import Given, takes
from ..support.output import json_line, print_lines, say, text_of

if TYPE_CHECKING:
    from ... import EnvironmentClient
    from ...models import LogLine

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@click.command()
@takes(
    options.place(),
    click.option(
        "--since",
        required=True,
        metavar="TIME",
        help="Start of the range: a date, a date and time, or a time span before now, such as 3h.",
    ),
    click.option("--until", metavar="TIME", help="End of the range, in the same forms as --since. Default: now."),
    options.json,
)
def logs(given: Given, since: str, until: str | None) -> int:
    """Print the login server's log of an environment, oldest line first.

    A time without a time zone is in UTC. A date means 00:00 of that day. Time spans are in minutes, hours or days: 15m,
    3h, 2d. The range can have any length.

    The service allows 20 log calls an hour, each for 3 days at most. If no calls are left, css prints the
    lines that it has read. On stderr, css prints how to continue. With --json, css prints all fields of each line.

    \b
    Example:
      css logs -i "Grants Portal" -e dev --since 15m
    """
    from ...errors import CssError

    now = datetime.datetime.now(datetime.UTC)
    first, last = _moment(since, "--since", now), _moment(until, "--until", now) if until else now
    if last < first:
        what = "it is after --until" if until else "it is in the future"
        raise click.BadParameter(f"{what}.", param_hint="--since")
    printed = 0

    def printable() -> Iterator[str]:
        nonlocal printed
        for line in _by_window(dev, first, last):
            printed += 1
            yield json_line(dict(line.fields)) if given.as_json else _text(line)

    with given.place() as dev:
        try:
            print_lines(printable())
        except CssError as error:
            # Print only the cause, because the error itself counts the lines of one window only. `_by_window` has
            # already printed how to continue.
            cause = error.__cause__ if isinstance(error.__cause__, CssError) else error
            if not printed:
                raise cause from None
            say(f"css: {text_of(cause)}")
            return ExitCode.INCOMPLETE
    return ExitCode.DONE


def _by_window(dev: EnvironmentClient, since: datetime.datetime, until: datetime.datetime) -> Iterator[LogLine]:
    """Yield the log lines of a range. To keep memory small, read one window of time after the other.

    After an error, yield the lines that were read, print how to continue, and raise the error.
    """
    from ..._service.log_windows import SHORTEST_WINDOW, Window, joined, windows
    from ...errors import CssError

    held: list[LogLine] = []
    spans = windows(since, until)
    for window in spans:
        stopped: CssError | KeyboardInterrupt | None = None
        edge = window.until - SHORTEST_WINDOW
        found: Sequence[LogLine] = ()
        try:
            found = dev.logs(window.since, window.until)
        except KeyboardInterrupt as error:
            stopped, edge = error, window.since
        except CssError as error:
            stopped, edge, found = error, error.resume_at or window.since, error.lines
        lines = joined(held, found, window.since)
        if stopped is None and window is spans[-1]:
            yield from lines
            return
        # Hold the lines at the end of the window, because the next window, or a later command, reads them again.
        yield from (line for line in lines if line.timestamp is None or line.timestamp < edge)
        held = [line for line in lines if line.timestamp is not None and line.timestamp >= edge]
        if stopped is not None:
            say(f"css: To continue from here, pass --since {Window(edge, edge).query['start']}")
            raise stopped


def _moment(text: str, option: str, now: datetime.datetime) -> datetime.datetime:
    from ..._service.log_windows import moment
    from ...errors import InvalidRequest

    back = re.fullmatch(r"(\d{1,5})([mhd])", text)
    if back:
        return now - datetime.timedelta(**{_UNITS[back[2]]: int(back[1])})
    try:
        return moment(text, "it")
    except InvalidRequest as error:
        raise click.BadParameter(text_of(error), param_hint=option) from None


def _text(line: LogLine) -> str:
    when = "-" if line.timestamp is None else line.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{when} {shown(line.message)}"
