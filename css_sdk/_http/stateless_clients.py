"""Copy httpx clients, so that the copies keep no cookies and follow no redirects of the API."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)

CALL: Final = "css_sdk.call"
"""The name of the request extension that marks a call of the API. Token requests do not have it."""


class _NoCookies(httpx.Cookies):
    """A cookie jar that stays empty, because one cookie that is too large for a header breaks all requests."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Ignore the cookies of an answer."""

    def set_cookie_header(self, request: httpx.Request) -> None:
        """Add no cookies to a request."""


def _hide_location(response: httpx.Response) -> None:
    # Even if redirects are not followed, httpx builds the next request from this header, and fails on many values.
    if response.is_redirect and CALL in response.request.extensions:
        response.headers.pop("Location", None)


async def _async_hide_location(response: httpx.Response) -> None:
    _hide_location(response)


def stateless_client(http: Client) -> Client:
    """Return a copy of a client that uses the same connections, but keeps and sends no cookies.

    The copy has the current settings and event hooks of the client. For requests with the extension `CALL`, the copy
    follows no redirects, because it removes the header `Location` from their answers.
    """
    view = copy.copy(http)
    view._cookies = _NoCookies()  # the property `cookies` would copy it into a jar that keeps cookies
    hide: Callable[..., Any] = _async_hide_location if isinstance(http, httpx.AsyncClient) else _hide_location
    hooks: dict[str, list[Callable[..., Any]]] = http.event_hooks
    view.event_hooks = {**hooks, "response": [*hooks["response"], hide]}
    return view
