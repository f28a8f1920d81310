"""What a server says is cleaned and cut before a message repeats it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from css_sdk import CssError, GrantResult
from css_sdk._http.cleaning import LONGEST_WORDS, clean
from css_sdk.settings import Secret
from tests.scripted import ASSIGN, CALLERS, USER, Service, answer, holding, is_a_sentence, json_text

HOSTILE = {
    "colours": "role \x1b[31;1ma\x1b[0m not found",
    "a title": "role \x1b]0;evil\x07a not found",
    "a link": "role \x1b]8;;http://evil.example\x1b\\a not found",
    "one byte controls": "role \x9b31ma not found",
    "new lines": "role a\r\nnot\n\n found",
    "directions": "role \u202ea\u202c not \u2066found",
    "invisible": "role a\u200b not found",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_is_left_that_a_terminal_obeys(kind: str) -> None:
    """The words stay."""
    assert clean(HOSTILE[kind]) == "role a not found"


@given(st.text(max_size=2000), st.integers(1, 300))
def test_any_text_becomes_a_short_line(text: str, most: int) -> None:
    """Of printable characters alone."""
    cleaned = clean(text, most=most)
    assert len(cleaned) <= most
    assert cleaned.isprintable()


def test_what_is_cut_says_so() -> None:
    """By its last character; what fits is not cut."""
    assert clean("x" * 1_000_000) == "x" * (LONGEST_WORDS - 1) + "…"
    assert clean("x" * LONGEST_WORDS) == "x" * LONGEST_WORDS


@pytest.mark.parametrize("text", ["s3cr3t", "s3\ncr3t", "s3\x1b[1mcr3t", "s3\u200bcr3t"])
def test_a_secret_is_found_however_it_is_split(text: str) -> None:
    """By what is cleaned away."""
    assert clean(f"no {text}", [Secret("s3cr3t")]) == "no …"


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 503])
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_error_repeats_more(threads: str, kind: str, status: int) -> None:
    """Nor does a result of many assignments, which files of results repeat."""
    refusal = answer(status, json={"message": HOSTILE[kind] + "x" * 100_000})
    with pytest.raises(CssError) as told:
        CALLERS[threads](Service(read=refusal), "roles.list")
    assert is_a_sentence(told.value)
    assert str(told.value).isprintable()
    results: list[GrantResult] = CALLERS[threads](
        Service(write=refusal, read=holding()), "bulk.assign_many", [(USER, "a")]
    )
    assert [str(result.error).isprintable() for result in results] == [True]


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize(
    "given",
    [
        answer(200, content=b"{}", headers={"Content-Type": "text/\x1b[31mred" + "x" * 10_000}),
        json_text(200, b'{"data": [{"name": "\\u001b[31m", "composite": "\\u001b[31m\\n"}]}'),
        answer(407, json={"message": "\x1b[31m"}),
    ],
)
def test_nor_does_an_error_of_a_malformed_answer(threads: str, given: Callable[[], Any]) -> None:
    """Its type, its fields."""
    for arguments in (("roles.list",), ASSIGN):
        with pytest.raises(CssError) as told:
            CALLERS[threads](Service(read=given, write=given), *arguments)
        assert str(told.value).isprintable()
        assert len(str(told.value)) < 700
