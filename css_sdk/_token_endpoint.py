"""What is sent to a token endpoint, and what its answers mean (RFC 6749)."""

from __future__ import annotations

import base64
import math
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, NoReturn
from urllib.parse import quote_plus, urlencode

import httpx
from attrs import frozen

from ._renewal import cause_of
from ._retry import seconds_to_wait
from .errors import AuthenticationError, MalformedAnswer, RateLimited, ServiceUnavailable, in_words
from .settings import Secret, as_secret

_LIFE_WHEN_NOT_TOLD: Final = 60.0
_LONGEST_WORDS: Final = 200
_SHORTEST_TO_HIDE: Final = 3
_LONGEST_TOKEN: Final = 16 * 1024  # servers take no longer header
_LARGEST: Final = 256 * 1024
"""Bytes that an answer may have."""


@frozen
class Token:
    """An access token and the time until which it is used, on the clock of the auth that holds it.

    `life` is what its server told, in seconds, or None. One without life is good for the call that it was asked for.
    """

    secret: Secret
    good_until: float
    life: float | None = None

    @property
    def header(self) -> str:
        """The value of the `Authorization` header."""
        return f"Bearer {self.secret.reveal()}"


def token_request(
    url: httpx.URL,
    fields: Mapping[str, str | Secret],
    basic: tuple[str, Secret] | None,
    call: httpx.Request,
) -> httpx.Request:
    """The request for a token, which follows no redirect.

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
    request = httpx.Request(
        "POST",
        url,
        content=urlencode({key: as_secret(value).reveal() for key, value in fields.items()}).encode("ascii"),
        headers=headers | ({} if basic is None else {"Authorization": _basic(*basic)}),
        extensions={key: value for key, value in call.extensions.items() if key == "timeout"},
    )
    request.url = endpoint = _Endpoint(url)
    endpoint.hide = secrets_of(request, fields, basic)
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


class _Endpoint(httpx.URL):
    """The address of a token request, which no redirect takes along.

    httpx would send the body, secret and all, wherever a 307 or 308 leads, and after a 301, 302 or 303 at least the
    Basic header to where it deems safe; it asks no auth before. But it hands the fragment of an address on to the next,
    for nothing else asks for one, and is stopped when it asks this one. A body that could be read only once would not
    do: it also stops whatever reads requests for a log, or sends them again after a lost connection.
    """

    hide: Iterable[Secret] = ()

    @property
    def fragment(self) -> str:
        """That of the address, which is empty; for all but httpx, which asks when it is about to follow a redirect.

        Raises:
            AuthenticationError: when httpx asks.
        """
        asker = sys._getframe(1)
        if str(asker.f_globals.get("__name__")).partition(".")[0] != "httpx":
            return super().fragment
        # What httpx was told, in its own frame; for the words of the error alone.
        response = asker.f_locals.get("response")
        raise _redirected(self, response if isinstance(response, httpx.Response) else None, self.hide)

    def __reduce__(self) -> tuple[type[httpx.URL], tuple[str]]:
        return httpx.URL, (str(self),)


class Asked:
    """What is done while a token is asked for: errors that are not the server's words leave without its secrets.

    Where no answer came, the error of httpx says whose.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    def __enter__(self) -> httpx.Request:
        return self._request

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cause = cause_of(error)
        if isinstance(cause, httpx.RequestError) and _request_of(cause) is self._request:
            cause.args = (f"No answer from the login server at {self._request.url.host} ({described(cause)}).",)
            cause.request = _bare(self._request.url)


def _request_of(error: httpx.RequestError) -> httpx.Request | None:
    try:
        return error.request
    except RuntimeError:  # it was never told
        return None


def described(error: httpx.RequestError) -> str:
    """What fits in a line of a message: the kind of the error, and its first words without control characters."""
    words = "".join(filter(str.isprintable, str(error)[:_LONGEST_WORDS])).rstrip(". ")
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

    def __init__(self, response: httpx.Response, until: float, clock: Callable[[], float]) -> None:
        self._stream: Any = response.stream
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
    response.headers.pop("Content-Encoding", None)
    patience = (response.request.extensions.get("timeout") or {}).get("read")
    response.stream = _Measured(response, math.inf if patience is None else clock() + patience, clock)


def _refuse_length(url: httpx.URL) -> NoReturn:
    told = f"{_where(url)}: the answer has more than {_LARGEST} bytes. Check the token address."
    raise MalformedAnswer(told, request=f"POST {url.path}")


def _where(url: httpx.URL) -> str:
    return f"POST {url.path} at {url.host}"


@frozen
class _Answer:
    """What a token endpoint answered, its token covered, and its words fit to be shown."""

    token: Secret
    life: float | None
    error: str | None
    description: str | None
    fault: str

    @property
    def said(self) -> str:
        """The words, or nothing."""
        return ": ".join(filter(None, (self.error, self.description)))


