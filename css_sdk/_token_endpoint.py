"""What is sent to a token endpoint, and what its answers mean (RFC 6749)."""

from __future__ import annotations

import base64
import math
import re
import sys
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
    request.url = endpoint = _Endpoint(url)
    endpoint.on_redirect = on_redirect
    return request


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
    and whoever asks this one for its fragment is stopped. A body that could be read only once would not do: it also
    stops whatever reads requests for a log, or sends them again after a lost connection.
    """

    on_redirect: Callable[[AuthenticationError], object]

    @property
    def fragment(self) -> str:
        """No text ever.

        Raises:
            AuthenticationError: always, having told it to `on_redirect`.
        """
        # What httpx was told, in its own frame; for the words of the error alone.
        response = sys._getframe(1).f_locals.get("response")
        error = _redirected(self, response if isinstance(response, httpx.Response) else None)
        self.on_redirect(error)
        raise error

    def __reduce__(self) -> tuple[type[httpx.URL], tuple[str]]:
        return httpx.URL, (str(self),)


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
        return (_without(hide, text)[:_LONGEST_WORDS] or None) if isinstance(text, str) else None

    token = content.get("access_token")
    try:
        life = float(content["expires_in"])
    except (KeyError, TypeError, ValueError, OverflowError):
        life = math.nan
    return _Answer(
        Secret(token if isinstance(token, str) and _fits_a_header(token) else ""),
        str(content.get("token_type", "Bearer")).lower(),
        life if math.isfinite(life) else None,
        words("error"),
        words("error_description"),
    )


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
    if response.request is not asked:
        raise _redirected(asked.url, None)
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
        raise _redirected(asked.url, response, **facts)
    answer = _answer(response, [*hide, _basic_in(asked)])
    if response.status_code == 404:
        raise AuthenticationError(
            f"{where}: there is no token endpoint at {asked.url.host}. Check the token address.", **facts
        )
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
    if not answer.token or answer.kind != "bearer":
        raise MalformedAnswer(f"{where}: the answer holds no bearer token. Check the token address.", **facts)
    life = _LIFE_WHEN_NOT_TOLD if answer.life is None else answer.life
    # A share of the life, or a token of one second would never be good.
    return Token(answer.token, asked_at + life - min(30.0, life / 10), answer.life)


def _redirected(url: httpx.URL, response: httpx.Response | None, **facts: Any) -> AuthenticationError:
    where = f"POST {url.path}"
    status = None if response is None else response.status_code
    how = f" ({status})" if status else ""
    return AuthenticationError(
        f"{where}: the token endpoint at {url.host} redirects{how}{_target(url, response)}, and credentials are sent "
        f"to no other address. Check the token address.",
        **{"status": status, "request": where, **facts},
    )


def _target(url: httpx.URL, response: httpx.Response | None) -> str:
    # Its origin alone: what follows may hold anything.
    try:
        target = httpx.URL(str(url)).join(response.headers["Location"]) if response is not None else None
    except (httpx.InvalidURL, KeyError):
        target = None
    return f" to {target.scheme}://{target.netloc.decode('ascii')}" if target is not None and target.host else ""
