"""Serve the sandbox on a socket: an ASGI application that uvicorn runs in a thread."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any, Final, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import SandboxError
from ..http import LARGEST_BODY, Answers, Request, plain, too_large
from ..world.world import World
from .credentials import Reachable

TRANSPORT: Final = "css_sdk.sandbox.serving.transport"
IDLE: Final = 5  # seconds after which the service closes an idle connection
KEEP_ALIVE: Final = [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=%d" % IDLE)]
LOOPBACK: Final = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d*)?", re.ASCII | re.IGNORECASE)
STRANGE_HOST: Final = "The sandbox answers only to the hosts localhost, 127.0.0.1 and [::1]. Use one of these names."
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Served(Answers, Protocol):
    """A sandbox, as far as a server needs it."""

    world: World


class _Protocol(HttpToolsProtocol):
    """Let the application close a connection of uvicorn without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {**self.scope.get("extensions", {}), TRANSPORT: {"transport": self.transport}}


class _Server(uvicorn.Server):
    """Set an event when uvicorn accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def application(sandbox: Answers) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the sandbox as an ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        more = True
        while more and len(body) <= LARGEST_BODY:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            body += event.get("body", b"")
            more = event.get("more_body", False)
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
        if not all(map(is_loopback, hosts)):
            response = plain(403, STRANGE_HOST)
        elif len(body) > LARGEST_BODY:
            response = too_large()
        else:
            response = sandbox.answer(_request(scope, bytes(body)))
        if response.delay:
            await asyncio.sleep(response.delay)
        if response.dropped:
            scope["extensions"][TRANSPORT]["transport"].abort()
            await receive()  # until uvicorn knows that the connection is gone, or it would answer 500 in our place
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        if response.status != 204 and "content-length" not in response.headers:
            headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers + KEEP_ALIVE})
        parts, pause = response.parts()
        for part in parts:
            if pause:
                await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})
        if response.closes:
            scope["extensions"][TRANSPORT]["transport"].close()

    return app


def is_loopback(host: str) -> bool:
    """Return whether a `Host` header names this machine; no web page of another site can send such a header."""
    return LOOPBACK.fullmatch(host) is not None


def _request(scope: Scope, body: bytes) -> Request:
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    return Request(
        scope["method"],
        target.decode("latin-1"),
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body,
        scope["client"][0] if scope["client"] else "",
    )


class Server(Reachable):
    """A running sandbox.

    Attributes:
        port: on 127.0.0.1.
    """

    def __init__(self, sandbox: Served, port: int = 0) -> None:
        """Reserve the port. `start` begins to accept connections.

        Args:
            sandbox: answers the requests.
            port: on 127.0.0.1; 0 for any free one.

        Raises:
            SandboxError: the port is in use.
        """
        self.world = sandbox.world
        # The protocol is named so that asyncio switches Nagle's algorithm off; without it answers wait 40 ms.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", port))
            self._socket.listen(128)
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise SandboxError(f"the sandbox cannot listen on port {port}: {error}") from error
        self.port: int = self._socket.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            application(sandbox),
            http=_Protocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._run, name="css-sandbox", daemon=True)

    def start(self) -> Server:
        """Begin to accept connections."""
        self._thread.start()
        self._server.ready.wait()
        return self

    def close(self) -> None:
        """Stop, and close every connection."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._server.ready.set()
