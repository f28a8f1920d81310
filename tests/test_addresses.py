"""Messages about unusable addresses and secrets, and the places where an address may have more than host and path."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from css_sdk.errors import ConfigurationError
from css_sdk.settings import API_URL, TOKEN_URL, Settings, checked_address


def some_settings(**given: Any) -> Settings:
    return Settings(**{"client_id": "me", "client_secret": "s3cret", **given})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://api.example/v1?key=1", "it has a query"),
        ("https://api.example/v1?", "it has a query"),
        ("https://me:pa55@api.example/v1", "it contains credentials"),
        ("api.example/v1", "it does not begin with https://"),
        ("https://api.example/v1#top", "it has a fragment"),
        ("https://api .example", "it contains a blank"),
        ("", "it is empty"),
        (5, "it is of type int, not a text"),
    ],
)
def test_a_bad_address_says_what_is_wrong(url: object, said: str) -> None:
    """With an example of its own kind, and without repeating it."""
    with pytest.raises(ConfigurationError, match=f"{said}.* A valid address looks like {API_URL}"):
        some_settings(api_url=url)
    with pytest.raises(ConfigurationError, match=f"A valid address looks like {TOKEN_URL}") as told:
        some_settings(token_url="https:///" if "query" in said else url)
    assert "pa55" not in str(told.value)
    with pytest.raises(ConfigurationError, match=r"A valid address looks like https://login\.example/x"):
        checked_address(url, "The address", like="https://login.example/x")


def test_a_token_address_may_have_a_query() -> None:
    """RFC 6749, 3.2: it is kept as it is; and an address may be one of httpx."""
    assert some_settings(token_url="https://login.example/token?a=b/").token_url == "https://login.example/token?a=b/"
    assert some_settings(api_url=httpx.URL("https://api.example/v1/")).api_url == "https://api.example/v1"


def test_a_secret_with_the_end_of_its_line_is_refused() -> None:
    """It was read from a file and not stripped; the login server would only say that it is wrong."""
    with pytest.raises(ConfigurationError, match="The client secret ends with a line break") as told:
        some_settings(client_secret="s3cret\n")
    assert "s3cret" not in str(told.value)
