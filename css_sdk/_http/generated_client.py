"""Make a generated client whose requests all go through css-sdk."""

from __future__ import annotations

from typing import NoReturn

import httpx
from css_sdk_openapi import Client

from ..errors import ConfigurationError


class NoTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Refuse every request that would bypass the token, the limits and the guards of css-sdk."""

    def handle_request(self, request: httpx.Request) -> NoReturn:
        """Raise `ConfigurationError`; its message says how to use the generated client."""
        raise ConfigurationError(
            f"{request.method} {request.url.path}: this request would bypass the checks of css-sdk. Nothing was sent. "
            f"Pass css.api itself, not a copy, as client= to the functions of css_sdk_openapi.api. With a Css, call "
            f"sync or sync_detailed; with an AsyncCss, asyncio or asyncio_detailed. Pass options such as timeout= to "
            f"Css or AsyncCss."
        )

    async def handle_async_request(self, request: httpx.Request) -> NoReturn:
        """Raise `ConfigurationError`, as `handle_request` does."""
        self.handle_request(request)


def generated_client(http: httpx.Client | httpx.AsyncClient) -> Client:
    """Return a generated client that can send only with the given httpx client."""
    # `with_headers` and similar methods copy the client without `http`. The copy makes its own httpx client, which gets
    # this transport.
    client = Client(base_url="https://css-sdk.invalid", httpx_args={"transport": NoTransport()})
    if isinstance(http, httpx.AsyncClient):
        return client.set_async_httpx_client(http)
    return client.set_httpx_client(http)
