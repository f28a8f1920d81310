"""Describe how sending a request ended. If no answer came, say why, and what to check."""

from __future__ import annotations

import os
import re
import ssl
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx
from attrs import frozen

from ..errors import ConnectionFailed, CssError, MalformedAnswer
from .cleaning import clean
from .sending import system_error_behind

_LONGEST_WORDS: Final = 100
_NOT_SENT: Final = (
    httpx.ConnectError,  # refused, or TLS failed
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Errors that occur before any part of the request is sent to its server."""

_PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_ADVICE: Final = (
    "Check the address and the network. If you need a proxy, set HTTPS_PROXY. NO_PROXY lists the hosts to reach "
    "without the proxy."
)
_TLS_ADVICE: Final = (
    "If a proxy or firewall of your organization signs certificates, set SSL_CERT_FILE to the file with its CA "
    "certificates (REQUESTS_CA_BUNDLE is not read)."
)


@frozen
class Exchange:
    """How sending a request ended: with a complete answer, or with an error.

    Args:
        error: why no complete answer came, or the error that the answer reports; None if the request succeeded.
        status: the status of the answer, even if its body could not be read; None if no answer came.
        was_sent: False only if it is certain that the request did not reach the service.
        is_passing: whether another attempt may succeed.
    """

    response: httpx.Response | None = None
    error: CssError | None = None
    status: int | None = None
    was_sent: bool = True
    is_passing: bool = False


def failure(error: Exception, request: str, server: str, host: str) -> Exchange:
    """Return the `Exchange` for an error of the HTTP library, with a message that says what to check.

    The message does not repeat the words of the library, because they may show an address with its query, or a header
    with a token. But if a proxy refused, the message shows the proxy's status, or the beginning of the library's words.

    Args:
        server: the server that was called, such as `the service` or `the login server`.
    """

    was_sent = not isinstance(error, _NOT_SENT)
    at = f"{server} at {host}"

    def lost(what: str, advice: str = _ADVICE, is_passing: bool = True) -> Exchange:
        words = f"{request}: {what}{_reason_of(error)}. {advice}"
        return Exchange(error=ConnectionFailed(words, request=request), was_sent=was_sent, is_passing=is_passing)

    def senseless(what: str) -> Exchange:
        return Exchange(error=MalformedAnswer(f"{request}: {what}.", request=request))

    match error:
        case httpx.ProxyError():
            words = clean(str(error))
            status = re.search(r"\b[1-5][0-9]{2}\b[^()]*", words)  # a token request adds words before and after it
            reason = (status[0] if status else words)[:_LONGEST_WORDS].rstrip(" .")
            refusal = ConnectionFailed(
                f"{request}: the proxy refused the connection: {reason}. {_proxy_advice()}", request=request
            )
            return Exchange(error=refusal, was_sent=was_sent, is_passing=reason.startswith("5"))
        case httpx.ConnectError() if isinstance(tls := system_error_behind(error), ssl.SSLError):
            is_passing = not isinstance(tls, ssl.SSLCertVerificationError)
            return lost(f"the TLS connection to {at} failed", _TLS_ADVICE, is_passing)
        case httpx.ConnectError():
            return lost(f"no connection to {at}")
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return lost(f"no connection to {at} in time")
        case httpx.TimeoutException() | TimeoutError():
            return lost(f"no answer in time from {at}")
        case httpx.UnsupportedProtocol():
            return lost(f"the address of {server} is not valid", "The address must begin with https.", False)
        case httpx.TransportError():
            return lost(f"the connection to {at} was lost")
        case httpx.RequestError():  # the answer cannot be decoded, or redirects in a circle
            return senseless("the answer cannot be decoded")
        case _:
            return senseless(f"the HTTP library cannot read the answer from {at} ({type(error).__name__})")


def _proxy_advice() -> str:
    """Return what to check if a proxy refuses. The text shows the proxy's address without user and password."""
    shown = shown_proxy(getproxies().get("https", ""))
    address = f" ({shown})" if shown else ""
    return f"Check the proxy's address and credentials in HTTPS_PROXY{address}. To bypass the proxy, set NO_PROXY."


def shown_proxy(address: str) -> str:
    """Return the address of a proxy without user and password; "" if it is not a valid address of a proxy.

    >>> shown_proxy("jane:pa55word@proxy.example:8080"), shown_proxy("ftp://proxy.example")
    ('http://proxy.example:8080', '')
    """
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if not host or parts.scheme not in _PROXY_SCHEMES:
        return ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def request_of(error: Exception) -> httpx.Request | None:
    """Return the request that failed with an error of httpx; None if the error has no request."""
    try:
        return error.request if isinstance(error, httpx.RequestError) else None
    except RuntimeError:  # httpx never set it
        return None


def _reason_of(error: BaseException) -> str:
    """Return the message of the operating system or of TLS, such as ` (Connection refused)`; empty if there is none."""
    cause = system_error_behind(error)
    words = cause and (getattr(cause, "verify_message", None) or getattr(cause, "strerror", None))
    if cause and cause.errno and str(words).startswith("Connect call failed"):
        words = os.strerror(cause.errno)  # asyncio's own words repeat the address as a Python tuple
    return f" ({clean(str(words), most=_LONGEST_WORDS)})" if words else ""
