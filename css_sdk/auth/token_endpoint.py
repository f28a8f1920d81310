"""Build token requests, and read the answers of token endpoints (RFC 6749)."""

from __future__ import annotations

import base64
import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx
from attrs import field, frozen

from .._http.bodies import Body, Check
from .._http.bound_requests import TokenRequest, redirected, where_of
from .._http.cleaning import clean
from .._http.exchanges import request_of
from .._http.observation import Observer
from .._http.retry import seconds_to_wait
from .._http.sending import cut_frames, system_error_behind
from .._text.json_text import parsed_json
from .._text.words import joined, waiting_time
from ..errors import AuthenticationError, MalformedAnswer, RateLimited, Remedy, ServiceUnavailable
from ..settings import Secret, argument_name, as_secret
from .single_flight import cause_of

_DEFAULT_LIFE: Final = 60.0
_LONGEST_TOKEN: Final = 16 * 1024  # servers accept no longer header
_LARGEST: Final = 256 * 1024
"""The maximum size of an answer, in bytes."""
_AUDIENCE: Final = (
    "It must be the client id of the application to call. That application must be registered at the login server, and "
    "must allow this client."
)
_CHECK_AUDIENCE: Final = Remedy(
    f"Check the audience (audience=). {_AUDIENCE}", f"Check the audience (--audience). {_AUDIENCE}"
)


@frozen
class Token:
    """An access token, and the time until which it is used.

    Args:
        good_until: the time when the token must be renewed, by the clock of its `TokenAuth`.
        life: the seconds that the server reported; None if it reported none. A token with a life of 0 is not used for
            later calls.
        claims: the claims of a JWT, not verified; empty for an opaque token.
    """

    secret: Secret
    good_until: float
    life: float | None = None
    claims: dict[str, Any] = field(factory=dict, repr=False)

    @property
    def header(self) -> str:
        """Return the value of the `Authorization` header, with the token as plain text."""
        return f"Bearer {self.secret.reveal()}"


def token_request(
    url: httpx.URL,
    fields: Mapping[str, str | Secret],
    basic: tuple[str, Secret] | None,
    call: httpx.Request,
) -> TokenRequest:
    """Return the token request for a call.

    Copy the timeouts and the `User-Agent` of the call, because httpx does not set them on requests of an `httpx.Auth`.
    """
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # a small compressed answer could become a large one
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": call.headers.get("User-Agent", "css-sdk"),
    }
    pair = _basic(*basic) if basic else Secret("")
    request = TokenRequest(
        url,
        urlencode({key: as_secret(value).reveal() for key, value in fields.items()}).encode("ascii"),
        {**headers, "Authorization": f"Basic {pair.reveal()}"} if basic else headers,
        {key: value for key, value in call.extensions.items() if key == "timeout"},
    )
    # Some servers repeat the pair without its padding.
    values = (*fields.values(), *(basic or ()), Secret(pair.reveal().rstrip("=")))
    request.hide = [value for value in values if isinstance(value, Secret)]
    return request


def _basic(client_id: str, client_secret: Secret) -> Secret:
    # Both are form-encoded first (RFC 6749, 2.3.1): a secret may contain a plus or a percent sign.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return Secret(base64.b64encode(pair.encode("ascii")).decode("ascii"))


class TokenExchange:
    """Create the token request of a `with` block, and keep secrets out of the errors of this block.

    An error that leaves the block loses its traceback, because the frames hold secrets. If no answer came, the message
    of the error names the login server. Text from a server or a proxy is cleaned before a message shows it.
    """

    def __init__(self, make: Callable[[], TokenRequest], observer: Observer) -> None:
        self._make = make
        self._observer = observer

    def __enter__(self) -> TokenRequest:
        self._began = time.perf_counter()
        self._outer = sys.exc_info()[1]
        try:
            self._request = self._make()
        except BaseException as error:
            cut_frames(error, self._outer)
            raise
        return self._request

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        cause = cause_of(error)
        if self._request.may_have_been_sent:
            self._observer.note("POST", self._request.url.path, self._request.status, self._began, error=cause)
        if cause is None:
            return
        if isinstance(cause, httpx.RequestError) and request_of(cause) is self._request:
            words = described(cause, self._request.hide)
            cause.args = (f"No answer from the login server at {self._request.url.host} ({words}).",)
            cause.request = _bare(self._request.url)
            # Causes of this error may repeat what a server sent. Errors of the operating system do not, so they stay.
            cause.__cause__, cause.__context__ = system_error_behind(cause), None
        elif isinstance(cause, AuthenticationError) and (answer := _answer_in(cause.__traceback__)):
            # Only for the message: the redirect was refused already.
            refusal = redirected(self._request, answer)
            cause.args, cause.status = refusal.args, refusal.status
        elif isinstance(cause, MalformedAnswer) and cause.request is None:  # the body is too large
            cause.args = (f"{where_of(self._request.url)}: {cause}.",)
            cause.request = f"POST {self._request.url.path}"
        cut_frames(cause, self._outer)


