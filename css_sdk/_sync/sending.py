# Written from css_sdk/_async/sending.py by `make generate`; edit that one.
"""Build and send one request, and read its answer within limits of time and size."""

from __future__ import annotations

import time
from typing import Any, Final

import httpx
from attrs import evolve, frozen

from .._http.bodies import read_body
from .._http.cancellation import InFlight
from .._http.deadlines import time_limit
from .._http.exchanges import Exchange, failure, request_of
from .._http.observation import Observer
from .._http.sending import Sending
from .._http.stateless_clients import CALL
from .._service import request_checks
from .._service.path_templates import path_template
from .._version import __version__
from ..auth.credentials import ClientCredentials
from ..errors import ConnectionFailed, CssError, MalformedAnswer, RequestTooLong, type_of_thing
from ..settings import Settings
from .connection import DEADLINE, LARGEST_ANSWER, Connections, Options

_LARGER: Final = ". If you expect this much data, create the client in Python with a larger largest_answer="
_MOMENT: Final = 0.01
_USER_AGENT: Final = f"css-sdk/{__version__}"


@frozen
class Call:
    """A request that is ready to be sent.

    Attributes:
        request: the request.
        name: the name of the operation, for logs.
        label: method and path without the query, for messages.
        about: the kind of thing that is missing if the service answers 404.
    """

    request: httpx.Request
    name: str
    label: str
    about: type_of_thing


class Sender:
    """Build and send requests through one httpx client. This is the lowest layer: every request goes through it."""

    def __init__(
        self,
        connections: Connections,
        auth: ClientCredentials,
        settings: Settings,
        options: Options,
    ) -> None:
        self._connections = connections
        self._auth = auth
        self._deadline = options.get("deadline", DEADLINE)
        self._largest_answer = options.get("largest_answer", LARGEST_ANSWER)
        self._observer = Observer(options.get("on_request"))
        self._api_url = settings.api_url
        self._base = httpx.URL(settings.api_url).raw_path.rstrip(b"/")
        self._token_url = httpx.URL(settings.token_url)

    def call(self, described: dict[str, Any], name: str = "", about: type_of_thing = "path") -> Call:
        """Return the call that a generated module describes.

        Args:
            described: method, path, query, body and headers, as arguments of httpx.

        Raises:
            HarmfulRequest, RequestTooLong: the request would stop the service.
            UnusableName: the service would read a different path than the caller means, or the body has a role name
                that no later request could contain.
            ConfigurationError: the client was closed, or belongs to a different process or event loop.
        """
        path: str = described["url"]
        label = f"{described['method'].upper()} {path}"
        client = self._connections.http(label)
        request_checks.check_path(path, label)
        request_checks.check_body(path, described.get("json"))
        try:
            request = client.build_request(**{**described, "url": self._api_url + path})
        except httpx.InvalidURL:
            raise RequestTooLong(
                f"{label}: the query is too long to be sent. Choose a shorter search term.", request=label
            ) from None
        request_checks.check_target(path, request.url.raw_path.removeprefix(self._base).decode("ascii"), label)
        request.extensions = {**request.extensions, CALL: True}
        # Set here, because httpx merges headers that are passed to `build_request` one by one.
        request.headers["User-Agent"] = _USER_AGENT
        request.headers["Accept"] = "application/json"
        # css-sdk decompresses only gzip within a limit. Small answers in other encodings can become very large.
        request.headers["Accept-Encoding"] = "gzip"
        return Call(request, name, label, about)

    def send(self, call: Call, write: InFlight | None = None, attempt: int = 1) -> Exchange:
        """Send a call. Return its answer, or the error if no answer can be read.

        Args:
            write: for a write, the object that delays a cancellation of the task until the request has ended. None for
                a read.
            attempt: the number of the attempt, from 1, for `on_request`.
        """
        client = self._connections.http(call.label)
        call.request.headers.pop("Authorization", None)  # from the attempt before
        # Wait for a free connection first, and add the token afterwards: a token could expire during the wait. And if
        # more threads need a connection than there are, httpx's pool closes connections that are in use.
        with self._connections.slots:
            if write is None:
                return self._observed(client, call, attempt)
            return write.finish(lambda: self._observed(client, call, attempt), call.request)

    def _observed(self, client: httpx.Client, call: Call, attempt: int) -> Exchange:
        began, request = time.perf_counter(), call.request
        ended = self._exchange(client, request, call.label)
        if self._observer.is_active and "Authorization" in request.headers:
            path = path_template(request.url.raw_path.partition(b"?")[0].removeprefix(self._base).decode("ascii"))
            self._observer.note(request.method, path, ended.status, began, attempt, ended.error)
        return ended

    def _exchange(self, client: httpx.Client, request: httpx.Request, label: str) -> Exchange:
        until = time.monotonic() + self._deadline
        try:
            with Sending(), time_limit(self._deadline):
                response = client.send(request, auth=self._auth, follow_redirects=False, stream=True)
                try:
                    return self._read(response, label)
                finally:
                    response.close()
        except CssError as error:
            # Only the auth raises a CssError here, before the call itself is sent.
            is_passing = error.status is not None and error.status >= 429
            return Exchange(error=error, was_sent=False, is_passing=is_passing)
        except Exception as error:
            is_late = isinstance(error, (TimeoutError, httpx.TimeoutException)) and time.monotonic() > until - _MOMENT
            return self._late(request, label) if is_late else self._failed(request, label, error)

    def _read(self, response: httpx.Response, label: str) -> Exchange:
        status = response.status_code
        try:
            read_body(response, self._largest_answer, _LARGER)
        except MalformedAnswer as error:
            return Exchange(error=MalformedAnswer(f"{label}: {error}.", status=status, request=label), status=status)
        return Exchange(response, status=status)

    def _late(self, request: httpx.Request, label: str) -> Exchange:
        late = (
            f"{label}: no complete answer from the service at {request.url.netloc.decode()} within {self._deadline:g} "
            f"seconds. Try again later, or allow more time (deadline= in Python, --timeout on the command line)."
        )
        was_sent = "Authorization" in request.headers
        return Exchange(error=ConnectionFailed(late, request=label), was_sent=was_sent, is_passing=True)

    def _failed(self, request: httpx.Request, label: str, error: Exception) -> Exchange:
        asked = request_of(error) or request
        for_token = asked.url == self._token_url
        what = "the login server" if for_token else "the service"
        found = failure(error, label, what, asked.url.netloc.decode())
        was_sent = found.was_sent and not for_token and "Authorization" in request.headers
        return evolve(found, was_sent=was_sent)
