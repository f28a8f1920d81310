"""Messages about invalid addresses and secrets, and the addresses that may have a query."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from css_sdk.errors import ConfigurationError
from css_sdk.settings import API_URL, TOKEN_URL, Settings, checked_address


def some_settings(**given: Any) -> Settings:
    """Return settings with these values and otherwise valid ones."""
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
def test_the_error_for_an_invalid_address_names_the_fault_and_an_example(url: object, said: str) -> None:
    """The error for an invalid API or token address names the fault, shows a valid example, and does not repeat a
    password.
    """
    with pytest.raises(ConfigurationError, match=f"{said}.* A valid address looks like {API_URL}"):
        some_settings(api_url=url)
    with pytest.raises(ConfigurationError, match=f"A valid address looks like {TOKEN_URL}") as caught:
        some_settings(token_url="https:///" if "query" in said else url)
    assert "pa55" not in str(caught.value)
    with pytest.raises(ConfigurationError, match=r"A valid address looks like https://login\.example/x"):
        checked_address(url, "The address", like="https://login.example/x")


@pytest.mark.parametrize("url", ["127.0.0.1:9080/api/v1", "LOCALHOST", "[::1]:9080/api/v1"])
def test_an_address_of_this_machine_needs_http(url: str) -> None:
    """If an address of this machine has no scheme, the error does not advise https, which a sandbox does not speak."""
    message = "it does not begin with http://. It is an address of this machine: put http:// before it"
    with pytest.raises(ConfigurationError, match=message):
        some_settings(api_url=url)
    with pytest.raises(ConfigurationError, match="it does not begin with https://"):
        some_settings(api_url="localhost.example.com")
    assert checked_address(f"http://{url}", "The address") == f"http://{url}"


def test_a_token_address_may_have_a_query() -> None:
    """css-sdk keeps the query of a token address, as RFC 6749 (3.2) demands, and accepts an `httpx.URL`
    as API address.
    """
    assert some_settings(token_url="https://login.example/token?a=b/").token_url == "https://login.example/token?a=b/"
    assert some_settings(api_url=httpx.URL("https://api.example/v1/")).api_url == "https://api.example/v1"


def test_a_client_secret_that_ends_with_a_line_break_is_refused() -> None:
    """If a client secret ends with a line break, css-sdk refuses it and names the cause, without showing the secret."""
    with pytest.raises(ConfigurationError, match="The client secret ends with a line break") as caught:
        some_settings(client_secret="s3cret\n")
    assert "s3cret" not in str(caught.value)
