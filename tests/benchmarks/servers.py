"""What is asked: sandboxes in processes of their own, with worlds as large as a benchmark wants them."""

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
"""What the command `css sandbox` runs, on any free port."""

CONSTANT: Final = (str(Path(__file__).with_name("constant.py")),)
"""A server that always gives one answer."""

INTEGRATION: Final = 101
PLACE: Final = "dev"
"""Where all calls go: the one integration's one environment."""


@frozen
class Running:
    """A server that is ready.

    Args:
        ready: the JSON that it printed.
        seconds: from its start until it was ready.
    """

    ready: dict[str, Any]
    seconds: float

    @property
    def settings(self) -> Settings:
        """What a client of the sandbox needs."""
        return Settings(**{name: self.ready[name] for name in ("client_id", "client_secret", "token_url", "api_url")})

    def roles_url(self, username: str) -> str:
        """The address of a user's roles."""
        return f"{self.ready['api_url']}/integrations/{INTEGRATION}/{PLACE}/users/{username}/roles"

    def token(self) -> str:
        """Return a token for requests that are written by hand."""
        terms = {name: self.ready[name] for name in ("client_id", "client_secret")}
        form = urlencode({"grant_type": "client_credentials", **terms})
        answer = self._ask("POST", self.ready["token_url"], form, "application/x-www-form-urlencoded")
        return str(answer["access_token"])

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call for the sandbox itself."""
        control = self.ready["control"]
        content = None if body is None else json.dumps(body)
        return self._ask(method, f"{control['url']}{path}", content, "application/json", control["headers"])

    def connection(self) -> http.client.HTTPConnection:
        """Return an open connection for requests that are written by hand."""
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
    """A server in a new Python process, which is stopped at the end.

    Args:
        arguments: of the interpreter; what runs prints one line of JSON when it is ready.
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
    """A sandbox in a new process.

    Args:
        world: that it holds; the one that comes with it by default.
    """
    if world is None:
        with running(*SANDBOX) as server:
            yield server
        return
    with world_file(world) as path, running(*SANDBOX, "--world", str(path)) as server:
        yield server


@contextmanager
def world_file(world: dict[str, Any]) -> Iterator[Path]:
    """A file that holds a world."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "world.json"
        path.write_text(json.dumps(world), encoding="utf-8")
        yield path


def target_of(url: str) -> str:
    """Path and query of an address."""
    return url.removeprefix("{0.scheme}://{0.netloc}".format(urlsplit(url)))


def username(number: int) -> str:
    """The person of that number in a made-up world."""
    return f"{number:032x}@idir"


def world(people: int, members: dict[str, int]) -> dict[str, Any]:
    """A made-up world of one integration.

    Args:
        people: how many there are.
        members: the integration's roles, and how many of the people hold each.
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
