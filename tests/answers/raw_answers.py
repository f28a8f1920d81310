"""Random answers as bytes on a socket: status lines, headers, bodies, and how they arrive."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from typing import Any, Final

from attrs import frozen

LOCATIONS: Final = [
    b"http:\\\\portal.example\\login",
    b"http://xn--zz/",
    b"https://[::x/",
    b"/",
    b"//",
    b"http://a:99999999/",
    b"\xff\xfe",
    b"https://elsewhere.example/token",
    b"http://" + b"a" * 70_000,
]
TYPES: Final = [
    b"application/json",
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/json; charset=nonsense",
    b"application/json; charset=utf-16",
    b"text/html",
    b"text/\x1b[31mred",
    b"",
    b"multipart/form-data; boundary=x",
]
TIMES: Final = [
    b"0",
    b"1",
    b"3600",
    b"9" * 5000,
    b"-1",
    b"soon",
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"\xd9\xa3",
    b"0 0 0 0",
]
COOKIES: Final = ["lb=café".encode(), b"a=b; Expires=x; Max-Age=" + b"9" * 400, b"=;;=", b"\x00", b"a=" + b"x" * 5000]
KEYS: Final = [
    "data", "name", "composite", "username", "email", "firstName", "lastName", "attributes", "message", "page", "id",
    "projectName", "authType", "environments", "status", "createdAt", "updatedAt", "access_token", "token_type",
    "expires_in", "error", "error_description", "issuer", "jwks_uri", "keys", "kid", "kty", "n", "e", "alg", "use",
    "@timestamp", "err",
]  # fmt: skip
TEXTS: Final = [
    "",
    "..",
    "\ud800",
    "\x1b[31m",
    "a\r\nb",
    "\u202e",
    "Bearer",
    "RS256",
    "dev",
    "0@idir",
    "unknown exception",
]
BOMB: Final = gzip.compress(b" " * 30_000_000)


@frozen
class RawAnswer:
    """One answer.

    Args:
        pieces: the bytes that are sent one after another.
        pause: the seconds between them.
        ending: `keep` leaves the connection open, `close` closes it, `reset` aborts it, `stall` sends nothing more.
    """

    pieces: tuple[bytes, ...]
    pause: float = 0.0
    ending: str = "keep"


def value(chance: random.Random, depth: int = 0) -> Any:
    """Return a JSON value with some of the keys and texts that the service and a login server send."""
    kind = chance.randrange(14 if depth < 4 else 9)
    match kind:
        case 0:
            return None
        case 1:
            return chance.choice([True, False])
        case 2:
            return chance.choice([0, -1, 1e308, 10**400, 2**63, 5])
        case 3 | 4 | 5:
            return chance.choice(TEXTS)
        case 6:
            return "x" * chance.choice([1, 100, 3000])
        case 7:
            return [[[]]]
        case 8:
            return {}
        case 9 | 10:
            return [value(chance, depth + 1) for _ in range(chance.randrange(4))]
        case _:
            return {chance.choice(KEYS): value(chance, depth + 1) for _ in range(chance.randrange(6))}


def body(chance: random.Random, sane: bytes) -> bytes:
    """Return a body: nonsense, or a valid one with a mistake."""
    match chance.randrange(14):
        case 0:
            return b""
        case 1:
            return b"[" * chance.choice([10, 100_000])
        case 2:
            return chance.randbytes(chance.randrange(300))
        case 3:
            return b'{"message": "' + b"x" * chance.choice([1000, 2_000_000]) + b'"}'
        case 4:
            return b"\xef\xbb\xbf" + sane
        case 5:
            return sane.decode("utf-8", "replace").encode("utf-16")
        case 6:
            return sane[: chance.randrange(len(sane) + 1)]
        case 7:
            return b"<!doctype html><h1>Sign in</h1>"
        case 8 | 9 if sane:
            spoiled = bytearray(sane)
            for _ in range(chance.randrange(1, 4)):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
            return bytes(spoiled)
        case 10:
            return b'{"data": [' + b"{}," * 1000 + b"{}]}"
        case 11:
            return sane
        case _:
            return json.dumps(value(chance)).encode()


def _status_line(chance: random.Random) -> bytes:
    status = chance.choice(
        [200, 200, 201, 204, 206, 301, 302, 307, 400, 401, 403, 404, 407, 409, 422, 429, 500, 502, 503]
    )
    match chance.randrange(16):
        case 0:
            return b"HTTP/1.0 %d OK" % status
        case 1:
            return chance.choice([b"HTTP/2 200", b"HTTP/1.1 99 x", b"HTTP/1.1 1000 x", b"HTTP/1.1 -1 x", b"HTTP/1.1"])
        case 2:
            return chance.randbytes(chance.randrange(1, 60)).replace(b"\n", b" ")
        case 3:
            return b"HTTP/1.1 %d " % status + chance.choice(
                [b"", b"\xff\xfe", b"x" * 200_000, b"\x1b[31m", b"me:s3cret"]
            )
        case 4:
            return b"HTTP/1.1 %d X" % chance.choice([100, 101, 199, 299, 418, 511, 599, 600, 999])
        case _:
            return b"HTTP/1.1 %d X" % status


def _framing(chance: random.Random, content: bytes) -> tuple[list[bytes], bytes]:
    """Return the headers that say where the body ends, and the body as it is sent."""
    match chance.randrange(12):
        case 0:
            return [b"Content-Length: %d" % (len(content) + chance.choice([-1, 1, 1000, 10**15]))], content
        case 1:
            return [b"Content-Length: " + chance.choice([b"-1", b"x", b"1, 2", b"9" * 500, b""])], content
        case 2:
            return [], content
        case 3 | 4:
            sizes = [chance.randrange(1, 200) for _ in range(5)]
            chunks, start = b"", 0
            for size in [*sizes, len(content)]:
                piece = content[start : start + size]
                start += size
                chunks += b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
            end = chance.choice(
                [b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"", b"zz\r\n", b"-1\r\n\r\n", b"f" * 40 + b"\r\n"]
            )
            return [b"Transfer-Encoding: chunked"], chunks + end
        case 5:
            return [
                b"Transfer-Encoding: " + chance.choice([b"gzip, chunked", b"identity", b"x", b"chunked, chunked"])
            ], content
        case 6:
            return [b"Content-Length: %d" % len(content), b"Content-Length: %d" % (len(content) + 1)], content
        case _:
            return [b"Content-Length: %d" % len(content)], content


def _headers(chance: random.Random) -> list[bytes]:
    found = [b"Content-Type: " + chance.choice(TYPES)]
    for name, values in (
        (b"Location", LOCATIONS),
        (b"Retry-After", TIMES),
        (b"Set-Cookie", COOKIES),
        (b"RateLimit", [b"limit=20, remaining=" + each + b", reset=" + each for each in TIMES]),
        (b"Connection", [b"close", b"keep-alive", b"Upgrade", b"x"]),
        (b"WWW-Authenticate", [b"Basic", b"Bearer error=\x1b", b","]),
        (b"X-Odd", [b"\xff", b"\x00", b"a\r\n folded", b"me:s3cret", b"x" * 90_000]),
    ):
        found += [name + b": " + chance.choice(values) for _ in range(chance.choice([0, 0, 0, 1, 2]))]
    if chance.randrange(20) == 0:
        found += [b"Set-Cookie: c%d=%s" % (number, b"x" * 100) for number in range(400)]
    if chance.randrange(20) == 0:
        found.append(chance.choice([b"no colon", b": no name", b"a b: c", b"\x00: x", b" folded at once"]))
    chance.shuffle(found)
    return found


def _packed(chance: random.Random, content: bytes) -> tuple[list[bytes], bytes]:
    match chance.randrange(16):
        case 0:
            return [b"Content-Encoding: gzip"], gzip.compress(content)
        case 1:
            return [b"Content-Encoding: gzip"], BOMB
        case 2:
            return [
                b"Content-Encoding: " + chance.choice([b"gzip", b"br", b"zstd", b"deflate", b"gzip, gzip"])
            ], content
        case 3:
            return [b"Content-Encoding: deflate"], zlib.compress(content)
        case _:
            return [], content


def raw_answer(chance: random.Random, sane: bytes) -> RawAnswer:
    """Return a random answer.

    Args:
        chance: the random numbers.
        sane: the body that a good answer would have.
    """
    if (kind := chance.randrange(60)) < 3:
        return RawAnswer((), ending=("close", "reset", "stall")[kind] if chance.random() < 0.5 else "close")
    packing, content = _packed(chance, body(chance, sane))
    framing, content = _framing(chance, content)
    early = chance.choice(
        [b""] * 12 + [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 3]
    )
    head = b"\r\n".join([_status_line(chance), *_headers(chance), *packing, *framing])
    whole = early + head + b"\r\n\r\n" + content
    match chance.randrange(40):
        case 0:
            return RawAnswer(tuple(whole[at : at + 1] for at in range(min(len(whole), 5000))), 0.01)
        case 1:
            return RawAnswer((b"HTTP/1.1 102 Processing\r\n\r\n",) * 5000, 0.01)
        case 2 | 3:
            return RawAnswer((whole[: chance.randrange(len(whole) + 1)],), ending="close")
        case 4:
            return RawAnswer((whole, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
        case 5 | 6:
            size = max(1, len(whole) // 7)
            return RawAnswer(tuple(whole[at : at + size] for at in range(0, len(whole), size)), 0.001)
        case _:
            return RawAnswer((whole,), ending=chance.choice(["keep", "close", "close"]))
