"""Define requests and answers, independent of transports, and build the usual answers."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from attrs import evolve, field, frozen

MOST_PARTS: Final = 100  # the largest number of parts in which a slow body is sent


@frozen
class Request:
    """One request, not decoded.

    Attributes:
        target: path and query as sent.
        headers: names in lower case.
        address: of the client.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """Return the part of the target before the query, as sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """Return the part of the target after the first question mark, as sent."""
        return self.target.partition("?")[2]

    @property
    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@frozen
class Response:
    """One answer.

    Attributes:
        headers: names in lower case. Transports and servers add the length.
        delay: seconds to wait before the answer is sent.
        spread: seconds over which the body is sent in small parts.
        dropped: whether the connection is closed without an answer.
        closes: whether the connection is closed after the answer. The headers still say that it stays open.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    delay: float = 0.0
    spread: float = 0.0
    dropped: bool = False
    closes: bool = False

    def parts(self) -> tuple[list[bytes], float]:
        """Return the parts in which the body is sent, and the seconds to wait before each of them."""
        if not self.spread or not self.body:
            return [self.body], 0.0
        size = -(-len(self.body) // MOST_PARTS)
        parts = [self.body[start : start + size] for start in range(0, len(self.body), size)]
        return parts, self.spread / len(parts)

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """Return the same answer with more headers."""
        return evolve(self, headers={**self.headers, **headers})


class Answers(Protocol):
    """Anything that answers requests, such as a sandbox."""

    def answer(self, request: Request) -> Response:
        """Return the answer to a request."""


class Refusal(Exception):
    """The service refuses a request with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Unforeseen(Exception):
    """The service meets an error that it does not handle. It answers 422 `unknown exception`."""


READS: Final = ("GET", "HEAD")
LARGEST_BODY: Final = 10 * 2**20  # bytes
JSON_TYPE: Final = "application/json; charset=utf-8"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dump(value: Any) -> bytes:
    """Return a value as compact JSON. Escape lone surrogates, because UTF-8 cannot hold them."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def json_response(status: int, value: Any) -> Response:
    """Return an answer with a JSON body."""
    return Response(status, {"content-type": JSON_TYPE}, dump(value))


def empty_json(status: int) -> Response:
    """Return a success with the content type of JSON and an empty body."""
    return Response(status, {"content-type": JSON_TYPE})


def message(status: int, text: str) -> Response:
    """Return an error answer of the API."""
    return json_response(status, {"message": text})


def unknown_exception() -> Response:
    """Return the service's answer to an error that the service does not handle."""
    return message(422, "unknown exception")


def page(status: int, text: str) -> Response:
    """Return the HTML page with which the service's framework reports an error."""
    body = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{html.escape(text)}</pre>\n</body>\n</html>\n"
    )
    return Response(status, {"content-type": "text/html; charset=utf-8"}, body.encode())


def plain(status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> Response:
    """Return an answer of one line of text."""
    return Response(status, {"content-type": content_type}, text.encode())


def bearer_refusal(text: str) -> Response:
    """Return the answer of CERN and the BSS to a bearer token that they do not accept."""
    refusal = json_response(401, {"error": "invalid_token", "error_description": text})
    return refusal.with_headers({"www-authenticate": 'Bearer error="invalid_token"'})


def too_large() -> Response:
    """Return the answer to a body that is larger than any call needs."""
    return page(413, "Payload Too Large")


def not_found_page(request: Request) -> Response:
    """Return the answer to an unknown path or method."""
    return page(404, f"Cannot {request.method} {request.path}")
