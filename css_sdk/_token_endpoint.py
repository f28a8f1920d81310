"""What is sent to a token endpoint, and what its answers mean (RFC 6749)."""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import httpx
from attrs import frozen

from ._retry import seconds_to_wait
from .errors import AuthenticationError, MalformedAnswer, RateLimited, ServiceUnavailable, in_words
from .settings import Secret, as_secret

_LIFE_WHEN_NOT_TOLD: Final = 60.0
_LONGEST_WORDS: Final = 200
_SHORTEST_TO_HIDE: Final = 3


@frozen
class Token:
    """An access token and the time until which it is used, on the clock of the auth that holds it.

    `life` is what its server told, in seconds, or None.
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
    on_redirect: Callable[[AuthenticationError], object],
) -> httpx.Request:
    """The request for a token, which follows no redirect.

    Args:
        url: of the token endpoint.
        fields: of the form.
        basic: a client's id and secret to be sent as HTTP Basic.
        call: the request that the token is for, whose timeouts are taken over: one that an auth yields has none.
        on_redirect: is told when the endpoint redirects.
    """
    headers = {
        "Accept": "application/json",
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
    request.method = method = _Post(request.method)
    method.url, method.on_redirect = url, on_redirect
    return request


def _basic(client_id: str, client_secret: Secret) -> str:
    # Each is encoded as in a form first (RFC 6749, 2.3.1): a secret may hold a plus or a percent sign.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret.reveal())}"
    return "Basic " + base64.b64encode(pair.encode("ascii")).decode("ascii")


class _Post(str):
    """The method of a token request, which no redirect takes along.

    httpx would send the body, secret and all, wherever a 307 or 308 leads, and asks no auth before. But it compares the
    method of the request that it builds with that of the one before, and there this says no. A body that could be read
    only once would do too, and stop whatever reads requests for a log, or sends them again after a lost connection.
    """

    __slots__ = ("on_redirect", "url")

    on_redirect: Callable[[AuthenticationError], object]
    url: httpx.URL

    def __ne__(self, other: object) -> bool:
        if other is self:
            error = _redirected(self.url, "307 or 308")
            self.on_redirect(error)
            raise error
        return str.__ne__(self, other)

    __hash__ = str.__hash__


@frozen
class _Answer:
    """What a token endpoint answered, its token covered, and its words fit to be shown."""

    token: Secret
    kind: str
    life: float | None
    error: str | None
    description: str | None

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
    content = content if isinstance(content, dict) else {}

    def words(key: str) -> str | None:
        text = content.get(key)
        if not isinstance(text, str):
            return None
        for secret in hide:
            if len(secret.reveal()) > _SHORTEST_TO_HIDE:
                text = text.replace(secret.reveal(), "…")
        return "".join(filter(str.isprintable, text))[:_LONGEST_WORDS] or None

    token = content.get("access_token")
    try:
        life = float(content["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life = math.nan
    return _Answer(
        Secret(token if isinstance(token, str) and _fits_a_header(token) else ""),
        str(content.get("token_type", "Bearer")).lower(),
        life if 0 < life < math.inf else None,
        words("error"),
        words("error_description"),
    )


def _fits_a_header(token: str) -> bool:
    return token != "" and token.isascii() and token.isprintable() and " " not in token


def token_from(response: httpx.Response, asked: httpx.Request, asked_at: float, hide: Iterable[Secret] = ()) -> Token:
    """The token in the answer of a token endpoint.

    Args:
        response: the answer, already read.
        asked: the request for it, as `token_request` made it.
        asked_at: when the request was made; a token lives from then, not from when the answer came.
        hide: what is not to be shown, should the server repeat it.

    Raises:
        AuthenticationError: for an error answer (RFC 6749, 5.2), with its `error` and `error_description`.
        ServiceUnavailable: when the endpoint has a fault.
        MalformedAnswer: for an answer that holds no bearer token.
    """
    if response.request is not asked:  # a 302 was followed, with neither form nor method
        raise _redirected(asked.url, "301, 302 or 303")
    where = f"POST {asked.url.path}"
    facts: dict[str, Any] = {"status": response.status_code, "request": where}
    facts["retry_after"] = seconds_to_wait(response.headers.get("Retry-After"), time.time())
    if response.status_code == 429:
        wait = in_words(facts["retry_after"])
        raise RateLimited(f"{where}: the login server wants fewer calls. Try again in {wait}.", **facts)
    if response.status_code >= 500:
        raise ServiceUnavailable(
            f"{where}: the login server answered {response.status_code}. Try again later.", **facts
        )
    if 300 <= response.status_code < 400:
        raise _redirected(asked.url, str(response.status_code), **facts)
    answer = _answer(response, hide)
    if response.status_code == 404:
        raise AuthenticationError(
            f"{where}: there is no token endpoint at {asked.url.host}. Check the token address.", **facts
        )
    if response.status_code != 200:
        raise AuthenticationError(
            f"{where}: the login server refused the credentials "
            f"({answer.said or f'status {response.status_code}'}). Check the credentials and the token address.",
            error=answer.error,
            error_description=answer.description,
            **facts,
        )
    if not answer.token or answer.kind != "bearer":
        raise MalformedAnswer(f"{where}: the answer holds no bearer token. Check the token address.", **facts)
    life = answer.life or _LIFE_WHEN_NOT_TOLD
    # A share of the life, or a token of one second would never be good.
    return Token(answer.token, asked_at + life - min(30.0, life / 10), answer.life)


def _redirected(url: httpx.URL, how: str, **facts: Any) -> AuthenticationError:
    where = f"POST {url.path}"
    return AuthenticationError(
        f"{where}: the token endpoint at {url.host} redirects ({how}), and credentials are sent to no other "
        f"address. Check the token address.",
        **{"request": where, **facts},
    )
