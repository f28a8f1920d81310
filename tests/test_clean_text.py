"""css-sdk cleans and shortens texts of a server before a message repeats them."""

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
def test_control_characters_are_removed_and_words_stay(kind: str) -> None:
    """css-sdk removes control characters and escape sequences that a terminal would obey, and keeps the words."""
    assert clean(HOSTILE[kind]) == "role a not found"


@given(st.text(max_size=2000), st.integers(1, 300))
def test_any_text_becomes_a_short_line(text: str, most: int) -> None:
    """Any text becomes one line of printable characters that is not longer than the limit."""
    cleaned = clean(text, most=most)
    assert len(cleaned) <= most
    assert cleaned.isprintable()


def test_a_text_that_was_cut_ends_with_an_ellipsis() -> None:
    """A text that was cut ends with an ellipsis, and a text that fits is not cut."""
    assert clean("x" * 1_000_000) == "x" * (LONGEST_WORDS - 1) + "…"
    assert clean("x" * LONGEST_WORDS) == "x" * LONGEST_WORDS


@pytest.mark.parametrize("text", ["s3cr3t", "s3\ncr3t", "s3\x1b[1mcr3t", "s3\u200bcr3t"])
def test_a_secret_is_hidden_even_if_control_characters_split_it(text: str) -> None:
    """A secret is hidden even if control or invisible characters split it."""
    assert clean(f"no {text}", [Secret("s3cr3t")]) == "no …"


@pytest.mark.parametrize("threads", CALLERS)
@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 503])
@pytest.mark.parametrize("kind", HOSTILE)
def test_errors_of_reads_and_writes_repeat_only_cleaned_text(threads: str, kind: str, status: int) -> None:
    """For every status and hostile message, errors of reads and of many assignments contain only printable text."""
    refusal = answer(status, json={"message": HOSTILE[kind] + "x" * 100_000})
    with pytest.raises(CssError) as caught:
        CALLERS[threads](Service(read=refusal), "roles.list")
    assert is_a_sentence(caught.value)
    assert str(caught.value).isprintable()
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
def test_errors_of_malformed_answers_repeat_only_cleaned_text(threads: str, given: Callable[[], Any]) -> None:
    """Errors about malformed content types and fields contain only printable text of limited length."""
    for arguments in (("roles.list",), ASSIGN):
        with pytest.raises(CssError) as caught:
            CALLERS[threads](Service(read=given, write=given), *arguments)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 700
