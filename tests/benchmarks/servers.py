"""Servers for benchmarks: sandboxes in their own processes, with worlds of any size."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from attrs import frozen

from css_sdk import Settings

from .measure import ENVIRONMENT

SANDBOX: Final = ("-c", "from css_sdk.cli import main; main()", "sandbox", "--port", "0")
"""Arguments that run `css sandbox` on a free port."""

CONSTANT: Final = (str(Path(__file__).with_name("constant.py")),)
"""A server that always gives one answer."""

INTEGRATION: Final = 101
PLACE: Final = "dev"
"""The only environment of the only integration, which all calls use."""


@frozen
class Running:
    """A server that is ready.

    Args:
        ready: the JSON that it printed.
        seconds: the time from its start until it was ready.
    """

    ready: dict[str, Any]
    seconds: float

    @property
    def settings(self) -> Settings:
        """Return the settings for a client of the sandbox."""
        return Settings(**{name: self.ready[name] for name in ("client_id", "client_secret", "token_url", "api_url")})

    def roles_url(self, username: str) -> str:
        """Return the address of a user's roles."""
        return f"{self.ready['api_url']}/integrations/{INTEGRATION}/{PLACE}/users/{username}/roles"

    def token(self) -> str:
        """Return a token for requests without css-sdk."""
        terms = {name: self.ready[name] for name in ("client_id", "client_secret")}
        form = urlencode({"grant_type": "client_credentials", **terms})
        answer = self._ask("POST", self.ready["token_url"], form, "application/x-www-form-urlencoded")
        return str(answer["access_token"])

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Make a control call of the sandbox."""
        control = self.ready["control"]
        content = None if body is None else json.dumps(body)
        return self._ask(method, f"{control['url']}{path}", content, "application/json", control["headers"])

    def connection(self) -> http.client.HTTPConnection:
        """Return an open connection for requests without css-sdk."""
        api = urlsplit(self.ready["api_url"])
        return http.client.HTTPConnection(str(api.hostname), api.port, timeout=30)

    def _ask(self, method: str, url: str, body: str | None, kind: str, headers: Mapping[str, str] | None = None) -> Any:
        connection = self.connection()
        try:
            connection.request(method, target_of(url), body, {"Content-Type": kind, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{method} {url}: {answer.status} {content!r}")
        return json.loads(content)


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    """Start a server in a new Python process, and stop it at the end of the block.

    Args:
        arguments: arguments of the interpreter; the program prints one line of JSON when it is ready.
    """
    begin = time.perf_counter()
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds = time.perf_counter() - begin
            yield Running(json.loads(line), seconds)
        finally:
            process.terminate()


@contextmanager
def sandbox(world: dict[str, Any] | None = None) -> Iterator[Running]:
    """Start a sandbox in a new process.

    Args:
        world: the world of the sandbox; the default world if it is None.
    """
    if world is None:
        with running(*SANDBOX) as server:
            yield server
        return
    with world_file(world) as path, running(*SANDBOX, "--world", str(path)) as server:
        yield server


@contextmanager
def world_file(world: dict[str, Any]) -> Iterator[Path]:
    """Write a world to a temporary file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "world.json"
        path.write_text(json.dumps(world), encoding="utf-8")
        yield path


def target_of(url: str) -> str:
    """Return path and query of an address."""
    return url.removeprefix("{0.scheme}://{0.netloc}".format(urlsplit(url)))


def username(number: int) -> str:
    """Return the username of the person with this number in a generated world."""
    return f"{number:032x}@idir"


def world(people: int, members: dict[str, int]) -> dict[str, Any]:
    """Return a generated world of one integration.

    Args:
        people: the number of people.
        members: the roles of the integration with their number of members.
    """
    place = {"integration": INTEGRATION, "environment": PLACE}
    account = {"id": 1, "client_id": "service-account-team-1-1", "client_secret": "benchmark"}
    integration = {
        "id": INTEGRATION,
        "team": 1,
        "project_name": "Benchmark",
        "client_id": "benchmark-101",
        "client_secret": "benchmark",
        "auth_type": "browser-login",
        "environments": [PLACE],
        "service_type": "gold",
        "status": "applied",
    }
    return {
        "teams": [{"id": 1, "name": "Benchmark Team", "api_account": account}],
        "integrations": [integration],
        "users": [_person(number) for number in range(people)],
        "roles": [{**place, "name": role} for role in members],
        "grants": [
            {**place, "role": role, "username": username(number)}
            for role, count in members.items()
            for number in range(count)
        ],
    }


def _person(number: int) -> dict[str, Any]:
    name = username(number)
    guid = name.partition("@")[0].upper()
    return {
        "username": name,
        "email": f"person.{number}@example.com",
        "firstName": "Person",
        "lastName": f"Number {number}",
        "attributes": {"idir_user_guid": [guid], "idir_username": [f"PERSON{number}"], "display_name": ["A Person"]},
    }
