"""css-sdk keeps connections for a short while, and does not use one that the service may have closed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from css_sdk import Css, Settings


class _Service(BaseHTTPRequestHandler):
    """Answer with a token and an empty list of integrations, and record the port that each call came from."""

    protocol_version = "HTTP/1.1"
    ports: list[int] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"access_token": "a", "expires_in": 3600})

    def do_GET(self) -> None:
        self.ports.append(self.client_address[1])
        self._answer({"data": []})

    def _answer(self, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def css() -> Iterator[Css]:
    """Yield a client of that service."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Service.ports.clear()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    with Css(Settings(client_id="a", client_secret="b", token_url=f"{base}/token", api_url=f"{base}/api/v1")) as css:
        yield css
    server.shutdown()
    server.server_close()


def test_a_connection_idle_for_four_seconds_is_not_used_again(css: Css, monkeypatch: pytest.MonkeyPatch) -> None:
    """css-sdk does not reuse a connection after four idle seconds, because the service closes it after five."""
    real = time.monotonic
    passed = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed)
    for seconds in (0.0, 3.5, 4.1):
        passed += seconds
        css.integrations(refresh=True)
    first, second, third = _Service.ports
    assert first == second
    assert second != third
