"""What is sent to a token endpoint, and what its answers mean (RFC 6749)."""

from __future__ import annotations

import base64
import json
import math
import re
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final, NoReturn
from urllib.parse import quote_plus, urlencode

import httpx
from attrs import field, frozen

from .._http.bound_requests import TokenRequest, redirected, where_of
from .._http.cleaning import clean
from .._http.retry import seconds_to_wait
from .._http.sending import cut_frames, system_error_behind
from ..errors import AuthenticationError, MalformedAnswer, RateLimited, ServiceUnavailable, in_words
from ..settings import Secret, argument_name, as_secret
from .single_flight import cause_of

_LIFE_WHEN_NOT_TOLD: Final = 60.0
_LONGEST_TOKEN: Final = 16 * 1024  # servers take no longer header
_LARGEST: Final = 256 * 1024
"""Bytes that an answer may have."""


@frozen
class Token:
    """An access token and the time until which it is used, on the clock of the auth that holds it.

    `life` is what its server told, in seconds, or None. One without life is good for the call that it was asked for.
    `claims` are those of a JWT, unchecked, and empty for an opaque token.
    """

    secret: Secret
    good_until: float
    life: float | None = None
    claims: dict[str, Any] = field(factory=dict, repr=False)

    @property
    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self.secret.reveal()}"


def token_request(
    url: httpx.URL,
    fields: Mapping[str, str | Secret],
    basic: tuple[str, Secret] | None,
    call: httpx.Request,
) -> TokenRequest:
    """Return the request for a token.

    Args:
        url: of the token endpoint.
        fields: of the form.
        basic: a client's id and secret to be sent as HTTP Basic.
        call: the request that the token is for, whose timeouts are taken over: one that an auth yields has none.
    """
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # what is small as it travels shall be small
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": call.headers.get("User-Agent", "css-sdk"),
    }
    request = TokenRequest(
        url,
        urlencode({key: as_secret(value).reveal() for key, value in fields.items()}).encode("ascii"),
        headers if basic is None else {**headers, "Authorization": _basic(*basic)},
        {key: value for key, value in call.extensions.items() if key == "timeout"},
    )
    request.hide = secrets_of(request, fields, basic)
    return request


def secrets_of(
    request: httpx.Request, fields: Mapping[str, str | Secret], basic: tuple[str, Secret] | None
) -> list[Secret]:
    """What a token request carries and nobody is to see."""
    return [value for value in (*fields.values(), *(basic or ())) if isinstance(value, Secret)] + [_basic_in(request)]


def _basic(client_id: str, client_secret: Secret) -> str:
    # Each is encoded as in a form first (RFC 6749, 2.3.1): a secret may hold a plus or a percent sign.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")


def _basic_in(asked: httpx.Request) -> Secret:
    # Without its end, which some leave out.
    return Secret(asked.headers.get("Authorization", "").removeprefix("Basic ").rstrip("="))


class Asked:
    """Ask for a token inside this: what comes out of it holds neither a secret nor frames that do.

    Where no answer came, the error of httpx says whose answer. What the other side said, in a malformed header for
    one, is cleaned.

    Args:
        make: makes the request.
    """

    def __init__(self, make: Callable[[], TokenRequest]) -> None:
        self._make = make

    def __enter__(self) -> TokenRequest:
        self._outer = sys.exc_info()[1]
        try:
            self._request = self._make()
        except BaseException as error:
            cut_frames(error, self._outer)
            raise
        return self._request

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cause = cause_of(error)
        if cause is None:
            return
        if isinstance(cause, httpx.RequestError) and _request_of(cause) is self._request:
            words = described(cause, self._request.hide)
            cause.args = (f"No answer from the login server at {self._request.url.host} ({words}).",)
            cause.request = _bare(self._request.url)
            # Errors further below repeat what the other side sent; the reason of the system does not.
            cause.__cause__, cause.__context__ = system_error_behind(cause), None
        elif isinstance(cause, AuthenticationError) and (answer := _answer_in(cause.__traceback__, self._request)):
            # For the words alone: it was refused already.
            told = redirected(self._request, answer)
            cause.args, cause.status = told.args, told.status
        cut_frames(cause, self._outer)


