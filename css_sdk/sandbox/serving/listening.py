"""Open the socket of a server. If this fails, say what to do."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any, Final

from ..errors import SandboxError

LAST: Final = 65535  # the largest port
TRIED: Final = 100  # ports that are tried to find a free one


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. If the port is in use, the error names a free port."""
    if not 0 <= port <= LAST:
        raise SandboxError(f"{port} is not a port; ports are 0 to {LAST}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return _bound(family, address)
    except (OSError, UnicodeError) as error:
        code = getattr(error, "errno", None)
        if code not in (errno.EADDRINUSE, errno.EACCES):
            reason = getattr(error, "strerror", None) or error
            raise SandboxError(
                f"the sandbox cannot listen on {host}, port {port}: {reason}. Choose an address of this machine and a "
                f"free port, or leave both out"
            ) from error
        why = "is in use" if code == errno.EADDRINUSE else "may not be used by this user"
        free = next(filter(None, (_free(family, address, other) for other in _after(port))), 0)
        example = f"{free}" if free else "0, which means any free port"
        raise SandboxError(f"port {port} on {host} {why}; choose another port, for example {example}") from error


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    # asyncio switches Nagle's algorithm off only if the protocol is given. Otherwise answers wait 40 ms.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(128)
    except BaseException:
        found.close()
        raise
    return found


def _after(port: int) -> range:
    """Return the next ports above a port. Leave out ports below 1024, because not every user may use them."""
    first = max(port + 1, 1024)
    return range(first, min(first + TRIED, LAST + 1))


def _free(family: int, address: tuple[Any, ...], port: int) -> int:
    """Return the port if it is free, else 0."""
    try:
        _bound(family, (address[0], port, *address[2:])).close()
    except OSError:
        return 0
    return port
