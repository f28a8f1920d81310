"""Servers on sockets, and every way to send them a request that needs a token."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

from css_sdk import AsyncCss, ClientCredentials, Css, PasswordGrant, Settings, systems

CLIENT_ID: Final = "service-account-team-2016-9001"
SECRET: Final = "s3cret-5a1f+/%'\"x"
PASSWORD: Final = "pa55-5a1f"
TOKEN: Final = "t0ken-5a1f-" + "x" * 40
SOON: Final = 20.0

CERTIFICATES: Final = ssl.create_default_context()
"""Loaded once, because each client would load them again."""


class Host(BaseHTTPRequestHandler):
    """Record every request, and answer it with the server's `answer`."""

    protocol_version = "HTTP/1.1"
    server: Any

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.came.append(f"{self.requestline}\n{self.headers}\n{body.decode('latin-1')}")
        self.server.answer(self)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def served(answer: Callable[[Host], object]) -> Iterator[Any]:
    """Serve a host until the context is left."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        server.daemon_threads = True
        server.block_on_close = False
        server.came, server.answer = [], answer  # type: ignore[attr-defined]
        server.address = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def give_token(host: Host) -> None:
    """Answer as a login server does."""
    host.send(200, json.dumps({"access_token": TOKEN, "expires_in": 300}).encode())


def give_nothing(host: Host) -> None:
    """Answer as an API without integrations does."""
    host.send(200, b'{"data": []}', **{"Content-Type": "application/json"})


def settings_for(login: Any, api: Any) -> Settings:
    """Return settings that lead to this login server and API."""
    return Settings(
        client_id=CLIENT_ID, client_secret=SECRET, token_url=f"{login.address}/token", api_url=f"{api.address}/v1"
    )


# All callers, synchronous and asynchronous. Each takes addresses and options of an httpx client and makes one call.


def _auths(login: Any) -> list[httpx.Auth]:
    url = f"{login.address}/token"
    return [
        ClientCredentials(url, CLIENT_ID, SECRET),
        ClientCredentials(url, CLIENT_ID, SECRET, client_auth="form"),
        PasswordGrant(url, CLIENT_ID, SECRET, "robot", PASSWORD),
    ]


def bss(login: Any, api: Any) -> systems.System:
    """Return the BSS system with this login server and API."""
    return systems.bss(
        client_key=CLIENT_ID,
        client_secret=SECRET,
        username="robot",
        password=PASSWORD,
        token_url=f"{login.address}/token",
        base_url=f"{api.address}/v1",
    )


def thread_calls(login: Any, api: Any, options: dict[str, Any]) -> Iterator[Callable[[], object]]:
    """Yield the ways to make a call in a thread."""
    options = {"verify": CERTIFICATES, **options}

    def css(**given: Any) -> object:
        with Css(settings_for(login, api), retry=lambda *_: None, **given) as client:
            return client.integrations()

    def handed_in() -> object:
        with httpx.Client(**options) as http:
            return css(http_client=http)

    def own(auth: httpx.Auth) -> object:
        with httpx.Client(auth=auth, **options) as http:
            return http.get(f"{api.address}/v1")

    def system() -> object:
        with bss(login, api).client(**options) as http:
            return http.get("")

    yield handed_in
    yield lambda: css(transport=httpx.HTTPTransport(verify=CERTIFICATES))
    yield from (lambda auth=auth: own(auth) for auth in _auths(login))  # type: ignore[misc]
    yield system
    yield lambda: bss(login, api).token(**options)


def task_calls(login: Any, api: Any, options: dict[str, Any]) -> Iterator[Callable[[], object]]:
    """Yield the ways to make a call in a task."""
    options = {"verify": CERTIFICATES, **options}

    async def css(**given: Any) -> object:
        async with AsyncCss(settings_for(login, api), retry=lambda *_: None, **given) as client:
            return await client.integrations()

    async def handed_in() -> object:
        async with httpx.AsyncClient(**options) as http:
            return await css(http_client=http)

    async def own(auth: httpx.Auth) -> object:
        async with httpx.AsyncClient(auth=auth, **options) as http:
            return await http.get(f"{api.address}/v1")

    async def system() -> object:
        async with bss(login, api).async_client(**options) as http:
            return await http.get("")

    yield lambda: asyncio.run(handed_in())
    yield lambda: asyncio.run(css(transport=httpx.AsyncHTTPTransport(verify=CERTIFICATES)))
    yield from (lambda auth=auth: asyncio.run(own(auth)) for auth in _auths(login))  # type: ignore[misc]
    yield lambda: asyncio.run(system())


WORLDS: Final = {"thread": thread_calls, "task": task_calls}
