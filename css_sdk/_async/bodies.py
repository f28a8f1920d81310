"""Read bodies of answers within limits of time and size."""

from __future__ import annotations

import httpx

from .._http.bodies import Body
from .._http.deadlines import check


async def read_body(response: httpx.Response, most: int, advice: str = "") -> None:
    """Read the body of an answer before the deadline of the thread or task, and unpack it into `response.content`.

    Args:
        response: the answer. A hook of the caller may have read it already.
        most, advice: as for `Body`.

    Raises:
        MalformedAnswer: as `Body` does.
        TimeoutError: the deadline has passed.
    """
    is_read, packed = response.is_stream_consumed, response.headers.get("Content-Encoding", "")
    body = Body("" if is_read else packed, most, advice)
    if is_read:
        body.add(response.content)
    else:
        async for piece in response.aiter_raw():
            check()
            body.add(piece)
    # `Response.read` sets this too, but has no limits. To create a new response would be slow.
    response._content = body.content()
    if packed:
        del response.headers["Content-Encoding"]  # it is unpacked