def _answer_in(trace: TracebackType | None, request: httpx.Request) -> httpx.Response | None:
    """Find the redirect that a client was about to follow, so that the message can say where it leads."""
    for frame, _ in walk_tb(trace):
        found = frame.f_locals.get("response")
        if isinstance(found, httpx.Response) and found.has_redirect_location:
            return found
    return None


def _request_of(error: httpx.RequestError) -> httpx.Request | None:
    try:
        return error.request
    except RuntimeError:  # it was never told
        return None


def described(error: httpx.RequestError, hide: Iterable[Secret] = ()) -> str:
    """Return what fits in a line of a message: the kind of the error and its first words, cleaned.

    Args:
        error: of httpx.
        hide: what the request carried, which the other side may repeat.
    """
    text = str(error)
    if isinstance(error, httpx.ProtocolError):
        # The library quotes what came from the other side. Its own words stand before.
        text = re.split(r"""\b(?:bytearray|b)?\(?b?['"]""", text, maxsplit=1)[0]
    words = clean(text, hide).rstrip(".: ")
    return ": ".join(filter(None, (type(error).__name__, words)))


@contextmanager
def waiting(url: httpx.URL) -> Iterator[None]:
    """For those who wait for what another asks of a login server, and have their own timeouts.

    Raises:
        httpx.ReadTimeout: when the wait was over before the answer came.
    """
    try:
        yield
    except TimeoutError:
        late = "another call asks it for the token, and had no answer in the time that this one may take"
        raise httpx.ReadTimeout(f"No answer from the login server at {url.host}: {late}.", request=_bare(url)) from None


def _bare(url: httpx.URL) -> httpx.Request:
    """The token request as errors carry it: without secrets."""
    return httpx.Request("POST", str(url))


