"""Read and write numbers, texts and dates as JavaScript does, the language of the service."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote_to_bytes

_DECIMAL: Final = re.compile(r"[+-]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_PREFIXED: Final = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2})")
_ISO_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_MAIL_DATE: Final = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?\d{1,2}\s+[A-Za-z]{3,9}\s+\d{4}(?:\s+\d\d:\d\d(?::\d\d)?(?:\s*(?:[+-]\d{4}|[A-Za-z]{1,5}))?)?",
    re.ASCII,
)


class MalformedEscape(ValueError):
    """A percent sign is not followed by two hexadecimal digits, or the bytes are not UTF-8."""


def decode_component(text: str) -> str:
    """Decode a text as `decodeURIComponent` does.

    Raises:
        MalformedEscape: the text is not well encoded.
    """
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise MalformedEscape(text)
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedEscape(text) from error


def number(text: str) -> float:
    """Return `Number(text)`: NaN if the text is not a number, 0 for the empty text."""
    text = text.strip()
    if not text:
        return 0.0
    if _PREFIXED.fullmatch(text):
        return float(int(text, 0))
    if _DECIMAL.fullmatch(text):
        return float(text.replace("Infinity", "inf"))
    return math.nan


def number_text(value: float) -> str:
    """Return `String(value)`: whole numbers have no point, and very large or small numbers have an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "0"
    shortest = Decimal(repr(value)).normalize()
    exponent = shortest.adjusted()
    if -7 < exponent < 21:
        return format(shortest, "f")
    sign, digits, _ = shortest.as_tuple()
    head, *tail = map(str, digits)
    return f"{'-' * sign}{head}{'.' if tail else ''}{''.join(tail)}e{exponent:+d}"


def json_number(value: float) -> float | int | None:
    """Return a number as the service writes it in JSON: 2.0 becomes 2, and infinity becomes null (None)."""
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value


def date(text: str) -> float | None:
    """Return `new Date(text).getTime()` in seconds for ISO 8601 and RFC 2822. Return None for other texts.

    If the text names no time zone, the time is UTC, because the service runs in UTC.
    """
    text = text.strip()
    iso = _ISO_DATE.fullmatch(text)
    if iso:
        return _iso_seconds(iso)
    if _MAIL_DATE.fullmatch(text):
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def _iso_seconds(match: re.Match[str]) -> float | None:
    part = match.groupdict()
    hour = int(part["hour"] or 0)
    try:
        moment = datetime(
            int(part["year"]),
            int(part["month"] or 1),
            int(part["day"] or 1),
            0 if hour == 24 else hour,
            int(part["minute"] or 0),
            int(part["second"] or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    if hour == 24 and (moment.minute or moment.second):
        return None
    seconds = moment.timestamp() + (86400 if hour == 24 else 0)
    seconds += int((part["fraction"] or "0")[:3].ljust(3, "0")) / 1000  # dates hold milliseconds
    zone = part["zone"]
    if zone and zone not in "Zz":
        offset = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        seconds -= offset if zone[0] == "+" else -offset
    return seconds


def date_text(seconds: float) -> str:
    """Return `new Date(…).toISOString()`."""
    moment = datetime.fromtimestamp(round(seconds * 1000) / 1000, UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def query(text: str) -> dict[str, str | list[str]]:
    """Return the parameters of a query string as the service reads them.

    Brackets are ordinary characters of a name, unlike in `form`.
    """
    found: dict[str, str | list[str]] = {}
    for name, value in _pairs(text):
        _collect(found, _decoded(name), _decoded(value))
    return found


def form(text: str) -> dict[str, str | list[str]]:
    """Return the fields of a form-encoded body as the service reads them.

    If a name is given twice, or has brackets, its value is a list.
    """
    found: dict[str, str | list[str]] = {}
    for raw_name, raw_value in _pairs(text):
        name = _decoded(raw_name, half=False)
        base = name.partition("[")[0] or name
        if name:
            _collect(found, base, _decoded(raw_value, half=False), always_list=base != name)
    return found


def _collect(found: dict[str, str | list[str]], name: str, value: str, always_list: bool = False) -> None:
    before = found.get(name)
    if isinstance(before, list):
        before.append(value)
    elif before is not None:
        found[name] = [before, value]
    else:
        found[name] = [value] if always_list else value


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            yield name, value


def _decoded(text: str, half: bool = True) -> str:
    """Return a name or a value decoded.

    If an escape is malformed, decode only the other escapes. But with `half` False, return the text undecoded then.
    """
    text = text.replace("+", " ")
    try:
        return decode_component(text)
    except MalformedEscape:
        return unquote_to_bytes(text).decode("utf-8", "replace") if half else text
