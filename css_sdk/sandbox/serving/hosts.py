"""Decide which `Host` headers are answered; pure.

The owner of a web site can give its host name the address of this machine. A browser then lets the pages of that site
read the answers of the sandbox (DNS rebinding). Because of this, the sandbox answers only to names that no web site can
have, and to names that `--allow-host` adds.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from attrs import frozen

from ..http import Response, plain

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/]+)(?::\d*)?", re.ASCII | re.IGNORECASE)


@frozen
class HostCheck:
    """The hosts that a server answers to.

    Attributes:
        names: further hosts, in lower case.
        is_open: whether other machines can reach the server. If so, the server answers to every IP address. This is
            safe, because DNS rebinding needs a host name.
    """

    names: tuple[str, ...] = ()
    is_open: bool = False

    def allows(self, header: str) -> bool:
        """Return whether the server answers to a `Host` header. Ignore the port, because ports may be forwarded."""
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        host = match[1].lower()
        return host in (*LOOPBACK, *self.names) or (self.is_open and as_address(host) is not None)

    def refusal(self) -> Response:
        """Return the answer to a request whose `Host` header is not allowed."""
        names = dict.fromkeys((*LOOPBACK, *self.names))
        hosts = ", ".join((*names, "any IP address") if self.is_open else names)
        return plain(
            403,
            f"The sandbox answers only to these hosts: {hosts}. Use one of them. To add a name, start the sandbox with "
            f"--allow-host NAME, or in Python with names=[NAME].",
        )


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as an IP address, or None if it is a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    address = as_address(host)
    return host.lower() in LOOPBACK if address is None else address.is_loopback