def _answer_in(trace: TracebackType | None) -> httpx.Response | None:
    """Find the answer that redirects in the frames of a traceback; return None if no frame has such an answer."""
    for frame, _ in walk_tb(trace):
        found = frame.f_locals.get("response")
        if isinstance(found, httpx.Response) and found.has_redirect_location:
            return found
    return None


def described(error: httpx.RequestError, hide: Iterable[Secret] = ()) -> str:
    """Return the class and the beginning of the message of an error, such as `ConnectError: refused`.

    The secrets in `hide` are removed from the message, because a server or a proxy may repeat them.
    """
    text = str(error)
    if isinstance(error, httpx.ProtocolError):
        # After its own words, the library quotes what the server sent. Remove this quotation.
        text = re.split(r"""\b(?:bytearray|b)?\(?b?['"]""", text, maxsplit=1)[0]
    words = clean(text, hide).rstrip(".: ")
    return ": ".join(filter(None, (type(error).__name__, words)))


@contextmanager
def waiting(url: httpx.URL) -> Iterator[None]:
    """Wrap a block that waits for the token request of another caller.

    If the wait times out, raise an `httpx.ReadTimeout` that names the login server.
    """
    try:
        yield
    except TimeoutError:
        late = "another call requested the token, and this call waited until its own timeouts were over"
        raise httpx.ReadTimeout(f"No answer from the login server at {url.host}: {late}.", request=_bare(url)) from None


def _bare(url: httpx.URL) -> httpx.Request:
    """Return a token request without body and credentials, to attach to errors."""
    return httpx.Request("POST", str(url))


def limits_of(asked: TokenRequest, response: httpx.Response, clock: Callable[[], float]) -> tuple[int, str, Check]:
    """Return the arguments `most`, `advice` and `check` with which `read_body` reads the answer to a token request.

    `check` applies the read timeout to the whole body, because httpx applies it to each piece of the body. This
    function also sets `asked.status` and `asked.encoding`, and removes the header `Content-Encoding` of the answer.
    """
    asked.status = response.status_code
    # The request asked for no compression. httpx must not decompress the answer, because it could become large.
    asked.encoding = response.headers.pop("Content-Encoding", "")
    timeout = (response.request.extensions.get("timeout") or {}).get("read")
    until = math.inf if timeout is None else clock() + timeout

    def check_time() -> None:
        if clock() > until:
            raise httpx.ReadTimeout("the answer came too slowly", request=response.request)

    return _LARGEST, f". Check the token address ({asked.set_by})", check_time


@frozen
class _Answer:
    """The content of an answer of a token endpoint. All texts except the token are cleaned.

    Args:
        token: the access token; empty if there is a fault.
        life: the seconds for which the token is valid; None if the answer does not have a valid number.
        fault: why the answer has no usable token.
    """

    token: Secret
    life: float | None
    error: str | None
    description: str | None
    fault: str
    is_json: bool

    @property
    def words(self) -> str:
        """Return the error and its description in one text; empty if the answer has neither."""
        return ": ".join(filter(None, (self.error, self.description)))


