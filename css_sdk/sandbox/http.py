"""Requests and answers as the sandbox sees them, whatever carried them."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen


@frozen
class Request:
    """One request, nothing of it decoded.

    Attributes:
        method: in upper case.
        target: path and query as sent.
        headers: names in lower case.
        body: as sent.
        address: where it came from.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The part of the target before the query, as sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The part of the target after the first question mark, as sent."""
        return self.target.partition("?")[2]

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@frozen
class Response:
    """One answer.

    Attributes:
        status: the HTTP status.
        headers: names in lower case; the length is left to whatever carries the answer.
        body: as sent.
        delay: seconds to wait before the answer is sent.
        dropped: nothing is sent and the connection is closed.
        closes: the connection is closed after the answer, although the answer says that it stays open.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""
    delay: float = 0.0
    dropped: bool = False
    closes: bool = False

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """The same answer with more headers."""
        return evolve(self, headers={**self.headers, **headers})


class Refusal(Exception):
    """The service answers with an error that it foresaw."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Unforeseen(Exception):
    """The service trips over something and answers 422 ``unknown exception``."""


LARGEST_BODY = 10 * 2**20  # bytes
JSON_TYPE = "application/json; charset=utf-8"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def dump(value: Any) -> bytes:
    """A value as compact JSON; lone surrogates, which UTF-8 cannot carry, are escaped."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def json_response(status: int, value: Any) -> Response:
    """An answer with a JSON body."""
    return Response(status, {"content-type": JSON_TYPE}, dump(value))


def empty_json(status: int) -> Response:
    """A success that says nothing: typed JSON, no body."""
    return Response(status, {"content-type": JSON_TYPE})


def message(status: int, text: str) -> Response:
    """An error of the API."""
    return json_response(status, {"message": text})


def unknown_exception() -> Response:
    """The word of the API for anything that it did not foresee."""
    return message(422, "unknown exception")


def page(status: int, text: str) -> Response:
    """The HTML page that the service's framework makes of an error."""
    body = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{html.escape(text)}</pre>\n</body>\n</html>\n"
    )
    return Response(status, {"content-type": "text/html; charset=utf-8"}, body.encode())


def plain(status: int, text: str, content_type: str = "text/plain; charset=utf-8") -> Response:
    """An answer that is one line of text."""
    return Response(status, {"content-type": content_type}, text.encode())


def bearer_refusal(text: str) -> Response:
    """What those other systems than the CSS API answer who want another bearer token."""
    refusal = json_response(401, {"error": "invalid_token", "error_description": text})
    return refusal.with_headers({"www-authenticate": 'Bearer error="invalid_token"'})


def too_large() -> Response:
    """What a body gets that is larger than any call needs; the rest of it is thrown away."""
    return page(413, "Payload Too Large")


def not_found_page(request: Request) -> Response:
    """What an unknown path or method gets."""
    return page(404, f"Cannot {request.method} {request.path}")
