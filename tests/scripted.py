"""A service that answers from a script, for tests of answers that the real service never gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import httpx

from css_sdk import AsyncCss, Css, CssError, Settings
from tests.support import at_once

API = "https://api.example/api/v1"
LOGIN = "https://login.example/token"
USER = "0f3ac87806aa7f215a7c0d4cc4d9e799@idir"
ASSIGN = ("users.assign", USER, "reviewer")
INTEGRATION = {
    "id": 101,
    "projectName": "Grants Portal",
    "authType": "browser-login",
    "environments": ["dev"],
    "status": "applied",
    "createdAt": "2026-01-05T17:00:00.000Z",
    "updatedAt": "2026-01-05T17:00:00.000Z",
}

Answer = Callable[[], httpx.Response]


def answer(status: int, **content: Any) -> Answer:
    """Return a function that makes a fresh answer for each request."""
    return lambda: httpx.Response(status, **content)


def json_text(status: int, body: bytes) -> Answer:
    """Return an answer with this body and the content type of JSON."""
    return answer(status, content=body, headers={"Content-Type": "application/json"})


def holding(*names: str) -> Answer:
    """Return a valid answer that lists these roles."""
    return answer(200, json={"data": [{"name": name, "composite": False} for name in names]})


def token_of(**fields: Any) -> Answer:
    """Return an answer of a token endpoint."""
    return answer(200, json={"access_token": "t0ken", "token_type": "Bearer", "expires_in": 300} | fields)


class Service:
    """Answer with a token and one integration, then with the answers that were passed.

    Attributes:
        requests: the requests after the one that found the integration.
    """

    def __init__(self, read: Answer | None = None, write: Answer | None = None, token: Answer | None = None) -> None:
        self._read, self._write = read or holding(), write or holding()
        self._token = token or token_of()
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == LOGIN:
            return self._token()
        if str(request.url) == f"{API}/integrations":
            return httpx.Response(200, json={"data": [INTEGRATION]})
        self.requests.append(request)
        return self._read() if request.method == "GET" else self._write()

    @property
    def methods(self) -> list[str]:
        """Return the methods of the requests, in order."""
        return [request.method for request in self.requests]


def named(place: Any, name: str) -> Any:
    """Return a method of an environment by its name, such as `users.assign`."""
    part, _, method = name.partition(".")
    if not method:
        return getattr(place, part)
    return getattr(place.roles.composites("admin") if part == "composites" else getattr(place, part), method)


SETTINGS = Settings(client_id="me", client_secret="s3cret", api_url=API, token_url=LOGIN)


def in_a_thread(service: Service, name: str, *arguments: Any, **options: Any) -> Any:
    """Make a call with the synchronous client."""
    options = {"retry": at_once, "transport": httpx.MockTransport(service)} | options
    with Css(SETTINGS, **options) as css:
        return named(css.integration(101).environment("dev"), name)(*arguments)


def in_a_task(service: Service, name: str, *arguments: Any, **options: Any) -> Any:
    """Make a call with the asynchronous client."""
    options = {"retry": at_once, "transport": httpx.MockTransport(service)} | options

    async def run() -> Any:
        async with AsyncCss(SETTINGS, **options) as css:
            return await named((await css.integration(101)).environment("dev"), name)(*arguments)

    return anyio.run(run)


CALLERS = {"threads": in_a_thread, "tasks": in_a_task}


def is_a_sentence(error: CssError) -> bool:
    """Return whether a user can be shown the text: one line, short, without HTML or a token, and ended with a full
    stop.
    """
    text = str(error)
    return "\n" not in text and "<" not in text and "t0ken" not in text and len(text) < 400 and text[-1] in ".)"


BROKEN = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
SENSELESS: dict[str, Answer] = {
    "a page": answer(200, html="<h1>Sign in</h1>"),
    "nothing at all": answer(200),
    "nothing, typed": json_text(200, b""),
    "plain text": answer(200, text="ok"),
    "json of no type": answer(200, content=b'{"data": []}'),
    "json of another type": answer(200, content=b'{"data": []}', headers={"Content-Type": "application/xml"}),
    "half of it": json_text(200, b'{"data": [{"name": "rev'),
    "no utf-8": json_text(200, b"\xff\xfe\xfa"),
    "too deep": json_text(200, b"[" * 100_000),
    "a list": answer(200, json=[]),
    "a number": answer(200, json=5),
    "null": answer(200, json=None, headers={"Content-Type": "application/json"}),
    "a field missing": answer(200, json={"data": [{"name": "reviewer"}]}),
    "the list missing": answer(200, json={"message": "fine"}),
    "an error in a success": answer(200, json={"message": "unknown exception"}),
    "rows that are none": answer(200, json={"data": ["reviewer"]}),
    "no list": answer(200, json={"data": "reviewer"}),
    "a number for a name": answer(200, json={"data": [{"name": 5, "composite": False}]}),
    "zip that is none": lambda: httpx.Response(200, stream=httpx.ByteStream(b"no zip"), headers=BROKEN),
    "another success": answer(202, json={"data": []}),
    "a part": answer(206, json={"data": []}),
}

ELSEWHERE = [
    "https://elsewhere.example/api/v1/integrations/101/dev/roles",
    "http://api.example/api/v1/integrations/101/dev/roles",
    "https://api.example:444/api/v1/integrations/101/dev/roles",
    "//elsewhere.example/",
    "/elsewhere",
]


def limited(value: str, status: int = 429) -> Answer:
    """Return an answer of a rate limit or a fault, with a `Retry-After` header."""
    return answer(status, headers={"Retry-After": value})
