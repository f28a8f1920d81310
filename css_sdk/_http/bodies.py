"""Bodies of answers, put together and unpacked as they arrive, up to a limit. Pure."""

from __future__ import annotations

import io
import zlib

from ..errors import MalformedAnswer

_GZIP = 16 + zlib.MAX_WBITS


class Body:
    """The body of an answer as it arrives.

    What is packed is unpacked here, piece by piece: a library that unpacks a whole piece makes 64 MB of one of 64 KB.

    Args:
        encoding: the header `Content-Encoding`; css-sdk asks for gzip, or for none.
        most: bytes that it may have, packed and unpacked.
        advice: what to do about a larger one, for the message.

    Raises:
        MalformedAnswer: for another encoding.
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
        """Add a piece as it was received.

        Raises:
            MalformedAnswer: when it cannot be unpacked, or there is more than the limit.
        """
        self._packed += len(piece)
        # Packed, it can be a little larger; without any content it could go on for ever.
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
                # Another member may follow, or padding.
                self._is_whole = True
                piece = self._unpacking.unused_data.lstrip(b"\0")
                self._unpacking = zlib.decompressobj(_GZIP)

    def content(self) -> bytes:
        """Return the body, after its last piece.

        Raises:
            MalformedAnswer: when it was cut short.

        >>> body = Body("", most=10)
        >>> body.add(b"role")
        >>> body.content()
        b'role'
        """
        if not self._is_whole:
            raise MalformedAnswer("the answer cannot be decoded: it was cut short")
        return self._content.getvalue()

    def _refuse(self) -> None:
        raise MalformedAnswer(f"the answer has more than {self._most} bytes{self._advice}")
