"""A program that always gives one answer, on the same server as the sandbox."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvicorn

BODY: Final = b'{"data":[{"name":"admin","composite":true}]}'
HEADERS: Final = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"%d" % len(BODY))]


async def application(
    scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer every request in the same way."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


class _Server(uvicorn.Server):
    """Run a server that prints one line of JSON when it is ready."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        port = (sockets or [])[0].getsockname()[1]
        sys.stdout.write(json.dumps({"api_url": f"http://127.0.0.1:{port}"}) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Serve until the process is terminated."""
    # Without the protocol, Nagle's algorithm stays enabled, and each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http="httptools", ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False
    )
    _Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
