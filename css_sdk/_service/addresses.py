"""Check the addresses that secrets and tokens may go to. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from ..errors import ConfigurationError, Remedy

API_URL: Final = "https://api.loginproxy.gov.bc.ca/api/v1"
TOKEN_URL: Final = "https://loginproxy.gov.bc.ca/auth/realms/standard/protocol/openid-connect/token"  # noqa: S105
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The host names of this machine. To other hosts, css-sdk sends plain http only if an option allows it."""
_PUBLIC_HOST: Final = ".loginproxy.gov.bc.ca"
"""The end of the host names of the public service and of its login servers."""
_ADDRESS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|(?!xn--)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.(?!xn--)[a-z0-9_-]+)*)"
    r"(:(?P<port>[0-9]{1,5}))?(/[!-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_OF_THIS_MACHINE: Final = re.compile(rf"({'|'.join(map(re.escape, LOOPBACK))})([:/?]|$)", re.IGNORECASE)
"""The beginning of an address of this machine without `http://`."""
_LIKE: Final = {
    "The API address": API_URL,
    "The token address": TOKEN_URL,
    "The issuer": TOKEN_URL.partition("/protocol")[0],
}


def _is_host(host: str) -> bool:
    if not host.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True


def checked_address(
    url: object, what: str, allow_http: bool | None = None, *, may_have_query: bool = False, like: str = ""
) -> str:
    """Return an address, after checking that secrets and tokens may go to it. Remove slashes at the end of its path.

    Plain `http` to other machines needs `allow_http`. If it is False, the error suggests `allow_http=True`. If it is
    None, the error does not suggest this.

    The address itself is never in the message, because it may hold a password.
    """
    if not isinstance(url, str) and hasattr(url, "raw_host"):  # httpx itself is not imported for this
        url = str(url)
    place, mark, _ = url.partition("?") if isinstance(url, str) and may_have_query else (url, "", "")
    match = _ADDRESS.fullmatch(place) if isinstance(place, str) and isinstance(url, str) else None
    fault = _fault_of(url, may_have_query)
    if match is None or fault or int(match["port"] or 0) > 65535 or not _is_host(match["host"]):
        # The address itself stays out of the message: it may hold a password.
        advice = f"A valid address looks like {like or _LIKE.get(what, 'https://api.example.com/v1')}."
        if isinstance(url, str) and _OF_THIS_MACHINE.match(url):
            fault, advice = "it does not begin with http://", "It is an address of this machine: put http:// before it."
        raise ConfigurationError(f"{what} is not valid: {fault or 'its host or its port is wrong'}. {advice}")
    if match["scheme"].lower() == "http" and match["host"].lower() not in LOOPBACK and not allow_http:
        raise ConfigurationError(
            f"{what} is plain http to {match['host']}, so others could read the secret. Use https.",
            remedy=None if allow_http is None else Remedy("To allow http, pass allow_http=True.", ""),
        )
    return str(url) if mark else str(url).rstrip("/")


def check_pair(api_url: str, token_url: str, name_of: Callable[[str], str]) -> None:
    """Refuse an address on this machine, such as that of a sandbox, together with an address of the public service.

    With these two addresses, credentials or tokens of one system would go to the other.

    `name_of` returns the variable or key that sets an address.
    """
    hosts = {name: str(urlsplit(url).hostname) for name, url in (("api_url", api_url), ("token_url", token_url))}
    own = [name for name, host in hosts.items() if host in LOOPBACK or host == "::1"]
    public = [name for name, host in hosts.items() if f".{host}".endswith(_PUBLIC_HOST)]
    if own and public:
        raise ConfigurationError(
            f"{name_of(own[0])} is an address of this machine ({hosts[own[0]]}), but {name_of(public[0])} is the "
            f"public one ({hosts[public[0]]}), which is the default. Set both to the same system, or neither.",
            subject="addresses",
        )


def _fault_of(url: object, may_have_query: bool) -> str:
    """Return what is wrong with an address, as the end of a sentence; "" if no fault is found."""
    if not isinstance(url, str):
        return f"it is of type {type(url).__name__}, not a text"
    if not url:
        return "it is empty"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "it contains a blank, or a character that must be encoded"
    if not url.lower().startswith(("http://", "https://")):
        return "it does not begin with https://"
    if "@" in url.partition("?")[0]:
        return "it contains credentials before an @"
    if "#" in url:
        return "it has a fragment after a #"
    return "" if may_have_query or "?" not in url else "it has a query after a ?"
