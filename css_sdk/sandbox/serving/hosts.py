"""Decide which `Host` headers are answered; pure.

A page of another site can give its own name the address of this machine. The browser then lets the page read what the
sandbox answers. So the sandbox answers only to names that no other site can have.
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
        is_open: whether other machines can reach the server. If so, it answers to every address. A page that was
            loaded from an address is not of another site.
    """

    names: tuple[str, ...] = ()
    is_open: bool = False

    def allows(self, header: str) -> bool:
        """Return whether a `Host` header is answered. Its port does not matter, because it may be forwarded."""
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        host = match[1].lower()
        return host in (*LOOPBACK, *self.names) or (self.is_open and as_address(host) is not None)

    def refusal(self) -> Response:
        """Return the answer to a request with another `Host` header."""
        names = dict.fromkeys((*LOOPBACK, *self.names))
        hosts = ", ".join((*names, "any IP address") if self.is_open else names)
        return plain(
            403,
            f"The sandbox answers only to these hosts: {hosts}. Use one of them. To add a name, start the sandbox with "
            f"--allow-host NAME.",
        )


def as_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is, or None if it is a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a host."""
    address = as_address(host)
    return host.lower() in LOOPBACK if address is None else address.is_loopback
