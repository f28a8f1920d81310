"""Pass the requests of the generated client on to the wire."""

from __future__ import annotations

from typing import Any

import httpx

from .._http.generated_client import NoTransport
from .wire import AsyncWire


class AsyncForwarding(httpx.AsyncClient):
    """Send the requests of generated operations through the wire. Refuse all other uses of an httpx client."""

    def __init__(self, wire: AsyncWire) -> None:
        super().__init__(transport=NoTransport())
        self._wire = wire

    async def request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        params: Any = None,
        json: Any = None,
        headers: Any = None,
        **others: Any,
    ) -> httpx.Response:
        """Send the request of a generated operation, and return the answer, also if its status is an error."""
        if others:
            return await super().request(method, url)  # NoTransport refuses this request
        described = {"method": method, "url": str(url), "params": params, "json": json, "headers": headers}
        return await self._wire.forward(described)
