"""Turn httpx clients into ones that keep no cookies and follow no redirects."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)

CALL: Final = "css_sdk.call"
"""Among a request's extensions: it is a call of ours, and not a request for a token."""


class _NoCookies(httpx.Cookies):
    """Cookies that are neither kept nor sent: one that no header can hold would break every later request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Ignore the cookies of an answer."""

    def set_cookie_header(self, request: httpx.Request) -> None:
        """Add no cookies to a request."""


def _hide_location(response: httpx.Response) -> None:
    # httpx makes the next request of it even where it is not to be sent, and fails on many.
    if response.is_redirect and CALL in response.request.extensions:
        response.headers.pop("Location", None)


async def _async_hide_location(response: httpx.Response) -> None:
    _hide_location(response)


def stateless_client(http: Client) -> Client:
    """Return a client like the given one, over the same connections, that keeps and sends no cookies.

    It has the given client's settings and hooks of this moment. Of the answers to requests that `CALL` marks it follows
    no redirect and reads no `Location`.

    Args:
        http: a client of ours, or one that a caller passed, which stays as it is.
    """
    view = copy.copy(http)
    view._cookies = _NoCookies()  # the attribute without underscore would make a jar of it that keeps cookies
    hide: Callable[..., Any] = _async_hide_location if isinstance(http, httpx.AsyncClient) else _hide_location
    hooks: dict[str, list[Callable[..., Any]]] = http.event_hooks
    view.event_hooks = {**hooks, "response": [*hooks["response"], hide]}
    return view
