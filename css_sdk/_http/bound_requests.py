"""Two kinds of requests that check their own address before they are sent.

A request for a token goes only to the token endpoint. A request that carries a token goes only to the allowed origins.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import httpx

from ..errors import AuthenticationError, ConfigurationError
from ..settings import Secret
from .cleaning import LONGEST_WORDS, without_secrets


class TokenRequest(httpx.Request):
    """A request for a token. A client can send it only once, and only to its own address.

    When a client follows a redirect, it sends the same body and some headers to another address. The client does not
    call the `httpx.Auth` object for this request. An event hook can also change the address. So the request protects
    itself:

    - Code that sets the address of the request gets an error. Before the transport gets the body, the request checks
      that no event hook has changed its destination.
    - A transport can read the body once. Then the request deletes the body, and the credentials in its headers. If the
      client later makes a new request from this request, the new request contains no secret.
    - Before a client follows a redirect, it must read the fragment of the old address, because the new address inherits
      this fragment (RFC 7231, 7.1.2). After the request was sent, reading the fragment raises an error.

    Attributes:
        hide: the secrets that error messages must not contain.
        may_have_been_sent: True when a transport has asked for the body. The transport may then send the request.
        set_by: the argument, variable or file key that sets the address, for messages.
        status, encoding: the status and the `Content-Encoding` of the answer.
    """

    _sealed: str | None = None
    may_have_been_sent = False
    set_by = "token_url="
    status: int | None = None
    encoding = ""

    def __init__(
        self, url: httpx.URL, content: bytes, headers: Mapping[str, str], extensions: Mapping[str, Any]
    ) -> None:
        super().__init__("POST", url, content=content, headers=headers, extensions=dict(extensions))
        self._content = content
        self.hide: Iterable[Secret] = ()
        self._address = _Endpoint(url)
        self._address.owner = self
        self._body: httpx.SyncByteStream | httpx.AsyncByteStream = _ReadOnce(self)
        self._host = self.headers["Host"]
        self._sealed = str(url)

    @property
    def url(self) -> httpx.URL:
        """Return the address of the token endpoint."""
        return self._address

    @url.setter
    def url(self, value: httpx.URL) -> None:
        self._refuse_change("the destination")
        self._address = _Endpoint(value)

    @property
    def stream(self) -> httpx.SyncByteStream | httpx.AsyncByteStream:
        """Return the body for the transport. If a hook or a transport changed the destination, raise an error."""
        if self._sealed is not None:
            is_elsewhere = (
                str(self._address) != self._sealed
                or self.headers.get_list("Host") != [self._host]
                or self.method != "POST"
                or not self.extensions.keys() <= {"timeout", "trace"}  # "target" sets another path
            )
            if is_elsewhere:
                self._refuse_change("the destination")
            self.may_have_been_sent = True
        return self._body

    @stream.setter
    def stream(self, value: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        self._refuse_change("the body")
        self._body = value

    def read(self) -> bytes:
        """Return the body. It is empty after a transport has read it."""
        return getattr(self, "_content", b"")

    async def aread(self) -> bytes:
        """Return the body, as `read` does."""
        return self.read()

    def take_body(self) -> bytes:
        """Return the body for the transport, and delete the body and the credentials in the headers of this request.

        A second call raises an error, because it would send the credentials a second time.
        """
        content = self.__dict__.pop("_content", None)
        if content is None:
            raise AuthenticationError(
                f"{where_of(self.url)}: a redirect, or a transport that repeats requests, would send the credentials a "
                f"second time. css-sdk refused this, because it sends credentials only once, and only to the "
                f"configured address. Check the token address ({self.set_by}) and the transport.",
                request=f"POST {self.url.path}",
            )
        self.headers.pop("Authorization", None)
        return cast(bytes, content)

    def refuse_redirect(self) -> None:
        """Raise an error if the request was already sent, because its client is about to follow a redirect."""
        if self.may_have_been_sent:
            raise redirected(self, None)

    def _refuse_change(self, what: str) -> None:
        if self._sealed is not None:
            raise ConfigurationError(
                f"An event hook or a transport changes {what} of the token request, which may go only to "
                f"{httpx.URL(self._sealed).host}. Nothing was sent. Make the hook or the transport leave this request "
                f"unchanged."
            )

    def __reduce__(self) -> tuple[type[httpx.Request], tuple[str, str]]:
        # A copy or a pickle of the request holds no secret.
        return httpx.Request, ("POST", str(self.url))


class _Endpoint(httpx.URL):
    """The address of a token request. After the request was sent, reading the fragment raises an error."""

    owner: TokenRequest | None = None

    @property
    def fragment(self) -> str:
        """Return the fragment, which is empty. If the request was already sent, raise an error.

        A client reads the fragment of a sent request only to follow a redirect, and css-sdk refuses this redirect.
        """
        if self.owner is not None:
            self.owner.refuse_redirect()
        return super().fragment

    def __reduce__(self) -> tuple[type[httpx.URL], tuple[str]]:
        return httpx.URL, (str(self),)


class _ReadOnce(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a token request. A transport can read it once, synchronously or asynchronously."""

    def __init__(self, request: TokenRequest) -> None:
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        yield self._request.take_body()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._request.take_body()


