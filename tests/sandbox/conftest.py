"""Fixtures of the sandbox's own tests: a clock that stands still, and a caller that sends paths unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from css_sdk.sandbox import Sandbox
from css_sdk.sandbox.http import Request, Response
from tests.support import Clock

RECORDINGS = Path(__file__).parent / "recordings"


class Caller:
    """Send requests to a sandbox as a team."""

    def __init__(self, sandbox: Sandbox, team: int | None = None) -> None:
        self.sandbox = sandbox
        self.credentials = sandbox.credentials(team)
        self._token: str | None = None

    @property
    def token(self) -> str:
        """Return a token."""
        if self._token is None:
            fields = f"client_id={self.credentials['client_id']}&client_secret={self.credentials['client_secret']}"
            answer = self.form("/auth/realms/standard/protocol/openid-connect/token", fields)
            self._token = str(json.loads(answer.body)["access_token"])
        return self._token

    def renew(self) -> None:
        """Request another token at the next call."""
        self._token = None

    def form(self, path: str, fields: str, grant: str = "client_credentials", **headers: str) -> Response:
        """Post a form to a login server."""
        body = f"grant_type={grant}&{fields}".encode()
        return self.send("POST", path, body, **{"content-type": "application/x-www-form-urlencoded"}, **headers)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        """Send a request exactly as given."""
        return self.sandbox.answer(Request(method, target, headers, body))

    def control(self, method: str, path: str, body: bytes = b"") -> Response:
        """Make one of the sandbox's own calls."""
        return self.send(method, f"/sandbox{path}", body, **{"x-css-sandbox": "1"})

    def __call__(self, method: str, path: str, value: Any = None, **headers: str) -> Response:
        """Call the API with a path after its base, which is sent unchanged."""
        body = b"" if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
        given = {"authorization": f"Bearer {self.token}", **({"content-type": "application/json"} if body else {})}
        return self.send(method, f"/api/v1{path}", body, **{**given, **headers})

    def status_and_json(self, method: str, path: str, value: Any = None, **headers: str) -> tuple[int, Any]:
        """Call the API and return the status and the JSON, or None for an empty body."""
        answer = self(method, path, value, **headers)
        return answer.status, json.loads(answer.body) if answer.body else None


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until a test sets it."""
    return Clock(1_795_000_000.0)


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    """Return the sandbox of these tests."""
    return Sandbox(clock=clock)


@pytest.fixture
def call(sandbox: Sandbox) -> Caller:
    """Return a caller for the first team."""
    return Caller(sandbox)


@pytest.fixture
def caller() -> type[Caller]:
    """Return the class of callers, for other sandboxes and teams."""
    return Caller


@pytest.fixture
def people(sandbox: Sandbox) -> list[str]:
    """Return the usernames of the people of IDIR, sorted."""
    return sandbox.world.usernames("idir")


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    """Return a function that reads one of the recordings."""
    return lambda name: json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
