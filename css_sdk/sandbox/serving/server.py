"""Serve the sandbox on a socket: an ASGI application that uvicorn runs in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from types import TracebackType
from typing import Any, Final, Protocol

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..http import LARGEST_BODY, Answers, Request, too_large
from ..world.world import World
from .credentials import Reachable
from .hosts import HostCheck, is_loopback
from .listening import listen

TRANSPORT: Final = "css_sdk.sandbox.serving.transport"
IDLE: Final = 5  # seconds after which the service closes an idle connection
KEEP_ALIVE: Final = [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=%d" % IDLE)]
ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where this machine reaches them
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Served(Answers, Protocol):
    """A sandbox, as a server uses it."""

    world: World


class _Protocol(HttpToolsProtocol):
    """Give the application uvicorn's transport. With it, the application can close or abort the connection."""

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


def application(sandbox: Answers, hosts: HostCheck) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
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
        given = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"]
        if not all(map(hosts.allows, given)):
            response = hosts.refusal()
        elif len(body) > LARGEST_BODY:
            response = too_large()
        else:
            response = sandbox.answer(_request(scope, bytes(body)))
        if response.delay:
            await asyncio.sleep(response.delay)
        if response.dropped:
            scope["extensions"][TRANSPORT]["transport"].abort()
            await receive()  # wait until uvicorn knows that the connection is closed; else uvicorn answers 500
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        if response.status != 204 and "content-length" not in response.headers:
            headers.append((b"content-length", b"%d" % len(response.body)))
        await send({"type": "http.response.start", "status": response.status, "headers": headers + KEEP_ALIVE})
        parts, pause = response.parts()
        for number, part in enumerate(parts, 1):
            if pause:
                await asyncio.sleep(pause)
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})
        if response.closes:
            scope["extensions"][TRANSPORT]["transport"].close()

    return app


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
        host: the address that it listens on.
        port: the port that it listens on.
    """

    def __init__(self, sandbox: Served, port: int = 0, host: str = "127.0.0.1", names: Iterable[str] = ()) -> None:
        """Reserve the port. `start` begins to accept connections.

        `names` are further host names under which clients may call the server.
        """
        self.world = sandbox.world
        self._socket = listen(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        name = _in_url(ANYWHERE.get(host, host))
        self.origin = f"http://{name}:{self.port}"
        hosts = HostCheck(tuple(other.lower() for other in (name, *names)), not is_loopback(host))
        config = uvicorn.Config(
            application(sandbox, hosts),
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


def _in_url(host: str) -> str:
    """Return a host in the form for URLs: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
