"""Why no answer came, in words that say what to check; and whether anything was sent."""

from __future__ import annotations

import re
import ssl
from typing import Final

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
"""Errors that come before anything of the request leaves for its server."""

_PROXY_ADVICE: Final = (
    "Check the proxy's address and credentials in HTTPS_PROXY; NO_PROXY names hosts that are reached without it."
)
_ADVICE: Final = (
    "Check the address and the network; HTTPS_PROXY names a proxy, and NO_PROXY the hosts that are reached without it."
)
_TLS_ADVICE: Final = (
    "If a proxy or firewall of your organization signs certificates, name its CA certificates in SSL_CERT_FILE "
    "(REQUESTS_CA_BUNDLE is not read)."
)


@frozen
class Failure:
    """An attempt without an answer.

    Args:
        error: what to raise.
        was_sent: False where it is certain that nothing left for the server.
        is_passing: whether another attempt may help.
    """

    error: CssError
    was_sent: bool
    is_passing: bool


def failure(error: Exception, request: str, server: str, host: str) -> Failure:
    """Return what an error of the HTTP library means.

    The library's own words are left out: they may hold whole addresses with their queries, or a header with a token.

    Args:
        error: what sending a request raised.
        request: method and path, for the message.
        server: who was asked, such as `the service` or `the login server`.
        host: its host, and its port where it has one.
    """

    def lost(what: str, advice: str = _ADVICE) -> ConnectionFailed:
        return ConnectionFailed(f"{request}: {what}{_reason_of(error)}. {advice}", request=request)

    was_sent = not isinstance(error, _NOT_SENT)
    at = f"{server} at {host}"
    match error:
        case httpx.ProxyError():
            words = clean(str(error))
            status = re.search(r"\b[1-5][0-9]{2}\b[^()]*", words)  # what a token request adds stands around it
            said = (status[0] if status else words)[:_LONGEST_WORDS].rstrip(" .")
            refusal = f"{request}: the proxy refused: {said}. {_PROXY_ADVICE}"
            return Failure(ConnectionFailed(refusal, request=request), was_sent, said.startswith("5"))
        case httpx.ConnectError() if isinstance(tls := system_error_behind(error), ssl.SSLError):
            is_passing = not isinstance(tls, ssl.SSLCertVerificationError)
            return Failure(lost(f"the TLS connection to {at} failed", _TLS_ADVICE), was_sent, is_passing)
        case httpx.ConnectError():
            return Failure(lost(f"no connection to {at}"), was_sent, True)
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Failure(lost(f"no connection in time to {at}"), was_sent, True)
        case httpx.TimeoutException():
            return Failure(lost(f"no answer in time from {at}"), was_sent, True)
        case httpx.TransportError():
            return Failure(lost(f"the connection was lost to {at}"), was_sent, True)
        case httpx.RequestError():  # it cannot be decoded, or leads in circles
            return Failure(MalformedAnswer(f"{request}: the answer cannot be decoded.", request=request), True, False)
        case _:
            kind = type(error).__name__
            senseless = f"{request}: what came from {at} makes no sense to the HTTP library ({kind})."
            return Failure(MalformedAnswer(senseless, request=request), True, False)


def _reason_of(error: BaseException) -> str:
    """What the system said, in brackets."""
    cause = system_error_behind(error)
    words = cause and (getattr(cause, "verify_message", None) or getattr(cause, "strerror", None))
    return f" ({clean(str(words), most=_LONGEST_WORDS)})" if words else ""