class ApiRequest(httpx.Request):
    """A request that carries a token. It checks its destination before a transport gets the body.

    The check is needed because an event hook can set another address after the token was added.
    """

    __slots__ = ("_check",)

    def __init__(self, request: httpx.Request, check: Callable[[httpx.Request], None]) -> None:
        # Both requests share their attributes, so that a change of one is a change of the other. They share a plain
        # dictionary: the garbage collector of Python 3.13.0 clears the address in a dictionary that an object made.
        self.__dict__ = request.__dict__ = dict(request.__dict__)
        self._check = check

    @property
    def stream(self) -> httpx.SyncByteStream | httpx.AsyncByteStream:
        """Return the body, for the transport. If the token must not go to the origin of the request, raise an error."""
        self._check(self)
        body: httpx.SyncByteStream | httpx.AsyncByteStream = self.__dict__["stream"]
        return body

    @stream.setter
    def stream(self, value: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        self.__dict__["stream"] = value

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy or a pickle of the request holds no token.
        headers = self.headers.copy()
        headers.pop("Authorization", None)
        plain = httpx.Request(self.method, self.url, headers=headers, content=self.__dict__.get("_content"))
        return httpx.Request, (plain.method, str(plain.url)), plain.__getstate__()


def where_of(url: httpx.URL) -> str:
    """Return the beginning of a message about a token request, such as `POST /token at login.example`."""
    return f"POST {url.path} at {url.host}"


def redirected(asked: TokenRequest, response: httpx.Response | None, **facts: Any) -> AuthenticationError:
    """Return the error for a token endpoint that answered with a redirect.

    Without a `response`, the message shows neither the status nor the new address.
    """
    url = asked.url
    status = None if response is None else response.status_code
    how = f" ({status})" if status else ""
    return AuthenticationError(
        f"POST {url.path}: the token endpoint at {url.host} redirects{how}{_target(url, response, asked.hide)}. "
        f"css-sdk sends credentials to no other address. Check the token address ({asked.set_by}).",
        **{"status": status, "request": f"POST {url.path}", **facts},
    )


def _target(url: httpx.URL, response: httpx.Response | None, hide: Iterable[Secret]) -> str:
    # Show only the origin, and the path if the origin is the same. The rest of the address may hold a secret.
    here = httpx.URL(str(url))
    try:
        target = here.join(response.headers["Location"]) if response is not None else None
    except (httpx.InvalidURL, KeyError):
        target = None
    if target is None or not target.host:
        return ""
    is_near = (target.scheme, target.netloc) == (here.scheme, here.netloc)
    path = without_secrets(hide, target.raw_path.partition(b"?")[0].decode("ascii"))[:LONGEST_WORDS] if is_near else ""
    place = without_secrets(hide, target.netloc.decode("ascii"))
    return f" to {target.scheme}://{place}{path}"