class _Measured(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of an answer, of which no more is read than such an answer has, nor for longer than one may take."""

    def __init__(self, response: httpx.Response, until: float, clock: Callable[[], float], packed: str) -> None:
        self._stream: Any = response.stream
        self.packed = packed
        self._request = response.request
        self._until, self._clock = until, clock
        self._length = 0

    def _measure(self, chunk: bytes) -> bytes:
        self._length += len(chunk)
        if self._length > _LARGEST:
            _refuse_length(self._request.url)
        if self._clock() > self._until:
            raise httpx.ReadTimeout("the answer came too slowly", request=self._request)
        return chunk

    def __iter__(self) -> Iterator[bytes]:
        return map(self._measure, self._stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield self._measure(chunk)

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def measure(response: httpx.Response, clock: Callable[[], float]) -> None:
    """Bounds what will be read of an answer: its length, and all its pieces together by the timeout of each of them."""
    # It was asked to come as it is; what comes packed nevertheless is not unpacked, however large it would get.
    packed = response.headers.pop("Content-Encoding", "")
    patience = (response.request.extensions.get("timeout") or {}).get("read")
    response.stream = _Measured(response, math.inf if patience is None else clock() + patience, clock, packed)


def _refuse_length(url: httpx.URL) -> NoReturn:
    told = f"{where_of(url)}: the answer has more than {_LARGEST} bytes. Check the token address."
    raise MalformedAnswer(told, request=f"POST {url.path}")


@frozen
class _Answer:
    """Hold what a token endpoint answered: its token covered, and its words cleaned."""

    token: Secret
    life: float | None
    error: str | None
    description: str | None
    fault: str
    is_json: bool

    @property
    def said(self) -> str:
        """Return the words, or nothing."""
        return ": ".join(filter(None, (self.error, self.description)))


def _answer(response: httpx.Response, hide: Iterable[Secret]) -> _Answer:
    # In a function of its own, so that the text is gone before anything is raised about it.
    raw = _unpacked(response)
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        content = None
    is_json = isinstance(content, dict)
    fault = "" if is_json else _what_instead(response, raw)
    content = content if isinstance(content, dict) else {}

    def words(key: str) -> str | None:
        text = content.get(key)
        return (clean(text, hide) or None) if isinstance(text, str) else None

    token, kind = content.get("access_token"), content.get("token_type") or "Bearer"
    try:
        life = float(content["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life = math.nan
    if not fault and not (isinstance(token, str) and _fits_a_header(token)):
        fault = "its access_token is missing, or is none that fits in a header"
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


def _unpacked(response: httpx.Response) -> bytes:
    """Return the body; unpacked, where a server packed it although it was asked not to, and it stays small."""
    content = response.content
    if not content.startswith(b"\x1f\x8b"):  # gzip's first bytes; JSON and HTML begin otherwise
        return content
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(content, _LARGEST + 1)
    except zlib.error:
        return content
    return content if len(unpacked) > _LARGEST else unpacked


def _what_instead(response: httpx.Response, content: bytes) -> str:
    """Say what came instead of a JSON object."""
    start = content[:200].lstrip().lower()
    if not start:
        return "it is empty"
    if start.startswith((b"<!doctype", b"<html")):
        return "it is a page of HTML"
    packed = response.stream.packed if isinstance(response.stream, _Measured) else ""
    return "it is no JSON object" + (f", but packed ({clean(packed, most=20)})" if packed else "")


def _fits_a_header(token: str) -> bool:
    return 0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def token_from(
    response: httpx.Response, asked: TokenRequest, asked_at: float, name_of: Callable[[str], str] = argument_name
) -> Token:
    """Return the token in the answer of a token endpoint.

    Args:
        response: the answer, already read.
        asked: the request for it, as `token_request` made it.
        asked_at: when the request was made; a token lives from then, not from when the answer came.
        name_of: gives what the caller has set a credential or an address by, such as `CSS_CLIENT_SECRET`.

    Raises:
        AuthenticationError: for an error answer (RFC 6749, 5.2), with its `error` and `error_description`; for a
            redirect; for an address without a token endpoint.
        RateLimited: when the endpoint wants fewer calls.
        ServiceUnavailable: when the endpoint has a fault.
        MalformedAnswer: for an answer that is no answer of a token endpoint, or holds no bearer token.
    """
    if response.request is not asked:
        raise redirected(asked, None)
    if len(response.content) > _LARGEST:  # which a hook read
        _refuse_length(asked.url)
    where, address = where_of(asked.url), f"Check the token address ({name_of('token_url')})."
    facts: dict[str, Any] = {"status": response.status_code, "request": f"POST {asked.url.path}"}
    facts["retry_after"] = seconds_to_wait(response.headers.get("Retry-After"), time.time())
    if response.status_code == 429:
        wait = in_words(facts["retry_after"])
        raise RateLimited(f"{where}: the login server wants fewer calls. Try again in {wait}.", **facts)
    if response.status_code >= 500:
        raise ServiceUnavailable(
            f"{where}: the login server answered {response.status_code}. Try again later.", **facts
        )
    if 300 <= response.status_code < 400:
        raise redirected(asked, response, **facts)
    answer = _answer(response, asked.hide)
    if response.status_code == 404:
        raise AuthenticationError(f"{where}: there is no token endpoint. {address}", **facts)
    if not answer.is_json and not response.is_success:
        # Whoever sent this did not look at the credentials.
        error = AuthenticationError if response.status_code == 401 else MalformedAnswer
        raise error(
            f"{where}: the answer ({response.status_code}) is not one of a login server: {answer.fault}. A firewall "
            f"or a proxy may have sent it. {address[:-1]} and the way there (HTTPS_PROXY, NO_PROXY).",
            **facts,
        )
    if not response.is_success or (answer.fault and answer.error):
        raise AuthenticationError(
            f"{where}: the login server refused the credentials "
            f"({answer.said or f'status {response.status_code}'}). {_advice(answer, name_of)}",
            error=answer.error,
            error_description=answer.description,
            **facts,
        )
    if answer.fault:
        raise MalformedAnswer(
            f"{where}: the answer ({response.status_code}) holds no bearer token: {answer.fault}. {address}", **facts
        )
    life = _LIFE_WHEN_NOT_TOLD if answer.life is None else answer.life
    # A share of the life, or a token of one second would never be good.
    return Token(answer.token, asked_at + life - min(30.0, life / 10), answer.life)


def _advice(answer: _Answer, name_of: Callable[[str], str]) -> str:
    """Say what to check after a refusal."""
    if "audience" in answer.said.lower() or answer.error == "invalid_target":
        return (
            "Check the audience: it is the client id of the application that is called, which has to be known there "
            "and to let this client ask."
        )
    if answer.error == "invalid_scope":
        return "Check the scope."
    names = ("username", "password") if answer.error == "invalid_grant" else ("client_id", "client_secret")
    first, second = map(name_of, names)
    return f"Check the credentials and the token address: {first}, {second} and {name_of('token_url')}."
