"""A generated client whose requests go through an httpx client of ours alone."""

from __future__ import annotations

from typing import NoReturn

import httpx
from css_sdk_openapi import Client

from ..errors import ConfigurationError


class NoTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Refuse every request that would go past the token, the limits and the guards of css-sdk."""

    def handle_request(self, request: httpx.Request) -> NoReturn:
        """Raise `ConfigurationError`."""
        raise ConfigurationError(
            f"{request.method} {request.url.path}: css.api does not send this. Nothing was sent. Pass css.api itself "
            f"as client= to functions of css_sdk_openapi.api: sync and sync_detailed with a Css, asyncio and "
            f"asyncio_detailed with an AsyncCss. Give options such as timeout= to Css and AsyncCss."
        )

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        """Raise `ConfigurationError`."""
        self.handle_request(request)


def generated_client(http: httpx.Client | httpx.AsyncClient) -> Client:
    """Return a generated client that sends with the given httpx client, and in no other way.

    Args:
        http: what the generated operations call.
    """
    # `with_headers` and the like make copies, which lose `http` and would make an httpx client of their own.
    client = Client(base_url="https://css-sdk.invalid", httpx_args={"transport": NoTransport()})
    if isinstance(http, httpx.AsyncClient):
        return client.set_async_httpx_client(http)
    return client.set_httpx_client(http)
