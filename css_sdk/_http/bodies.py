"""Read and decompress the body of an answer as it arrives, within limits of time and size."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import httpx

from ..errors import MalformedAnswer
from .deadlines import within

Check = Callable[[], object]
"""A function that raises an error if the answer takes too long."""
_GZIP = 16 + zlib.MAX_WBITS


class Body:
    """Collect the body of an answer piece by piece, decompress it, and limit its size.

    This class decompresses in limited steps, because httpx decompresses a whole piece at once. A piece of 64 KB can
    then fill 64 MB of memory.

    Args:
        encoding: the value of the header `Content-Encoding`.
        most: the maximum size of the decompressed body in bytes. The compressed body may be slightly larger.
        advice: the end of the error message if the body is too large, such as `. Check the token address`.
    """

    def __init__(self, encoding: str, most: int, advice: str = "") -> None:
        packed = encoding.strip().lower()
        if packed not in ("", "identity", "gzip", "x-gzip"):
            raise MalformedAnswer("the answer cannot be decoded: its Content-Encoding is not gzip")
        self._most = most
        self._advice = advice
        self._packed = 0
        self._content = io.BytesIO()
        self._unpacking = zlib.decompressobj(_GZIP) if packed.endswith("gzip") else None
        self._is_whole = True

    def add(self, piece: bytes) -> None:
        """Add the next piece of the body as it was received, still compressed.

        Raises:
            MalformedAnswer: the piece cannot be decompressed, or the body is larger than the limit.
        """
        self._packed += len(piece)
        # Limit the compressed bytes too, because a server could send them for ever without any content. A compressed
        # body can be a little larger than its content.
        if self._packed > self._most + (self._most // 100 + 1024 if self._unpacking else 0):
            self._refuse()
        if self._unpacking is None:
            self._content.write(piece)
            return
        while piece:
            self._is_whole = False
            try:
                self._content.write(self._unpacking.decompress(piece, self._most - self._content.tell() + 1))
            except zlib.error:
                raise MalformedAnswer("the answer cannot be decoded: it is not gzip") from None
            if self._content.tell() > self._most:
                self._refuse()
            piece = self._unpacking.unconsumed_tail
            if self._unpacking.eof:
                # Another member of gzip may follow, or zero bytes.
                self._is_whole = True
                piece = self._unpacking.unused_data.lstrip(b"\0")
                self._unpacking = zlib.decompressobj(_GZIP)

    def content(self) -> bytes:
        """Return the whole decompressed body. Call this after the last piece was added.

        Raises:
            MalformedAnswer: the compressed body is not complete.

        >>> body = Body("", most=10)
        >>> body.add(b"role")
        >>> body.content()
        b'role'
        """
        if not self._is_whole:
            raise MalformedAnswer("the answer cannot be decoded: it was cut short")
        return self._content.getvalue()

    def _refuse(self) -> None:
        raise MalformedAnswer(f"the answer has more than {self._most:,} bytes{self._advice}")


def read_body(response: httpx.Response, most: int, advice: str = "", check: Check = within) -> None:
    """Read the body of an answer within limits, and decompress it into `response.content`.

    Args:
        response: the answer. If an event hook has read it already, only its size is checked.
        most, advice: see `Body`.
        check: called after each piece; raises an error if the answer takes too long. By default, it checks the deadline
            that `time_limit` set.

    Raises:
        MalformedAnswer: the body is too large, is not complete, or cannot be decompressed.
        TimeoutError: the deadline has passed. Another `check` may raise another error.
    """
    body = _body_of(response, most, advice)
    if not response.is_stream_consumed:
        for piece in response.iter_raw():
            check()
            body.add(piece)
    _set_content(response, body)


async def async_read_body(response: httpx.Response, most: int, advice: str = "", check: Check = within) -> None:
    """Read the body of an answer as `read_body` does, while other tasks run."""
    body = _body_of(response, most, advice)
    if not response.is_stream_consumed:
        async for piece in response.aiter_raw():
            check()
            body.add(piece)
    _set_content(response, body)


def _body_of(response: httpx.Response, most: int, advice: str) -> Body:
    """Return an empty `Body` for an answer. If an event hook has read the answer, return a `Body` with its content."""
    if not response.is_stream_consumed:
        return Body(response.headers.get("Content-Encoding", ""), most, advice)
    body = Body("", most, advice)
    body.add(response.content)
    return body


def _set_content(response: httpx.Response, body: Body) -> None:
    # `Response.read` sets this too, but has no limits. To create a new response would be slow.
    response._content = body.content()
    response.headers.pop("Content-Encoding", None)  # it is decompressed
