"""For tests of auths: a login server and an API in one, and callers in threads and in tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from css_sdk import ClientCredentials, PasswordGrant
from css_sdk.auth.credentials import TokenAuth

LOGIN = "https://login.example/token"
API = "https://api.example/v1/things"
SECRET, PASSWORD = "s3cret-5a1f", "pa55-5a1f"
Respond = Callable[[httpx.Request], httpx.Response]
Transport = httpx.BaseTransport | httpx.AsyncBaseTransport
Responding = Respond | Transport | None
Call = Callable[..., httpx.Response]

AUTHS: dict[str, Callable[..., TokenAuth]] = {
    "basic": lambda url=LOGIN, **more: ClientCredentials(url, "me", SECRET, **more),
    "form": lambda url=LOGIN, **more: ClientCredentials(url, "me", SECRET, "target", client_auth="form", **more),
    "password": lambda url=LOGIN, **more: PasswordGrant(url, "me", SECRET, "robot", PASSWORD, **more),
}


class Streaming(httpx.MockTransport):
    """A transport that reads bodies piece by piece, as the network does, and does not keep them in the request."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join(request.stream)  # type: ignore[arg-type]
        return super().handle_request(httpx.Request(request.method, request.url, content=body, headers=request.headers))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = b"".join([part async for part in request.stream])  # type: ignore[union-attr]
        return super().handle_request(httpx.Request(request.method, request.url, content=body, headers=request.headers))


def in_process(respond: Responding) -> Any:
    """Return the transport that leads to the responding object."""
    return respond if respond is None or isinstance(respond, Transport) else httpx.MockTransport(respond)


def in_a_thread(auth: httpx.Auth, respond: Responding, url: str, **options: Any) -> httpx.Response:
    """Make a call with `httpx.Client`, over the network if nothing responds in process."""
    transport = in_process(respond)
    request = {name: options.pop(name) for name in ("method", "content") if name in options}
    with httpx.Client(auth=auth, transport=transport, trust_env=False, **options) as client:
        return client.request(**{"method": "GET", "url": url, **request})


def in_a_task(auth: httpx.Auth, respond: Responding, url: str, **options: Any) -> httpx.Response:
    """Make a call with `httpx.AsyncClient`."""

    async def run() -> httpx.Response:
        transport = in_process(respond)
        request = {name: options.pop(name) for name in ("method", "content") if name in options}
        async with httpx.AsyncClient(auth=auth, transport=transport, trust_env=False, **options) as client:
            return await client.request(**{"method": "GET", "url": url, **request})

    return anyio.run(run)


both_worlds = pytest.mark.parametrize("call", [in_a_thread, in_a_task])
every_auth = pytest.mark.parametrize("kind", AUTHS)


class Service:
    """A login server and an API in one. The given answers, by address, replace the usual ones."""

    def __init__(self, **answers: httpx.Response) -> None:
        self.answers = {LOGIN if name == "login" else API: answer for name, answer in answers.items()}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if answer := self.answers.get(str(request.url)):
            return answer
        if request.method == "POST" and request.url.path == "/token":
            return httpx.Response(200, json={"access_token": f"t0ken-{len(self.requests)}", "expires_in": 300})
        return httpx.Response(200)

    @property
    def seen(self) -> list[tuple[str, str]]:
        """Return method and address of each request."""
        return [(request.method, str(request.url)) for request in self.requests]
