"""Numbers, texts, dates and queries are read as JavaScript reads them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk.sandbox import javascript


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        (" 12 ", 12),
        ("1e3", 1000),
        (".5", 0.5),
        ("5.", 5),
        ("0x1F", 31),
        ("0b11", 3),
        ("0o17", 15),
        ("-Infinity", -math.inf),
    ],
)
def test_texts_that_are_numbers(text: str, value: float) -> None:
    """Texts that JavaScript reads as numbers have the same value."""
    assert javascript.number(text) == value


@pytest.mark.parametrize("text", ["a", "1 2", "1_000", "inf", "nan", "0x", "-0x1", "1e", "."])
def test_texts_that_are_not_numbers(text: str) -> None:
    """Texts that JavaScript does not read as numbers are not numbers, even if Python reads them."""
    assert math.isnan(javascript.number(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (101.0, "101"),
        (-2.5, "-2.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e25, "1.25e+25"),
        (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"),
        (0.05, "0.05"),
        (123.456, "123.456"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_are_written_as_in_javascript(value: float, text: str) -> None:
    """Numbers are written as in JavaScript: whole ones without a point, and only extreme ones with an exponent."""
    assert javascript.number_text(value) == text


@given(st.floats(allow_nan=False))
def test_a_written_number_is_read_back(value: float) -> None:
    """Reading a written number returns the same number."""
    assert javascript.number(javascript.number_text(value)) == value


def test_numbers_in_json_are_written_as_in_javascript() -> None:
    """In JSON, a whole number has no point, and infinity is null."""
    assert [javascript.json_number(value) for value in (2.0, 1.5, math.inf)] == [2, 1.5, None]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970", 0),
        ("1970-02", 31 * 86400),
        ("1970-01-02", 86400),
        ("1970-01-01T00:00:01Z", 1),
        ("1970-01-01T00:00:01", 1),
        ("1970-01-01 00:00:01", 1),
        ("1970-01-01T00:00", 0),
        ("1970-01-01T24:00", 86400),
        ("1970-01-01T00:00:00.25Z", 0.25),
        ("1970-01-01T00:00:00.123456Z", 0.123),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T16:00:00-0800", 0),
        ("Thu, 01 Jan 1970 00:00:05 GMT", 5),
        ("1 Jan 1970 00:00:05 +0000", 5),
        ("1 Jan 1970 00:05", 300),
    ],
)
def test_texts_that_are_dates(text: str, seconds: float) -> None:
    """Dates in ISO 8601 and RFC 2822 are read, and a date without a zone is in UTC."""
    assert javascript.date(text) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "1795000000000",
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "2026-01-01T25:00",
        "2026-01-01T24:01",
        "2026-01-01T00:00:00 00:00",
        "32 Jan 2026 00:00:00 GMT",
    ],
)
def test_texts_that_are_not_dates(text: str) -> None:
    """Milliseconds, impossible dates and a zone without its plus sign are not dates."""
    assert javascript.date(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a", {"a": ""}),
        ("&&", {}),
        ("=", {"": ""}),
        ("&=1&", {"": "1"}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("a[]=1", {"a[]": "1"}),
        ("a[b]=1&a=2", {"a[b]": "1", "a": "2"}),
        ("a%5B%5D=1&a[]=2", {"a[]": ["1", "2"]}),
        ("a=b+c%20d", {"a": "b c d"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=100%", {"a": "100%"}),
        ("a=%zz%41", {"a": "%zzA"}),
        ("a=%E9", {"a": "\ufffd"}),
    ],
)
def test_queries_are_read_as_in_javascript(text: str, found: dict[str, str | list[str]]) -> None:
    """In a query, repeated names make lists, brackets belong to the name, and a malformed escape stays as it is."""
    assert javascript.query(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("&=1&", {}),
        ("a=1&a=2", {"a": ["1", "2"]}),
        ("a[]=1", {"a": ["1"]}),
        ("a[b]=1&a=2", {"a": ["1", "2"]}),
        ("a=b+c%20d", {"a": "b c d"}),
        ("a=100%41%", {"a": "100%41%"}),
    ],
)
def test_forms_are_read_as_in_javascript(text: str, found: dict[str, str | list[str]]) -> None:
    """In a form, brackets make lists, too, and a text that cannot be decoded stays as it is."""
    assert javascript.form(text) == found


@pytest.mark.parametrize("text", ["%", "%1", "%zz", "%E9", "%C0%80", "%ED%A0%80"])
def test_texts_that_cannot_be_decoded_raise_an_error(text: str) -> None:
    """Incomplete escapes and bytes that are not UTF-8 raise an error."""
    with pytest.raises(javascript.MalformedEscape):
        javascript.decode_component(text)