def _answer(response: httpx.Response, hide: Iterable[Secret]) -> _Answer:
    # In a function of its own, so that the text is gone before anything is raised about it.
    try:
        content = response.json()
    except (ValueError, RecursionError):
        content = None
    fault = "" if isinstance(content, dict) else _what_instead(response)
    content = content if isinstance(content, dict) else {}

    def words(key: str) -> str | None:
        text = content.get(key)
        return (_without(hide, text)[:_LONGEST_WORDS] or None) if isinstance(text, str) else None

    token, kind = content.get("access_token"), content.get("token_type", "Bearer")
    try:
        life = float(content["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life = math.nan
    if not fault and not (isinstance(token, str) and _fits_a_header(token)):
        fault = "its access_token is missing, or is none that fits in a header"
    elif not fault and str(kind).lower() != "bearer":
        fault = f"its token_type is {(words('token_type') or '…')[:20]!r}"
    return _Answer(
        Secret("" if fault else str(token)),
        life if math.isfinite(life) else None,
        words("error"),
        words("error_description"),
        fault,
    )


def _what_instead(response: httpx.Response) -> str:
    """Of what is no JSON object."""
    start = response.content[:200].lstrip().lower()
    if not start:
        return "it is empty"
    return "it is a page of HTML" if start.startswith((b"<!doctype", b"<html")) else "it is no JSON object"


def _without(secrets: Iterable[Secret], text: str) -> str:
    """The text without control characters and secrets, whichever of their characters are encoded as in addresses."""
    # First what could stand within a secret, and be taken out of it only when nobody looks for it any more.
    text = "".join(filter(str.isprintable, text))
    # The longest first: one may begin with another.
    for secret in sorted(secrets, key=lambda each: len(each.reveal()), reverse=True):
        if len(secret.reveal()) > _SHORTEST_TO_HIDE:
            text = re.sub("".join(map(_plain_or_encoded, secret.reveal())), "…", text)
    return text


def _plain_or_encoded(character: str) -> str:
    # A percent sign may itself be encoded, where an address stands within another.
    encoded = "".join(f"%(?:25)*{byte:02X}" for byte in character.encode())
    others = "|[+]" if character == " " else ""
    return f"(?:{re.escape(character)}|(?i:{encoded}){others}){'' if character.isprintable() else '?'}"


def _fits_a_header(token: str) -> bool:
    return 0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable() and " " not in token


def token_from(response: httpx.Response, asked: httpx.Request, asked_at: float) -> Token:
    """The token in the answer of a token endpoint.

    Args:
        response: the answer, already read.
        asked: the request for it, as `token_request` made it.
        asked_at: when the request was made; a token lives from then, not from when the answer came.

    Raises:
        AuthenticationError: for an error answer (RFC 6749, 5.2), with its `error` and `error_description`.
        ServiceUnavailable: when the endpoint has a fault.
        MalformedAnswer: for an answer that holds no bearer token.
    """
    hide = asked.url.hide if isinstance(asked.url, _Endpoint) else ()
    if response.request is not asked:
        raise _redirected(asked.url, None, hide)
    if len(response.content) > _LARGEST:  # which a hook read
        _refuse_length(asked.url)
    where = _where(asked.url)
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
        raise _redirected(asked.url, response, hide, **facts)
    answer = _answer(response, hide)
    if response.status_code == 404:
        raise AuthenticationError(f"{where}: there is no token endpoint. Check the token address.", **facts)
    if response.status_code != 200:
        advice = "Check the credentials and the token address."
        if "audience" in answer.said.lower() or answer.error == "invalid_target":
            advice = (
                "Check the audience: it is the client id of the application that is called, which has to be known "
                "there and to let this client ask."
            )
        raise AuthenticationError(
            f"{where}: the login server refused the credentials "
            f"({answer.said or f'status {response.status_code}'}). {advice}",
            error=answer.error,
            error_description=answer.description,
            **facts,
        )
    if answer.fault:
        raise MalformedAnswer(
            f"{where}: the answer holds no bearer token: {answer.fault}. Check the token address.", **facts
        )
    life = _LIFE_WHEN_NOT_TOLD if answer.life is None else answer.life
    # A share of the life, or a token of one second would never be good.
    return Token(answer.token, asked_at + life - min(30.0, life / 10), answer.life)


def _redirected(
    url: httpx.URL, response: httpx.Response | None, hide: Iterable[Secret], **facts: Any
) -> AuthenticationError:
    status = None if response is None else response.status_code
    how = f" ({status})" if status else ""
    return AuthenticationError(
        f"POST {url.path}: the token endpoint at {url.host} redirects{how}{_target(url, response, hide)}, and "
        f"credentials are sent to no other address. Check the token address.",
        **{"status": status, "request": f"POST {url.path}", **facts},
    )


def _target(url: httpx.URL, response: httpx.Response | None, hide: Iterable[Secret]) -> str:
    # Its origin alone, and the path where the origin is the same: what follows may hold anything.
    here = httpx.URL(str(url))
    try:
        target = here.join(response.headers["Location"]) if response is not None else None
    except (httpx.InvalidURL, KeyError):
        target = None
    if target is None or not target.host:
        return ""
    is_near = (target.scheme, target.netloc) == (here.scheme, here.netloc)
    path = _without(hide, target.raw_path.partition(b"?")[0].decode("ascii"))[:_LONGEST_WORDS] if is_near else ""
    return f" to {target.scheme}://{target.netloc.decode('ascii')}{path}"
