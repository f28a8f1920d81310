"""No repr, log line, error or traceback contains a secret or a token."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Iterator

import httpx
import pytest

from css_sdk import Css, CssError, Settings
from css_sdk.sandbox import Sandbox
from tests.support import at_once, usernames


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Yield a stream with everything that any library logs, down to DEBUG."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def test_no_secret_or_token_is_shown_or_logged(sandbox: Sandbox, everything_logged: io.StringIO) -> None:
    """After successful and failed calls, no repr, error, local variable or log line contains a secret or token."""
    credentials = sandbox.credentials()
    seen: list[str] = []
    tokens: list[str] = []
    transport = sandbox.transport()

    class Watching(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.headers.get("Authorization", "").startswith("Bearer "):
                tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
            return transport.handle_request(request)

    wrong = Settings(**credentials | {"client_secret": "wrong-s3cret"})
    for settings, fault in [
        (Settings(**credentials), None),
        (Settings(**credentials), "revoked_token"),
        (Settings(**credentials), "drop_before"),
        (wrong, None),
    ]:
        if fault:
            sandbox.faults.add(fault, path="/integrations*", times=None)
        css = Css(settings, transport=Watching(), retry=at_once)
        seen += [repr(css), str(vars(css)), repr(settings), str(settings)]
        try:
            css.integrations(refresh=True)
        except CssError as error:
            ours = error.__traceback__ and error.__traceback__.tb_next  # below this test's own frame
            described = traceback.TracebackException(type(error), error, ours, capture_locals=True)
            seen += [str(error), repr(error), "".join(described.format()), str(vars(error))]
        sandbox.faults.clear()
        css.close()
    seen.append(everything_logged.getvalue())
    assert tokens
    everything = "\n".join(seen)
    for secret in {credentials["client_secret"], "wrong-s3cret", *tokens}:
        assert secret not in everything


def test_no_personal_data_above_debug(sandbox: Sandbox, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """Above DEBUG, no log line of css-sdk or httpx contains a username or an e-mail address."""
    caplog.set_level(logging.INFO)
    user = usernames(sandbox, 1)[0]
    with Css(settings, transport=sandbox.transport(), retry=at_once) as css:
        dev = css.integration("Grants Portal").environment("dev")
        sandbox.faults.add("500_before", method="GET", times=1)
        dev.users.roles(user)
        dev.people.search("idir", email="front.counter@example.com")
    assert "trying again" in caplog.text
    assert user not in caplog.text
    assert "front.counter" not in caplog.text


def test_httpx_still_logs_requests_of_the_programs_own_client(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A program's own httpx client keeps its log lines."""
    caplog.set_level(logging.INFO)
    with httpx.Client(transport=sandbox.transport()) as client:
        client.get(f"{sandbox.api_url}/heartbeat")
    assert "HTTP Request" in caplog.text