def _answer(response: httpx.Response, asked: TokenRequest) -> _Answer:
    # This is a separate function, so that its text is deleted before an error about it is raised.
    raw = _unpacked(response.content)
    content = parsed_json(raw)
    is_json = isinstance(content, dict)
    fault = "" if is_json else _what_instead(raw, asked.encoding)
    content = content if isinstance(content, dict) else {}

    def words(key: str) -> str | None:
        text = content.get(key)
        return (clean(text, asked.hide) or None) if isinstance(text, str) else None

    token, kind = content.get("access_token"), content.get("token_type") or "Bearer"
    try:
        life = float(content["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life = math.nan
    if not fault and not (isinstance(token, str) and fits_a_header(token)):
        fault = "its access_token is missing, or does not fit in a header"
    elif not fault and str(kind).lower() not in ("bearer", "bearertoken"):  # Apigee writes BearerToken
        fault = f"its token_type is {(words('token_type') or '…')[:20]!r}"
    return _Answer(
        Secret("" if fault else str(token)),
        life if math.isfinite(life) else None,
        words("error"),
        words("error_description"),
        fault,
        is_json,
    )


def _unpacked(content: bytes) -> bytes:
    """Return a body, decompressed if it is complete gzip within the size limit.

    A server may send gzip although css-sdk asked for no compression.
    """
    if not content.startswith(b"\x1f\x8b"):  # gzip's first bytes; JSON and HTML begin otherwise
        return content
    body = Body("gzip", _LARGEST)
    try:
        body.add(content)
        return body.content()
    except MalformedAnswer:
        return content


def _what_instead(content: bytes, encoding: str) -> str:
    """Return a text that says what came instead of a JSON object, such as `it is empty`."""
    start = content[:200].lstrip().lower()
    if not start:
        return "it is empty"
    if start.startswith((b"<!doctype", b"<html")):
        return "it is a page of HTML"
    return "it is not a JSON object" + (f", and its Content-Encoding is {clean(encoding, most=20)}" if encoding else "")


def fits_a_header(token: str) -> bool:
    """Return whether a token can be sent in a header: at most 16,384 printable ASCII characters, without spaces."""
    return 0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def token_from(
    response: httpx.Response, asked: TokenRequest, asked_at: float, name_of: Callable[[str], str] = argument_name
) -> Token:
    """Return the token in the answer of a token endpoint.

    Args:
        response: the answer, already read.
        asked_at: when the request was sent, by the clock of the `TokenAuth`. The life of the token begins at this time.
        name_of: see `AuthOptions`.

    Raises:
        AuthenticationError: the answer is an error (RFC 6749, 5.2) or a redirect, or its status is 401 or 404.
        RateLimited: the status is 429.
        ServiceUnavailable: the status is 500 or higher.
        MalformedAnswer: the answer is not JSON, or has no valid bearer token.
    """
    if response.request is not asked:
        raise redirected(asked, None)
    where, address = where_of(asked.url), f"Check the token address ({name_of('token_url')})."
    facts: dict[str, Any] = {"status": response.status_code, "request": f"POST {asked.url.path}"}
    facts["retry_after"] = seconds_to_wait(response.headers.get("Retry-After"), time.time())
    if response.status_code == 429:
        wait = waiting_time(facts["retry_after"])
        raise RateLimited(f"{where}: the login server asks for fewer calls. Try again in {wait}.", **facts)
    if response.status_code >= 500:
        raise ServiceUnavailable(
            f"{where}: the login server answered {response.status_code}. Try again later.", **facts
        )
    if 300 <= response.status_code < 400:
        raise redirected(asked, response, **facts)
    answer = _answer(response, asked)
    if response.status_code == 404:
        raise AuthenticationError(f"{where}: the address has no token endpoint. {address}", **facts)
    if not answer.is_json and not response.is_success:
        # The sender of this answer did not check the credentials.
        error = AuthenticationError if response.status_code == 401 else MalformedAnswer
        raise error(
            f"{where}: the answer ({response.status_code}) is not from a login server: {answer.fault}. A firewall "
            f"or a proxy may have sent it. {address[:-1]} and the proxy settings (HTTPS_PROXY, NO_PROXY).",
            **facts,
        )
    if not response.is_success or (answer.fault and answer.error):
        is_audience = "audience" in answer.words.lower() or answer.error == "invalid_target"
        advice = "" if is_audience else f" {_advice(answer, name_of)}"
        raise AuthenticationError(
            f"{where}: the login server refused the credentials "
            f"({answer.words or f'status {response.status_code}'}).{advice}",
            remedy=_CHECK_AUDIENCE if is_audience else None,
            error=answer.error,
            error_description=answer.description,
            **facts,
        )
    if answer.fault:
        raise MalformedAnswer(
            f"{where}: the answer ({response.status_code}) has no bearer token: {answer.fault}. {address}", **facts
        )
    life = _DEFAULT_LIFE if answer.life is None else answer.life
    # Renew 30 seconds before the end, but at most a tenth of the life. Otherwise short tokens would never be used.
    return Token(answer.token, asked_at + life - min(30.0, life / 10), answer.life)


def _advice(answer: _Answer, name_of: Callable[[str], str]) -> str:
    """Return what to check after the login server has refused a token request."""
    if answer.error == "invalid_scope":
        return f"Check the scope ({name_of('scope')})."
    names = ("username", "password") if answer.error == "invalid_grant" else ("client_id", "client_secret")
    named = [name_of(name) for name in (*names, "token_url")]
    keys, _, places = zip(*(name.partition(" in ") for name in named), strict=True)
    is_one_file = bool(places[0]) and len(set(places)) == 1  # then name the file only once
    shown = f"{joined(keys)} in {places[0]}" if is_one_file else joined(named)
    return f"Check the credentials and the token address: {shown}."
