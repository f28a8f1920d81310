"""Helpers that tests in several folders share."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from css_sdk_openapi import Client
from hypothesis import settings as profiles

from css_sdk._http.retry import Attempt
from css_sdk.sandbox import Sandbox

Case = TypeVar("Case")

GRANTS_PORTAL = 101
FISHERIES = 102


def examples(usual: int, module: str = "") -> int:
    """Return the number of examples for a property; `make test-thorough` uses ten times as many as `make test`.

    Args:
        usual: the number in `make test`.
        module: the module of the test; a synchronous twin uses half as many.
    """
    return usual * max(profiles.default.max_examples, 100) // (200 if "._sync." in f"{module}." else 100)


def case_name(value: object) -> str:
    """Return a value as the name of a test case, without backslashes: tools that pass on such a name do not find it."""
    return ascii(value).replace("\\", "")


def is_private(path: Path, mode: int = 0o600) -> bool:
    """Return whether only the owner can read and write a file; always true on Windows, which has no such permissions.

    Args:
        path: of the file.
        mode: the permissions that it must have; 0o700 for a folder.
    """
    return os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == mode


def some(cases: Sequence[Case], module: str) -> Sequence[Case]:
    """Return every second case of a test, and in its synchronous twin the others.

    Both are written from one source, so that each case is tested in one of them. `make test-thorough` tests all cases
    in both.

    Args:
        cases: all of them.
        module: the module of the test.
    """
    if examples(1) > 1:
        return cases
    return cases[1::2] if "._sync." in f"{module}." else cases[::2]


def traced(call: Callable[[], Case]) -> tuple[Case, int]:
    """Return the result of a call, and its effort: the number of lines, calls and returns that Python executed."""
    events = 0

    def note(*_: Any) -> Any:
        nonlocal events
        events += 1
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        result = call()
    finally:
        sys.settrace(before)
    return result, events


def at_once(attempt: Attempt, chance: float) -> float | None:
    """Retry without waiting, up to four attempts."""
    return 0.0 if attempt.number < 4 else None


def asked(sandbox: Sandbox) -> Counter[str]:
    """Return how many requests of each method the sandbox's API received, and how many token requests (`token`)."""
    return Counter(entry.method if entry.kind == "api" else entry.kind for entry in sandbox.requests)


def httpx_client_of(api: Client) -> Any:
    """Return the httpx client, of either kind, that a generated client uses."""
    return api._async_client or api._client


def json_rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the objects that a command printed with `--json`."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def usernames(sandbox: Sandbox, count: int, provider: str = "idir") -> list[str]:
    """Return the first `count` usernames of the sandbox's world, sorted."""
    known = sorted(name for name in sandbox.world.users if name.endswith(f"@{provider}"))
    assert len(known) >= count, "the world is too small for this test"
    return known[:count]


def unfinished_world() -> dict[str, object]:
    """Return a world of one team whose integrations are not all applied."""

    def integration(number: int, name: str, status: str, client_id: str | None) -> dict[str, object]:
        return {
            "id": number,
            "team": 1,
            "project_name": name,
            "client_id": client_id,
            "client_secret": client_id and "a secret",
            "auth_type": "browser-login",
            "environments": ["dev"],
            "service_type": "gold",
            "status": status,
        }

    account = {"id": 9, "client_id": "service-account-team-1-9", "client_secret": "another secret"}
    return {
        "teams": [{"id": 1, "name": "Small Team", "api_account": account}],
        "integrations": [
            integration(200, "Draft App", "draft", None),
            integration(201, "Twin", "applied", "twin-201"),
            integration(202, "Twin", "planned", "twin-202"),
        ],
        "users": [],
    }


class Clock:
    """A clock that stands still until a test sets it.

    Args:
        now: the time at first, in seconds.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
